// Where an awaited call gets its time from, and what wakes it.
#pragma once

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/wait_traits.hpp>
#include <chrono>
#include <utility>

#include "switchgear/core/time.hpp"

namespace switchgear {

/// Asio's own timers over the steady clock. Another time has the same members (testing::ManualAsioTime, or a
/// timer wheel of yours); it is copied into each call.
struct AsioTime {
  [[nodiscard]] static TimePoint now() noexcept { return std::chrono::steady_clock::now(); }

  /// One wait at a time, made when a call first has something to wait for. Threads: those of its executor.
  template <class Executor>
  class Timer {
   public:
    Timer(const Executor& executor, const AsioTime&) : timer_(executor) {}

    /// `handler(error_code)` runs at `until`, or with operation_aborted when cancelled or replaced by another
    /// wait.
    template <class Handler>
    void wait(TimePoint until, Handler handler) {
      timer_.expires_at(until);
      timer_.async_wait(std::move(handler));
    }
    void cancel() { timer_.cancel(); }

   private:
    boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                      boost::asio::wait_traits<std::chrono::steady_clock>, Executor>
        timer_;
  };
};

}  // namespace switchgear
