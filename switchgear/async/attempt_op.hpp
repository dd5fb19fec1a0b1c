// The two kinds of operation that a call can be made of, and how one attempt of either is started.
#pragma once

#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/system/error_code.hpp>
#include <concepts>
#include <cstdint>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include "switchgear/core/time.hpp"
#include "switchgear/pipeline/answer.hpp"
#include "switchgear/pipeline/call.hpp"

namespace switchgear {

/// Why an attempt is made.
enum class AttemptKind : std::uint8_t {
  first,  ///< of its call
  retry,  ///< the attempts before it have ended
  hedge,  ///< another one is still under way
};

namespace detail {

/// The call that an attempt is made for.
class AttemptCall {
 public:
  virtual void begin_own_wait(unsigned branch) noexcept = 0;
  [[nodiscard]] virtual bool end_own_wait(unsigned branch, TimePoint served_since) noexcept = 0;

 protected:
  ~AttemptCall() = default;
};

}  // namespace detail

/// What an operation is told about the attempt it makes. Lives until that attempt has ended. It may do
/// something else each time: ask another replica, or send a cheaper request as a hedge.
struct AsyncAttempt {
  std::uint32_t number = 1;               ///< from 1; hedges count
  TimePoint deadline = TimePoint::max();  ///< then it is cancelled; max(): no limit
  AttemptKind kind = AttemptKind::first;
  detail::AttemptCall* call = nullptr;  ///< for the two functions below
  std::uint8_t branch = 0;

  /// The attempt waits for something of this program's own, such as a free connection of a pool, before it
  /// makes use of the dependency. Until end_own_wait() it is not a stuck call, a probe of a breaker gives its
  /// place to another, and its timeouts do not run; nor is this time part of its latency. Threads: those of
  /// the call's executor.
  void begin_own_wait() const noexcept {
    if (call != nullptr) call->begin_own_wait(branch);
  }
  /// The wait was over at `served_since`, which may be before now. `deadline` may have moved. False: a
  /// breaker wants no call any more, or the attempt is not needed. Then end the operation; what it gives is
  /// dropped.
  [[nodiscard]] bool end_own_wait(TimePoint served_since) const noexcept {
    return call == nullptr || call->end_own_wait(branch, served_since);
  }
};

namespace detail {

template <class A>
inline constexpr bool is_awaitable = false;
template <class T, class Executor>
inline constexpr bool is_awaitable<boost::asio::awaitable<T, Executor>> = true;

template <class Op>
auto await_attempt(Op& op, const AsyncAttempt& attempt) {
  if constexpr (std::invocable<Op&, const AsyncAttempt&>) {
    return op(attempt);
  } else if constexpr (std::invocable<Op&>) {
    return op();
  }
}

/// `op(attempt)` or `op()` is a coroutine.
template <class Op>
concept AwaitableOp = (std::invocable<Op&, const AsyncAttempt&> || std::invocable<Op&>)&&is_awaitable<
    decltype(await_attempt(std::declval<Op&>(), std::declval<const AsyncAttempt&>()))>;

template <class T>
using ValueOf = std::conditional_t<std::is_void_v<T>, Nothing, T>;

/// How a call of this operation says what went wrong.
template <class Op>
using ErrorOf = std::conditional_t<AwaitableOp<Op>, std::exception_ptr, boost::system::error_code>;

[[nodiscard]] constexpr AttemptKind kind_of(const Step& step) noexcept {
  if (step.branch > 0) return AttemptKind::hedge;
  return step.number > 1 ? AttemptKind::retry : AttemptKind::first;
}

/// One attempt's operation and, later, what came of it.
template <class Value>
struct RunningAttempt {
  AsyncAttempt attempt;
  boost::asio::cancellation_signal cancel;
  std::uint8_t branch = 0;
  bool cancellable = false;
  bool told = false;  ///< has heard that the caller goes away
  std::optional<Value> value;
  boost::system::error_code code;
  std::exception_ptr exception;
  std::optional<TimePoint> waits_since;  ///< for something of the program's own
  Duration waited{};                     ///< before that
  bool refused = false;                  ///< when that was over

  void begin(const Step& step, AttemptCall& call) noexcept {
    attempt = {step.number, step.until, kind_of(step), &call, step.branch};
    branch = step.branch;
    told = refused = false;
    waits_since.reset();
    waited = {};
    forget();
  }
  /// It waits for that no more, and has not since `served_since`. Returns how long it did.
  Duration end_own_wait(TimePoint served_since, TimePoint now) noexcept {
    const TimePoint began = *std::exchange(waits_since, std::nullopt);
    const Duration wait = saturating_sub(std::clamp(served_since, began, std::max(began, now)), began);
    waited += wait;
    return wait;
  }
  void forget() noexcept {
    value.reset();
    code = {};
    exception = nullptr;
  }
};

/// The handler of a coroutine. Keeps the call's state alive. It says nothing of an executor: co_spawn() runs
/// it on the one it was given, and cancels without a detour.
template <class State>
class AwaitedHandler {
 public:
  using cancellation_slot_type = boost::asio::cancellation_slot;

  AwaitedHandler(typename State::Ref state, typename State::Running& running)
      : state_(std::move(state)), running_(&running) {}

  [[nodiscard]] cancellation_slot_type get_cancellation_slot() const noexcept {
    return running_->cancellable ? running_->cancel.slot() : cancellation_slot_type{};
  }

  void operator()(std::exception_ptr exception, typename State::Value value) {
    running_->exception = std::move(exception);
    if (running_->exception == nullptr) running_->value.emplace(std::move(value));
    State::on_attempt_end(std::move(state_), *running_);
  }
  void operator()(std::exception_ptr exception) { (*this)(std::move(exception), {}); }

 protected:
  typename State::Ref state_;
  typename State::Running* running_;
};

/// The handler of an operation that takes a token.
template <class State>
class TokenHandler : private AwaitedHandler<State> {
 public:
  using executor_type = typename State::Executor;
  using allocator_type = typename State::UserAllocator;
  using typename AwaitedHandler<State>::cancellation_slot_type;
  using AwaitedHandler<State>::AwaitedHandler;
  using AwaitedHandler<State>::get_cancellation_slot;

  [[nodiscard]] executor_type get_executor() const noexcept { return this->state_->executor(); }
  [[nodiscard]] allocator_type get_allocator() const noexcept { return this->state_->user_allocator(); }

  /// With an error the value is kept as well: a read that met the end of the stream says how far it came.
  void operator()(const boost::system::error_code& code, typename State::Value value) {
    this->running_->code = code;
    this->running_->value.emplace(std::move(value));
    State::on_attempt_end(std::move(this->state_), *this->running_);
  }
  void operator()(
      const boost::system::error_code& code) requires std::same_as<typename State::Value, Nothing> {
    (*this)(code, {});
  }
};

/// Starts one attempt. What the operation throws at once passes through.
template <class State, class Op>
void start_attempt(const typename State::Ref& state, Op& op, typename State::Running& running) {
  if constexpr (AwaitableOp<Op>) {
    boost::asio::co_spawn(
        state->executor(), [&op, &running] { return await_attempt(op, running.attempt); },
        AwaitedHandler<State>(state, running));
  } else {
    op(std::as_const(running.attempt), TokenHandler<State>(state, running));
  }
}

}  // namespace detail

}  // namespace switchgear
