#include "switchgear/postgres/statement.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace switchgear::postgres {

/// libpq takes the text as a C string, and would send the part before the zero byte.
std::string Statement::checked(std::string sql) {
  const std::size_t zero = sql.find('\0');
  if (zero == std::string::npos) return sql;
  throw std::invalid_argument("the text of a statement has a zero byte at position " + std::to_string(zero) +
                              ", where PostgreSQL would take it to end; pass values as parameters");
}

/// Lengths stand before the values, so that no two lists of parameters have one key. `b` stands for bytes:
/// the server takes them in another way than the same text.
std::string Statement::key() const {
  if (key_) return *key_;
  if (!read_) return {};
  std::string key = sql();
  for (const Parameter& parameter : parameters()) {
    key += '\0';
    if (parameter.data() == nullptr) continue;
    key += std::to_string(parameter.size()) + (parameter.binary() ? 'b' : ':');
    key.append(parameter.data(), parameter.size());
  }
  return key;
}

bool Batch::is_repeatable() const noexcept {
  return std::all_of(statements_.begin(), statements_.end(),
                     [](const Statement& each) { return each.is_repeatable(); });
}

}  // namespace switchgear::postgres
