#include "switchgear/policy/cache.hpp"

namespace switchgear {

std::vector<OptionProblem> validate(const CacheOptions& options) {
  OptionChecker check;
  check.not_negative("ttl", options.ttl);
  check.between("max_entries", options.max_entries, 1, 100'000'000);
  return check.take();
}

}  // namespace switchgear
