// lab/compare/: whole pipelines over a recorded trace, side by side. The library's own policies, in simulated
// time. Never here: sockets, threads, a clock.
//
// The calls of a trace in memory, 48 bytes each: they are played once for each policy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <istream>
#include <optional>
#include <string>
#include <vector>

#include "app/lab/progress.hpp"
#include "switchgear/core/outcome.hpp"
#include "switchgear/core/time.hpp"

namespace switchgear::lab {

/// A trace with more calls is refused.
inline constexpr std::size_t most_calls = 50'000'000;

struct RecordedCall {
  TimePoint at{};
  Duration latency{};
  std::optional<Duration> retry_after{};
  Verdict verdict = Verdict::success;
  FailureType type = FailureType::exception;
  /// False: something refused the call while the trace was recorded, so how it would have ended is unknown.
  bool known = true;
  /// Whose call it is: the same number for the same value, counted from 1; 0: of none.
  std::uint32_t value = 0;
  Duration deadline = Duration::max();  ///< how much time its caller left for it
};

/// In the order of their starts; never empty.
using Calls = std::vector<RecordedCall>;

/// Reads a trace of whole calls. Throws TraceError, also for a line that is no whole call, and for a
/// trace without any call. `name` stands for the input in messages.
[[nodiscard]] Calls read_calls(std::istream& input, const std::string& name, Progress& progress);

/// Ends calls that their caller left too little time when that is over, as cut_off() has it; for players of
/// breakers alone, which have no time limits. `limit`: of an attempt, by the policy.
void cut_off_all(Calls& calls, std::optional<Duration> limit);

/// How many values the calls have.
[[nodiscard]] std::size_t values_of(const Calls& calls);

/// The median of the latencies of known successes; of all known calls, if none succeeded; 0 if none is known.
[[nodiscard]] Duration typical_latency(const Calls& calls);

}  // namespace switchgear::lab
