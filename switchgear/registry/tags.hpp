// What a program says about a policy beside its name: `team=checkout`, `region=eu`.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "switchgear/policy/option_problem.hpp"

namespace switchgear {

/// Key to value. Nothing is decided by them. A listing (PolicyRegistry::snapshots()) shows all of them,
/// metrics those of policies other than breakers.
using Tags = std::map<std::string, std::string, std::less<>>;

/// At most 16 of them. A key is 1 … 64 of a–z, 0–9 and _, and begins with a letter, so that it is a valid
/// label of a metric; a value is at most 256 bytes, none of which is a control character.
[[nodiscard]] std::vector<OptionProblem> validate(const Tags& tags);

}  // namespace switchgear
