// The calls that are admitted at once and succeed: most of them. What they hold never leaves the registers.
#pragma once

#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>

#include "switchgear/sync/blocking_call.hpp"

namespace switchgear::detail {

/// Whether the caller may stop the call, or gets a report of it.
enum class Watched : std::uint8_t { no, yes };

/// Member by member: to assign a whole report costs more than the call's policies.
inline void tell_plain_success(CallReport& report, Duration latency) noexcept {
  report.attempts = 1;
  report.latency = latency;
  report.source = Source::call;
  report.age = {};
  report.chaos = false;
  report.queued_as.reset();
  report.failure.reset();
}

/// As BlockingCall, and the same decisions: what needs more than the plain way becomes one. A call that is
/// not watched has an instance of its own: a token is read by an atomic, after which the compiler takes
/// nothing in memory for known.
template <Watched watched, class Time, class P, class F>
[[gnu::always_inline]] inline Result<AnswerOf<F>> fast_call(Time& time, const P& pipeline,
                                                            const CallOptions& options, F& f) {
  using T = AnswerOf<F>;
  using Slow = BlockingCall<BothCauses::reported, Time, P, F>;  // no fallback has a fast lane
  if constexpr (watched == Watched::yes) {
    if (options.stop.stop_requested()) return stopped_before<T>(options);
  }
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
  const bool given_up = watched == Watched::yes && options.stop.stop_requested();
  if (now < lane.limit() && outcome.is_good() && !given_up) [[likely]] {
    lane.succeed(outcome, now);
    if constexpr (watched == Watched::yes) {
      if (options.report != nullptr) tell_plain_success(*options.report, saturating_sub(now, started));
    }
    return Result<T>(std::move(*value));
  }
  return Slow{time, pipeline, options, f, std::move(lane), started}.after_outcome(std::move(*value), outcome,
                                                                                  now);
}

}  // namespace switchgear::detail
