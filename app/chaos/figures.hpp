// The calls of a run in numbers.
#pragma once

#include <cstdint>
#include <vector>

#include "app/chaos/observations.hpp"

namespace switchgear::chaos {

struct Figures {
  std::uint64_t calls = 0, served = 0, refused = 0, failed = 0;
  Duration p50{}, p95{}, p99{};
};

/// Of the calls that began in [from, until).
[[nodiscard]] Figures figures_of(const std::vector<Call>& calls, Duration from, Duration until);

}  // namespace switchgear::chaos
