#include "switchgear/config/option_problems.hpp"

#include <algorithm>

namespace switchgear::config {

const Entry* find_entry(const Node& root, std::string_view dotted) {
  const Node* node = &root;
  const Entry* found = nullptr;
  while (!dotted.empty()) {
    const std::string_view key = dotted.substr(0, dotted.find('.'));
    dotted.remove_prefix(std::min(key.size() + 1, dotted.size()));
    const auto at = std::find_if(node->entries.begin(), node->entries.end(),
                                 [&](const Entry& e) { return e.key == key; });
    if (at == node->entries.end()) return nullptr;
    found = &*at;
    node = &at->value;
  }
  return found;
}

Mark place_of(const Entry& entry) {
  return entry.value.kind == Node::Kind::mapping ? entry.at : entry.value.at;
}

void report_problems(const Value& section, const std::vector<OptionProblem>& problems,
                     std::size_t errors_before, std::span<const std::string_view> against_another) {
  const bool complete = section.report->errors() == errors_before;
  for (const OptionProblem& problem : problems) {
    const Entry* entry = find_entry(*section.node, problem.key);
    const bool between =
        std::find(against_another.begin(), against_another.end(), problem.key) != against_another.end();
    if (!complete && (entry == nullptr || between)) continue;
    const std::string path = problem.key.empty() ? section.path : join(section.path, problem.key);
    section.report->error(entry != nullptr ? place_of(*entry) : section.key, path, problem.message);
  }
}

}  // namespace switchgear::config
