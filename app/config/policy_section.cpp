// policies: named sets of rules, each starting from a preset or from nothing.
#include <algorithm>
#include <array>
#include <vector>

#include "app/config/duration.hpp"
#include "app/config/sections.hpp"
#include "app/config/suggest.hpp"
#include "switchgear/registry/presets.hpp"

namespace switchgear::config {

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// `health_check` and the like, or a duration.
struct Limit {
  [[nodiscard]] std::optional<Duration> operator()(const Value& value) const {
    struct Class {
      std::string_view name;
      Duration length;
    };
    static constexpr std::array classes{Class{"health_check", seconds{10}}, Class{"standard", seconds{30}},
                                        Class{"long", seconds{120}}, Class{"batch", seconds{300}}};
    const std::string& text = value.node->text;
    for (const Class& known : classes) {
      if (text == known.name) return known.length;
    }
    const bool word =
        !text.empty() && ((text[0] >= 'a' && text[0] <= 'z') || (text[0] >= 'A' && text[0] <= 'Z'));
    if (word && !value.node->empty()) {
      std::array<std::string_view, classes.size()> names;
      std::transform(classes.begin(), classes.end(), names.begin(),
                     [](const Class& known) { return known.name; });
      value.wrong(quoted(text) + " is neither a duration nor one of " + one_of(names) +
                  did_you_mean(text, names));
      return std::nullopt;
    }
    return Length{milliseconds{1}, hours{24}}(value);
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
                " is no HTTP status; want one from 100 to 599, or a range such as 500-599");
  }
  return std::nullopt;
}

void read_failure_when(const Value& value, FailureWhen& failure_when) {
  static constexpr std::array<std::string_view, 2> errors{"timeout", "connection_error"};
  Section section(value);
  if (const auto status = section.find("status")) {
    failure_when.status.clear();
    for (const Value& item : items(*status, "[500-599, 429]")) {
      if (const auto range = status_range(item)) failure_when.status.push_back(*range);
    }
  }
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

void read_breaker(Section& section, Policy& policy) {
  std::vector<std::string_view> names;
  for (const Preset& preset : presets()) names.push_back(preset.name);
  std::size_t chosen = names.size();
  section.read("preset", chosen, OneOf{names});
  if (chosen < names.size()) policy.circuit_breaker = options_of(presets()[chosen]);
  if (const auto value = section.find("circuit_breaker")) {
    if (!policy.circuit_breaker) policy.circuit_breaker.emplace();
    read_circuit_breaker(*value, *policy.circuit_breaker);
  }
}

Policy read_policy(std::string_view name, const Value& value) {
  Policy policy;
  policy.name = name;
  Section section(value);
  read_breaker(section, policy);
  if (const auto when = section.find("failure_when")) read_failure_when(*when, policy.failure_when);
  section.read("timeout", policy.timeout, Limit{});
  section.read("deadline", policy.deadline, Limit{});
  if (policy.timeout && policy.deadline && *policy.timeout > *policy.deadline) {
    section.find("timeout")->wrong(quoted(format_duration(*policy.timeout)) +
                                   " is longer than the deadline of the whole call (" +
                                   format_duration(*policy.deadline) + "); want at most that");
  }
  read_later_sections(section);
  section.finish();
  return policy;
}

}  // namespace

bool usable_name(std::string_view name, const Value& value) {
  std::string problem;
  const auto control = [](char letter) {
    return static_cast<unsigned char>(letter) < 0x20U || letter == 0x7F;
  };
  if (name.empty()) {
    problem = "an empty name; want a word";
  } else if (name.size() > longest_name) {
    problem = "the name has " + std::to_string(name.size()) + " bytes; want at most " +
              std::to_string(longest_name);
  } else if (std::any_of(name.begin(), name.end(), control)) {
    problem = "the name contains a control character; want printable text";
  }
  if (!problem.empty()) value.report->error(value.key, value.path, problem);
  return problem.empty();
}

std::map<std::string, Policy> read_policies(const Value& value) {
  std::map<std::string, Policy> policies;
  Section section(value);
  const auto entries = section.entries();
  if (entries.size() > most_named) {
    section.wrong(std::to_string(entries.size()) + " policies found; want at most " +
                  std::to_string(most_named));
    return policies;
  }
  for (const auto& [name, entry] : entries) {
    if (usable_name(name, entry)) policies.emplace(name, read_policy(name, entry));
  }
  return policies;
}

}  // namespace switchgear::config
