#include "switchgear/policy/circuit_breaker_options.hpp"

#include <algorithm>

#include "switchgear/policy/option_checker.hpp"

namespace switchgear {

namespace {

std::string seconds(Duration length) { return OptionChecker::seconds(length); }
std::string number(double value) { return OptionChecker::number(value); }

void check_window(OptionChecker& check, const CircuitBreakerOptions& options) {
  if (const auto* count = std::get_if<CountWindowOptions>(&options.window)) {
    check.between("window.size", count->size, 1, 1'000'000);
    if (options.needs_minimum_calls() && options.minimum_calls > count->size) {
      check.problem("minimum_calls",
                    OptionChecker::whole(options.minimum_calls) + " can never be reached in a window of " +
                        std::to_string(count->size) + " calls; expected at most window.size");
    }
    return;
  }
  const auto& time = std::get<TimeWindowOptions>(options.window);
  check.between("minimum_calls", options.minimum_calls, 0, 1'000'000'000);
  check.positive("window.duration", time.duration);
  // With a latency rule every bucket keeps 4 KiB of latencies.
  check.between("window.buckets", time.buckets, 1, options.latency ? 100 : 1'000);
  if (time.duration > Duration::zero()) {
    check.want(time.duration.count() >= time.buckets, "window.duration", seconds(time.duration),
               "at least 1 ns for each bucket");
  }
}

void check_confidence(OptionChecker& check, const CircuitBreakerOptions& options) {
  const double confidence = *options.failure_rate_confidence;
  check.want(confidence >= 0.5 && confidence < 1, "failure_rate.confidence", number(confidence),
             "a ratio from 0.5 to below 1");
  check.want(options.failure_rate.has_value(), "failure_rate.above", "missing",
             "the rate to be confident of");
  // No sample is large enough to be sure that everything fails.
  if (options.failure_rate == 1.0)
    check.problem("failure_rate.above", "1 can never be reached with a confidence; expected a ratio below 1");
  if (options.weights.any()) {
    check.problem("weights",
                  "cannot be combined with failure_rate.confidence, which counts calls; expected one of "
                  "the two");
  }
}

void check_rules(OptionChecker& check, const CircuitBreakerOptions& options) {
  if (options.failure_rate) {
    check.ratio_above_zero(options.failure_rate_confidence ? "failure_rate.above" : "failure_rate",
                           *options.failure_rate);
  }
  if (options.failure_rate_confidence) check_confidence(check, options);
  for (const FailureType type : failure_types) {
    check.between("weights." + std::string(to_string(type)), std::uint32_t{options.weights[type]}, 1, 100);
  }
  if (options.slow_call) {
    check.not_negative("slow_call.threshold", options.slow_call->threshold);
    check.ratio_above_zero("slow_call.rate", options.slow_call->rate);
  }
  if (options.latency) {
    check.ratio_above_zero("latency.quantile", options.latency->quantile);
    check.positive("latency.above", options.latency->above);
  }
  constexpr std::uint64_t most = 1'000'000'000;
  if (options.consecutive_failures)
    check.between("consecutive_failures", *options.consecutive_failures, 1, most);
  if (options.failure_balance) check.between("failure_balance", *options.failure_balance, 1, most);
  if (options.stuck_calls) {
    check.positive("stuck_calls.older_than", options.stuck_calls->older_than);
    check.between("stuck_calls.count", options.stuck_calls->count, 1, 1'000);
  }
}

bool has_rule(const CircuitBreakerOptions& options) {
  return options.failure_rate || options.slow_call || options.latency || options.consecutive_failures ||
         options.failure_balance || options.stuck_calls;
}

void check_any_rule(OptionChecker& check, const CircuitBreakerOptions& options) {
  if (has_rule(options)) return;
  check.problem(
      "",
      "no trip rule is set, so it could never open; expected at least one of failure_rate, slow_call, "
      "latency, consecutive_failures, failure_balance, stuck_calls");
}

void check_open(OptionChecker& check, const CircuitBreakerOptions& options) {
  check.positive("open_duration", options.open_duration);
  check.want(options.backoff >= 1 && options.backoff <= 1'000, "backoff", number(options.backoff),
             "a factor from 1 to 1000");
  check.want(options.max_open_duration >= options.open_duration, "max_open_duration",
             seconds(options.max_open_duration),
             "at least open_duration (" + seconds(options.open_duration) + ")");
  check.want(options.jitter >= 0 && options.jitter < 1, "jitter", number(options.jitter),
             "a ratio from 0 to below 1");
}

void check_half_open(OptionChecker& check, const HalfOpenOptions& half_open) {
  check.between("half_open.permitted_calls", half_open.permitted_calls, 1, 1'000'000);
  if (half_open.permitted_calls > 0) {
    const std::uint32_t most = half_open.permitted_calls;
    check.between("half_open.success_threshold", half_open.success_threshold.value_or(most), 1, most);
    check.between("half_open.max_concurrent", half_open.max_concurrent.value_or(most), 1, most);
  }
  check.ratio("half_open.max_failure_rate", half_open.max_failure_rate);
  check.not_negative("half_open.probe_interval", half_open.probe_interval);
  check.positive("half_open.max_wait", half_open.max_wait);
}

void check_ramp(OptionChecker& check, const RampOptions& ramp) {
  check.positive("ramp.duration", ramp.duration);
  if (!ramp.controller) return check.ratio("ramp.from", ramp.from);
  // It grows by a factor: 0 would stay 0.
  check.ratio_above_zero("ramp.from", ramp.from);
  if (ramp.controller->step) check.positive("ramp.step", *ramp.controller->step);
  check.between("ramp.minimum", ramp.controller->minimum, 1, 1'000'000);
  check.ratio("ramp.max_failure_rate", ramp.controller->max_failure_rate);
  const double growth = ramp.controller->growth;
  check.want(growth > 1 && growth <= 100, "ramp.growth", number(growth), "a factor above 1, to 100");
}

void check_adaptive(OptionChecker& check, const AdaptiveOptions& adaptive) {
  check.between("adaptive.samples", adaptive.samples, 1, 10'000);
  const AdaptiveFailures& failures = adaptive.failures;
  check.ratio("adaptive.failures.strict_above", failures.strict_above);
  check.want(failures.lax_below >= 0 && failures.lax_below <= failures.strict_above,
             "adaptive.failures.lax_below", number(failures.lax_below),
             "a ratio from 0 to strict_above (" + number(failures.strict_above) + ")");
  check.between("adaptive.failures.step", failures.step, 1, 1'000);
  check.between("adaptive.failures.most", failures.most, 1, 1'000'000);
  check.between("adaptive.failures.least", failures.least, 1, std::max<std::uint32_t>(failures.most, 1));
  const AdaptiveOpening& opening = adaptive.opening;
  check.not_negative("adaptive.opening.short_below", opening.short_below);
  check.want(opening.long_above >= opening.short_below, "adaptive.opening.long_above",
             seconds(opening.long_above), "at least short_below (" + seconds(opening.short_below) + ")");
  check.want(opening.lengthen >= 1 && opening.lengthen <= 1'000, "adaptive.opening.lengthen",
             number(opening.lengthen), "a factor from 1 to 1000");
  check.ratio_above_zero("adaptive.opening.shorten", opening.shorten);
  check.positive("adaptive.opening.longest", opening.longest);
  check.positive("adaptive.opening.shortest", opening.shortest);
}

/// The key of a problem at a level: that of the level if the level sets it.
std::string key_at_level(const LevelOptions& own, std::string_view path, std::string_view key) {
  const std::string_view first = key.substr(0, key.find('.'));
  const bool sets =
      (first == "minimum_calls" && own.minimum_calls) || (first == "failure_rate" && own.failure_rate) ||
      (first == "slow_call" && own.slow_call) || (first == "latency" && own.latency) ||
      (first == "consecutive_failures" && own.consecutive_failures) ||
      (first == "failure_balance" && own.failure_balance) || (first == "open_duration" && own.open_duration);
  return sets ? std::string(path) + "." + std::string(key) : std::string(key);
}

std::vector<OptionProblem> problems_of_rules(const CircuitBreakerOptions& options) {
  OptionChecker check;
  check_window(check, options);
  check_rules(check, options);
  check.positive("open_duration", options.open_duration);
  return check.take();
}

void check_level(OptionChecker& check, const CircuitBreakerOptions& options, BreakerLevel level) {
  const std::string path = "levels." + std::string(to_string(level));
  const LevelOptions& own = (*options.levels)[level];
  const CircuitBreakerOptions in_force = options.at(level);
  const std::vector<OptionProblem> known = problems_of_rules(options);
  for (OptionProblem& problem : problems_of_rules(in_force)) {
    // What the level leaves out has been checked with the breaker's own options.
    if (std::find(known.begin(), known.end(), problem) != known.end()) continue;
    std::string key = key_at_level(own, path, problem.key);
    check.problem(std::move(key), std::move(problem.message));
  }
  if (!has_rule(in_force)) {
    check.problem(path,
                  "no trip rule is set, neither here nor in circuit_breaker, so it could never open at this "
                  "level; expected at least one of failure_rate, slow_call, latency, consecutive_failures, "
                  "failure_balance");
  }
  if (own.open_duration && *own.open_duration > options.max_open_duration) {
    check.problem(path + ".open_duration",
                  seconds(*own.open_duration) + " is longer than max_open_duration (" +
                      seconds(options.max_open_duration) + "); expected at most that");
  }
  if (own.calm) check.positive(path + ".calm", *own.calm);
  if (level == BreakerLevel::warning) return;
  const auto below = static_cast<BreakerLevel>(static_cast<int>(level) - 1);
  const Duration least = options.at(below).open_duration;
  if (in_force.open_duration >= least) return;
  check.problem(path + ".open_duration", seconds(in_force.open_duration) + " is shorter than that of " +
                                             std::string(to_string(below)) + " (" + seconds(least) +
                                             "); expected at least that: an escalation must not shorten an "
                                             "opening");
}

void check_levels(OptionChecker& check, const CircuitBreakerOptions& options) {
  const double above = options.levels->escalate_above;
  check.want(above >= 0 && above < 1, "levels.escalate_above", number(above),
             "a ratio from 0 to below 1, which a failure rate can exceed");
  for (const BreakerLevel level : breaker_levels) check_level(check, options, level);
  if (options.adaptive) {
    check.problem("adaptive",
                  "cannot be combined with levels: both say which consecutive_failures and open_duration are "
                  "in force; expected one of the two");
  }
}

}  // namespace

std::vector<OptionProblem> validate(const CircuitBreakerOptions& options) {
  OptionChecker check;
  check_window(check, options);
  check_rules(check, options);
  if (!options.levels) check_any_rule(check, options);
  check_open(check, options);
  check_half_open(check, options.half_open);
  if (options.ramp) check_ramp(check, *options.ramp);
  if (options.adaptive) check_adaptive(check, *options.adaptive);
  if (options.levels) check_levels(check, options);
  return check.take();
}

CircuitBreakerOptions CircuitBreakerOptions::at(BreakerLevel level) const {
  CircuitBreakerOptions in_force = *this;
  if (!levels) return in_force;
  const LevelOptions& own = (*levels)[level];
  const auto take = [](auto& value, const auto& wanted) {
    // Some of the values are optional, and some are not.
    if (wanted) value = *wanted;  // NOLINT(bugprone-optional-value-conversion)
  };
  take(in_force.minimum_calls, own.minimum_calls);
  take(in_force.failure_rate, own.failure_rate);
  take(in_force.failure_rate_confidence, own.failure_rate_confidence);
  take(in_force.slow_call, own.slow_call);
  take(in_force.latency, own.latency);
  take(in_force.consecutive_failures, own.consecutive_failures);
  take(in_force.failure_balance, own.failure_balance);
  take(in_force.open_duration, own.open_duration);
  return in_force;
}

Duration CircuitBreakerOptions::calm_at(BreakerLevel level) const {
  if (!levels) return Duration::zero();
  const LevelOptions& own = (*levels)[level];
  return own.calm.value_or(own.open_duration.value_or(open_duration));
}

Duration CircuitBreakerOptions::calm_from(BreakerLevel level) const {
  Duration all{};
  for (const BreakerLevel each : {BreakerLevel::critical, BreakerLevel::emergency}) {
    if (each <= level) all += std::min(calm_at(each), Duration::max() - all);
  }
  return all;
}

}  // namespace switchgear
