// ejection: the keys are read here; what their values must be is said once, by instances::validate().
#include <algorithm>
#include <array>
#include <string>

#include "switchgear/config/option_problems.hpp"
#include "switchgear/config/upstream_section.hpp"

namespace switchgear::config {

namespace {

/// `false` turns a rule off. True: nothing else is to be read.
bool is_off(const Value& value) {
  return value.node->kind == Node::Kind::scalar && value.node->text == "false";
}

/// `5`, `{count: 5, enforce: 0.5}`, or `false`.
void read_row(Section& section, std::string_view key, std::optional<instances::ConsecutiveRule>& rule) {
  const auto value = section.find(key);
  if (!value) return;
  rule.reset();
  if (is_off(*value)) return;
  rule.emplace();
  if (value->node->kind == Node::Kind::scalar) {
    if (const auto count = small_whole(*value)) rule->count = static_cast<std::uint32_t>(*count);
    return;
  }
  Section row(*value);
  row.read("count", rule->count, small_whole);
  row.read("enforce", rule->enforce, any_number);
  row.finish();
}

/// `{limit: 1.9, volume: 100, …}`, or `false`.
template <class Rule>
void read_rate(Section& section, std::string_view key, std::string_view limit, double Rule::*limit_of,
               std::optional<Rule>& rule) {
  const auto value = section.find(key);
  if (!value) return;
  rule.reset();
  if (is_off(*value)) return;
  rule.emplace();
  rule->enforce = rule->enforce_local = 1;
  Section rate(*value);
  rate.read(limit, (*rule).*limit_of, any_number);
  rate.read("minimum_hosts", rule->minimum_hosts, small_whole);
  rate.read("volume", rule->volume, small_whole);
  rate.read("enforce", rule->enforce, any_number);
  rate.read("enforce_local", rule->enforce_local, any_number);
  rate.finish();
}

bool every_rule_is_off(const instances::EjectionOptions& options) {
  return !options.consecutive_5xx && !options.consecutive_gateway && !options.consecutive_local &&
         !options.success_rate && !options.failure_percentage;
}

/// The share of the rule's findings that eject.
double share_of(const instances::ConsecutiveRule& rule, const instances::EjectionOptions& /*options*/) {
  return rule.enforce;
}
/// The share for local errors matters only if these are counted apart.
template <class Rate>
double share_of(const Rate& rule, const instances::EjectionOptions& options) {
  const bool apart = options.local_errors == instances::LocalErrors::apart;
  return apart ? std::max(rule.enforce, rule.enforce_local) : rule.enforce;
}

bool no_rule_is_enforced(const instances::EjectionOptions& options) {
  const auto ejects = [&](const auto& rule) { return rule && share_of(*rule, options) > 0; };
  return !ejects(options.consecutive_5xx) && !ejects(options.consecutive_gateway) &&
         !ejects(options.consecutive_local) && !ejects(options.success_rate) &&
         !ejects(options.failure_percentage);
}

/// `enforce: 0` in the file: the rule's findings are only told.
template <class Rule>
void warn_of_observed(const Value& value, const std::string& key, const std::optional<Rule>& rule,
                      const instances::EjectionOptions& options) {
  const Entry* const entry = find_entry(*value.node, key + ".enforce");
  if (!rule || entry == nullptr || share_of(*rule, options) > 0) return;
  value.report->warning(place_of(*entry), join(value.path, key + ".enforce"),
                        "ejects nothing: what this rule finds is only logged, at the level debug");
}

/// Unless local errors are counted apart, each of them is one more for the other rules, too.
void warn_of_overtaken_local(const Value& value, const instances::EjectionOptions& options) {
  const std::optional<instances::ConsecutiveRule>& rule = options.consecutive_local;
  const Entry* const entry = find_entry(*value.node, "consecutive_local");
  if (entry == nullptr || !rule || rule->enforce <= 0 ||
      options.local_errors == instances::LocalErrors::apart)
    return;
  const auto overtakes = [&](const std::optional<instances::ConsecutiveRule>& other) {
    return other && other->enforce >= 1 && other->count <= rule->count;
  };
  const bool gateway = overtakes(options.consecutive_gateway);
  if (!gateway && !overtakes(options.consecutive_5xx)) return;
  const std::string count =
      std::to_string((gateway ? options.consecutive_gateway : options.consecutive_5xx)->count);
  value.report->warning(place_of(*entry), join(value.path, "consecutive_local"),
                        std::string{"never ejects: "} +
                            (gateway ? "consecutive_gateway" : "consecutive_5xx") +
                            " counts errors without an answer too, and ejects after " + count +
                            "; set local_errors: apart, or a count below " + count);
}

/// A rule that the file names compares more instances than there are.
template <class Rule>
void warn_of_few_hosts(const Value& value, const std::string& key, const std::optional<Rule>& rule,
                       std::size_t count) {
  const Entry* const entry = find_entry(*value.node, key);
  if (!rule || entry == nullptr || rule->minimum_hosts <= count) return;
  const Entry* const hosts = find_entry(*value.node, key + ".minimum_hosts");
  value.report->warning(hosts != nullptr ? place_of(*hosts) : place_of(*entry),
                        join(value.path, hosts != nullptr ? key + ".minimum_hosts" : key),
                        "never ejects: it compares at least " + std::to_string(rule->minimum_hosts) +
                            " instances (minimum_hosts), and the service has " + std::to_string(count));
}

/// With `max_ejected: 0.1`, no instance of nine is ever ejected.
void warn_of_no_room(const Value& value, std::size_t count) {
  if (count == 1) {
    return value.report->warning(
        value.key, value.path,
        "ejects nothing: the service has one instance, which max_ejected does not allow to "
        "be out; set always_one: true, or leave ejection out");
  }
  const std::string hundredths = std::to_string((100 + count - 1) / count);
  value.report->warning(
      value.key, value.path,
      "ejects nothing: one of " + std::to_string(count) +
          " instances is more than max_ejected allows; set always_one: true, or max_ejected to at "
          "least 0." +
          (hundredths.size() == 1 ? "0" : "") + hundredths);
}

}  // namespace

void read_ejection(const Value& value, instances::EjectionOptions& options) {
  static constexpr std::array<std::string_view, 2> local_errors{"as_5xx", "apart"};
  static constexpr std::array<std::string_view, 1> against_another{"max"};
  const std::size_t errors_before = value.report->errors();
  Section section(value);
  if (!section.is_mapping()) return;
  read_row(section, "consecutive_5xx", options.consecutive_5xx);
  read_row(section, "consecutive_gateway", options.consecutive_gateway);
  read_row(section, "consecutive_local", options.consecutive_local);
  section.read("local_errors", options.local_errors, Named<instances::LocalErrors>{local_errors});
  read_rate(section, "success_rate", "stdev", &instances::SuccessRateRule::stdev, options.success_rate);
  read_rate(section, "failure_percentage", "threshold", &instances::FailurePercentageRule::threshold,
            options.failure_percentage);
  section.read("interval", options.interval, Length{});
  section.read("base", options.base, Length{});
  // The default is for the default of `base`: a longer one alone must not be called a contradiction.
  options.max = std::max(options.max, options.base);
  section.read("max", options.max, Length{});
  section.read("jitter", options.jitter, Length{});
  section.read("max_ejected", options.max_ejected, any_number);
  section.read("always_one", options.always_one, Truth{});
  section.read("panic", options.panic, any_number);
  section.finish();
  report_problems(value, validate(options), errors_before, against_another);
}

void warn_of_ejection(const Value& value, const Service& service) {
  const instances::EjectionOptions& options = *service.ejection;
  if (every_rule_is_off(options)) {
    return value.report->warning(value.key, value.path,
                                 "ejects nothing: every rule is off; turn one on, or leave ejection out");
  }
  if (no_rule_is_enforced(options)) {
    return value.report->warning(
        value.key, value.path,
        "ejects nothing: no rule is enforced, and what they find is only logged, at the "
        "level debug; set enforce of one above 0");
  }
  warn_of_observed(value, "consecutive_5xx", options.consecutive_5xx, options);
  warn_of_observed(value, "consecutive_gateway", options.consecutive_gateway, options);
  warn_of_observed(value, "consecutive_local", options.consecutive_local, options);
  warn_of_overtaken_local(value, options);
  warn_of_observed(value, "success_rate", options.success_rate, options);
  warn_of_observed(value, "failure_percentage", options.failure_percentage, options);
  if (service.upstreams.empty() || has_name(service)) return;
  const std::size_t count = service.upstreams.size();
  warn_of_few_hosts(value, "success_rate", options.success_rate, count);
  warn_of_few_hosts(value, "failure_percentage", options.failure_percentage, count);
  if (!options.always_one && 1.0 / static_cast<double>(count) > options.max_ejected)
    warn_of_no_room(value, count);
}

}  // namespace switchgear::config
