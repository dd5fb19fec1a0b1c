// The blocking driver: one guarded call on the calling thread.
#pragma once

#include <optional>
#include <type_traits>
#include <utility>

#include "switchgear/core/result.hpp"
#include "switchgear/policy/circuit_breaker.hpp"
#include "switchgear/sync/clocks.hpp"
#include "switchgear/sync/rejected.hpp"

namespace switchgear {

/// A call's result, or the Rejection that says why it was not made. `Done` stands for a call that returns
/// nothing.
struct Done {};
template <class F>
using CallResult = Result<std::conditional_t<std::is_void_v<std::invoke_result_t<F&>>, Done,
                                             std::decay_t<std::invoke_result_t<F&>>>>;

/// Runs `f()` if the breaker admits it, and tells the breaker how it ended: returning is a success, throwing
/// a failure of type `exception`. The exception passes through untouched. `on_latency(verdict, latency)` is
/// told what was measured.
///
///     auto answer = try_call(breaker, [&] { return fetch_price(item); });
///     if (!answer) return last_known_price(item);          // answer.rejection() says why
///
/// Reads `Time` twice for an admitted call, once for a refused one. Threads: any; `f` runs on this one and
/// cannot be interrupted.
template <class Time = SteadyTime, class F, class OnLatency>
CallResult<F> try_call(CircuitBreaker& breaker, F&& f, OnLatency&& on_latency) {
  auto permit = breaker.try_acquire(Time::now());
  if (!permit) return permit.rejection();
  const auto end = [&](Verdict verdict) {
    const TimePoint now = Time::now();
    const Duration latency = saturating_sub(now, permit->start());
    std::move(*permit).record(Outcome{verdict, FailureType::exception, latency, std::nullopt}, now);
    on_latency(verdict, latency);
  };
  // A guard, not a catch: what is thrown must pass through as it is, with its own stack.
  struct OnThrow {
    decltype(end)* failed;
    ~OnThrow() {
      if (failed != nullptr) (*failed)(Verdict::failure);
    }
  } on_throw{&end};
  if constexpr (std::is_void_v<std::invoke_result_t<F&>>) {
    f();
    on_throw.failed = nullptr;
    end(Verdict::success);
    return Done{};
  } else {
    std::decay_t<std::invoke_result_t<F&>> value = f();
    on_throw.failed = nullptr;
    end(Verdict::success);
    return CallResult<F>(std::move(value));
  }
}

template <class Time = SteadyTime, class F>
CallResult<F> try_call(CircuitBreaker& breaker, F&& f) {
  return try_call<Time>(breaker, std::forward<F>(f), [](Verdict, Duration) {});
}

/// The same, but a refusal is thrown as Rejected, and the result is returned as it is.
template <class Time = SteadyTime, class F>
std::invoke_result_t<F&> call(CircuitBreaker& breaker, F&& f) {
  auto result = try_call<Time>(breaker, std::forward<F>(f));
  if (!result) throw Rejected(result.rejection());
  if constexpr (!std::is_void_v<std::invoke_result_t<F&>>) return *std::move(result);
}

}  // namespace switchgear
