#include "switchgear/config/section.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <system_error>

#include "switchgear/config/duration.hpp"
#include "switchgear/config/size.hpp"
#include "switchgear/config/suggest.hpp"

namespace switchgear::config {

namespace {

/// A plain scalar's text. What is quoted is text and never a number: it is refused rather than guessed at.
const std::string* plain_scalar(const Value& value, const std::string& wanted) {
  const Node& node = *value.node;
  if (node.kind != Node::Kind::scalar || node.empty()) {
    value.wrong(found(node) + " found; expected " + wanted);
    return nullptr;
  }
  if (node.style == Node::Style::quoted) {
    value.wrong(quoted(node.text) + " is text; expected " + wanted + " without quotes");
    return nullptr;
  }
  return &node.text;
}

std::string number_text(double number) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.12g", number);
  return text.data();
}

template <class T>
std::errc parse(std::string_view text, T& out) {
  const auto result = std::from_chars(text.data(), text.data() + text.size(), out);
  if (result.ec == std::errc{} && result.ptr != text.data() + text.size()) return std::errc::invalid_argument;
  return result.ec;
}

/// Where the space after a key's colon is missing in `{webhook:https://…}`, YAML takes the value as a part of
/// the key. Only what can be a key is shown, because the rest may be a secret.
std::string shown_key(std::string_view key) {
  const std::size_t end = key.find_first_of(": /=\"'");
  return end == std::string_view::npos ? std::string(key) : std::string(key.substr(0, end)) + "…";
}

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

std::string found(const Node& node) {
  if (node.kind == Node::Kind::sequence) return "a list";
  if (node.kind == Node::Kind::mapping) return "a mapping";
  if (node.empty()) return "nothing";
  return quoted(node.text);
}

std::string found_unquoted(const Node& node) {
  if (node.kind != Node::Kind::scalar || node.empty()) return found(node);
  if (node.style != Node::Style::plain) return "text";
  if (node.text == "true" || node.text == "false") return node.text;
  double number = 0;
  return parse(std::string_view(node.text), number) == std::errc{} ? "a number" : "text";
}

std::optional<std::uint64_t> Whole::operator()(const Value& value) const {
  std::string wanted = "a whole number";
  const bool any = most == any_whole.most || most == small_whole.most;
  if (least == most) {
    wanted = std::to_string(least);
  } else if (!any) {
    wanted += " from " + std::to_string(least) + " to " + std::to_string(most);
  }
  const std::string* text = plain_scalar(value, wanted);
  if (text == nullptr) return std::nullopt;
  std::uint64_t number = 0;
  const std::errc error = parse(*text, number);
  if (error == std::errc{} && number >= least && number <= most) return number;
  const bool negative = text->starts_with('-') && all_digits(std::string_view(*text).substr(1));
  std::string_view problem = " is not a whole number; expected ";
  if (negative || error != std::errc::invalid_argument) problem = " is out of range; expected ";
  if (any && negative) problem = " is negative; expected ";
  if (any && error != std::errc::invalid_argument) problem = " is too large; expected ";
  value.wrong(quoted(*text).append(problem) + wanted);
  return std::nullopt;
}

std::optional<double> Number::operator()(const Value& value) const {
  std::string wanted = "a number";
  if (most != any_number.most) {
    wanted += " from " + number_text(least) + " to " + number_text(most);
  } else if (least != any_number.least) {
    wanted += " of at least " + number_text(least);
  }
  const std::string* text = plain_scalar(value, wanted);
  if (text == nullptr) return std::nullopt;
  double number = 0;
  const std::errc error = parse(*text, number);
  if (error == std::errc{} && std::isfinite(number) && number >= least && number <= most) return number;
  if (error == std::errc::result_out_of_range || (error == std::errc{} && std::isfinite(number))) {
    value.wrong(quoted(*text) + " is out of range; expected " + wanted);
  } else if (text->ends_with('%') &&
             parse(std::string_view(*text).substr(0, text->size() - 1), number) == std::errc{}) {
    value.wrong(quoted(*text) + " is a percentage; write the ratio " + number_text(number / 100));
  } else {
    value.wrong(quoted(*text) + " is not a number; expected " + wanted);
  }
  return std::nullopt;
}

std::optional<Duration> Length::operator()(const Value& value) const {
  const Node& node = *value.node;
  if (node.kind != Node::Kind::scalar || node.empty()) {
    value.wrong(found(node) + " found; expected a duration such as \"250ms\" or \"5s\"");
    return std::nullopt;
  }
  const ParsedDuration parsed = parse_duration(node.text);
  if (!parsed.value) {
    value.wrong(parsed.problem);
    return std::nullopt;
  }
  if (*parsed.value >= least && *parsed.value <= most) return parsed.value;
  std::string wanted = "at least " + format_duration(least);
  if (most != Duration::max()) wanted = "from " + format_duration(least) + " to " + format_duration(most);
  value.wrong(quoted(node.text) + " is out of range; expected " + wanted);
  return std::nullopt;
}

std::optional<std::uint64_t> Size::operator()(const Value& value) const {
  const Node& node = *value.node;
  if (node.kind != Node::Kind::scalar || node.empty()) {
    value.wrong(found(node) + " found; expected a size such as \"64MiB\"");
    return std::nullopt;
  }
  ParsedSize parsed = parse_size(node.text);
  if (!parsed.bytes) value.wrong(parsed.problem);
  return parsed.bytes;
}

std::optional<bool> Truth::operator()(const Value& value) const {
  const std::string* text = plain_scalar(value, "true or false");
  if (text == nullptr) return std::nullopt;
  if (*text == "true") return true;
  if (*text == "false") return false;
  value.wrong(quoted(*text) + " is neither true nor false; expected true or false");
  return std::nullopt;
}

std::optional<std::string> Text::operator()(const Value& value) const {
  const Node& node = *value.node;
  if (node.kind == Node::Kind::scalar && !node.text.empty() && !node.empty()) return node.text;
  const bool quoted_nothing = node.kind == Node::Kind::scalar && !node.empty();
  value.wrong((quoted_nothing ? "an empty text" : found(node)) + " found; expected text");
  return std::nullopt;
}

std::optional<std::size_t> OneOf::operator()(const Value& value) const {
  const Node& node = *value.node;
  if (node.kind != Node::Kind::scalar || node.empty()) {
    value.wrong(found(node) + " found; expected " + one_of(words));
    return std::nullopt;
  }
  const auto at = std::find(words.begin(), words.end(), node.text);
  if (at != words.end()) return static_cast<std::size_t>(at - words.begin());
  value.wrong(quoted(node.text) + " is not known; expected " + one_of(words) +
              did_you_mean(node.text, words));
  return std::nullopt;
}

std::vector<Value> items(const Value& list, std::string_view wanted) {
  std::vector<Value> result;
  if (list.node->kind != Node::Kind::sequence) {
    list.wrong(found(*list.node) + " found; expected a list, as in " + std::string(wanted));
    return result;
  }
  for (std::size_t i = 0; i < list.node->items.size(); ++i) {
    const Node& item = list.node->items[i];
    result.push_back({&item, item.at, list.path + "[" + std::to_string(i) + "]", list.report});
  }
  return result;
}

Section::Section(const Value& mapping) : self_(mapping) {
  const Node& node = *self_.node;
  if (node.kind != Node::Kind::mapping) {
    is_mapping_ = node.empty() && !node.broken;
    // A text is not quoted: it may be a secret whose key was left out, as in `slack: https://…`.
    if (!is_mapping_) self_.wrong(found_unquoted(node) + " found; expected a mapping (key: value)");
    return;
  }
  is_mapping_ = true;
  by_key_.reserve(node.entries.size());
  for (const Entry& entry : node.entries) {
    const auto [first, fresh] = by_key_.emplace(entry.key, &entry);
    if (fresh) continue;
    self_.report->error(entry.at, join(self_.path, entry.key),
                        "repeated key; it already stands in line " + std::to_string(first->second->at.line));
  }
}

Value Section::value_of(const Entry& entry) const {
  return {&entry.value, entry.at, join(self_.path, entry.key), self_.report};
}

std::optional<Value> Section::find(std::string_view key) {
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.push_back(key);
  const auto at = by_key_.find(key);
  if (at == by_key_.end()) return std::nullopt;
  return value_of(*at->second);
}

std::vector<std::pair<std::string_view, Value>> Section::entries() {
  std::vector<std::pair<std::string_view, Value>> result;
  for (const Entry& entry : self_.node->entries) {
    if (by_key_.find(entry.key)->second == &entry) result.emplace_back(entry.key, value_of(entry));
  }
  return result;
}

void Section::missing(std::string_view key, std::string_view example) const {
  if (!is_mapping_) return;
  self_.report->error(self_.key, join(self_.path, key), "is missing; write " + quoted(example));
}

void Section::finish() {
  for (const Entry& entry : self_.node->entries) {
    const std::string_view key = entry.key;
    if (by_key_.find(key)->second != &entry) continue;  // repeated, and reported as such
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    if (self_.report->full()) {
      self_.report->error(entry.at, "", "unknown key");
      continue;
    }
    const auto meant = nearest(key, known_);
    self_.report->error(
        entry.at, join(self_.path, shown_key(key)),
        "unknown key; " + (meant ? "did you mean " + quoted(*meant) + "?" : "expected " + one_of(known_)));
  }
}

}  // namespace switchgear::config
