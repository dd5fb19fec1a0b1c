// The names that a service or a route may give for its policy.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "switchgear/config/config.hpp"
#include "switchgear/config/section.hpp"

namespace switchgear::config {

/// Borrows the policies.
class PolicyNames {
 public:
  explicit PolicyNames(const std::map<std::string, Policy>& policies) : policies_(policies) {
    for (const auto& [name, policy] : policies) names_.push_back(name);
  }

  /// Null, and nothing is reported: it does not exist.
  [[nodiscard]] const Policy* find(const std::string& name) const {
    const auto found = policies_.find(name);
    return found == policies_.end() ? nullptr : &found->second;
  }
  /// Reports a name that does not exist, with the one that may be meant.
  void check(const Value& value, const std::string& name);

 private:
  const std::map<std::string, Policy>& policies_;
  std::vector<std::string_view> names_;
  int suggestions_left_ = 20;  ///< each looks at up to a thousand names
};

}  // namespace switchgear::config
