#include "app/interop/values.hpp"

#include <charconv>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

#include "switchgear/config/duration.hpp"

namespace switchgear::interop {

using config::found;
using config::Node;

namespace {

/// The entry of a mapping; null if it is not there.
const Node* entry_of(const Node& node, std::string_view key) {
  for (const config::Entry& entry : node.entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

/// A wrapper of protocol buffers stands for what it wraps.
Value unwrapped(Value value) {
  for (const std::string_view key : {"default_value", "defaultValue", "value"}) {
    const Node* inner = value.node->kind == Node::Kind::mapping ? entry_of(*value.node, key) : nullptr;
    if (inner == nullptr) continue;
    value.node = inner;
    value.path.append(".").append(key);
  }
  return value;
}

std::optional<double> number_of(const Node& node) {
  double number = 0;
  const std::string& text = node.text;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (node.kind != Node::Kind::scalar || error != std::errc{} || end != text.data() + text.size()) return {};
  if (!std::isfinite(number) || number < 0) return {};
  return number;
}

std::nullopt_t wrong(const Value& value, std::string_view wanted) {
  value.wrong(found(*value.node).append(" found; expected ").append(wanted));
  return std::nullopt;
}

/// `1h30m`: the parts one by one, each by the parser of a policy file, which is exact.
std::optional<Duration> sum_of_parts(std::string_view text) {
  constexpr std::string_view digits = "0123456789.";
  Duration sum{};
  do {
    const std::size_t unit = std::min(text.find_first_not_of(digits), text.size());
    const std::size_t end = std::min(text.find_first_of(digits, unit), text.size());
    const auto part = config::parse_duration(text.substr(0, end)).value;
    if (!part || *part < Duration::zero() || *part > Duration::max() - sum) return std::nullopt;
    sum += *part;
    text.remove_prefix(end);
  } while (!text.empty());
  return sum;
}

std::optional<Duration> seconds_and_nanos(const Node& node) {
  constexpr double longest = 9e9;  // seconds in 63 bits of nanoseconds
  Duration sum{};
  for (const config::Entry& entry : node.entries) {
    const auto number = number_of(entry.value);
    if (!number || *number > longest || *number != std::floor(*number)) return std::nullopt;
    const auto whole = static_cast<std::int64_t>(*number);
    if (entry.key == "seconds") {
      sum += std::chrono::seconds{whole};
    } else if (entry.key == "nanos" && whole < 1'000'000'000) {
      sum += std::chrono::nanoseconds{whole};
    } else {
      return std::nullopt;
    }
  }
  return sum;
}

}  // namespace

std::optional<Duration> read_length(const Value& value) {
  const Node& node = *value.node;
  std::optional<Duration> length;
  if (node.kind == Node::Kind::mapping && !node.entries.empty()) length = seconds_and_nanos(node);
  if (node.kind == Node::Kind::scalar && !node.text.empty()) length = sum_of_parts(node.text);
  if (!length) return wrong(value, "a length of time such as \"30s\" or \"0.5s\"");
  return length;
}

std::optional<double> read_percent(const Value& value) {
  constexpr std::string_view wanted = "a percentage from 0 to 100";
  const Value inner = unwrapped(value);
  const Node& node = *inner.node;
  std::optional<double> percent = number_of(node);
  if (const Node* numerator = entry_of(node, "numerator")) {
    const Node* denominator = entry_of(node, "denominator");
    const std::string_view scale = denominator == nullptr ? "HUNDRED" : std::string_view(denominator->text);
    percent = number_of(*numerator);
    if (percent && scale == "TEN_THOUSAND") percent = *percent / 100;
    if (percent && scale == "MILLION") percent = *percent / 10'000;
  }
  if (!percent || *percent > 100) return wrong(inner, wanted);
  return share_of(*percent);
}

std::optional<double> read_number(const Value& value) {
  const Value inner = unwrapped(value);
  const auto number = number_of(*inner.node);
  if (!number) return wrong(inner, "a number, 0 or more");
  return number;
}

std::optional<std::uint64_t> read_count(const Value& value) {
  constexpr double most = 4294967295.0;
  const Value inner = unwrapped(value);
  const auto number = number_of(*inner.node);
  if (!number || *number > most || *number != std::floor(*number))
    return wrong(inner, "a whole number from 0 to 4294967295");
  return static_cast<std::uint64_t>(*number);
}

std::optional<bool> read_truth(const Value& value) {
  const Value inner = unwrapped(value);
  if (inner.node->kind == Node::Kind::scalar && inner.node->text == "true") return true;
  if (inner.node->kind == Node::Kind::scalar && inner.node->text == "false") return false;
  return wrong(inner, "true or false");
}

std::optional<std::string> read_text(const Value& value) {
  if (value.node->kind == Node::Kind::scalar && !value.node->empty()) return value.node->text;
  if (value.node->kind == Node::Kind::scalar && value.node->style == Node::Style::quoted)
    return std::string{};
  return wrong(value, "text");
}

std::string seconds_text(Duration length) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(length);
  std::string text = std::to_string(whole.count());
  if (const auto rest = (length - whole).count(); rest > 0) {
    std::string digits = std::to_string(rest);
    digits.insert(0, 9 - digits.size(), '0');
    digits.resize(digits.find_last_not_of('0') + 1);
    text.append(".").append(digits);
  }
  return text.append("s");
}

double percent_of(double share) noexcept { return std::round(share * 1e12) / 1e10; }
double share_of(double percent) noexcept { return std::round(percent * 1e10) / 1e12; }

}  // namespace switchgear::interop
