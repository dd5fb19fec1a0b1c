// The admin API's stream of events, awaited one by one.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <stdexcept>
#include <string>

#include "app/control/admin_server.hpp"
#include "app/control/server_events.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/http/body_reader.hpp"
#include "switchgear/http/client/transport.hpp"
#include "switchgear/http/read_buffer.hpp"
#include "switchgear/http/url.hpp"

namespace switchgear::control {

/// Why the stream could not be had, or has ended: a clause for the operator, `Connection refused`.
class StreamLost : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The server has answered, and does not give its stream to one with that token.
class StreamRefused : public StreamLost {
 public:
  using StreamLost::StreamLost;
};

/// `GET /events` of one server, over a connection of its own: http::Client reads whole answers. Open it, take
/// events until StreamLost, and open it again when you like.
///
/// Threads: the executor's, which runs one thing at a time. Lifetime: outlives its coroutines.
class EventSource {
 public:
  /// The server sends at least a comment every 10 s; a connection that is quiet for longer than this is given
  /// up.
  static constexpr Duration most_quiet = std::chrono::seconds{25};
  static constexpr Duration most_connecting = std::chrono::seconds{5};

  /// Throws http::Error for a URL that cannot be called, std::invalid_argument for a file that cannot be
  /// used.
  EventSource(const boost::asio::any_io_executor& executor, const AdminServer& server);

  /// Connects anew and asks; throws StreamLost.
  boost::asio::awaitable<void> open();
  /// Throws StreamLost.
  boost::asio::awaitable<ServerEvent> next();

  /// When something came last, be it a comment.
  [[nodiscard]] TimePoint heard() const noexcept { return heard_; }

 private:
  boost::asio::awaitable<void> connect();
  boost::asio::awaitable<void> ask();
  boost::asio::awaitable<bool> receive();
  void give_up_after(Duration limit);

  http::Url url_;
  const AdminServer server_;
  const http::Headers headers_;
  boost::asio::ip::tcp::resolver resolver_;
  boost::asio::steady_timer limit_;
  std::shared_ptr<boost::asio::ssl::context> tls_;
  std::shared_ptr<http::Transport> transport_;
  http::BlockPool blocks_;
  std::unique_ptr<http::ReadBuffer> buffer_;
  http::BodyReader body_;
  ServerEvents events_;
  TimePoint heard_{};
  bool late_ = false;   ///< the limit has closed the connection
  bool ended_ = false;  ///< the server sends no more
};

}  // namespace switchgear::control
