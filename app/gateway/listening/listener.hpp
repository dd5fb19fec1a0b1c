// app/gateway/listening: the sockets that clients connect to: bound, taken over from another process, shared
// by threads. Never here: what is done with a connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "switchgear/config/config.hpp"
#include "switchgear/http/descriptor.hpp"
#include "switchgear/http/socket_file.hpp"

namespace switchgear::gateway {

/// Listening sockets of another process, by the text of the address that it was asked to listen on.
using HandedSockets = std::map<std::string, std::vector<http::Descriptor>>;

/// One address, and its sockets. Several threads share a TCP port by a socket each, over which the kernel
/// spreads connections (SO_REUSEPORT); a Unix socket is one, from which they all accept. Threads: any.
class Listener {
 public:
  /// Which addresses `[::]` stands for.
  enum class Family : std::uint8_t { both, ipv6 };

  /// Binds and listens. Throws std::system_error, which names the address.
  Listener(const config::Listener& options, std::size_t threads, Family family);
  /// Takes over what another process listens with. Its file stays that process's until own_file().
  Listener(const config::Listener& options, std::vector<http::Descriptor> handed);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener();

  [[nodiscard]] const config::Endpoint& asked_for() const noexcept { return options_.at; }
  /// The same with the port that the system chose.
  [[nodiscard]] const config::Endpoint& at() const noexcept { return at_; }
  [[nodiscard]] const std::vector<http::Descriptor>& sockets() const noexcept { return sockets_; }

  /// Copies of the sockets from which the thread `index` of `threads` accepts: at least one; together the
  /// threads have all. Throws std::system_error when there is no descriptor left.
  [[nodiscard]] std::vector<http::Descriptor> share_of(std::size_t index, std::size_t threads) const;

  /// A Unix socket's file gets the mode, as far as it can be changed.
  void set_mode(unsigned mode) noexcept;
  void own_file() noexcept { file_.own(); }
  void leave_file() noexcept { file_.leave(); }

 private:
  void bind_unix();
  void bind_tcp(std::size_t threads, Family family);

  config::Listener options_;
  config::Endpoint at_;
  http::SocketFile file_;
  std::vector<http::Descriptor> sockets_;
};

using Listeners = std::vector<std::shared_ptr<Listener>>;

/// Listeners, and each thread's part of the sockets of those that it does not accept from yet.
struct OpenedListeners {
  struct Opened {
    std::shared_ptr<const Listener> listener;
    std::vector<std::vector<http::Descriptor>> parts;  ///< by thread
  };
  Listeners all;
  std::vector<Opened> opened;
};

/// What `wanted` says: those of `known` that are wanted still, and new ones, of `handed` where it has them.
/// Throws std::system_error; then nothing is left open of the new ones.
[[nodiscard]] OpenedListeners listeners_for(const std::vector<config::Listener>& wanted,
                                            const Listeners& known, HandedSockets handed,
                                            std::size_t threads);

/// `http://127.0.0.1:8080`, `https://[::1]:8443`, `unix:/run/switchgear.sock`.
[[nodiscard]] std::string url_of(const Listener& listener, config::Encryption encryption);

}  // namespace switchgear::gateway
