// The calls that are admitted at once and succeed: most of them. What they hold never leaves the registers.
#pragma once

#include <optional>
#include <type_traits>
#include <utility>

#include "switchgear/sync/blocking_call.hpp"

namespace switchgear::detail {

/// As BlockingCall, and the same decisions: what needs more than the plain way becomes one. Precondition:
/// the call has no stop token, and needs no report. (A token is read by an atomic, after which the compiler
/// takes nothing in memory for known.)
template <class Time, class P, class F>
[[gnu::always_inline]] inline Result<AnswerOf<F>> fast_call(Time& time, const P& pipeline,
                                                            const CallOptions& options, F& f) {
  using T = AnswerOf<F>;
  using Slow = BlockingCall<BothCauses::reported, Time, P, F>;  // no fallback has a fast lane
  const TimePoint started = time.now();
  typename P::Fast lane{pipeline.policies(), options, &Parking::mine()};
  if (!lane.try_start(started)) [[unlikely]]
    return Slow{time, pipeline, options, f, std::move(lane), started}.after_refusal();

  std::optional<T> value;
#if defined(__cpp_exceptions)
  try {
#endif
    if constexpr (std::is_void_v<AttemptResult<F>>) {
      make_attempt(f, 1, lane.limit(), options);
      value.emplace();
    } else {
      value.emplace(make_attempt(f, 1, lane.limit(), options));
    }
#if defined(__cpp_exceptions)
  } catch (...) {
    return Slow{time, pipeline, options, f, std::move(lane), started}.after_exception();
  }
#endif

  const TimePoint now = time.now();
  const Outcome outcome = pipeline.classifier().of_result(*value, saturating_sub(now, started));
  if (now < lane.limit() && outcome.is_good()) [[likely]] {
    lane.succeed(outcome, now);
    return Result<T>(std::move(*value));
  }
  return Slow{time, pipeline, options, f, std::move(lane), started}.after_outcome(std::move(*value), outcome,
                                                                                  now);
}

}  // namespace switchgear::detail
