// One run of the dashboard: the stream, the requests, the clock and the signals, all on one thread, around a
// Screen.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <optional>
#include <string>

#include "app/control/admin_server.hpp"
#include "app/control/event_source.hpp"
#include "app/top/screen.hpp"
#include "app/top/terminal.hpp"
#include "switchgear/http/client.hpp"

namespace switchgear::top {

class Session {
 public:
  /// Throws http::Error for a URL that cannot be called, std::invalid_argument for a token that cannot be
  /// sent or a file that cannot be used, and std::runtime_error without a terminal.
  explicit Session(const control::AdminServer& server);

  /// Until the user or a signal ends it. The terminal is as it was when the session is destroyed.
  void run();

 private:
  boost::asio::awaitable<void> follow();
  boost::asio::awaitable<void> ask_for_pages();
  boost::asio::awaitable<void> send(Wish wish);
  boost::asio::awaitable<Answer> request(std::string method, std::string path);

  void listen_to_signals();
  void listen_to_keys();
  void tick();
  void paint();
  void obey(const Wish& wish);

  boost::asio::io_context io_{1};
  const control::AdminServer server_;
  control::EventSource source_;
  http::Client client_;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer reconnect_;
  boost::asio::steady_timer clock_;
  boost::asio::steady_timer page_due_;
  std::string asked_;  ///< the path of the page's request that was made last
  Screen screen_;
  std::optional<Terminal> terminal_;
  std::optional<boost::asio::posix::stream_descriptor> keys_;
};

}  // namespace switchgear::top
