// The blocking driver: one guarded call on the calling thread.
#pragma once

#include <concepts>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>

#include "switchgear/core/rejected.hpp"
#include "switchgear/core/result.hpp"
#include "switchgear/pipeline/pipeline.hpp"
#include "switchgear/policy/circuit_breaker.hpp"
#include "switchgear/sync/attempt.hpp"
#include "switchgear/sync/blocking_call.hpp"
#include "switchgear/sync/call_terms.hpp"
#include "switchgear/sync/clocks.hpp"
#include "switchgear/sync/fast_lane.hpp"

namespace switchgear {

/// A call's result, or the Rejection that says why there is none. A function that returns a reference answers
/// with a copy, which may outlive what it refers to.
template <class F>
using CallResult = Result<detail::AnswerOf<F>>;

namespace detail {

template <BothCauses both, class P, class F, class Time>
[[gnu::always_inline]] inline CallResult<F> blocking_call(const P& pipeline, const CallOptions& options, F& f,
                                                          Time& time) {
  if constexpr (P::Fast::exists) {
    if (options.report == nullptr && !options.stop.stop_possible()) [[likely]]
      return fast_call(time, pipeline, options, f);
  }
  return general_call<both>(time, pipeline, options, f);
}

}  // namespace detail

/// Runs `f` through the pipeline on this thread: waits where a policy says so (a queue, a token, the delay
/// before a retry), and makes as many attempts as it is told. Returns the answer, or the rejection that
/// stands in its place: a policy refused, or the last attempt came back after its time (Reason::timed_out).
/// Throws only the exception of the last attempt, unchanged. A fallback that fails changes none of this: the
/// caller gets the result without it, and `options.report` has both causes. If `options.stop` is requested,
/// no attempt begins: Reason::cancelled.
///
///     auto fetch_item = [&](const Attempt& attempt) { return fetch(item, attempt.deadline); };
///     auto answer = try_call(pipeline, fetch_item);
///     if (!answer) return last_known(item);      // answer.rejection(): which policy, why, until when
///
/// `f` takes `const Attempt&` or nothing; it cannot be interrupted (see Attempt). One that returns a
/// coroutine or a future does not compile: its answer comes later, and async_call() can wait for it. Reads
/// `Time` once before the first attempt and once after each; a clock that keeps something is handed in as the
/// last argument. Allocates nothing but what a fallback or a cache keeps. Threads: any.
template <PipelineLike P, class F, class Time>
[[gnu::always_inline]] inline CallResult<F> try_call(const P& pipeline, const CallOptions& options, F&& f,
                                                     Time& time) {
  return detail::blocking_call<detail::BothCauses::reported>(pipeline, options, f, time);
}
template <class Time = SteadyTime, PipelineLike P, class F>
CallResult<F> try_call(const P& pipeline, const CallOptions& options, F&& f) {
  Time time;
  return try_call(pipeline, options, f, time);
}
template <class Time = SteadyTime, PipelineLike P, class F>
CallResult<F> try_call(const P& pipeline, F&& f) {
  return try_call<Time>(pipeline, CallOptions{}, f);
}

/// The same around a single breaker.
template <class Time = SteadyTime, class F>
CallResult<F> try_call(CircuitBreaker& breaker, F&& f) {
  return try_call<Time>(Pipeline{breaker}, CallOptions{}, f);
}

#if defined(__cpp_exceptions)

/// The same as try_call(), but a rejection is thrown as Rejected, and the result is returned as it is. When a
/// fallback failed too, FallbackError holds both causes, whether the call was refused, threw, or returned
/// what counts as a failure.
template <class Time = SteadyTime, PipelineLike P, class F>
std::decay_t<detail::AttemptResult<F>> call(const P& pipeline, const CallOptions& options, F&& f) {
  Time time;
  auto result = detail::blocking_call<detail::BothCauses::thrown>(pipeline, options, f, time);
  if (!result) throw Rejected(result.rejection());
  if constexpr (!std::is_void_v<detail::AttemptResult<F>>) return *std::move(result);
}
template <class Time = SteadyTime, PipelineLike P, class F>
std::decay_t<detail::AttemptResult<F>> call(const P& pipeline, F&& f) {
  return call<Time>(pipeline, CallOptions{}, f);
}
template <class Time = SteadyTime, class F>
std::decay_t<detail::AttemptResult<F>> call(CircuitBreaker& breaker, F&& f) {
  return call<Time>(Pipeline{breaker}, CallOptions{}, f);
}

namespace detail {

/// Checks what `f` returns as soon as it is wrapped, where that does not depend on how it will be called.
template <class F>
consteval bool returns_an_answer() {
  if constexpr (requires(F f) { std::function{f}; }) {
    using Result = typename decltype(std::function{std::declval<F>()})::result_type;
    static_cast<void>(sizeof(Kept<std::decay_t<Result>>));
  }
  return true;
}

/// The result of guard().
template <class Time, class P, class F, class Key = NoKey>
class Guarded {
  static_assert(returns_an_answer<F>());

