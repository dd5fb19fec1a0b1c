#include "switchgear/instances/ejection_options.hpp"

#include <optional>
#include <string>

#include "switchgear/policy/option_checker.hpp"

namespace switchgear::instances {

namespace {

constexpr std::uint64_t most_in_a_row = 60'000;
constexpr std::uint64_t most_instances = 1'000'000;
constexpr std::uint64_t most_volume = 16'000'000;
static_assert(most_in_a_row < EndsInARow::most && most_volume < EndRate::most);

void check_consecutive(OptionChecker& check, const std::string& key,
                       const std::optional<ConsecutiveRule>& rule) {
  if (!rule) return;
  check.between(key + ".count", rule->count, 1, most_in_a_row);
  check.ratio(key + ".enforce", rule->enforce);
}

template <class Rule>
void check_rate(OptionChecker& check, const std::string& key, const Rule& rule) {
  check.between(key + ".minimum_hosts", rule.minimum_hosts, 1, most_instances);
  check.between(key + ".volume", rule.volume, 1, most_volume);
  check.ratio(key + ".enforce", rule.enforce);
  check.ratio(key + ".enforce_local", rule.enforce_local);
}

}  // namespace

std::vector<OptionProblem> validate(const EjectionOptions& options) {
  OptionChecker check;
  check_consecutive(check, "consecutive_5xx", options.consecutive_5xx);
  check_consecutive(check, "consecutive_gateway", options.consecutive_gateway);
  check_consecutive(check, "consecutive_local", options.consecutive_local);
  if (options.success_rate) {
    const double stdev = options.success_rate->stdev;
    check.want(stdev >= 0 && stdev <= 1'000, "success_rate.stdev", OptionChecker::number(stdev),
               "a number from 0 to 1000");
    check_rate(check, "success_rate", *options.success_rate);
  }
  if (options.failure_percentage) {
    check.ratio_above_zero("failure_percentage.threshold", options.failure_percentage->threshold);
    check_rate(check, "failure_percentage", *options.failure_percentage);
  }
  check.positive("interval", options.interval);
  check.positive("base", options.base);
  check.want(options.max >= options.base, "max", OptionChecker::seconds(options.max),
             "at least base (" + OptionChecker::seconds(options.base) + ")");
  check.not_negative("jitter", options.jitter);
  check.ratio("max_ejected", options.max_ejected);
  check.ratio("panic", options.panic);
  return check.take();
}

}  // namespace switchgear::instances
