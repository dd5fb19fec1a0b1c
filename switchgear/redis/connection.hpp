// One connection to a Redis server: commands are pipelined, replies come in their order.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <system_error>

#include "switchgear/core/time.hpp"
#include "switchgear/redis/address.hpp"
#include "switchgear/redis/reply.hpp"
#include "switchgear/tls/context.hpp"

namespace switchgear::redis {

/// With no error, `reply` is what the server said, which may be an error of its own.
using Done = std::function<void(std::error_code error, Reply reply)>;

struct ConnectionLimits {
  std::size_t unsent_bytes = std::size_t{4} << 20U;  ///< of commands that the socket has not taken yet
  std::size_t unanswered = 100'000;                  ///< commands whose replies have not come
  ReplyLimits reply{};
};

/// Not for: coming back after a failure; a Client does that. Once it has failed it stays failed: a command
/// that is not answered in time ends the connection, because the replies behind it could be minutes away.
/// Threads: those of its executor, one at a time. Lifetime: its operations keep it alive until close().
class Connection {
 public:
  /// `tls`: needed for an address with TLS; the server's certificate must be for the address's host.
  Connection(boost::asio::any_io_executor executor, Address address, std::optional<tls::ClientContext> tls,
             const ConnectionLimits& limits = {});
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();  ///< as close()

  /// Looks the name up, connects, greets and selects the database. `opened` is called once: with no error, or
  /// with the reason and, when the server gave one, its words.
  void open(Duration limit, std::function<void(std::error_code, std::string)> opened);

  /// `done` is called once, never from within this. A reply later than `limit` ends the connection, and all
  /// that wait for it get the error. `before`: a command that goes right before this one, or not at all if
  /// this one is refused; its reply is skipped.
  void send(std::string command, Duration limit, Done done, std::string before = {});

  /// For a connection that has subscribed: replies that nothing waits for.
  void on_push(std::function<void(Reply)> heard);
  /// Called once when a connection that was open has failed. Not after close().
  void on_lost(std::function<void(std::error_code)> lost);

  [[nodiscard]] bool is_open() const noexcept;
  /// All that is waiting gets Errc::lost.
  void close();

 private:
  class Link;
  std::shared_ptr<Link> link_;
};

}  // namespace switchgear::redis