 public:
  Guarded(P pipeline, F f, CallTerms<Key> terms = {})
      : pipeline_(std::move(pipeline)), f_(std::move(f)), terms_(std::move(terms)) {}

  /// Says which calls have the same answer, for a cache or a cached fallback in the pipeline. `key` is a
  /// function of the call's arguments (without the Attempt) that returns text or a whole number, or text
  /// alone when no answer depends on the arguments. An empty key is none: neither remembered nor answered
  /// from memory.
  template <class Other>
  [[nodiscard]] auto key(Other key) && {
    using Kept = std::conditional_t<KeyText<Other>, std::string, Other>;
    return Guarded<Time, P, F, Kept>{std::move(pipeline_), std::move(f_),
                                     CallTerms<Kept>{Kept(std::move(key)), terms_.deadline, terms_.within}};
  }
  /// The same for all calls: when they must have ended, in the clock of `Time`.
  [[nodiscard]] Guarded deadline(TimePoint deadline) && {
    terms_.deadline = deadline;
    return std::move(*this);
  }
  /// How long each call may take, its waits and attempts together.
  [[nodiscard]] Guarded deadline(Duration within) && {
    terms_.within = within;
    return std::move(*this);
  }

  template <class... Arguments>
  requires(std::invocable<F&, Arguments&...> || std::invocable<F&, const Attempt&, Arguments&...>) auto
  operator()(Arguments&&... arguments) {
    return run(f_, arguments...);
  }
  template <class... Arguments>
  requires(std::invocable<const F&, Arguments&...> ||
           std::invocable<const F&, const Attempt&, Arguments&...>) auto
  operator()(Arguments&&... arguments) const {
    return run(f_, arguments...);
  }

 private:
  template <class G, class... Arguments>
  auto run(G& f, Arguments&... arguments) const {
    const auto key = terms_.key_of(arguments...);
    const CallOptions options = terms_.template options<Time>(key.view());
    if constexpr (std::invocable<G&, Arguments&...>) {
      return call<Time>(pipeline_, options, [&] { return std::invoke(f, arguments...); });
    } else {
      return call<Time>(pipeline_, options,
                        [&](const Attempt& attempt) { return std::invoke(f, attempt, arguments...); });
    }
  }

  P pipeline_;
  F f_;
  CallTerms<Key> terms_;
};

}  // namespace detail

/// Wraps a function once: what comes back is called like it, and goes through the pipeline.
///
///     auto charge = guard(pipeline, charge_card);
///     Receipt receipt = charge(card, amount);            // throws Rejected, or what charge_card throws
///
/// `f` is anything std::invoke takes: a function, a member function (called with its object first), a lambda.
/// One that cannot be called with the arguments alone gets `const Attempt&` before them. Arguments are handed
/// on as lvalues, because there may be a second attempt. Copies the pipeline (pointers) and keeps `f`.
///
///     auto user = guard(pipeline, load_user)
///                     .key([](int id) { return id; })    // stored by id
///                     .deadline(2s);                     // of each call
///
/// Without a key no answer is remembered, nor given from memory. Threads: as many as `f`, and a function that
/// makes keys, can bear.
template <class Time = SteadyTime, PipelineLike P, class F>
[[nodiscard]] auto guard(P pipeline, F f) {
  return detail::Guarded<Time, P, F>{std::move(pipeline), std::move(f)};
}
/// The same around a single breaker.
template <class Time = SteadyTime, class F>
[[nodiscard]] auto guard(CircuitBreaker& breaker, F f) {
  return guard<Time>(Pipeline{breaker}, std::move(f));
}

#endif

}  // namespace switchgear
