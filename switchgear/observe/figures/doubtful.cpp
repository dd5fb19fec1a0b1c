#include "switchgear/observe/figures/doubtful.hpp"

#include <algorithm>

#include "switchgear/observe/figures/sums.hpp"

namespace switchgear::figures {

namespace {

/// Empty: cannot be judged.
std::optional<bool> is_doubtful(const Opening& opening, std::span<const Opening> later,
                                std::span<const CircuitSample> samples, Duration open_duration,
                                Wall now) noexcept {
  if (opening.relapses > 0) return false;
  if (!opening.closed) return std::nullopt;
  if (!opening.well_at_first_look) return false;
  const Wall until = *opening.closed + open_duration;
  if (!later.empty() && later.front().why.wall < until) return false;
  if (until > now) return std::nullopt;
  bool seen = false;
  for (const CircuitSample& each : samples) {
    const bool after = each.from >= opening.why.wall && end_of(each) > *opening.closed;
    if (!after || each.from >= until) continue;
    if (failures_in(each) > 0) return false;
    seen = true;
  }
  return seen ? std::optional{true} : std::nullopt;
}

}  // namespace

Doubt doubt_of(std::span<const Opening> openings, std::span<const CircuitSample> samples,
               Duration open_duration, Wall now) noexcept {
  Doubt doubt;
  for (std::size_t i = 0; i < openings.size(); ++i) {
    const auto doubtful = is_doubtful(openings[i], openings.subspan(i + 1), samples, open_duration, now);
    if (!doubtful) continue;
    ++doubt.judged;
    doubt.doubtful += static_cast<std::uint64_t>(*doubtful);
  }
  return doubt;
}

}  // namespace switchgear::figures
