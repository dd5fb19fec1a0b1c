// An HTTP server on loopback that answers, fails, hangs, resets and refuses as it is told: what a demo or a
// scenario has in place of a real service. Never here: when it does which of these.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>

#include "app/stage/net.hpp"

namespace switchgear::stage {

/// One request, as it has been read.
struct Arrival {
  std::uint64_t number = 0;  ///< of this server's requests, from 0
  std::size_t working = 0;   ///< requests that it is at work on, without this one
  std::string_view target = {};
};

/// What becomes of a request.
struct Reaction {
  enum class Kind : std::uint8_t {
    answer,
    hang,   ///< no answer, until let_go()
    reset,  ///< the connection is reset
  };

  Kind kind = Kind::answer;
  unsigned status = 200;
  std::chrono::nanoseconds delay{};  ///< before the answer

  friend bool operator==(const Reaction&, const Reaction&) = default;
};

/// Threads: the one that runs `io`. Lifetime: `io` is stopped before it is destroyed.
class ActingServer {
 public:
  using Act = std::function<Reaction(const Arrival&)>;

  /// Takes the port, 0 for one that the system chooses, and does not listen yet. Throws
  /// boost::system::system_error.
  ActingServer(asio::io_context& io, std::string name, std::uint16_t port, Act act);

  void start() { listen(); }

  /// While it refuses, it does not listen: connections are refused, open ones have been closed.
  void refuse(bool refused);

  /// Closes the connections of all requests that hang.
  void let_go() { hanging_.cancel(); }

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] std::uint64_t calls() const noexcept { return calls_; }  ///< that have arrived

 private:
  using Socket = std::shared_ptr<tcp::socket>;

  void reserve(std::uint16_t port);
  void listen();
  asio::awaitable<void> accept(std::uint64_t listening);
  asio::awaitable<void> work(Socket socket);
  asio::awaitable<bool> answer(tcp::socket& socket, Reaction reaction, unsigned version, bool keep_alive);

  asio::io_context& io_;
  const std::string name_;
  const Act act_;
  tcp::acceptor acceptor_;
  asio::steady_timer hanging_;  ///< never fires; cancelled to let the requests go that hang
  std::unordered_set<Socket> open_;
  std::size_t working_ = 0;
  std::uint64_t calls_ = 0;
  std::uint64_t listening_ = 0;  ///< how often listen() was called: an accept loop ends with its listening
  std::uint16_t port_ = 0;
  bool refused_ = false;
};

/// `{"service": …}` as an answer in JSON.
[[nodiscard]] beast::http::response<beast::http::string_body> json_answer(unsigned status, unsigned version,
                                                                          bool keep_alive,
                                                                          const json::object& body);

}  // namespace switchgear::stage
