// A time limit for a function that blocks and cannot be interrupted: it runs on another thread, and the
// caller stops waiting for it. Never here: killing a thread.
#pragma once

#include <concepts>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <type_traits>
#include <utility>

#include "switchgear/core/result.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/sync/attempt.hpp"
#include "switchgear/sync/blocking_call.hpp"
#include "switchgear/sync/clocks.hpp"
#include "switchgear/sync/parking.hpp"

namespace switchgear {

namespace detail {

/// What the waiting thread and the executor's share. Lives until the later of them is done with it.
template <class F>
class TimedRun {
 public:
  enum class State : std::uint8_t {
    posted,
    running,
    ended,
    dropped,   ///< the executor destroyed it without running it
    given_up,  ///< the limit is over: the waiting thread is gone
  };

  template <class G>
  TimedRun(G&& f, TimePoint deadline, Parking& waiter)
      : f_(std::in_place, std::forward<G>(f)), deadline_(deadline), waiter_(&waiter) {}

  /// On the executor's thread.
  void run() {
    if (!advance(State::posted, State::running)) return;
    const CallOptions options{.stop = stop_.get_token()};
#if defined(__cpp_exceptions)
    try {
      make(options);
    } catch (...) {
      exception_ = std::current_exception();
    }
#else
    make(options);
#endif
    f_.reset();
    if (advance(State::running, State::ended)) return;
    // Here, because the waiting thread may let go of this after the executor's does.
    value_.reset();
    exception_ = nullptr;
  }
  void drop() noexcept { advance(State::posted, State::dropped); }

  // On the waiting thread.
  [[nodiscard]] bool is_over() const {
    const std::lock_guard lock{mutex_};
    return state_ == State::ended || state_ == State::dropped;
  }
  /// False: it has ended just now.
  [[nodiscard]] bool give_up() {
    {
      const std::lock_guard lock{mutex_};
      if (state_ == State::ended || state_ == State::dropped) return false;
      state_ = State::given_up;
    }
    stop_.request_stop();
    return true;
  }
  /// Precondition: is_over().
  [[nodiscard]] Result<AnswerOf<F>> take() {
#if defined(__cpp_exceptions)
    if (exception_) std::rethrow_exception(std::exchange(exception_, nullptr));
#endif
    if (value_) return Result<AnswerOf<F>>(std::move(*value_));
    return {Reason::cancelled, "run_within", std::nullopt};
  }

 private:
  void make(const CallOptions& options) {
    if constexpr (std::is_void_v<AttemptResult<F>>) {
      make_attempt(*f_, 1, deadline_, options);
      value_.emplace();
    } else {
      value_.emplace(make_attempt(*f_, 1, deadline_, options));
    }
  }

  /// Wakes the waiting thread unless it is gone: the lock keeps it from leaving meanwhile.
  bool advance(State from, State to) noexcept {
    const std::lock_guard lock{mutex_};
    if (state_ != from) return false;
    state_ = to;
    if (to != State::running) waiter_->wake();
    return true;
  }

  // The executor's thread's, up to its `ended`:
  std::optional<F> f_;
  std::optional<AnswerOf<F>> value_;
  std::exception_ptr exception_;
  const TimePoint deadline_;
  Parking* const waiter_;  ///< valid until given_up
  std::stop_source stop_;
  mutable std::mutex mutex_;
  State state_ = State::posted;
};

/// Notices that the executor has destroyed the last copy of its function.
template <class F>
struct TimedRunTicket {
  explicit TimedRunTicket(std::shared_ptr<TimedRun<F>> posted) noexcept : run(std::move(posted)) {}
  TimedRunTicket(const TimedRunTicket&) = delete;
  TimedRunTicket& operator=(const TimedRunTicket&) = delete;
  ~TimedRunTicket() { run->drop(); }
  std::shared_ptr<TimedRun<F>> run;
};

template <class Executor, class Task>
void post_to(Executor& executor, Task task) {
  if constexpr (requires { executor.post(std::move(task)); }) {
    executor.post(std::move(task));
  } else if constexpr (requires { executor.execute(std::move(task)); }) {
    executor.execute(std::move(task));
  } else if constexpr (requires { post(executor, std::move(task)); }) {
    post(executor, std::move(task));  // Boost.Asio's, for its contexts and thread pools
  } else {
    static_assert(std::invocable<Executor&, Task>,
                  "the executor has no way to run a function: give it post(f), execute(f) or operator()(f)");
    executor(std::move(task));
  }
}

}  // namespace detail

/// Runs `f` on a thread of `executor` and waits for it, at most for `limit`. Returns what `f` returned, or
/// throws what `f` threw. After `limit` the answer is a rejection (Reason::timed_out), and:
///
/// - If `f` has not begun, it never runs.
/// - If `f` is running, IT GOES ON. No thread can be stopped from outside. It holds its thread of the
///   executor until it returns, so an executor of n threads is used up by n functions that hang: bound it,
///   and put a circuit breaker around the call. A function that takes `const Attempt&` gets the deadline and
///   a stop token, which is requested when the limit is over: it should check one of them.
/// - What it returns or throws afterwards is destroyed on that thread, unseen.
/// - `f` must own all it uses: by then the caller's variables are gone. Capture by value; it is moved to the
///   heap, and destroyed on that thread when it has returned.
///
///     auto row = run_within(pool, std::chrono::milliseconds{200}, [id] { return database().query(id); });
///     if (!row) throw Rejected(row.rejection());          // for a pipeline around it: a timeout
///
/// `executor` is anything with `post(f)`, `execute(f)` or `operator()(f)`, or what Boost.Asio can post to; it
/// is handed a copyable function. One that runs it at once, on this thread, cannot be limited. One that
/// destroys the function without running it: Reason::cancelled. What posting throws passes through. Called
/// from a thread of the same executor, it waits for another thread of it to become free. Three allocations,
/// and the executor's own. Threads: any. Not for coroutines: async_call() with a Timeout cancels those.
template <class Executor, class F, class Time>
[[nodiscard]] Result<detail::AnswerOf<std::decay_t<F>>> run_within(Executor&& executor, Duration limit, F&& f,
                                                                   Time& time) {
  using Run = detail::TimedRun<std::decay_t<F>>;
  using Ticket = detail::TimedRunTicket<std::decay_t<F>>;
  Parking& parking = Parking::mine();
  const TimePoint deadline = saturating_add(time.now(), limit);
  const auto run = std::make_shared<Run>(std::forward<F>(f), deadline, parking);
  detail::post_to(executor, [ticket = std::make_shared<Ticket>(run)] { ticket->run->run(); });
  while (!run->is_over()) {
    if (time.now() >= deadline && run->give_up()) return {Reason::timed_out, "run_within", std::nullopt};
    detail::wait_until(time, parking, deadline);
  }
  return run->take();
}
template <class Executor, class F>
[[nodiscard]] Result<detail::AnswerOf<std::decay_t<F>>> run_within(Executor&& executor, Duration limit,
                                                                   F&& f) {
  SteadyTime time;
  return run_within(executor, limit, std::forward<F>(f), time);
}

}  // namespace switchgear
