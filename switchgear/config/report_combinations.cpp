// Where in the file a contradiction stands.
#include "switchgear/analysis/combinations.hpp"
#include "switchgear/config/option_problems.hpp"
#include "switchgear/config/sections.hpp"

namespace switchgear::config {

using analysis::Combination;

void report_combinations(const Value& value, const Policy& policy) {
  for (const Combination& found : combinations(policy)) {
    // A key that the file leaves out is looked for in what holds it, then in the preset it comes from.
    std::string_view key = found.key;
    const Entry* entry = find_entry(*value.node, key);
    if (found.kind == Combination::Kind::doubtful) {
      // A warning about a key that is not in the file, such as a preset's, does not help the user.
      if (entry != nullptr) value.report->warning(place_of(*entry), join(value.path, key), found.message);
      continue;
    }
    while (entry == nullptr && key.find('.') != std::string_view::npos) {
      key = key.substr(0, key.rfind('.'));
      entry = find_entry(*value.node, key);
    }
    if (entry == nullptr) entry = find_entry(*value.node, "preset");
    value.report->contradiction(entry != nullptr ? place_of(*entry) : value.key, join(value.path, found.key),
                                found.message);
  }
}

}  // namespace switchgear::config
