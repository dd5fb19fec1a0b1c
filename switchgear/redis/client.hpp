// A connection to Redis that comes back: with full jitter, behind a breaker of its own, scripts by their
// digest.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "switchgear/core/time.hpp"
#include "switchgear/redis/connection.hpp"
#include "switchgear/redis/script.hpp"

namespace switchgear::redis {

struct ClientOptions {
  Address address{};
  /// With them, `address.host` is the name of a master, and they are asked where it is: when connecting, and
  /// every `sentinel_interval`, for a master that is cut off from them may not know that it is none any more.
  std::vector<Address> sentinels{};
  Duration sentinel_interval = std::chrono::seconds{5};
  std::optional<tls::ClientContext> tls{};
  Duration connect_timeout = std::chrono::seconds{1};
  Duration timeout = std::chrono::milliseconds{100};    ///< of one command
  Duration retry_base = std::chrono::milliseconds{50};  ///< the first wait before connecting again
  Duration retry_max = std::chrono::seconds{2};         ///< and the longest
  std::vector<std::string> channels{};                  ///< to subscribe to, on a connection of its own
  ConnectionLimits limits{};
};

struct ClientCounts {
  std::uint64_t connects = 0;  ///< connections made, without that for the channels
  std::uint64_t sent = 0;
  std::uint64_t failed = 0;   ///< no reply, or an error of the server's other than NOSCRIPT
  std::uint64_t refused = 0;  ///< not sent: not connected, or the breaker was open
};

/// Threads: those of its executor, one at a time. Lifetime: nothing is called after close().
class Client {
 public:
  using Heard = std::function<void(std::string_view channel, std::string_view message)>;

  /// `seed`: for jitter.
  Client(boost::asio::any_io_executor executor, ClientOptions options, std::uint64_t seed);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();  ///< as close()

  /// Connects, and goes on doing so whenever the connection is lost.
  void start(std::function<void()> connected = {}, Heard heard = {});

  /// `done` is called once, never from within this; an error of the server's comes as a reply.
  void send(std::string command, Done done);
  /// EVALSHA, and EVAL if the server does not know the script. `script` must live until `done` has been
  /// called.
  void run(const Script& script, std::vector<std::string> keys, std::vector<std::string> arguments,
           Done done);

  /// Ends the connection and makes another: for a server that answers, but is not the one to talk to.
  void reconnect();
  void close();

  [[nodiscard]] bool connected() const noexcept;
  /// Why there is no connection, or why the server cannot do its work; for people. Empty once it does again.
  [[nodiscard]] const std::string& trouble() const noexcept;
  [[nodiscard]] const ClientCounts& counts() const noexcept;

 private:
  class Session;
  std::shared_ptr<Session> session_;
};

}  // namespace switchgear::redis
