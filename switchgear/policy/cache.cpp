#include "switchgear/policy/cache.hpp"

#include <cstdint>

namespace switchgear {

std::vector<OptionProblem> validate(const CacheOptions& options) {
  OptionChecker check;
  check.not_negative("ttl", options.ttl);
  check.between("max_entries", options.max_entries, 1, 100'000'000);
  check.between("max_bytes", options.max_bytes, 1024, std::uint64_t{1} << 40U);
  return check.take();
}

}  // namespace switchgear
