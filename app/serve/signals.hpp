// The signals that operate a server: SIGHUP, SIGUSR1, SIGUSR2, SIGTERM, SIGINT.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <csignal>
#include <functional>
#include <mutex>
#include <thread>

#include "switchgear/core/time.hpp"

namespace switchgear::serve {

/// Hears signals on a thread of its own, so that a second SIGTERM or SIGINT ends also a process in which
/// everything else hangs.
///
///     Signals signals{[] { ::_exit(3); }};   // from here on SIGHUP, SIGUSR1 and SIGUSR2 are kept
///     …                                      // SIGTERM and SIGINT still end the process
///     signals.listen(on_signal);             // those that were kept, and all others
///
/// Threads: any.
class Signals {
 public:
  /// What a process has to end in after a second SIGTERM or SIGINT.
  static constexpr Duration patience = std::chrono::seconds{1};

  /// `overdue`: called on the thread of the signals when the process has not ended in time; ends it.
  explicit Signals(std::function<void()> overdue);
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals();

  /// Once. Calls `on_signal` on the thread of the signals, for one after the other.
  void listen(std::function<void(int)> on_signal);
  /// When it returns, `on_signal` is not called again.
  void forget();
  /// The process must have ended by then. A shorter limit stays.
  void end_within(Duration at_most);

 private:
  void wait();
  void hear(int signal);
  void limit(Duration at_most);  ///< on the thread of the signals

  boost::asio::io_context loop_{1};
  boost::asio::signal_set set_{loop_, SIGHUP, SIGUSR1, SIGUSR2};
  boost::asio::steady_timer overdue_at_{loop_};
  const std::function<void()> overdue_;
  int ends_ = 0;  ///< SIGTERM and SIGINT so far
  std::mutex mutex_;
  std::function<void(int)> on_signal_;  ///< guarded by the mutex
  std::thread thread_;
};

}  // namespace switchgear::serve
