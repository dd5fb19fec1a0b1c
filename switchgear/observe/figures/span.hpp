// A stretch of wall time, from which figures are made.
#pragma once

#include <algorithm>

#include "switchgear/core/time.hpp"
#include "switchgear/observe/circuit_history.hpp"

namespace switchgear::figures {

using Wall = WallAnchor::Wall;

struct Span {
  Wall from{};
  Wall to{};

  /// Not negative, also when the wall clock was set back.
  [[nodiscard]] Duration length() const noexcept {
    return std::max(WallAnchor::between(from, to), Duration::zero());
  }
};

[[nodiscard]] inline Wall end_of(const CircuitSample& sample) noexcept { return sample.from + sample.length; }

}  // namespace switchgear::figures
