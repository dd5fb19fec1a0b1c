// The signals that operate a server: SIGHUP, SIGUSR1, SIGTERM, SIGINT.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <functional>
#include <utility>

namespace switchgear::serve {

/// Calls `on_signal` on the thread of `loop`, for one signal after the other. Signals that come between
/// construction and listen() are kept.
class Signals {
 public:
  Signals(boost::asio::io_context& loop, std::function<void(int)> on_signal)
      : set_(loop, SIGHUP, SIGTERM, SIGINT), on_signal_(std::move(on_signal)) {
    set_.add(SIGUSR1);
  }

  void listen() {
    set_.async_wait([this](const boost::system::error_code& error, int signal) {
      if (error) return;
      on_signal_(signal);
      listen();
    });
  }

 private:
  boost::asio::signal_set set_;
  std::function<void(int)> on_signal_;
};

}  // namespace switchgear::serve
