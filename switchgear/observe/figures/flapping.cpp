#include "switchgear/observe/figures/flapping.hpp"

#include <algorithm>

namespace switchgear::figures {

namespace {

/// The state before the first transition after `at`; `present` when there is none.
State state_at(std::span<const LoggedTransition> transitions, State present, Wall at) noexcept {
  const auto next = std::ranges::find_if(transitions, [at](const auto& each) { return each.wall > at; });
  return next == transitions.end() ? present : next->from;
}

bool is_change(const LoggedTransition& each, const Span& span) noexcept {
  return each.from != each.to && each.wall > span.from && each.wall <= span.to;
}

}  // namespace

std::uint64_t changes_in(std::span<const LoggedTransition> transitions, const Span& span) noexcept {
  return static_cast<std::uint64_t>(
      std::ranges::count_if(transitions, [&](const auto& each) { return is_change(each, span); }));
}

std::uint64_t own_changes_in(std::span<const LoggedTransition> transitions, const Span& span) noexcept {
  return static_cast<std::uint64_t>(std::ranges::count_if(transitions, [&](const auto& each) {
    return each.rule != Rule::operator_command && is_change(each, span);
  }));
}

bool is_flapping(std::span<const LoggedTransition> transitions, Wall now, const FlappingRule& rule) noexcept {
  return own_changes_in(transitions, {now - rule.within, now}) > rule.more_than;
}

std::optional<double> transitions_per_hour(const CircuitHistory& history, const Span& span) noexcept {
  if (history.samples.empty() && history.transitions.empty()) return std::nullopt;
  if (span.length() == Duration::zero()) return std::nullopt;
  return static_cast<double>(changes_in(history.transitions, span)) * 3600 / to_seconds(span.length());
}

double flap_percentage(std::span<const LoggedTransition> transitions, State present, Wall now,
                       Duration step) noexcept {
  constexpr int changes = static_cast<int>(flap_looks) - 1;
  double weighted = 0;
  State before = state_at(transitions, present, now - changes * step);
  for (int i = 0; i < changes; ++i) {
    const State next = state_at(transitions, present, now - (changes - 1 - i) * step);
    if (next != before) weighted += 0.8 + 0.4 * i / (changes - 1);
    before = next;
  }
  return 100 * weighted / changes;
}

}  // namespace switchgear::figures
