#include "switchgear/policy/fallback.hpp"

#include <cstdint>

namespace switchgear {

std::vector<OptionProblem> validate(const CachedFallbackOptions& options) {
  OptionChecker check;
  check.positive("max_stale", options.max_stale);
  check.between("max_entries", options.max_entries, 1, 100'000'000);
  check.between("max_bytes", options.max_bytes, 1024, std::uint64_t{1} << 40U);
  return check.take();
}

}  // namespace switchgear
