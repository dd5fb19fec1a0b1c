// experiment: other policies that are tried beside the one in force.
#include <algorithm>
#include <chrono>

#include "switchgear/config/experiment_section.hpp"
#include "switchgear/config/header_name.hpp"
#include "switchgear/config/sections.hpp"

namespace switchgear::config {

namespace {

constexpr std::size_t most_shadows = 10;
constexpr double least_share = 0.001, most_share = 0.5;
constexpr Duration usual_block = std::chrono::seconds{10};
/// Without a header: a breaker's time open should be over within the block in which it opened.
constexpr Duration usual_turn = std::chrono::minutes{1};
constexpr Duration shortest_block = std::chrono::milliseconds{100};
constexpr Duration longest_block = std::chrono::hours{1};

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

void read_shadows(const Value& shadows, Service& service, PolicyNames& policies) {
  const Policy* const own = policies.find(service.policy);
  if (own != nullptr && !own->circuit_breaker) {
    shadows.report->error(shadows.key, shadows.path,
                          "needs a circuit_breaker in policy " + quoted(service.policy) +
                              ", whose calls the shadows are told of");
  }
  for (const Value& item : items(shadows, "[candidate]")) {
    if (service.shadows.size() == most_shadows) {
      item.wrong("is one too many; expected at most " + std::to_string(most_shadows) + " shadows");
      break;
    }
    const auto name = Text{}(item);
    if (name && usable_shadow(item, *name, service, policies)) service.shadows.push_back(*name);
  }
}

void read_split_header(const Value& value, SplitOptions& split) {
  Section by(value);
  std::string written;
  by.require("header", written, Text{}, "header: x-user");
  if (!written.empty()) {
    auto parsed = parse_header_name(written, HeaderUse::value);
    if (parsed.value) {
      split.header = *std::move(parsed.value);
    } else {
      by.find("header")->wrong(parsed.problem);
    }
  }
  by.finish();
}

/// Whether `name` may be compared with the service's own policy; what is wrong is reported, and what is
/// strange.
bool usable_candidate(const Value& value, const std::string& name, const Service& service,
                      PolicyNames& policies) {
  const auto wrong = [&](const std::string& message) {
    value.report->error(value.key, value.path, message);
    return false;
  };
  const Policy* const policy = policies.find(name);
  if (policy == nullptr) {
    policies.check(value, name);
    return false;
  }
  if (name == service.policy) return wrong(quoted(name) + " is the policy in force; expected another one");
  if (std::ranges::find(service.routes, name, &Route::policy) != service.routes.end()) {
    return wrong(quoted(name) +
                 " is the policy of a route of this service; expected a policy that no route has");
  }
  const Policy* const own = policies.find(service.policy);
  if (own == nullptr) return true;
  Policy same = *own;
  same.name = policy->name;
  if (same == *policy) {
    value.report->warning(
        value.key, value.path,
        "does the same as " + quoted(service.policy) + ": the split compares a policy with itself");
  }
  return true;
}

void read_split(const Value& value, Service& service, PolicyNames& policies) {
  const std::size_t errors_before = value.report->errors();
  SplitOptions split;
  std::optional<Duration> block;
  Section section(value);
  for (const auto& [key, each] : section.entries()) {
    if (key == "by") {
      read_split_header(each, split);
    } else if (key == "block") {
      block = Length{shortest_block, longest_block}(each);
    } else if (!split.candidate.empty()) {
      each.report->error(each.key, each.path,
                         "is one too many; a split compares the service's policy with one candidate");
    } else {
      split.candidate = key;
      if (!usable_candidate(each, split.candidate, service, policies)) continue;
      if (const auto share = Number{least_share, most_share}(each)) split.share = *share;
    }
  }
  if (section.is_mapping() && split.candidate.empty() && value.report->errors() == errors_before)
    section.wrong("has no candidate; expected the name of a policy and its share, such as candidate: 0.1");
  split.block = block.value_or(split.header.empty() ? usual_turn : usual_block);
  if (value.report->errors() != errors_before) return;
  const auto has_own = [](const Route& route) { return !route.policy.empty(); };
  if (!service.routes.empty() && std::ranges::all_of(service.routes, has_own))
    value.report->warning(value.key, value.path, "divides no request: each route has a policy of its own");
  service.split = std::move(split);
}

}  // namespace

void read_experiment(const Value& value, Service& service, PolicyNames& policies) {
  Section section(value);
  if (const auto shadows = section.find("shadow")) read_shadows(*shadows, service, policies);
  if (const auto split = section.find("split")) read_split(*split, service, policies);
  section.finish();
}

}  // namespace switchgear::config
