#include "app/lab/policy_choice.hpp"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "switchgear/analysis/breaker_outlook.hpp"
#include "switchgear/config/suggest.hpp"

namespace switchgear::lab {

std::optional<config::Config> load_policies(const std::string& file, const config::OwnSections& sections,
                                            std::ostream& err) {
  config::Loaded loaded = config::load_file(file, config::FileKind::any, sections);
  for (const config::Diagnostic& error : loaded.errors) err << error.text() << '\n';
  return std::move(loaded.config);
}

std::optional<config::Config> load_breakers(const std::string& file, const config::OwnSections& sections,
                                            std::ostream& err) {
  config::Loaded loaded = config::load_file(file, config::FileKind::any, sections);
  for (const config::Diagnostic& error : loaded.errors) err << error.text() << '\n';
  return loaded.config ? std::move(loaded.config) : std::move(loaded.contradictory);
}

const config::Policy* find_policy(const config::Config& config, const std::string& file,
                                  const std::string& name, std::ostream& err) {
  const auto found = config.policies.find(name);
  if (found != config.policies.end()) return &found->second;
  std::vector<std::string_view> names;
  names.reserve(config.policies.size());
  for (const auto& [known, policy] : config.policies) names.push_back(known);
  err << file << ": policy \"" << name << "\" does not exist" << config::did_you_mean(name, names) << '\n';
  return nullptr;
}

const config::Policy* find_breaker(const config::Config& config, const std::string& file,
                                   const std::string& name, const std::string& why, std::ostream& err) {
  const config::Policy* const policy = find_policy(config, file, name, err);
  if (policy == nullptr || policy->circuit_breaker) return policy;
  err << file << ": policy \"" << name << "\" has no circuit_breaker " << why << '\n';
  return nullptr;
}

const config::Service* find_service(const config::Config& config, const std::string& file,
                                    const std::string& name, std::ostream& err) {
  const auto found = config.services.find(name);
  if (found != config.services.end()) return &found->second;
  std::vector<std::string_view> names;
  for (const auto& [known, service] : config.services) names.push_back(known);
  err << file << ": service \"" << name << "\" does not exist" << config::did_you_mean(name, names) << '\n';
  return nullptr;
}

std::optional<GuardOptions> find_guards(const config::Config& config, const std::string& file,
                                        const std::string& name, std::ostream& err) {
  const config::Service* const found = find_service(config, file, name, err);
  if (found == nullptr) return std::nullopt;
  const config::Service& service = *found;
  GuardOptions guards{name, std::nullopt, std::nullopt, config::gateway_timeout};
  if (const auto policy = config.policies.find(service.policy); policy != config.policies.end()) {
    guards.around = policy->second.circuit_breaker;
    guards.limit = analysis::attempt_limit(policy->second).value_or(config::gateway_timeout);
  }
  GuardOptions::Routes& routes = guards.routes.emplace();
  for (const config::Route& route : service.routes) {
    const auto policy = config.policies.find(route.policy);
    if (policy == config.policies.end()) continue;  // the service's own
    routes[route.policy] = {policy->second.circuit_breaker,
                            analysis::attempt_limit(policy->second).value_or(config::gateway_timeout)};
  }
  if (service.by) {
    const auto& breaker = service.by->breaker ? service.by->breaker : guards.around;
    if (breaker) guards.values = GuardOptions::Values{service.by->header, *breaker, service.by->limits};
  }
  const bool a_route_has_one =
      std::ranges::any_of(routes, [](const auto& route) { return route.second.breaker.has_value(); });
  if (guards.around || guards.values || a_route_has_one) return guards;
  err << file << ": service \"" << name
      << "\" has no breaker to replay: neither its policy nor one of its routes' has a circuit_breaker, nor "
         "has it breakers by value\n";
  return std::nullopt;
}

}  // namespace switchgear::lab
