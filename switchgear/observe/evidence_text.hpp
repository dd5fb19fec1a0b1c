// The evidence for a change of state as one line for people.
#pragma once

#include <string>

#include "switchgear/core/event.hpp"

namespace switchgear {

/// What the rule saw: `failure_rate 0.5 >= 0.5: 10 of 20 calls failed`. `value`, `threshold` and `window` as
/// a Transition has them.
[[nodiscard]] std::string evidence_text(Rule rule, double value, double threshold,
                                        const WindowSnapshot& window);

/// Of a Transition or a LoggedTransition.
template <class Change>
[[nodiscard]] std::string evidence_text(const Change& change) {
  return evidence_text(change.rule, change.value, change.threshold, change.window);
}

}  // namespace switchgear
