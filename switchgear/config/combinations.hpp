// What of a policy can never happen, because one part of it rules out another; and what is doubtful. Ranges
// of single options are no concern of this file: the library says them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "switchgear/config/config.hpp"

namespace switchgear::config {

struct Combination {
  enum class Kind : std::uint8_t {
    impossible,  ///< something was asked for that can never happen: an error
    doubtful,    ///< it works, and hardly as it was meant: a warning
  };
  Kind kind = Kind::impossible;
  std::string key;  ///< below the policy: `hedge.delay`
  std::string message;

  friend bool operator==(const Combination&, const Combination&) = default;
};

/// Precondition: each part of the policy is valid for itself.
[[nodiscard]] std::vector<Combination> combinations(const Policy& policy);

}  // namespace switchgear::config
