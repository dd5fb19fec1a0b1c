// circuit_breaker: the keys are read here; what their values must be is said once, by switchgear::validate().
#include <algorithm>
#include <array>

#include "switchgear/config/option_problems.hpp"
#include "switchgear/config/sections.hpp"

namespace switchgear::config {

namespace {

void read_window(const Value& value, WindowOptions& window) {
  static constexpr std::array<std::string_view, 2> types{"count", "time"};
  Section section(value);
  std::size_t type = window.index();
  if (!section.find("type")) {
    // Only `size` or only `duration` says well enough which kind is meant.
    if (section.find("duration") || section.find("buckets")) type = 1;
    if (section.find("size")) type = 0;
  }
  section.read("type", type, OneOf{types});
  const std::string kind = type == 0 ? "a count window" : "a time window";
  const auto refuse = [&](std::string_view key) {
    if (const auto found = section.find(key)) {
      found->report->error(
          found->key, found->path,
          "is not a key of " + kind + (type == 0 ? "; expected size" : "; expected duration, buckets"));
    }
  };
  if (type == 0) {
    CountWindowOptions count;
    if (const auto* kept = std::get_if<CountWindowOptions>(&window)) count = *kept;
    section.read("size", count.size, small_whole);
    refuse("duration");
    refuse("buckets");
    window = count;
  } else {
    TimeWindowOptions time;
    if (const auto* kept = std::get_if<TimeWindowOptions>(&window)) time = *kept;
    section.read("duration", time.duration, Length{});
    section.read("buckets", time.buckets, small_whole);
    refuse("size");
    window = time;
  }
  section.finish();
}

/// A number, or `{above: 0.5, confidence: 0.95}`.
template <class Options>
void read_failure_rate(const Value& value, Options& options) {
  if (value.node->kind != Node::Kind::mapping) {
    if (const auto rate = any_number(value)) options.failure_rate = rate;
    return;
  }
  Section section(value);
  section.read("above", options.failure_rate, any_number);
  section.read("confidence", options.failure_rate_confidence, any_number);
  section.finish();
}

void read_weights(const Value& value, FailureWeights& weights) {
  Section section(value);
  constexpr Whole whole{1, 100};
  for (const FailureType type : failure_types) section.read(to_string(type), weights[type], whole);
  section.finish();
}

/// Of the breaker, or of one of its levels.
template <class Options>
void read_rules_of_level(Section& section, Options& options) {
  section.read("minimum_calls", options.minimum_calls, any_whole);
  if (const auto value = section.find("failure_rate")) read_failure_rate(*value, options);
  if (const auto value = section.find("slow_call")) {
    Section slow_call(*value);
    SlowCallRule& rule = options.slow_call ? *options.slow_call : options.slow_call.emplace();
    slow_call.read("threshold", rule.threshold, Length{});
    slow_call.read("rate", rule.rate, any_number);
    slow_call.finish();
  }
  if (const auto value = section.find("latency")) {
    Section latency(*value);
    LatencyRule& rule = options.latency ? *options.latency : options.latency.emplace();
    latency.read("quantile", rule.quantile, any_number);
    latency.read("above", rule.above, Length{});
    latency.finish();
  }
  section.read("consecutive_failures", options.consecutive_failures, small_whole);
  section.read("failure_balance", options.failure_balance, small_whole);
}

void read_rules(Section& section, CircuitBreakerOptions& options) {
  read_rules_of_level(section, options);
  if (const auto value = section.find("weights")) read_weights(*value, options.weights);
  if (const auto value = section.find("stuck_calls")) {
    Section stuck_calls(*value);
    StuckCallsRule& rule = options.stuck_calls ? *options.stuck_calls : options.stuck_calls.emplace();
    stuck_calls.read("older_than", rule.older_than, Length{});
    stuck_calls.read("count", rule.count, small_whole);
    stuck_calls.finish();
  }
}

void read_half_open(const Value& value, HalfOpenOptions& options) {
  Section section(value);
  section.read("permitted_calls", options.permitted_calls, small_whole);
  section.read("success_threshold", options.success_threshold, small_whole);
  section.read("max_concurrent", options.max_concurrent, small_whole);
  section.read("max_failure_rate", options.max_failure_rate, any_number);
  section.read("probe_interval", options.probe_interval, Length{});
  section.read("max_wait", options.max_wait, Length{});
  section.finish();
}

void read_adaptive(const Value& value, AdaptiveOptions& options) {
  Section section(value);
  section.read("samples", options.samples, small_whole);
  if (const auto failures = section.find("failures")) {
    Section keys(*failures);
    keys.read("strict_above", options.failures.strict_above, any_number);
    keys.read("lax_below", options.failures.lax_below, any_number);
    keys.read("step", options.failures.step, small_whole);
    keys.read("least", options.failures.least, small_whole);
    keys.read("most", options.failures.most, small_whole);
    keys.finish();
  }
  if (const auto opening = section.find("opening")) {
    Section keys(*opening);
    keys.read("long_above", options.opening.long_above, Length{});
    keys.read("short_below", options.opening.short_below, Length{});
    keys.read("lengthen", options.opening.lengthen, any_number);
    keys.read("longest", options.opening.longest, Length{});
    keys.read("shorten", options.opening.shorten, any_number);
    keys.read("shortest", options.opening.shortest, Length{});
    keys.finish();
  }
  section.finish();
}

/// `answer` is read with the policy's answers: see read_level_answers().
void read_level(const Value& value, LevelOptions& level) {
  Section section(value);
  read_rules_of_level(section, level);
  section.read("open_duration", level.open_duration, Length{});
  section.read("calm", level.calm, Length{});
  static_cast<void>(section.find("answer"));
  section.finish();
}

void read_levels(const Value& value, LevelsOptions& levels) {
  Section section(value);
  if (!section.is_mapping()) return;
  for (const BreakerLevel level : breaker_levels) {
    const std::string_view name = to_string(level);
    if (const auto found = section.find(name)) {
      read_level(*found, levels[level]);
    } else {
      section.missing(name, std::string(name) + ": {open_duration: 1m}");
    }
  }
  section.read("escalate_above", levels.escalate_above, any_number);
  section.finish();
}

void read_ramp(const Value& value, RampOptions& options) {
  Section section(value);
  section.read("duration", options.duration, Length{});
  section.read("from", options.from, any_number);
  bool controlled = options.controller.has_value();
  section.read("controller", controlled, Truth{});
  if (!controlled) {
    options.controller.reset();
    for (const std::string_view key : {"step", "minimum", "max_failure_rate", "growth"}) {
      if (const auto found = section.find(key))
        found->report->error(found->key, found->path, "is a key of a ramp with controller: true");
    }
  } else {
    RampControllerOptions& rule = options.controller ? *options.controller : options.controller.emplace();
    section.read("step", rule.step, Length{});
    section.read("minimum", rule.minimum, small_whole);
    section.read("max_failure_rate", rule.max_failure_rate, any_number);
    section.read("growth", rule.growth, any_number);
  }
  section.finish();
}

void read_open(Section& section, CircuitBreakerOptions& options) {
  section.read("open_duration", options.open_duration, Length{});
  section.read("backoff", options.backoff, any_number);
  if (const auto value = section.find("levels"))
    read_levels(*value, options.levels ? *options.levels : options.levels.emplace());
  // The default cap is for default openings: a longer open_duration alone must not be called a contradiction.
  options.max_open_duration = std::max(options.max_open_duration, options.open_duration);
  for (const BreakerLevel level : breaker_levels)
    options.max_open_duration = std::max(options.max_open_duration, options.at(level).open_duration);
  section.read("max_open_duration", options.max_open_duration, Length{});
  section.read("jitter", options.jitter, any_number);
  section.read("honor_retry_after", options.honor_retry_after, Truth{});
  section.read("probe_automatically", options.probe_automatically, Truth{});
  if (const auto value = section.find("half_open")) read_half_open(*value, options.half_open);
  if (const auto value = section.find("ramp"))
    read_ramp(*value, options.ramp ? *options.ramp : options.ramp.emplace());
  if (const auto value = section.find("adaptive"))
    read_adaptive(*value, options.adaptive ? *options.adaptive : options.adaptive.emplace());
}

}  // namespace

void read_circuit_breaker(const Value& value, CircuitBreakerOptions& options) {
  const std::size_t errors_before = value.report->errors();
  Section section(value);
  if (!section.is_mapping()) return;
  if (const auto window = section.find("window")) read_window(*window, options.window);
  read_rules(section, options);
  read_open(section, options);
  section.finish();
  static constexpr std::array<std::string_view, 12> against_another{"minimum_calls",
                                                                    "levels.warning.minimum_calls",
                                                                    "levels.critical.minimum_calls",
                                                                    "levels.critical.open_duration",
                                                                    "levels.emergency.open_duration",
                                                                    "weights",
                                                                    "adaptive.failures.lax_below",
                                                                    "adaptive.failures.least",
                                                                    "adaptive.opening.long_above",
                                                                    "max_open_duration",
                                                                    "half_open.success_threshold",
                                                                    "half_open.max_concurrent"};
  report_problems(value, validate(options), errors_before, against_another);
}

}  // namespace switchgear::config
