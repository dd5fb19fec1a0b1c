#include "app/interop/exported.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "app/interop/path_conditions.hpp"
#include "app/interop/policy_text.hpp"
#include "app/interop/values.hpp"
#include "switchgear/config/report.hpp"

namespace switchgear::interop {

namespace {

void none_if(bool there, Ledger& ledger, const std::string& from, std::string_view why) {
  if (there) ledger.none(from, why);
}

bool is_variable(char each) { return (each >= 'a' && each <= 'z') || (each >= '0' && each <= '9'); }

}  // namespace

void account_for_gaps(const ExportedService& exported, Ledger& ledger) {
  const config::Policy& policy = exported.policy;
  constexpr std::string_view no_such = "a mesh has no such policy";
  none_if(policy.circuit_breaker.has_value(), ledger, exported.policy_at("circuit_breaker"),
          "a mesh ejects instances; it has no breaker around a service");
  none_if(policy.failure_when != config::FailureWhen{}, ledger, exported.policy_at("failure_when"),
          "a mesh counts the statuses 500 to 599 and errors of connections");
  none_if(policy.hedge.has_value(), ledger, exported.policy_at("hedge"), no_such);
  none_if(policy.rate_limiter.has_value(), ledger, exported.policy_at("rate_limiter"), no_such);
  none_if(policy.adaptive_limit.has_value(), ledger, exported.policy_at("adaptive_limit"), no_such);
  none_if(policy.cache.has_value(), ledger, exported.policy_at("cache"), no_such);
  none_if(policy.fallback.has_value(), ledger, exported.policy_at("fallback"), no_such);
  if (policy.bulkhead_holds_streams)
    ledger.carried(exported.policy_at("bulkhead.hold_streams"), "the limit of requests",
                   "streams count there");
  none_if(policy.bulkhead && policy.bulkhead->max_queue > 0, ledger, exported.policy_at("bulkhead.max_queue"),
          "a mesh refuses at once");
  if (policy.retry && !exported.service.routes.empty()) {
    const std::string how = difference_of_retry(*policy.retry);
    none_if(!how.empty(), ledger, exported.policy_at("retry"), how);
  }
  none_if(exported.service.by.has_value(), ledger, exported.at("by"),
          "no breaker for each value of a header");
  none_if(exported.service.business.has_value(), ledger, exported.at("business"), "it is for reports");
  none_if(exported.service.agent.has_value(), ledger, exported.at("kind"),
          "a mesh does not read what agents answer, and does not rewrite their cards");
  none_if(exported.service.capacity.has_value(), ledger, exported.at("capacity"), "it is for reports");
  for (std::size_t i = 0; i < exported.service.routes.size(); ++i) {
    none_if(!exported.service.routes[i].policy.empty(), ledger,
            exported.at("routes[" + std::to_string(i) + "].policy"),
            "not exported: the route has its service's policy");
  }
  none_if(exported.service.routes.empty(), ledger, exported.at("routes"),
          "the service has none, and its limits and retries are those of routes");
}

bool account_for_call_without_routes(const ExportedService& exported, Ledger& ledger) {
  if (!exported.service.routes.empty()) return false;
  const config::Policy& policy = exported.policy;
  const std::string why = "a mesh has it in routes, and the service " + exported.service.name + " has none";
  none_if(policy.timeout.has_value(), ledger, exported.policy_at("timeout"), why);
  none_if(policy.deadline.has_value(), ledger, exported.policy_at("deadline"), why);
  none_if(policy.retry.has_value(), ledger, exported.policy_at("retry"), why);
  none_if(policy.chaos && policy.chaos->enabled, ledger, exported.policy_at("chaos"), why);
  return true;
}

void account_for_sections(const config::Config& config, const config::Node& root, Ledger& ledger) {
  for (const config::Entry& entry : root.entries) {
    if (entry.key == "gateway") {
      for (const config::Entry& inner : entry.value.entries) {
        if (inner.key != "listen" && inner.key != "threads")
          ledger.none("gateway." + inner.key, "it is about the gateway itself");
      }
    } else if (entry.key != "version" && entry.key != "policies" && entry.key != "services") {
      ledger.none(std::string_view{entry.key}, "it is about the gateway itself");
    }
  }
  for (const auto& [name, policy] : config.policies) {
    const auto has = [&](const auto& each) { return each.second.policy == name; };
    if (std::ranges::any_of(config.services, has)) continue;
    const auto of_route = [&](const auto& each) {
      return std::ranges::find(each.second.routes, name, &config::Route::policy) != each.second.routes.end();
    };
    ledger.none("policies." + name, std::ranges::any_of(config.services, of_route)
                                        ? "only routes have it, and theirs are not exported"
                                        : "no service and no route has it");
  }
}

std::optional<PathRewrite> path_rewrite_of(const config::Route& route, const std::string& base_path) {
  const std::string before = base_path + (route.rewrite ? route.rewrite->to : std::string{});
  if (route.rewrite && !route.rewrite->keeps_path) return PathRewrite{std::string(whole_path_regex), before};
  const std::string path = route.strip_prefix ? encoded_path(route.path) : std::string{};
  const std::string prefix = prefix_regex(path);
  if (!prefix.empty()) {
    // The prefix itself is sent as what replaces it; if only the url's path does, with a slash behind it.
    if (route.rewrite) return PathRewrite{prefix, before};
    return PathRewrite{stripping_regex(path), before + "/"};
  }
  if (before.empty()) return std::nullopt;
  return PathRewrite{std::string(before_path_regex), before + "/"};
}

std::uint32_t whole_percent(double share, const std::string& from, std::string_view to, Ledger& ledger) {
  const double percent = percent_of(share);
  const auto whole = static_cast<std::uint32_t>(std::round(percent));
  if (static_cast<double>(whole) == percent) {
    ledger.carried(std::string_view{from}, to);
  } else {
    ledger.approximated(std::string_view{from}, to, "percentages have no decimals there");
  }
  return whole;
}

std::string ResourceNames::add(std::string_view wanted) {
  constexpr std::size_t longest = 200;
  std::string name;
  for (char each : wanted.substr(0, longest)) {
    if (each >= 'A' && each <= 'Z') each = static_cast<char>(each - 'A' + 'a');
    const bool after_part = !name.empty() && is_variable(name.back());
    if (is_variable(each)) {
      name += each;
    } else if (after_part) {
      name += each == '.' ? '.' : '-';
    }
  }
  while (!name.empty() && !is_variable(name.back())) name.pop_back();
  if (name.empty()) name = "service";
  std::string unique = name;
  for (int number = 2; !taken_.insert(unique).second; ++number) unique = name + "-" + std::to_string(number);
  return unique;
}

BudgetInFlight budget_in_flight(const ExportedService& exported, std::string_view to, Ledger& ledger) {
  const RetryBudgetOptions& budget = *exported.policy.retry_budget;
  const std::string from = exported.policy_at("retry.budget");
  const double percent = percent_of(std::min(budget.ratio, 1.0));
  if (budget.mode == BudgetMode::window) {
    ledger.approximated(from, to, "retries in flight against calls in flight, not those of the last 10s");
    return {percent, static_cast<std::uint32_t>(std::round(budget.min_per_second))};
  }
  if (budget.ratio <= 1) {
    ledger.carried(from, to);
  } else {
    ledger.approximated(from, to, "at most 100% of the calls in flight");
  }
  return {percent, budget.min_concurrency};
}

std::string difference_of_retry(const RetryOptions& retry) {
  const RetryOptions usual;
  if (retry.backoff != usual.backoff || retry.factor != usual.factor || retry.jitter != usual.jitter)
    return "delays of a mesh are doubled, with full jitter";
  return {};
}

std::string gaps_as_comments(const Ledger& ledger) {
  std::string text;
  for (const Entry& entry : ledger.entries()) {
    if (entry.fate != Fate::no_counterpart) continue;
    if (text.empty()) text = "# No counterpart:\n";
    text.append("#   ")
        .append(config::printable(entry.from.field))
        .append(": ")
        .append(entry.note)
        .append("\n");
  }
  return text;
}

}  // namespace switchgear::interop
