#include "switchgear/config/policy_names.hpp"

#include <optional>

#include "switchgear/config/suggest.hpp"

namespace switchgear::config {

void PolicyNames::check(const Value& value, const std::string& name) {
  if (policies_.contains(name)) return;
  std::optional<std::string_view> meant;
  if (suggestions_left_ > 0) {
    --suggestions_left_;
    meant = nearest(name, names_);
  }
  std::string hint = "; expected a name under policies";
  if (meant) hint = "; did you mean " + quoted(*meant) + "?";
  value.wrong("policy " + quoted(name) + " does not exist" + hint);
}

}  // namespace switchgear::config
