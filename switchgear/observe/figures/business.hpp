// What the calls of a circuit are worth.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "switchgear/observe/circuit_history.hpp"

namespace switchgear::figures {

struct CallValue {
  double value = 0;      ///< of one call
  std::string currency;  ///< as it is to be shown: EUR

  friend bool operator==(const CallValue&, const CallValue&) = default;
};

/// In the currency of the value.
struct Business {
  double at_risk = 0;     ///< of the calls that failed or were refused
  double protected_ = 0;  ///< of those among them that a fallback or a queue answered after all
  std::string currency;
};

/// Empty when nothing was asked.
[[nodiscard]] std::optional<Business> business(const CircuitSample& sum, const CallValue& each,
                                               std::optional<std::uint64_t> queue_waiting);

}  // namespace switchgear::figures
