// From what a policy's own validate() found to located errors, so that no range is said twice.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "switchgear/config/section.hpp"
#include "switchgear/policy/option_problem.hpp"

namespace switchgear::config {

/// The entry at `half_open.max_wait` and the like below `root`; null when the file does not have it.
[[nodiscard]] const Entry* find_entry(const Node& root, std::string_view dotted);

/// Where a finding about an entry stands: at a scalar's or a list's value, at the key of a section.
[[nodiscard]] Mark place_of(const Entry& entry);

/// Reports `problems` of the options that were read from `section`, each at its key, or at the section's own
/// when the file leaves the key out. `errors_before` counts the errors before the section was read: when
/// there are more now, a key that could not be read left a default in its place, so nothing is said about
/// keys that are absent or held `against_another` key's value.
void report_problems(const Value& section, const std::vector<OptionProblem>& problems,
                     std::size_t errors_before, std::span<const std::string_view> against_another = {});

}  // namespace switchgear::config
