// HTTP for the examples: a server that they start themselves, and the smallest client with a deadline. What
// they have to say is in the other files. Not for anything else: a connection per call, bodies in memory,
// whole replies only.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "switchgear/core/outcome.hpp"
#include "switchgear/core/time.hpp"

namespace example {

struct Reply {
  int status = 200;  ///< of a server's handler also 0: it says nothing until the client goes away
  std::string body;
};

/// What a reply means to the policies. They find it because it stands beside Reply.
[[nodiscard]] inline switchgear::Outcome outcome_of(const Reply& reply, switchgear::Duration latency) {
  using switchgear::Outcome;
  return reply.status < 500 ? Outcome::success(latency)
                            : Outcome::failure(switchgear::FailureType::http_error, latency);
}

/// A dependency: a real server on a port of 127.0.0.1 that the system chooses, until it is stopped.
class Server {
 public:
  /// `handler(path, body)` runs on a thread of the server's, one call at a time.
  using Handler = std::function<Reply(const std::string& path, const std::string& body)>;

  explicit Server(Handler handler);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  /// Returns when the handler will not run any more, and what it has written may be read.
  void stop();
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

 private:
  void serve(int client);

  Handler handler_;
  int listener_;
  std::uint16_t port_ = 0;
  std::mutex one_at_a_time_;
  std::list<std::jthread> clients_;
  std::jthread thread_;
};

/// The bytes of a request, and the reply that some bytes are.
[[nodiscard]] std::string request_text(std::string_view path, std::string_view body);
[[nodiscard]] Reply parse_reply(const std::string& received);

/// One request on its way. Throws std::system_error when the dependency cannot be reached or breaks off.
class Exchange {
 public:
  Exchange(std::uint16_t port, std::string_view path, std::string_view body);
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange();

  /// Readable when on_readable() has something to do.
  [[nodiscard]] int descriptor() const noexcept { return socket_; }
  /// The reply, once it is there.
  [[nodiscard]] std::optional<Reply> on_readable();

 private:
  int socket_;
  std::string received_;
};

/// Makes one request and waits for the reply, no longer than until `deadline`: then it throws
/// std::system_error with std::errc::timed_out.
[[nodiscard]] Reply post(std::uint16_t port, std::string_view path, std::string_view body,
                         switchgear::TimePoint deadline = switchgear::TimePoint::max());

}  // namespace example
