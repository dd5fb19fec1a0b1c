// What an opening spared the callers: the time that refused calls did not spend waiting, and the pile-up of
// stuck calls that did not happen.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "switchgear/observe/circuit_history.hpp"
#include "switchgear/observe/figures/openings.hpp"

namespace switchgear::figures {

/// Of one opening.
struct Protection {
  std::uint64_t refused = 0;  ///< calls that the breaker refused because of it
  /// The mean of the failures that opened the breaker; of all calls when it opened because they were slow.
  /// Empty when the samples do not have them.
  std::optional<Duration> latency;
  std::optional<double> arrivals;  ///< calls per second that wanted in, in the busiest sample of the opening

  [[nodiscard]] std::optional<Duration> saved() const noexcept;
  /// By Little's law, the calls that would have been stuck at once: arrivals × latency.
  [[nodiscard]] std::optional<double> stuck_at_once() const noexcept;
};

/// For each opening, in their order. Both lists oldest first.
///
/// - A sample's refusals belong to the last opening that began before its end; not to any when an operator
///   holds the breaker open at its end.
/// - The latency is that of the sample in which the breaker opened and of those before it, until there are as
///   many calls as the rule saw in its window; of ten samples at most.
/// - Arrivals are counted in samples of at most a minute that began before the breaker closed: the mean of a
///   longer stretch does not say how many calls came at once.
[[nodiscard]] std::vector<Protection> protections_of(std::span<const Opening> openings,
                                                     std::span<const CircuitSample> samples);

/// Refused calls × the latency of what opened the breaker, summed. Empty when no opening has both.
[[nodiscard]] std::optional<Duration> time_saved(std::span<const Protection> protections) noexcept;

/// The openings in which more calls would have been stuck at once than the callers have room for. Empty
/// without a `capacity` (calls at once), and when no opening shows how many would have been stuck.
[[nodiscard]] std::optional<std::uint64_t> cascades_prevented(std::span<const Protection> protections,
                                                              std::optional<double> capacity) noexcept;

}  // namespace switchgear::figures
