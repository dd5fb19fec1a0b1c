// How short an opening may be: what jitter, adaptation and levels leave of it when all goes well.
#pragma once

#include <vector>

#include "app/prove/calls.hpp"
#include "app/prove/proof.hpp"
#include "app/prove/rule_proof.hpp"

namespace switchgear::prove {

struct ShortestOpening {
  Duration length{};     ///< no opening by calls is shorter
  bool attained = true;  ///< false: no trace was found whose opening is as short
  /// What opens it so; of a breaker with levels at the first one, if it can stay there. Empty: not found.
  Trace opens;
  TimePoint opened{};
};

/// `played`: the breaker with its levels; `question` is of its first one. `tried`: its rules.
[[nodiscard]] ShortestOpening shortest_opening(const Question& question, const Calls& calls,
                                               const CircuitBreakerOptions& played,
                                               const std::vector<TriedRule>& tried);

}  // namespace switchgear::prove
