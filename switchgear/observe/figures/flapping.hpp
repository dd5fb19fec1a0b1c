// A breaker that changes its state too often: by a count of changes, and by the weighted percentage of
// Nagios.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "switchgear/observe/circuit_history.hpp"
#include "switchgear/observe/figures/span.hpp"

namespace switchgear::figures {

struct FlappingRule {
  std::uint64_t more_than = 5;  ///< changes of state
  Duration within = std::chrono::hours{1};
};

/// Changes of state in `span`, its end included. Every state counts, an operator's too.
[[nodiscard]] std::uint64_t changes_in(std::span<const LoggedTransition> transitions,
                                       const Span& span) noexcept;

/// Those of the breaker's own: what an operator commanded is not among them.
[[nodiscard]] std::uint64_t own_changes_in(std::span<const LoggedTransition> transitions,
                                           const Span& span) noexcept;

/// By its own changes.
[[nodiscard]] bool is_flapping(std::span<const LoggedTransition> transitions, Wall now,
                               const FlappingRule& rule = {}) noexcept;

/// Changes per hour of the span; empty when the span has no length, or nothing at all is known of it.
[[nodiscard]] std::optional<double> transitions_per_hour(const CircuitHistory& history,
                                                         const Span& span) noexcept;

/// Nagios looks at the last 21 checks, between which there are 20 possible changes. The oldest weighs 0.8,
/// the newest 1.2, those between them in equal steps.
inline constexpr std::size_t flap_looks = 21;

/// 0 to 100, from the states at `now` and every `step` before. Nagios' own limits for a service are 20 (it
/// begins to flap) and 5 (it has stopped). `transitions`: oldest first; `present`: the state at `now`.
[[nodiscard]] double flap_percentage(std::span<const LoggedTransition> transitions, State present, Wall now,
                                     Duration step = std::chrono::seconds{10}) noexcept;

}  // namespace switchgear::figures
