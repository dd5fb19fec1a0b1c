#include "tests/model/trace_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <optional>
#include <string_view>

#include "tests/model/breaker_model.hpp"
#include "tests/model/values_model.hpp"

namespace switchgear::model {

namespace {

constexpr std::array<std::string_view, 5> order_names{"reset", "force_close", "force_open", "disable",
                                                      "metrics_only"};

std::string number(double value) {
  std::array<char, 32> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

std::string seconds(Duration length) {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%lld.%09lld",
                static_cast<long long>(length.count() / 1'000'000'000),
                static_cast<long long>(length.count() % 1'000'000'000));
  std::string trimmed = text.data();
  trimmed.erase(trimmed.find_last_not_of('0') + 1);
  if (trimmed.back() == '.') trimmed.pop_back();
  return trimmed;
}

std::string seconds(TimePoint at) { return seconds(at.time_since_epoch()); }

std::string in_ns(Duration length) { return std::to_string(length.count()) + "ns"; }

std::string level_text(const LevelOptions& level) {
  std::string text;
  const auto key = [&](std::string_view name, const std::string& value) {
    text.append(text.empty() ? "{" : ", ").append(name).append(": ").append(value);
  };
  if (level.minimum_calls) key("minimum_calls", std::to_string(*level.minimum_calls));
  if (level.failure_rate) key("failure_rate", number(*level.failure_rate));
  if (level.slow_call) {
    key("slow_call", "{threshold: " + in_ns(level.slow_call->threshold) +
                         ", rate: " + number(level.slow_call->rate) + "}");
  }
  if (level.latency) {
    key("latency",
        "{quantile: " + number(level.latency->quantile) + ", above: " + in_ns(level.latency->above) + "}");
  }
  if (level.consecutive_failures) key("consecutive_failures", std::to_string(*level.consecutive_failures));
  if (level.failure_balance) key("failure_balance", std::to_string(*level.failure_balance));
  if (level.open_duration) key("open_duration", in_ns(*level.open_duration));
  if (level.calm) key("calm", in_ns(*level.calm));
  return text.empty() ? "{}" : text + "}";
}

/// The keys below `circuit_breaker`.
void add_breaker(std::string& text, std::string_view indent, const CircuitBreakerOptions& options) {
  const auto line = [&](std::string_view key, const std::string& value) {
    text.append(indent).append(key).append(": ").append(value).append("\n");
  };
  if (const auto* count = std::get_if<CountWindowOptions>(&options.window)) {
    line("window", "{type: count, size: " + std::to_string(count->size) + "}");
  } else {
    const auto& time = std::get<TimeWindowOptions>(options.window);
    line("window", "{type: time, duration: " + in_ns(time.duration) +
                       ", buckets: " + std::to_string(time.buckets) + "}");
  }
  line("minimum_calls", std::to_string(options.minimum_calls));
  if (options.failure_rate_confidence) {
    line("failure_rate", "{above: " + number(*options.failure_rate) +
                             ", confidence: " + number(*options.failure_rate_confidence) + "}");
  } else if (options.failure_rate) {
    line("failure_rate", number(*options.failure_rate));
  }
  std::string weights;
  for (const FailureType type : failure_types) {
    weights += (weights.empty() ? "{" : ", ") + std::string(to_string(type)) + ": " +
               std::to_string(options.weights[type]);
  }
  if (options.weights.any()) line("weights", weights + "}");
  if (options.slow_call) {
    line("slow_call", "{threshold: " + in_ns(options.slow_call->threshold) +
                          ", rate: " + number(options.slow_call->rate) + "}");
  }
  if (options.latency) {
    line("latency", "{quantile: " + number(options.latency->quantile) +
                        ", above: " + in_ns(options.latency->above) + "}");
  }
  if (options.consecutive_failures)
    line("consecutive_failures", std::to_string(*options.consecutive_failures));
  if (options.failure_balance) line("failure_balance", std::to_string(*options.failure_balance));
  if (options.stuck_calls) {
    line("stuck_calls", "{older_than: " + in_ns(options.stuck_calls->older_than) +
                            ", count: " + std::to_string(options.stuck_calls->count) + "}");
  }
  line("open_duration", in_ns(options.open_duration));
  line("backoff", number(options.backoff));
  line("max_open_duration", in_ns(options.max_open_duration));
  line("jitter", number(options.jitter));
  line("honor_retry_after", options.honor_retry_after ? "true" : "false");
  line("probe_automatically", options.probe_automatically ? "true" : "false");

  const HalfOpenOptions& half_open = options.half_open;
  std::string value = "{permitted_calls: " + std::to_string(half_open.permitted_calls);
  if (half_open.success_threshold)
    value += ", success_threshold: " + std::to_string(*half_open.success_threshold);
  if (half_open.max_concurrent) value += ", max_concurrent: " + std::to_string(*half_open.max_concurrent);
  value += ", max_failure_rate: " + number(half_open.max_failure_rate);
  value += ", probe_interval: " + in_ns(half_open.probe_interval);
  if (half_open.max_wait != HalfOpenOptions{}.max_wait) value += ", max_wait: " + in_ns(half_open.max_wait);
  line("half_open", value + "}");
  if (options.adaptive) {
    const AdaptiveFailures& failures = options.adaptive->failures;
    const AdaptiveOpening& opening = options.adaptive->opening;
    line("adaptive",
         "{samples: " + std::to_string(options.adaptive->samples) +
             ", failures: {strict_above: " + number(failures.strict_above) +
             ", lax_below: " + number(failures.lax_below) + ", step: " + std::to_string(failures.step) +
             ", least: " + std::to_string(failures.least) + ", most: " + std::to_string(failures.most) +
             "}, opening: {long_above: " + in_ns(opening.long_above) +
             ", short_below: " + in_ns(opening.short_below) + ", lengthen: " + number(opening.lengthen) +
             ", longest: " + in_ns(opening.longest) + ", shorten: " + number(opening.shorten) +
             ", shortest: " + in_ns(opening.shortest) + "}}");
  }
  if (options.ramp) {
    std::string ramp =
        "{duration: " + in_ns(options.ramp->duration) + ", from: " + number(options.ramp->from);
    if (const auto& controller = options.ramp->controller) {
      ramp += ", controller: true, minimum: " + std::to_string(controller->minimum) +
              ", max_failure_rate: " + number(controller->max_failure_rate) +
              ", growth: " + number(controller->growth);
      if (controller->step) ramp += ", step: " + in_ns(*controller->step);
    }
    line("ramp", ramp + "}");
  }
  if (options.levels) {
    std::string levels = "{escalate_above: " + number(options.levels->escalate_above);
    for (const BreakerLevel level : breaker_levels)
      levels += ", " + std::string(to_string(level)) + ": " + level_text((*options.levels)[level]);
    line("levels", levels + "}");
  }
}

std::string id_of(const Step& step) { return "c" + std::to_string(step.id); }

std::string result_fields(const Outcome& outcome) {
  std::string text = ",\"verdict\":\"" + std::string(to_string(outcome.verdict)) +
                     "\",\"latency\":" + seconds(outcome.latency);
  if (outcome.verdict == Verdict::failure)
    text += ",\"type\":\"" + std::string(to_string(outcome.type)) + "\"";
  if (outcome.retry_after) text += ",\"retry_after\":" + seconds(*outcome.retry_after);
  return text;
}

/// How a call ends: at its caller's deadline, if that comes first. It is a failure of the dependency only if
/// the policy's own limit would not have come later, or there is none, and never if it was ignored as
/// recorded.
Outcome ending(const Step& call, const std::optional<Duration>& timeout) {
  if (!call.deadline || call.outcome.latency < *call.deadline) return call.outcome;
  if ((timeout && *call.deadline < *timeout) || call.outcome.verdict == Verdict::ignored) {
    Outcome ignored = Outcome::ignored();
    ignored.latency = *call.deadline;
    return ignored;
  }
  return Outcome::failure(FailureType::timeout, *call.deadline);
}

/// Plays a case through the model, writing what a replay would.
class Expectation {
 public:
  Expectation(const ValuesCase& given, bool by_value)
      : model_(given), by_value_(by_value), given_(given), rows_(given.calls.rows) {}

  void play(const Step& step, const ModelPath& path) {
    end_calls(step.at);
    switch (step.kind) {
      case Step::Kind::acquire:
        acquire(step, path);
        break;
      case Step::Kind::call:
        if (acquire(step, path)) {
          Step call = step;
          call.outcome = ending(step, given_.calls.timeout);
          running_.push_back({saturating_add(step.at, call.outcome.latency), call});
        }
        break;
      case Step::Kind::record:
        line(step.at, "record", step, model_.record(step.id, step.outcome, step.at));
        break;
      case Step::Kind::abandon:
        line(step.at, "abandon", step, model_.record(step.id, Outcome::ignored(), step.at));
        break;
      case Step::Kind::command:
        model_.command(path, step.order, step.at);
        line(step.at, order_names[static_cast<std::size_t>(step.order)], std::nullopt, path);
        break;
      case Step::Kind::check:
        model_.check(step.answer, rows_, step.at);
        line(step.at, "check", std::nullopt, std::nullopt);
        break;
      case Step::Kind::advance:  // no trace can say it
      case Step::Kind::restart:
        break;
    }
  }

  std::vector<std::string> finish() {
    end_calls(TimePoint::max());
    model_.advance(end_);  // the last lines may have been of calls unknown to the breaker
    add_outer_events();
    std::string summary = "{\"event\":\"summary\"";
    if (BreakerModel* const around = model_.around()) summary += "," + totals_text(*around);
    std::string routes;
    for (const auto& [policy, breaker] : model_.routes())
      routes += (routes.empty() ? "\"" : ",\"") + policy + "\":{" + totals_text(breaker) + "}";
    if (!routes.empty()) summary += ",\"routes\":{" + routes + "}";
    if (by_value_) add_values(summary);
    lines_.push_back(summary + "}");
    return std::move(lines_);
  }

 private:
  struct Running {
    TimePoint end;
    Step call;
  };

  void end_calls(TimePoint until) {
    for (;;) {
      const auto next = std::min_element(running_.begin(), running_.end(),
                                         [](const Running& a, const Running& b) { return a.end < b.end; });
      if (next == running_.end() || next->end > until) return;
      const Running ended = *next;
      running_.erase(next);
      line(ended.end, "record", ended.call, model_.record(ended.call.id, ended.call.outcome, ended.end));
    }
  }

  bool acquire(const Step& step, const ModelPath& path) {
    const auto [decision, by] = model_.acquire(step.id, path, step.at);
    std::string extra = decision.admitted ? ",\"decision\":\"admitted\"" : ",\"decision\":\"rejected\"";
    if (decision.reason) extra += ",\"reason\":\"" + std::string(to_string(*decision.reason)) + "\"";
    if (!by.empty()) extra += ",\"by\":\"" + std::string(by) + "\"";
    if (decision.retry_after) extra += ",\"retry_after\":" + seconds(*decision.retry_after);
    if (decision.level) extra += ",\"level\":\"" + std::string(to_string(*decision.level)) + "\"";
    line(step.at, "acquire", step, path, extra);
    return decision.admitted;
  }

  void line(TimePoint at, std::string_view op, const std::optional<Step>& step,
            const std::optional<ModelPath>& path, const std::string& extra = "") {
    end_ = at;
    std::string text = "{\"at\":" + seconds(at) + ",\"op\":\"" + std::string(op) + "\"";
    if (step) text += ",\"id\":\"" + id_of(*step) + "\"";
    const bool has_route = path && !path->route.empty(), has_value = path && !path->value.empty();
    if (has_route) text += ",\"route_policy\":\"" + path->route + "\"";
    if (has_value) text += ",\"value\":\"" + path->value + "\"";
    text += extra;
    if (const BreakerModel* const around = model_.around())
      text += ",\"state\":\"" + std::string(to_string(around->state())) + "\"";
    const auto of_route = has_route ? model_.routes().find(path->route) : model_.routes().end();
    if (of_route != model_.routes().end())
      text += ",\"route_state\":\"" + std::string(to_string(of_route->second.state())) + "\"";
    BreakerModel* const own = has_value ? model_.find(path->value, at) : nullptr;
    if (own != nullptr) text += ",\"value_state\":\"" + std::string(to_string(own->state())) + "\"";
    lines_.push_back(text + "}");
    add_outer_events();
    if (own != nullptr) add_events(*own, given_.of_value, ",\"of_value\":\"" + path->value + "\"");
  }

  /// Of all but values.
  void add_outer_events() {
    if (BreakerModel* const around = model_.around()) add_events(*around, given_.calls.options, "");
    for (auto& [policy, breaker] : model_.routes())
      add_events(breaker, given_.of_routes.at(policy), ",\"of_route\":\"" + policy + "\"");
  }

  /// `of`: the field that says whose they are.
  void add_events(BreakerModel& model, const CircuitBreakerOptions& options, const std::string& of) {
    for (const RampTurn& turn : model.take_ramp_turns()) {
      lines_.push_back("{\"at\":" + seconds(turn.at) + ",\"event\":\"ramp\"" + of + ",\"change\":\"" +
                       std::string(to_string(*turn.change)) + "\",\"share\":" + number(turn.share) +
                       ",\"safe_share\":" + number(turn.safe_share) +
                       ",\"hold\":" + std::to_string(turn.hold) + ",\"calls\":" + std::to_string(turn.calls) +
                       ",\"failed\":" + std::to_string(turn.failed) + "}");
    }
    const double escalate_above = options.levels ? options.levels->escalate_above : 0;
    const std::vector<ModelLevel> levels = model.take_levels();
    auto level = levels.begin();
    for (const ModelTransition& transition : model.take_transitions()) {
      for (; level != levels.end() && level->generation < transition.generation; ++level)
        add_level(*level, escalate_above, of);
      lines_.push_back("{\"at\":" + seconds(transition.at) + ",\"event\":\"transition\"" + of +
                       ",\"from\":\"" + std::string(to_string(transition.from)) + "\",\"to\":\"" +
                       std::string(to_string(transition.to)) + "\",\"rule\":\"" +
                       std::string(to_string(transition.rule)) + "\",\"value\":" + number(transition.value) +
                       ",\"threshold\":" + number(transition.threshold) + "}");
    }
    for (; level != levels.end(); ++level) add_level(*level, escalate_above, of);
    for (const ModelAdapted& adapted : model.take_adapted()) {
      std::string text = "{\"at\":" + seconds(adapted.at) + ",\"event\":\"adapted\"" + of;
      if (adapted.consecutive_failures > 0)
        text += ",\"consecutive_failures\":" + std::to_string(adapted.consecutive_failures);
      text += ",\"open_duration\":" + seconds(adapted.open_duration) +
              ",\"failure_rate\":" + number(adapted.failure_rate);
      if (adapted.mean_latency) text += ",\"mean_latency\":" + seconds(*adapted.mean_latency);
      lines_.push_back(text + "}");
    }
  }

  void add_level(const ModelLevel& level, double escalate_above, const std::string& of) {
    std::string text = "{\"at\":" + seconds(level.at) + ",\"event\":\"level\"" + of + ",\"from\":\"" +
                       std::string(to_string(level.from)) + "\",\"to\":\"" +
                       std::string(to_string(level.to)) + "\",\"cause\":\"" +
                       std::string(to_string(level.cause)) + "\",\"state\":\"" +
                       std::string(to_string(level.state)) + "\"";
    if (level.cause == LevelCause::escalated) {
      const double rate = static_cast<double>(level.failed) / static_cast<double>(level.calls);
      text += ",\"calls\":" + std::to_string(level.calls) + ",\"failed\":" + std::to_string(level.failed) +
              ",\"failure_rate\":" + number(rate) + ",\"escalate_above\":" + number(escalate_above);
    }
    lines_.push_back(text + "}");
  }

  std::string totals_text(const BreakerModel& model) const {
    const ModelTotals& totals = model.totals();
    return "\"calls\":" + std::to_string(totals.calls) +
           ",\"successes\":" + std::to_string(totals.successes) +
           ",\"failures\":" + std::to_string(totals.failures) +
           ",\"slow\":" + std::to_string(totals.slow_successes + totals.slow_failures) +
           ",\"ignored\":" + std::to_string(totals.ignored) +
           ",\"rejected\":" + std::to_string(totals.rejected) + ",\"late\":" + std::to_string(totals.late) +
           ",\"opened\":" + std::to_string(totals.opened) +
           ",\"time_open\":" + seconds(model.time_open(end_));
  }

  void add_values(std::string& summary) {
    const ValueTotals& totals = model_.totals();
    const std::size_t left = model_.retire(end_);
    summary += ",\"values\":{\"calls\":" + std::to_string(totals.calls) +
               ",\"successes\":" + std::to_string(totals.successes) +
               ",\"failures\":" + std::to_string(totals.failures) +
               ",\"ignored\":" + std::to_string(totals.ignored) +
               ",\"rejected\":" + std::to_string(totals.rejected) +
               ",\"uncovered\":0,\"untold\":0,\"made\":" + std::to_string(totals.made) +
               ",\"evicted\":0,\"retired\":" + std::to_string(totals.made - left) +
               ",\"breakers\":" + std::to_string(left) + ",\"open\":" + std::to_string(model_.open()) + "}";
  }

  ValuesModel model_;
  const bool by_value_;
  const ValuesCase& given_;
  HealthRows rows_;
  std::vector<Running> running_;
  TimePoint end_{};  ///< of the last line
  std::vector<std::string> lines_;
};

std::vector<std::string> expected_lines(const ValuesCase& given, bool by_value) {
  Expectation expectation(given, by_value);
  for (std::size_t i = 0; i < given.calls.steps.size(); ++i)
    expectation.play(given.calls.steps[i], path_of(given, i));
  return expectation.finish();
}

}  // namespace

std::string policy_file(const std::vector<Case>& cases) {
  std::string text = "version: 1\npolicies:\n";
  for (std::size_t i = 0; i < cases.size(); ++i) {
    text += "  p" + std::to_string(i) + ":\n";
    if (cases[i].timeout) text += "    timeout: " + in_ns(*cases[i].timeout) + "\n";
    text += "    circuit_breaker:\n";
    add_breaker(text, "      ", cases[i].options);
  }
  return text;
}

std::string service_file(const std::vector<ValuesCase>& cases) {
  std::string policies = "version: 1\npolicies:\n", services = "services:\n";
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const std::string number = std::to_string(i);
    policies += "  p" + number + ":\n";
    if (cases[i].has_around) {
      policies += "    circuit_breaker:\n";
      add_breaker(policies, "      ", cases[i].calls.options);
    } else {
      policies += "    timeout: 5s\n";
    }
    std::string routes = "{prefix: /s" + number + "/}";
    const auto add_route = [&](const std::string& policy) {
      routes.append(", {prefix: /s").append(number).append("/").append(policy).append("/, policy: ");
      routes.append(policy).append("}");
    };
    for (const auto& [policy, options] : cases[i].of_routes) {
      policies += "  " + policy + ":\n    circuit_breaker:\n";
      add_breaker(policies, "      ", options);
      add_route(policy);
    }
    if (!cases[i].of_routes.empty()) {
      policies += std::string("  ") + route_without_breaker + ": {timeout: 5s}\n";
      add_route(route_without_breaker);
    }
    services += "  s" + number + ":\n    url: \"http://127.0.0.1:1\"\n    policy: p" + number +
                "\n    routes: [" + routes + "]\n";
    if (!cases[i].has_values) continue;
    services +=
        "    by:\n      header: x-tenant\n      idle: " + in_ns(cases[i].idle) + "\n      circuit_breaker:\n";
    add_breaker(services, "        ", cases[i].of_value);
  }
  return policies + services;
}

std::string trace_file(const Case& given, const std::vector<std::string>& values,
                       const std::vector<std::string>& routes) {
  std::string text;
  for (std::size_t i = 0; i < given.steps.size(); ++i) {
    const Step& step = given.steps[i];
    if (step.kind == Step::Kind::advance || step.kind == Step::Kind::restart) continue;
    text += "{\"at\":" + seconds(step.at);
    const bool is_asked = step.kind != Step::Kind::record && step.kind != Step::Kind::abandon;
    if (i < values.size() && is_asked && !values[i].empty()) text += ",\"value\":\"" + values[i] + "\"";
    if (i < routes.size() && is_asked && !routes[i].empty())
      text += ",\"route_policy\":\"" + routes[i] + "\"";
    switch (step.kind) {
      case Step::Kind::acquire:
        text += ",\"op\":\"acquire\",\"id\":\"" + id_of(step) + "\"";
        break;
      case Step::Kind::call:
        text += ",\"id\":\"" + id_of(step) + "\"" + result_fields(step.outcome);
        if (step.deadline) text += ",\"deadline\":" + seconds(*step.deadline);
        break;
      case Step::Kind::record:
        text += ",\"op\":\"record\",\"id\":\"" + id_of(step) + "\"" + result_fields(step.outcome);
        break;
      case Step::Kind::abandon:
        text += ",\"op\":\"abandon\",\"id\":\"" + id_of(step) + "\"";
        break;
      case Step::Kind::command:
        text.append(",\"op\":\"").append(order_names[static_cast<std::size_t>(step.order)]).append("\"");
        break;
      case Step::Kind::check:
        text += ",\"op\":\"check\",\"answer\":\"" +
                std::string(step.answer == CheckAnswer::good ? "good" : "bad") +
                "\",\"unhealthy\":" + std::to_string(given.rows.unhealthy) +
                ",\"healthy\":" + std::to_string(given.rows.healthy);
        break;
      case Step::Kind::advance:
      case Step::Kind::restart:
        break;
    }
    text += "}\n";
  }
  return text;
}

std::vector<std::string> expected_lines(const Case& given) {
  return expected_lines({given, true, {}, {}, std::vector<std::string>(given.steps.size())}, false);
}

std::vector<std::string> expected_lines(const ValuesCase& given) {
  return expected_lines(given, given.has_values);
}

}  // namespace switchgear::model
