#include <algorithm>

#include "app/chaos/scenario.hpp"

namespace switchgear::chaos {

bool Phase::active(Duration now) const noexcept {
  if (now < at || now >= at + length) return false;
  return flapping <= Duration::zero() || (now - at) / flapping % 2 == 0;
}

double Phase::part(Duration now) const noexcept {
  if (length <= Duration::zero()) return 1;
  return std::clamp(to_seconds(now - at) / to_seconds(length), 0.0, 1.0);
}

}  // namespace switchgear::chaos
