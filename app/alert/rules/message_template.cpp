#include "app/alert/rules/message_template.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <utility>

#include "switchgear/admin/breaker_view.hpp"
#include "switchgear/config/report.hpp"
#include "switchgear/config/suggest.hpp"

namespace switchgear::alert {

namespace {

struct Name {
  std::string_view name;
  std::string (*value)(const MessageFacts&);
};

constexpr std::array known{
    Name{"circuit", [](const MessageFacts& facts) { return std::string{facts.circuit}; }},
    Name{"rule", [](const MessageFacts& facts) { return std::string{facts.rule}; }},
    Name{"severity", [](const MessageFacts& facts) { return std::string{facts.severity}; }},
    Name{"state", [](const MessageFacts& facts) { return std::string{facts.state}; }},
    Name{"service", [](const MessageFacts& facts) { return std::string{facts.service}; }},
    Name{"instance", [](const MessageFacts& facts) { return std::string{facts.instance}; }},
    Name{"evidence", [](const MessageFacts& facts) { return std::string{facts.evidence}; }},
    Name{"value", [](const MessageFacts& facts) { return spoken(facts.value); }},
    Name{"threshold", [](const MessageFacts& facts) { return spoken(facts.threshold); }},
    Name{"calls", [](const MessageFacts& facts) { return std::to_string(facts.calls); }},
    Name{"duration", [](const MessageFacts& facts) { return spoken(facts.duration); }},
    Name{"since", [](const MessageFacts& facts) { return admin::iso8601(facts.since); }},
    Name{"runbook", [](const MessageFacts& facts) { return std::string{facts.runbook}; }},
};

constexpr auto known_names = [] {
  std::array<std::string_view, known.size()> names{};
  for (std::size_t i = 0; i < known.size(); ++i) names[i] = known[i].name;
  return names;
}();

[[nodiscard]] std::string_view trimmed(std::string_view text) noexcept {
  const std::size_t first = std::min(text.find_first_not_of(" \t"), text.size());
  return text.substr(first, text.find_last_not_of(" \t") + 1 - first);
}

}  // namespace

std::string spoken(Duration length) {
  using std::chrono::duration_cast;
  if (length < Duration::zero()) length = Duration::zero();
  const auto milliseconds = duration_cast<std::chrono::milliseconds>(length).count();
  if (milliseconds > 0 && milliseconds < 1000) return fmt::format("{}ms", milliseconds);
  const auto seconds = duration_cast<std::chrono::seconds>(length).count();
  struct Unit {
    long long seconds;
    char letter;
  };
  constexpr std::array units{Unit{86'400, 'd'}, Unit{3600, 'h'}, Unit{60, 'm'}, Unit{1, 's'}};
  for (std::size_t i = 0; i + 1 < units.size(); ++i) {
    if (seconds < units[i].seconds) continue;
    const long long whole = seconds / units[i].seconds;
    const long long rest = seconds % units[i].seconds / units[i + 1].seconds;
    return rest == 0 ? fmt::format("{}{}", whole, units[i].letter)
                     : fmt::format("{}{} {}{}", whole, units[i].letter, rest, units[i + 1].letter);
  }
  return fmt::format("{}s", seconds);
}

std::string spoken(double number) { return fmt::format("{:.6g}", number); }

std::span<const std::string_view> MessageTemplate::names() noexcept { return known_names; }

MessageTemplate MessageTemplate::parse(std::string_view text, std::string& problem) {
  MessageTemplate parsed;
  if (text.size() > longest) {
    problem = fmt::format("is {} bytes long; expected at most {}", text.size(), longest);
    return parsed;
  }
  while (!text.empty()) {
    const std::size_t open = std::min(text.find("{{"), text.size());
    if (open > 0) parsed.pieces_.emplace_back(std::string{text.substr(0, open)});
    text.remove_prefix(open);
    if (text.empty()) break;
    const std::size_t close = text.find("}}");
    if (close == std::string_view::npos) {
      problem = "\"{{\" is not closed; expected a name and \"}}\", as in {{circuit}}";
      return {};
    }
    const std::string_view name = trimmed(text.substr(2, close - 2));
    const auto at = std::ranges::find(known_names, name);
    if (at == known_names.end()) {
      problem = config::quoted(name) + " is not a name that a message knows; expected " +
                config::one_of(known_names) + config::did_you_mean(name, known_names);
      return {};
    }
    parsed.pieces_.emplace_back(static_cast<std::size_t>(at - known_names.begin()));
    text.remove_prefix(close + 2);
  }
  return parsed;
}

MessageTemplate message_template(std::string_view text) {
  std::string problem;
  MessageTemplate parsed = MessageTemplate::parse(text, problem);
  if (!problem.empty()) throw std::invalid_argument{problem};
  return parsed;
}

std::string MessageTemplate::render(const MessageFacts& facts) const {
  std::string text;
  for (const Piece& piece : pieces_) {
    if (const auto* literal = std::get_if<std::string>(&piece)) {
      text += *literal;
    } else {
      text += known[std::get<std::size_t>(piece)].value(facts);
    }
  }
  return text;
}

}  // namespace switchgear::alert
