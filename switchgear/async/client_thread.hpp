// The thread of a client whose callers block.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <thread>

namespace switchgear::detail {

/// A context and the one thread that runs it. Lifetime: what the thread works on is created after it and
/// destroyed before it, with stop() in between. Threads: start() and stop() from the owner's thread.
class ClientThread {
 public:
  ClientThread() : io_(1), work_(io_.get_executor()), housekeeping_(io_) {}
  ClientThread(const ClientThread&) = delete;
  ClientThread& operator=(const ClientThread&) = delete;
  ~ClientThread() { stop(); }

  [[nodiscard]] boost::asio::io_context& context() noexcept { return io_; }
  [[nodiscard]] boost::asio::io_context::executor_type executor() noexcept { return io_.get_executor(); }

  /// `close_idle` runs on the thread, once a second.
  void start(std::function<void()> close_idle);
  /// From its return on the thread runs nothing.
  void stop();

 private:
  void close_idle_later();

  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::steady_timer housekeeping_;
  std::function<void()> close_idle_;
  std::thread thread_;
};

}  // namespace switchgear::detail
