#include "switchgear/observe/figures/recovery.hpp"

#include <cstddef>

namespace switchgear::figures {

std::optional<Duration> mean_time_to_recovery(std::span<const Opening> openings) noexcept {
  double seconds = 0;  // a sum of nanoseconds could overflow
  std::size_t closed = 0;
  for (const Opening& each : openings) {
    if (const auto length = lasted(each)) {
      seconds += to_seconds(*length);
      ++closed;
    }
  }
  if (closed == 0) return std::nullopt;
  return from_seconds(seconds / static_cast<double>(closed));
}

}  // namespace switchgear::figures
