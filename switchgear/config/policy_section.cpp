// policies: named sets of rules, each starting from a preset or from nothing.
#include <algorithm>
#include <array>
#include <vector>

#include "switchgear/analysis/breaker_outlook.hpp"
#include "switchgear/config/duration.hpp"
#include "switchgear/config/option_problems.hpp"
#include "switchgear/config/report.hpp"
#include "switchgear/config/sections.hpp"
#include "switchgear/config/suggest.hpp"
#include "switchgear/policy/time_limit.hpp"
#include "switchgear/registry/presets.hpp"

namespace switchgear::config {

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

/// `health_check` and the like, or a duration.
struct Limit {
  [[nodiscard]] std::optional<Duration> operator()(const Value& value) const {
    const std::string& text = value.node->text;
    if (const auto known = time_class(text)) return known;
    const bool word =
        !text.empty() && ((text[0] >= 'a' && text[0] <= 'z') || (text[0] >= 'A' && text[0] <= 'Z'));
    if (!word || value.node->empty()) return Length{milliseconds{1}, hours{24}}(value);
    std::array<std::string_view, time_classes.size()> names;
    std::transform(time_classes.begin(), time_classes.end(), names.begin(),
                   [](const TimeClass& known) { return known.name; });
    value.wrong(quoted(text) + " is neither a duration nor one of " + one_of(names) +
                did_you_mean(text, names));
    return std::nullopt;
  }
};

/// `429`, `500-599`.
std::optional<std::pair<unsigned, unsigned>> status_range(const Value& value) {
  const std::string& text = value.node->text;
  const auto code = [](std::string_view digits) -> unsigned {
    if (digits.size() != 3 || digits.find_first_not_of("0123456789") != std::string_view::npos) return 0;
    return static_cast<unsigned>((digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0'));
  };
  const std::size_t dash = text.find('-');
  const unsigned first = code(std::string_view(text).substr(0, dash));
  const unsigned last = dash == std::string::npos ? first : code(std::string_view(text).substr(dash + 1));
  if (first >= 100 && last <= 599 && first <= last) return std::pair{first, last};
  if (first != 0 && last != 0 && first > last) {
    value.wrong(quoted(text) + " runs backwards; write " +
                quoted(std::to_string(last) + "-" + std::to_string(first)));
  } else {
    value.wrong(found(*value.node) +
                " is not an HTTP status; expected one from 100 to 599, or a range such as 500-599");
  }
  return std::nullopt;
}

void read_failure_when(const Value& value, FailureWhen& failure_when) {
  static constexpr std::array<std::string_view, 2> errors{"timeout", "connection_error"};
  Section section(value);
  if (const auto status = section.find("status"))
    failure_when.status = read_statuses(*status, "[500-599, 429]");
  if (const auto list = section.find("errors")) {
    failure_when.timeout = failure_when.connection_error = false;
    for (const Value& item : items(*list, "[timeout, connection_error]")) {
      const auto index = OneOf{errors}(item);
      if (index == 0U) failure_when.timeout = true;
      if (index == 1U) failure_when.connection_error = true;
    }
  }
  section.finish();
}

Policy read_policy(std::string_view name, const Value& value) {
  struct Part {
    std::string_view key;
    void (*read)(const Value&, Policy&);
  };
  static constexpr std::array parts{
      Part{"retry", read_retry},
      Part{"bulkhead", read_bulkhead},
      Part{"rate_limiter", read_rate_limiter},
      Part{"adaptive_limit", read_adaptive_limit},
      Part{"admission", read_admission},
      Part{"hedge", read_hedge},
      Part{"cache", read_cache},
      Part{"fallback", read_fallback},
      Part{"chaos", read_chaos},
  };
  const std::size_t errors_before = value.report->errors();
  Policy policy;
  policy.name = name;
  Section section(value);
  policy.circuit_breaker = read_breaker(section);
  if (const auto breaker = section.find("circuit_breaker")) read_level_answers(*breaker, policy);
  if (const auto when = section.find("failure_when")) read_failure_when(*when, policy.failure_when);
  section.read("timeout", policy.timeout, Limit{});
  section.read("deadline", policy.deadline, Limit{});
  if (policy.circuit_breaker) lengthen_max_wait(value, attempt_limit(policy), *policy.circuit_breaker);
  for (const Part& part : parts) {
    if (const auto found = section.find(part.key)) part.read(*found, policy);
  }
  section.finish();
  if (value.report->errors() == errors_before) report_combinations(value, policy);
  return policy;
}

}  // namespace

std::optional<CircuitBreakerOptions> read_breaker(Section& section) {
  std::optional<CircuitBreakerOptions> breaker;
  std::vector<std::string_view> names;
  for (const Preset& preset : presets()) names.push_back(preset.name);
  std::size_t chosen = names.size();
  section.read("preset", chosen, OneOf{names});
  if (chosen < names.size()) breaker = options_of(presets()[chosen]);
  if (const auto value = section.find("circuit_breaker")) {
    if (!breaker) breaker.emplace();
    read_circuit_breaker(*value, *breaker);
  }
  return breaker;
}

void lengthen_max_wait(const Value& section, std::optional<Duration> limit, CircuitBreakerOptions& breaker) {
  if (!limit || find_entry(*section.node, "circuit_breaker.half_open.max_wait") != nullptr) return;
  breaker.half_open.max_wait = std::max(breaker.half_open.max_wait, *limit);
}

StatusRanges read_statuses(const Value& list, std::string_view example) {
  StatusRanges statuses;
  for (const Value& item : items(list, example)) {
    if (const auto range = status_range(item)) statuses.push_back(*range);
  }
  return statuses;
}

bool usable_name(std::string_view name, const Value& value) {
  std::string problem;
  if (name.empty()) {
    problem = "an empty name; expected a word";
  } else if (name.size() > longest_name) {
    problem = "the name has " + std::to_string(name.size()) + " bytes; expected at most " +
              std::to_string(longest_name);
  } else if (printable(name) != name) {
    problem = "the name contains an invisible character; expected printable text";
  }
  if (!problem.empty()) value.report->error(value.key, value.path, problem);
  return problem.empty();
}

std::map<std::string, Policy> read_policies(const Value& value) {
  std::map<std::string, Policy> policies;
  Section section(value);
  const auto entries = section.entries();
  if (entries.size() > most_named) {
    section.wrong(std::to_string(entries.size()) + " policies found; expected at most " +
                  std::to_string(most_named));
    return policies;
  }
  for (const auto& [name, entry] : entries) {
    if (usable_name(name, entry)) policies.emplace(name, read_policy(name, entry));
  }
  return policies;
}

}  // namespace switchgear::config
