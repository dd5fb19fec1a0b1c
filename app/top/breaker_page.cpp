#include "app/top/breaker_page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "app/control/json_fields.hpp"
#include "app/control/terminal_text.hpp"
#include "app/top/figures.hpp"
#include "app/top/pairs.hpp"
#include "app/top/tones.hpp"

namespace switchgear::top {
namespace json = boost::json;
using control::number_of;
using control::object_of;
using control::text_of;

namespace {

void add_state(Lines& lines, const Circuit& circuit, TimePoint now) {
  Line line{{" " + circuit.state_text(), {tone_of(circuit), true}}};
  if (const auto length = circuit.in_state_for(now)) line.push_back({" for " + length_text(*length), plain});
  if (const auto left = circuit.retry_in(now)) line.push_back({", retry in " + length_text(*left), plain});
  line.push_back({"   health ", quiet});
  if (const auto score = circuit.health) {
    line.push_back({bar_text(*score, 10), {tone_of(*score)}});
    line.push_back({fmt::format(" {}", *score), plain});
  } else {
    line.push_back({"unknown", quiet});
  }
  line.push_back({"   failures ", quiet});
  line.push_back({percent_text(circuit.failure_rate), plain});
  if (circuit.metrics_only) line.push_back({"   metrics only: refuses nothing", {Tone::warn}});
  lines.push_back(std::move(line));
  lines.push_back({});
}

/// Of a multi-level breaker: ` level critical, degraded   goes from warning to critical: 9 of 12 failed, …`.
void add_level(Lines& lines, const Circuit& circuit) {
  const json::object& level = object_of(circuit.document, "level");
  if (level.empty()) return;
  const std::string name = text_of(level, "name");
  Line line{{" level ", quiet},
            {name,
             {name == "warning"    ? Tone::normal
              : name == "critical" ? Tone::warn
                                   : Tone::bad,
              true}},
            {", " + text_of(level, "service"), plain}};
  if (const std::string down = text_of(level, "comes_down"); !down.empty())
    line.push_back({", comes down at " + clock_text(down), plain});
  if (const json::object& last = object_of(level, "last_change"); !last.empty())
    line.push_back({"   " + text_of(last, "text"), quiet});
  lines.back() = std::move(line);
  lines.push_back({});
}

/// Of a controlled ramp: ` ramp lets 22% through   15% was safe, held for 2 steps; 0 of 3 failed`.
void add_ramp(Lines& lines, const Circuit& circuit) {
  const json::object& ramp = object_of(circuit.document, "ramp");
  if (ramp.empty()) return;
  const double hold = number_of(ramp, "hold");
  const std::string held =
      hold == 0 ? "" : fmt::format(", held for {:.0f} {}", hold, hold == 1 ? "step" : "steps");
  lines.back() = {
      {" ramp ", quiet},
      {"lets " + percent_text(number_of(ramp, "share")) + " through", {Tone::warn, true}},
      {fmt::format("   {} was safe{}; {:.0f} of {:.0f} failed", percent_text(number_of(ramp, "safe_share")),
                   held, number_of(ramp, "failed"), number_of(ramp, "calls")),
       quiet}};
  lines.push_back({});
}

void add_sparks(Lines& lines, const Circuit& circuit, std::size_t columns) {
  struct Row {
    std::string_view label;
    double now;
    Tone tone;
  };
  const std::array rows{Row{"calls/s", circuit.rates.calls, Tone::accent},
                        Row{"failures/s", circuit.rates.failures, Tone::bad},
                        Row{"refused/s", circuit.rates.refusals, Tone::warn}};
  constexpr std::size_t label = 11;
  constexpr std::size_t figure = 8;
  constexpr std::size_t peak = 15;
  const std::size_t room = columns - std::min(columns - 1, 1 + label + figure + 2 + peak);
  const std::size_t part = (RateHistory::seconds + room - 1) / room;  // in seconds
  const std::size_t width = RateHistory::seconds / part;
  for (std::size_t which = 0; which < rows.size(); ++which) {
    const auto means = circuit.history.means(which, width);
    lines.push_back({{" " + control::fitted(rows[which].label, label), quiet},
                     {right_fitted(rate_text(rows[which].now), figure) + "  ", plain},
                     {spark_text(means), {rows[which].tone}},
                     {"  peak " + rate_text(peak_of(means)), quiet}});
  }
  const std::string begin = length_text(static_cast<double>(part * width)) + " ago";
  lines.push_back({{std::string(1 + label + figure + 2, ' ') +
                        control::fitted(begin, width - std::min<std::size_t>(width, 3)) + "now",
                    quiet}});
  lines.push_back({});
}

/// `failure_rate 0.53 (limit 0.5)`; the rule alone where it has no figures.
std::string rule_text(const json::object& transition) {
  const double value = number_of(transition, "value");
  const double threshold = number_of(transition, "threshold");
  if (value == 0 && threshold == 0) return text_of(transition, "rule");
  return fmt::format("{} {:.4g} (limit {:.4g})", text_of(transition, "rule"), value, threshold);
}

std::string evidence_text(const json::object& transition) {
  const json::object& window = object_of(transition, "window");
  std::string text;
  if (number_of(window, "calls") > 0) {
    text = fmt::format("{:.0f} calls, {:.0f} failed, {:.0f} slow", number_of(window, "calls"),
                       number_of(window, "failures"), number_of(window, "slow"));
  }
  if (const json::object& last = object_of(transition, "last_failure"); !last.empty()) {
    text += fmt::format("{}last failure {} at {}", text.empty() ? "" : "; ", text_of(last, "type"),
                        clock_text(text_of(last, "at")));
  }
  return text;
}

void add_transition(Lines& lines, const json::object& transition, std::size_t columns) {
  const std::string to = text_of(transition, "to");
  const std::string way = text_of(transition, "from") + " → " + to;
  const std::string head = fmt::format("  {}  {}  {}", clock_text(text_of(transition, "at")),
                                       control::fitted(way, 23), rule_text(transition));
  const std::string evidence = evidence_text(transition);
  lines.push_back({{head, {tone_of_state(to)}}});
  if (evidence.empty()) return;
  if (control::columns_of(head) + 2 + control::columns_of(evidence) <= columns) {
    lines.back().push_back({"  " + evidence, quiet});
  } else {
    lines.push_back({{std::string(12, ' ') + evidence, quiet}});
  }
}

void add_transitions(Lines& lines, const Circuit& circuit, const Answer& answer, std::size_t columns) {
  constexpr std::size_t most = 10;
  lines.push_back({{" LAST TRANSITIONS (UTC)", heading}});
  static const json::object nothing;
  const json::object* body = answer.body.if_object();
  const json::array& all = control::array_of(body == nullptr ? nothing : *body, "transitions");
  std::size_t shown = 0;
  for (const json::value& each : all) {
    if (!each.is_object() || ++shown > most) continue;
    add_transition(lines, each.get_object(), columns);
  }
  if (shown > most) lines.push_back({{fmt::format("  and {} earlier ones", shown - most), quiet}});
  if (shown == 0) {
    const json::object& last = object_of(circuit.document, "last_transition");
    if (!last.empty()) {
      add_transition(lines, last, columns);
    } else {
      lines.push_back({{"  none", quiet}});
    }
  }
  lines.push_back({});
}

}  // namespace

Lines breaker_page(const Circuit& circuit, const Answer& answer, std::size_t columns, TimePoint now) {
  Lines lines;
  add_state(lines, circuit, now);
  add_level(lines, circuit);
  add_ramp(lines, circuit);
  add_sparks(lines, circuit, columns);
  add_transitions(lines, circuit, answer, columns);
  add_pairs(lines, "WINDOW", pairs_of(object_of(circuit.document, "window")), columns);
  add_pairs(lines, "PROBES", pairs_of(object_of(circuit.document, "half_open")), columns);
  add_pairs(lines, "COUNTERS", pairs_of(object_of(circuit.document, "counters")), columns);
  const std::string policy = text_of(object_of(circuit.document, "tags"), "policy");
  add_pairs(lines, policy.empty() ? "POLICY" : "POLICY " + policy,
            pairs_of(object_of(circuit.document, "policy")), columns);
  return lines;
}

}  // namespace switchgear::top
