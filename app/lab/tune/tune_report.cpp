#include "app/lab/tune/tune_report.hpp"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <utility>

#include "app/lab/counted.hpp"
#include "app/lab/json_object.hpp"
#include "app/lab/tune/breaker_yaml.hpp"
#include "switchgear/core/duration_text.hpp"

namespace switchgear::lab {

namespace {

/// One digit after the point, if there is any.
std::string figure(double value) {
  const double tenths = std::round(std::abs(value) * 10);
  const auto whole = static_cast<std::uint64_t>(tenths / 10);
  const auto tenth = static_cast<std::uint64_t>(tenths) % 10;
  std::string text = (value < 0 && tenths > 0 ? "-" : "") + counted(whole);
  if (tenth != 0) text += "." + std::to_string(tenth);
  return text;
}

std::string percent(double ratio) { return format_number(std::round(ratio * 1'000) / 10) + "%"; }

std::string failure_rate_rule(const CircuitBreakerOptions& options) {
  std::string text = percent(*options.failure_rate) + " failed of ";
  if (options.failure_rate_confidence) {
    text += "as many calls as make it " + percent(*options.failure_rate_confidence) + " sure";
  } else {
    text += std::to_string(std::max<std::uint64_t>(1, options.minimum_calls)) + " calls or more";
  }
  if (const auto* const count = std::get_if<CountWindowOptions>(&options.window))
    return text + " among the last " + std::to_string(count->size);
  return text + " in " + format_duration(std::get<TimeWindowOptions>(options.window).duration);
}

std::string opening(const CircuitBreakerOptions& options) {
  const std::uint32_t probes = options.half_open.permitted_calls;
  return "open for " + format_duration(options.open_duration) + ", then " + std::to_string(probes) +
         (probes == 1 ? " probe" : " probes");
}

std::string why(const Tuning& tuning) {
  const HeldOut& held = tuning.held_out;
  const auto row = [](const char* what, double before, double now) {
    return std::string(what) + " " + figure(before) + " → " + figure(now);
  };
  return "It opens at " + rules_of(tuning.best.options) + " (today: " + rules_of(tuning.current.options) +
         "), " + opening(tuning.best.options) + " (today: " + opening(tuning.current.options) +
         "). On the part of the trace that the search has not seen: " +
         row("bad calls let through", held.current.bad_let_through, held.proposed.bad_let_through) + ", " +
         row("good calls refused", held.current.good_refused, held.proposed.good_refused) + ", " +
         row("seconds of outages unnoticed", held.current.undetected, held.proposed.undetected) + ", " +
         row("openings in no outage", held.current.doubtful, held.proposed.doubtful) + ".";
}

std::string why_not(const Tuning& tuning) {
  if (tuning.trials <= 1) return "the budget was used up before another policy could be tried";
  if (tuning.best.options == tuning.current.options)
    return "none of " + counted(tuning.trials - 1) + " others costs less on the searched part";
  const HeldOut& held = tuning.held_out;
  return "the best of " + counted(tuning.trials - 1) +
         " others is not surely better on the part that the search has not seen: it saves " +
         figure(held.saved) + ", with an interval of " + figure(held.interval.low) + " … " +
         figure(held.interval.high) +
         (held.interval.low > 0 ? ", and less if the refused calls had ended otherwise" : "");
}

std::string yaml(const std::string& policy, const CircuitBreakerOptions& options) {
  return "policies:\n  " + yaml_key(policy) + ":\n    circuit_breaker:\n" + breaker_yaml(options, "      ");
}

void print_held_out(const Tuning& tuning, std::ostream& out) {
  const HeldOut& held = tuning.held_out;
  const auto row = [&](const char* name, double Tally::*part) {
    out << "  " << std::left << std::setw(28) << name << std::right << std::setw(14)
        << figure(held.current.*part) << std::setw(14) << figure(held.proposed.*part) << '\n';
  };
  out << std::left << std::setw(30) << "on the last 30%" << std::right << std::setw(14) << "today"
      << std::setw(14) << "proposed" << '\n';
  row("bad calls let through", &Tally::bad_let_through);
  row("good calls refused", &Tally::good_refused);
  row("seconds unnoticed", &Tally::undetected);
  row("openings in no outage", &Tally::doubtful);
  out << "  saved: " << figure(held.saved) << ", with 95% between " << figure(held.interval.low) << " and "
      << figure(held.interval.high) << "\n\n";
}

void print_front(const Tuning& tuning, std::ostream& out) {
  out << "the choice there is, on the first 70% (bad calls let through, good calls refused):\n";
  const auto line = [&](const Trial& trial, const char* mark) {
    out << std::right << std::setw(14) << figure(trial.searched.bad_let_through) << std::setw(14)
        << figure(trial.searched.good_refused) << "  " << rules_of(trial.options) << "; "
        << opening(trial.options) << mark << '\n';
  };
  for (const Trial& trial : tuning.front)
    line(trial, trial.options == tuning.best.options ? "  ← lowest cost" : "");
  line(tuning.current, "  ← today");
}

JsonObject tally_json(const Tally& tally) {
  return JsonObject{}
      .number("bad_let_through", tally.bad_let_through)
      .number("good_refused", tally.good_refused)
      .number("seconds_unnoticed", tally.undetected)
      .number("openings_in_no_outage", tally.doubtful);
}

JsonObject options_json(const CircuitBreakerOptions& options) {
  JsonObject made;
  if (options.needs_window()) {
    JsonObject window;
    if (const auto* const count = std::get_if<CountWindowOptions>(&options.window)) {
      window.text("type", "count").count("size", count->size);
    } else {
      window.text("type", "time").time("duration", std::get<TimeWindowOptions>(options.window).duration);
    }
    made.object("window", window).count("minimum_calls", options.minimum_calls);
  }
  if (options.failure_rate) made.number("failure_rate", *options.failure_rate);
  if (options.consecutive_failures) made.count("consecutive_failures", *options.consecutive_failures);
  return made.time("open_duration", options.open_duration)
      .object("half_open", JsonObject{}
                               .count("permitted_calls", options.half_open.permitted_calls)
                               .number("max_failure_rate", options.half_open.max_failure_rate));
}

JsonObject trial_json(const Trial& trial) {
  JsonObject made;
  made.object("circuit_breaker", options_json(trial.options)).object("figures", tally_json(trial.searched));
  return std::isfinite(trial.cost) ? made.number("cost", trial.cost) : made.raw("cost", "null");
}

}  // namespace

std::string rules_of(const CircuitBreakerOptions& options) {
  std::string text;
  const auto add = [&](const std::string& rule) { text += (text.empty() ? "" : ", or ") + rule; };
  if (options.failure_rate) add(failure_rate_rule(options));
  if (options.consecutive_failures) {
    add(std::to_string(*options.consecutive_failures) +
        (*options.consecutive_failures == 1 ? " failure" : " failures in a row"));
  }
  if (options.failure_balance) add("a balance of " + std::to_string(*options.failure_balance) + " failures");
  if (options.slow_call) add("slow calls");
  if (options.latency) add("latency");
  if (options.stuck_calls) add("stuck calls");
  return text;
}

void print_text(const Tuning& tuning, const std::string& policy, const TunedTrace& trace, std::ostream& out) {
  out << counted(trace.calls) << (trace.calls == 1 ? " call in " : " calls in ") << rounded(trace.length)
      << ", " << trace.outages << (trace.outages == 1 ? " outage" : " outages") << "; "
      << counted(tuning.trials) << (tuning.trials == 1 ? " policy" : " policies") << " tried"
      << (tuning.budget_used_up ? ", until the budget was used up" : "") << "\n\n";
  if (tuning.better) {
    print_held_out(tuning, out);
    out << why(tuning) << "\n\n" << yaml(policy, tuning.best.options) << '\n';
  } else {
    out << "no proposal: " << why_not(tuning) << "\n\n";
  }
  print_front(tuning, out);
}

void print_json(const Tuning& tuning, const std::string& policy, const TunedTrace& trace, std::ostream& out) {
  JsonObject all;
  if (tuning.better) {
    const HeldOut& held = tuning.held_out;
    all.object("proposal", JsonObject{}
                               .object("policy", JsonObject{}.object("circuit_breaker",
                                                                     options_json(tuning.best.options)))
                               .text("yaml", yaml(policy, tuning.best.options))
                               .text("why", why(tuning))
                               .object("held_out", JsonObject{}
                                                       .object("today", tally_json(held.current))
                                                       .object("proposed", tally_json(held.proposed))
                                                       .number("saved", held.saved)
                                                       .number("low", held.interval.low)
                                                       .number("high", held.interval.high)));
  } else {
    all.raw("proposal", "null").text("why_not", why_not(tuning));
  }
  std::vector<JsonObject> front;
  for (const Trial& trial : tuning.front) front.push_back(trial_json(trial));
  all.object("current", trial_json(tuning.current))
      .array("front", front)
      .count("calls", trace.calls)
      .count("outages", trace.outages)
      .count("tried", tuning.trials)
      .truth("budget_used_up", tuning.budget_used_up);
  out << all.done() << '\n';
}

}  // namespace switchgear::lab
