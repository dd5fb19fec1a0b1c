// Reads the rules of `alerts:`.
#include <algorithm>
#include <array>

#include "app/alert/alert_section.hpp"
#include "switchgear/config/suggest.hpp"

namespace switchgear::alert {

namespace {

using config::Length;
using config::Number;
using config::Section;
using config::Text;
using config::Value;
using std::chrono::hours;
using std::chrono::seconds;

constexpr auto state_names = [] {
  std::array<std::string_view, states.size()> names{};
  for (std::size_t i = 0; i < states.size(); ++i) names[i] = to_string(states[i]);
  return names;
}();

/// What rules look back at is kept in memory, for each circuit.
constexpr Length span{seconds{10}, hours{24}};
constexpr config::Whole calls{1, 1'000'000'000};

[[nodiscard]] std::vector<State> read_states(const Value& value) {
  std::vector<State> read;
  const config::Named<State> reader{state_names};
  if (value.node->kind != config::Node::Kind::sequence) {
    if (const auto state = reader(value)) read.push_back(*state);
    return read;
  }
  for (const Value& one : config::items(value, "[open, forced_open]")) {
    if (const auto state = reader(one)) read.push_back(*state);
  }
  if (value.node->items.empty()) value.wrong("an empty list found; expected " + config::one_of(state_names));
  return read;
}

[[nodiscard]] ChangesCondition read_changes(const Value& value) {
  ChangesCondition changes;
  Section section(value);
  section.read("more_than", changes.more_than, config::Whole{1, 1'000});
  section.read("within", changes.within, span);
  section.finish();
  return changes;
}

[[nodiscard]] FailureRateCondition read_failure_rate(const Value& value) {
  FailureRateCondition rate;
  Section section(value);
  section.require("above", rate.above, Number{0, 1}, "above: 0.5");
  section.read("within", rate.within, span);
  section.read("min_calls", rate.min_calls, calls);
  section.finish();
  if (rate.above >= 1) section.wrong("above: 1 can never be exceeded; expected a ratio below 1");
  return rate;
}

[[nodiscard]] BurnRateCondition read_burn_rate(const Value& value) {
  BurnRateCondition burn;
  Section section(value);
  section.require("above", burn.above, Number{0.1, 10'000}, "above: 14.4");
  section.read("objective", burn.objective, Number{0.5, 0.999999});
  section.read("long", burn.longer, span);
  section.read("short", burn.shorter, span);
  section.read("min_calls", burn.min_calls, calls);
  section.finish();
  if (burn.shorter >= burn.longer)
    section.wrong("short is not shorter than long; expected for example long: 1h and short: 5m");
  if (burn.above * (1 - burn.objective) >= 1)
    section.wrong("can never hold: with this objective, not even failures alone use up the budget that fast");
  return burn;
}

[[nodiscard]] ForecastCondition read_forecast(const Value& value) {
  constexpr Length ahead{std::chrono::minutes{1}, std::chrono::minutes{30}};
  ForecastCondition forecast;
  Section section(value);
  section.read("failure_rate", forecast.failure_rate, Number{0.01, 0.99});
  section.read("max_concurrent", forecast.max_concurrent, config::Whole{1, 1'000'000});
  section.read("within", forecast.within, ahead);
  const bool rate = section.find("failure_rate").has_value();
  const bool load = section.find("max_concurrent").has_value();
  section.finish();
  if (rate && load) section.wrong("foretells one of two things; expected failure_rate or max_concurrent");
  if (!rate && !load)
    section.wrong("foretells nothing; expected failure_rate: 0.5, or max_concurrent: 50 for a bulkhead");
  return forecast;
}

[[nodiscard]] When read_when(const Value& value) {
  When when;
  const std::size_t errors = value.report->errors();
  Section section(value);
  if (const auto state = section.find("state")) when.states = read_states(*state);
  if (const auto changes = section.find("changes")) when.changes = read_changes(*changes);
  if (const auto rate = section.find("failure_rate")) when.failure_rate = read_failure_rate(*rate);
  if (const auto burn = section.find("burn_rate")) when.burn_rate = read_burn_rate(*burn);
  if (const auto forecast = section.find("forecast")) when.forecast = read_forecast(*forecast);
  section.read("opened", when.opened, config::Truth{});
  section.finish();
  if (when == When{} && value.report->errors() == errors)
    section.wrong(
        "has no condition; expected at least one of state, changes, failure_rate, burn_rate, forecast or "
        "opened: true");
  return when;
}

struct Template {
  [[nodiscard]] std::optional<MessageTemplate> operator()(const Value& value) const {
    const auto text = Text{}(value);
    if (!text) return std::nullopt;
    std::string problem;
    MessageTemplate parsed = MessageTemplate::parse(*text, problem);
    if (problem.empty()) return parsed;
    value.wrong(problem);
    return std::nullopt;
  }
};

}  // namespace

std::vector<std::string> read_texts(const Value& list, std::string_view example) {
  std::vector<std::string> texts;
  for (const Value& one : config::items(list, example)) {
    if (auto text = Text{}(one)) texts.push_back(*std::move(text));
  }
  return texts;
}

std::vector<std::string> read_names(const Value& list, std::span<const std::string_view> known,
                                    std::string_view example) {
  std::vector<std::string> names;
  for (const Value& one : config::items(list, example)) {
    if (known.empty()) {
      one.wrong("names a channel, and alerts.channels has none");
    } else if (const auto index = config::OneOf{known}(one)) {
      if (std::ranges::find(names, known[*index]) != names.end()) {
        one.wrong(config::quoted(known[*index]) + " stands in the list already");
      } else {
        names.emplace_back(known[*index]);
      }
    }
  }
  return names;
}

AlertRule read_rule(const Value& value, std::span<const std::string_view> channels) {
  constexpr hours a_week{24 * 7};
  constexpr std::size_t longest_link = 500;
  AlertRule rule;
  Section section(value);
  section.require("name", rule.name, Text{}, "name: open_too_long");
  if (const auto when = section.find("when")) {
    rule.when = read_when(*when);
  } else {
    section.missing("when", "when: {state: open}");
  }
  section.read("for", rule.hold, Length{Duration{}, a_week});
  section.read("keep_firing_for", rule.keep_firing_for, Length{Duration{}, a_week});
  section.read("repeat_every", rule.repeat_every, Length{Duration{}, a_week});
  section.read("severity", rule.severity, config::Named<Severity>{severity_names});
  if (const auto circuits = section.find("circuits")) {
    rule.circuits = read_texts(*circuits, "[\"payment*\"]");
    if (circuits->node->kind == config::Node::Kind::sequence && circuits->node->items.empty())
      circuits->wrong("names no circuit; leave it out for a rule that is for all of them");
  }
  if (const auto notify = section.find("notify")) rule.notify = read_names(*notify, channels, "[oncall]");
  section.read("message", rule.message, Template{});
  if (const auto runbook = section.find("runbook")) {
    if (auto link = Text{}(*runbook)) rule.runbook = *std::move(link);
    if (rule.runbook.size() > longest_link) runbook->wrong("is longer than 500 bytes");
  }
  section.finish();
  if (rule.repeat_every > Duration{} && rule.repeat_every < std::chrono::minutes{1})
    section.wrong("repeat_every is shorter than a minute; expected 0s (never), or at least 1m");
  return rule;
}

}  // namespace switchgear::alert
