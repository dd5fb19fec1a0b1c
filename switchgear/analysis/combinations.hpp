// Finds contradictory and suspicious settings within a policy. Ranges of single options are checked by the
// library, not here.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "switchgear/analysis/policy.hpp"

namespace switchgear::analysis {

struct Combination {
  enum class Kind : std::uint8_t {
    impossible,  ///< a setting that can never have an effect: an error
    doubtful,    ///< it works, and hardly as it was meant: a warning
  };
  Kind kind = Kind::impossible;
  std::string key;  ///< below the policy: `hedge.delay`
  std::string message;

  friend bool operator==(const Combination&, const Combination&) = default;
};

/// Precondition: each part of the policy is valid for itself.
[[nodiscard]] std::vector<Combination> combinations(const Policy& policy);

}  // namespace switchgear::analysis
