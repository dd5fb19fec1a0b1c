// When the dependency was down, as a trace shows it to one who knows how it went on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "app/lab/compare/calls.hpp"

namespace switchgear::lab {

/// From the start of its first failed call to the end of its last one.
struct Outage {
  TimePoint from{};
  TimePoint to{};
  std::uint64_t calls = 0;
  std::uint64_t failures = 0;

  [[nodiscard]] bool has(TimePoint at) const noexcept { return from <= at && at <= to; }
};

/// So many calls in a row are looked at together; half of them must have failed.
inline constexpr std::size_t outage_window = 20;
/// Calls further apart than that are not looked at together.
inline constexpr Duration outage_span = std::chrono::minutes{1};

/// The stretches in which, of some `outage_window` successive known calls that began within `outage_span`, at
/// least half failed; those that overlap are one. Ignored calls are passed over. In order.
[[nodiscard]] std::vector<Outage> find_outages(const Calls& calls);

}  // namespace switchgear::lab
