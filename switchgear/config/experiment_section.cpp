// experiment: other policies that are tried beside the one in force.
#include <algorithm>

#include "switchgear/config/experiment_section.hpp"
#include "switchgear/config/sections.hpp"

namespace switchgear::config {

namespace {

constexpr std::size_t most_shadows = 10;

/// Whether `name` may be a shadow of the service; what is wrong is reported.
bool usable_shadow(const Value& item, const std::string& name, const Service& service,
                   PolicyNames& policies) {
  const Policy* const policy = policies.find(name);
  if (policy == nullptr) {
    policies.check(item, name);
  } else if (!policy->circuit_breaker) {
    item.wrong(quoted(name) + " has no circuit_breaker: there is nothing that a shadow could decide");
  } else if (name == service.policy) {
    item.wrong(quoted(name) + " is the policy in force; expected another one");
  } else if (std::ranges::find(service.shadows, name) != service.shadows.end()) {
    item.wrong(quoted(name) + " is there twice");
  } else {
    return true;
  }
  return false;
}

}  // namespace

void read_experiment(const Value& value, Service& service, PolicyNames& policies) {
  Section section(value);
  if (const auto shadows = section.find("shadow")) {
    const Policy* const own = policies.find(service.policy);
    if (own != nullptr && !own->circuit_breaker) {
      shadows->report->error(shadows->key, shadows->path,
                             "needs a circuit_breaker in policy " + quoted(service.policy) +
                                 ", whose calls the shadows are told of");
    }
    for (const Value& item : items(*shadows, "[candidate]")) {
      if (service.shadows.size() == most_shadows) {
        item.wrong("is one too many; expected at most " + std::to_string(most_shadows) + " shadows");
        break;
      }
      const auto name = Text{}(item);
      if (name && usable_shadow(item, *name, service, policies)) service.shadows.push_back(*name);
    }
  }
  section.finish();
}

}  // namespace switchgear::config
