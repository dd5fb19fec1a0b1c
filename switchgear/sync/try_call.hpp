// One guarded call on the calling thread: try_call() and call(). Part of call.hpp.
#pragma once

#include <concepts>
#include <string>
#include <type_traits>
#include <utility>

#include "switchgear/core/rejected.hpp"
#include "switchgear/core/result.hpp"
#include "switchgear/pipeline/pipeline.hpp"
#include "switchgear/sync/attempt.hpp"
#include "switchgear/sync/blocking_call.hpp"
#include "switchgear/sync/clocks.hpp"
#include "switchgear/sync/fast_lane.hpp"

namespace switchgear {

/// A call's result, or the Rejection that says why there is none. A function that returns a reference answers
/// with a copy, which may outlive what it refers to.
template <class F>
using CallResult = Result<detail::AnswerOf<F>>;

/// What the blocking driver takes: a pipeline, or one whose policies are not in its type (any_pipeline.hpp).
template <class P>
concept BlockingPipeline = PipelineLike<P> || requires {
  typename P::Erased;
};

/// A policy that can stand in a pipeline, alone.
template <class P>
concept SinglePolicy = detail::HasLayer<P> && !BlockingPipeline<P>;

namespace detail {

template <BothCauses both, class P, class F, class Time>
[[gnu::always_inline]] inline CallResult<F> blocking_call(const P& pipeline, const CallOptions& options, F& f,
                                                          Time& time) {
  if constexpr (!PipelineLike<P>) {
    return pipeline.template run<both>(options, f, time);
  } else if constexpr (P::Fast::exists) {
    if (options.report == nullptr && !options.stop.stop_possible()) [[likely]]
      return fast_call<Watched::no>(time, pipeline, options, f);
    return fast_call<Watched::yes>(time, pipeline, options, f);
  } else {
    return general_call<both>(time, pipeline, options, f);
  }
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
template <BlockingPipeline P, class F, class Time>
[[gnu::always_inline]] inline CallResult<F> try_call(const P& pipeline, const CallOptions& options, F&& f,
                                                     Time& time) {
  return detail::blocking_call<detail::BothCauses::reported>(pipeline, options, f, time);
}
template <class Time = SteadyTime, BlockingPipeline P, class F>
CallResult<F> try_call(const P& pipeline, const CallOptions& options, F&& f) {
  Time time;
  return try_call(pipeline, options, f, time);
}
template <class Time = SteadyTime, BlockingPipeline P, class F>
CallResult<F> try_call(const P& pipeline, F&& f) {
  return try_call<Time>(pipeline, CallOptions{}, f);
}

/// The same around a single policy.
template <class Time = SteadyTime, SinglePolicy Policy, class F>
CallResult<F> try_call(Policy& policy, const CallOptions& options, F&& f) {
  return try_call<Time>(Pipeline{policy}, options, f);
}
template <class Time = SteadyTime, SinglePolicy Policy, class F>
CallResult<F> try_call(Policy& policy, F&& f) {
  return try_call<Time>(Pipeline{policy}, CallOptions{}, f);
}

#if defined(__cpp_exceptions)

/// The same as try_call(), but a rejection is thrown as Rejected, and the result is returned as it is. When a
/// fallback failed too, FallbackError holds both causes, whether the call was refused, threw, or returned
/// what counts as a failure.
template <class Time = SteadyTime, BlockingPipeline P, class F>
std::decay_t<detail::AttemptResult<F>> call(const P& pipeline, const CallOptions& options, F&& f) {
  Time time;
  return call(pipeline, options, f, time);
}
template <class Time = SteadyTime, BlockingPipeline P, class F>
std::decay_t<detail::AttemptResult<F>> call(const P& pipeline, F&& f) {
  return call<Time>(pipeline, CallOptions{}, f);
}
/// The same in a clock that is handed in, as testing::ManualTime is.
template <BlockingPipeline P, class F, class Time>
std::decay_t<detail::AttemptResult<F>> call(const P& pipeline, const CallOptions& options, F&& f,
                                            Time& time) {
  auto result = detail::blocking_call<detail::BothCauses::thrown>(pipeline, options, f, time);
  if (!result) throw Rejected(result.rejection());
  if constexpr (!std::is_void_v<detail::AttemptResult<F>>) return *std::move(result);
}
template <class Time = SteadyTime, SinglePolicy Policy, class F>
std::decay_t<detail::AttemptResult<F>> call(Policy& policy, const CallOptions& options, F&& f) {
  return call<Time>(Pipeline{policy}, options, f);
}
template <class Time = SteadyTime, SinglePolicy Policy, class F>
std::decay_t<detail::AttemptResult<F>> call(Policy& policy, F&& f) {
  return call<Time>(Pipeline{policy}, CallOptions{}, f);
}

#endif

}  // namespace switchgear
