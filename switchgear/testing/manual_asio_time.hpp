// Manual time for awaited calls. The only header here that needs Boost; nothing else includes it.
#pragma once

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "switchgear/core/time.hpp"

namespace switchgear::testing {

/// Waits, and the time that ends them. Starts one hour in.
///
///     ManualSchedule schedule;
///     async_call<int, ManualAsioTime>(io.get_executor(), pipeline, op, token, ManualAsioTime{schedule});
///     schedule.run_for(io, 5s);        // instant by instant: at each, everything that it sets off
///
/// Threads: any, but run_for() and advance() from one at a time. Lifetime: outlives its timers; declare it
/// before the io_context.
class ManualSchedule {
 public:
  ManualSchedule() = default;
  ManualSchedule(const ManualSchedule&) = delete;
  ManualSchedule& operator=(const ManualSchedule&) = delete;

  [[nodiscard]] TimePoint now() const {
    const std::lock_guard lock(mutex_);
    return now_;
  }

  /// How many waits there are, and how many there have been.
  [[nodiscard]] std::size_t pending() const {
    const std::lock_guard lock(mutex_);
    return waits_.size();
  }
  [[nodiscard]] std::uint64_t armed() const {
    const std::lock_guard lock(mutex_);
    return armed_;
  }

  /// Jumps; the waits that are over by then are posted to their executors, in the order of their instants.
  void advance(Duration step) { move_to(saturating_add(now(), step)); }

  /// Passes through every instant on the way, and runs what is ready there.
  void run_for(boost::asio::io_context& context, Duration length) {
    const TimePoint end = saturating_add(now(), length);
    for (;;) {
      run_ready(context);
      const TimePoint next = nearest();
      if (next > end) break;
      move_to(std::max(next, now()));
    }
    move_to(end);
    run_ready(context);
  }

 private:
  friend class ManualAsioTime;

  /// One wait. Destroyed unfired, it drops its handler.
  class Wait {
   public:
    Wait(TimePoint end, std::uint64_t ordinal, const void* whose)
        : until(end), number(ordinal), timer(whose) {}
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;
    virtual ~Wait() = default;
    virtual void fire(const boost::system::error_code& code) = 0;

    const TimePoint until;
    const std::uint64_t number;
    const void* const timer;
  };
  template <class Executor, class Handler>
  class WaitOf final : public Wait {
   public:
    WaitOf(TimePoint end, std::uint64_t ordinal, const void* whose, Executor executor, Handler handler)
        : Wait(end, ordinal, whose), executor_(std::move(executor)), handler_(std::move(handler)) {}
    void fire(const boost::system::error_code& code) override {
      boost::asio::post(executor_,
                        [handler = std::move(handler_), code]() mutable { std::move(handler)(code); });
    }

   private:
    Executor executor_;
    Handler handler_;
  };
  using Waits = std::vector<std::unique_ptr<Wait>>;

  static void run_ready(boost::asio::io_context& context) {
    context.restart();
    while (context.poll() != 0) {
    }
  }

  [[nodiscard]] TimePoint nearest() const {
    const std::lock_guard lock(mutex_);
    TimePoint next = TimePoint::max();
    for (const auto& wait : waits_) next = std::min(next, wait->until);
    return next;
  }

  void move_to(TimePoint time) {
    Waits over;
    {
      const std::lock_guard lock(mutex_);
      now_ = time;
      over = take([&](const Wait& wait) { return wait.until <= now_; });
    }
    std::sort(over.begin(), over.end(), [](const auto& left, const auto& right) {
      return std::pair(left->until, left->number) < std::pair(right->until, right->number);
    });
    for (const auto& wait : over) wait->fire({});
  }

  template <class Executor, class Handler>
  void add(TimePoint until, const void* timer, const Executor& executor, Handler handler) {
    const std::lock_guard lock(mutex_);
    ++armed_;
    auto wait =
        std::make_unique<WaitOf<Executor, Handler>>(until, armed_, timer, executor, std::move(handler));
    if (until > now_) {
      waits_.push_back(std::move(wait));
    } else {
      wait->fire({});
    }
  }
  void cancel(const void* timer) {
    Waits gone;
    {
      const std::lock_guard lock(mutex_);
      gone = take([&](const Wait& wait) { return wait.timer == timer; });
    }
    for (const auto& wait : gone) wait->fire(boost::asio::error::operation_aborted);
  }
  template <class Is>
  Waits take(Is is) {
    Waits taken;
    Waits kept;
    for (auto& wait : waits_) (is(*wait) ? taken : kept).push_back(std::move(wait));
    waits_.swap(kept);
    return taken;
  }

  mutable std::mutex mutex_;
  TimePoint now_{std::chrono::hours{1}};
  std::uint64_t armed_ = 0;
  Waits waits_;
};

/// Stands in for AsioTime.
class ManualAsioTime {
 public:
  explicit ManualAsioTime(ManualSchedule& schedule) noexcept : schedule_(&schedule) {}

  [[nodiscard]] TimePoint now() const { return schedule_->now(); }

  template <class Executor>
  class Timer {
   public:
    Timer(const Executor& executor, const ManualAsioTime& time)
        : executor_(executor), schedule_(time.schedule_) {}
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;
    ~Timer() { cancel(); }

    template <class Handler>
    void wait(TimePoint until, Handler handler) {
      cancel();
      schedule_->add(until, this, executor_, std::move(handler));
    }
    void cancel() { schedule_->cancel(this); }

   private:
    Executor executor_;
    ManualSchedule* schedule_;
  };

 private:
  ManualSchedule* schedule_;
};

}  // namespace switchgear::testing
