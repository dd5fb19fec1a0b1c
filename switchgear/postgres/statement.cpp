#include "switchgear/postgres/statement.hpp"

#include <algorithm>

namespace switchgear::postgres {

/// Lengths stand before the values, so that no two lists of parameters have one key.
std::string Statement::key() const {
  if (key_) return *key_;
  if (!read_) return {};
  std::string key = sql();
  for (const Parameter& parameter : parameters()) {
    key += '\0';
    if (parameter.data() == nullptr) continue;
    key += std::to_string(parameter.size()) + ':';
    key.append(parameter.data(), parameter.size());
  }
  return key;
}

bool Batch::is_repeatable() const noexcept {
  return std::all_of(statements_.begin(), statements_.end(),
                     [](const Statement& each) { return each.is_repeatable(); });
}

}  // namespace switchgear::postgres
