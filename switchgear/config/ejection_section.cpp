// ejection: the keys are read here; what their values must be is said once, by instances::validate().
#include <array>

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

}  // namespace switchgear::config
