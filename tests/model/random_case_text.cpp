// Random cases, for people.
#include <sstream>
#include <string>
#include <variant>

#include "tests/model/breaker_model.hpp"
#include "tests/model/random_case.hpp"

namespace switchgear::model {

namespace {

std::string describe_level(const CircuitBreakerOptions& options, BreakerLevel level) {
  const CircuitBreakerOptions at = at_level(options, level);
  std::ostringstream text;
  text << "minimum_calls " << at.minimum_calls;
  if (at.failure_rate) text << ", failure_rate " << *at.failure_rate;
  if (at.slow_call)
    text << ", slow_call > " << to_seconds(at.slow_call->threshold) << "s " << at.slow_call->rate;
  if (at.latency)
    text << ", latency q" << at.latency->quantile << " >= " << to_seconds(at.latency->above) << "s";
  if (at.consecutive_failures) text << ", consecutive " << *at.consecutive_failures;
  if (at.failure_balance) text << ", balance " << *at.failure_balance;
  text << ", open " << to_seconds(at.open_duration) << "s, calm " << to_seconds(calm_of(options, level))
       << 's';
  return text.str();
}

}  // namespace

std::string describe(const CircuitBreakerOptions& options) {
  std::ostringstream text;
  if (const auto* count = std::get_if<CountWindowOptions>(&options.window)) {
    text << "count window " << count->size;
  } else {
    const auto& time = std::get<TimeWindowOptions>(options.window);
    text << "time window " << to_seconds(time.duration) << "s/" << time.buckets;
  }
  text << ", minimum_calls " << options.minimum_calls;
  if (options.failure_rate) text << ", failure_rate " << *options.failure_rate;
  if (options.failure_rate_confidence) text << " with confidence " << *options.failure_rate_confidence;
  if (options.weights.any()) {
    text << ", weights";
    for (const std::uint32_t weight : options.weights.by_type) text << ' ' << weight;
  }
  if (options.slow_call)
    text << ", slow_call > " << to_seconds(options.slow_call->threshold) << "s " << options.slow_call->rate;
  if (options.latency)
    text << ", latency q" << options.latency->quantile << " >= " << to_seconds(options.latency->above) << "s";
  if (options.consecutive_failures) text << ", consecutive " << *options.consecutive_failures;
  if (options.failure_balance) text << ", balance " << *options.failure_balance;
  if (options.stuck_calls) {
    text << ", stuck " << options.stuck_calls->count << " > " << to_seconds(options.stuck_calls->older_than)
         << "s";
  }
  text << "; open " << to_seconds(options.open_duration) << "s x" << options.backoff
       << " <= " << to_seconds(options.max_open_duration) << "s jitter " << options.jitter;
  if (options.honor_retry_after) text << " honor_retry_after";
  if (options.probe_automatically) text << " probe_automatically";
  text << "; half_open P=" << options.half_open.permitted_calls << " closes after "
       << options.success_threshold() << " concurrent " << options.max_concurrent() << " tolerates "
       << options.half_open.max_failure_rate << " interval " << to_seconds(options.half_open.probe_interval)
       << "s max_wait " << to_seconds(options.half_open.max_wait) << 's';
  if (options.adaptive) {
    const AdaptiveFailures& failures = options.adaptive->failures;
    const AdaptiveOpening& opening = options.adaptive->opening;
    text << "; adaptive " << options.adaptive->samples << " samples, failures > " << failures.strict_above
         << " < " << failures.lax_below << " step " << failures.step << " in " << failures.least << " .. "
         << failures.most << ", opening > " << to_seconds(opening.long_above) << "s x" << opening.lengthen
         << " <= " << to_seconds(opening.longest) << "s, < " << to_seconds(opening.short_below) << "s x"
         << opening.shorten << " >= " << to_seconds(opening.shortest) << 's';
  }
  if (options.ramp)
    text << "; ramp " << to_seconds(options.ramp->duration) << "s from " << options.ramp->from;
  if (options.ramp && options.ramp->controller) {
    const RampControllerOptions& controller = *options.ramp->controller;
    text << " in steps of " << to_seconds(options.ramp->step()) << "s and " << controller.minimum
         << " calls, tolerates " << controller.max_failure_rate << " x" << controller.growth;
  }
  if (options.levels) {
    text << "; escalates above " << options.levels->escalate_above;
    for (const BreakerLevel level : breaker_levels)
      text << "\n  at " << to_string(level) << ": " << describe_level(options, level);
  }
  return text.str();
}

std::string describe(const Step& step) {
  std::ostringstream text;
  text.precision(12);
  text << to_seconds(step.at.time_since_epoch()) << ' ';
  switch (step.kind) {
    case Step::Kind::acquire:
      text << "acquire " << step.id;
      break;
    case Step::Kind::record:
      text << "record " << step.id << ' ' << to_string(step.outcome.verdict) << " latency "
           << to_seconds(step.outcome.latency);
      if (step.outcome.retry_after) text << " retry_after " << to_seconds(*step.outcome.retry_after);
      break;
    case Step::Kind::abandon:
      text << "abandon " << step.id;
      break;
    case Step::Kind::command:
      text << "command " << static_cast<int>(step.order);
      break;
    case Step::Kind::advance:
      text << "advance";
      break;
    case Step::Kind::restart:
      text << "restart";
      break;
    case Step::Kind::check:
      text << "check " << (step.answer == CheckAnswer::good ? "good" : "bad");
      break;
    case Step::Kind::call:
      text << "call " << step.id << ' ' << to_string(step.outcome.verdict) << " latency "
           << to_seconds(step.outcome.latency);
      break;
  }
  return text.str();
}

}  // namespace switchgear::model
