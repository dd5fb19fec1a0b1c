#include "switchgear/policy/saved_breaker.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <set>
#include <system_error>
#include <utility>

namespace switchgear {
namespace {

constexpr std::string_view magic = "switchgear breakers ";
constexpr std::uint32_t version = 1;
constexpr std::size_t most_breakers = 1'000'000;
constexpr std::size_t longest_name = 4'096;
constexpr std::size_t longest_line = 3 * longest_name + 256;
/// Of `metrics_only` (1) and `ramping` (2).
constexpr std::array<std::string_view, 4> modes{"normal", "metrics_only", "ramping", "metrics_only+ramping"};

std::string nanoseconds(WallAnchor::Wall at) { return std::to_string(at.time_since_epoch().count()); }

bool must_be_escaped(char byte) {
  return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f || byte == '%';
}

std::string escaped(std::string_view name) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string text;
  for (const char byte : name) {
    if (must_be_escaped(byte)) {
      const auto value = static_cast<unsigned char>(byte);
      text.append({'%', digits[value >> 4U], digits[value & 15U]});
    } else {
      text += byte;
    }
  }
  return text;
}

/// All of `text`, in base 10 without a plus sign or leading zeros; or in another base.
template <class Number>
std::optional<Number> number(std::string_view text, int base = 10) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (base == 10 && text != std::to_string(value)) return std::nullopt;
  return value;
}

std::optional<std::string> unescaped(std::string_view text) {
  std::string name;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      if (must_be_escaped(text[i])) return std::nullopt;
      name += text[i];
      continue;
    }
    const std::string_view digits = text.substr(i + 1, 2);
    const auto byte = digits.size() == 2 ? number<unsigned char>(digits, 16) : std::nullopt;
    if (!byte || !must_be_escaped(static_cast<char>(*byte))) return std::nullopt;
    name += static_cast<char>(*byte);
    i += 2;
  }
  return name;
}

/// The rest of a line, from which fields are taken one by one; a first error makes all others fail.
class Fields {
 public:
  explicit Fields(std::string_view line) : rest_(line) {}

  /// The next field, which begins with `key`, up to the next blank.
  std::string_view take(std::string_view key) {
    if (!rest_.starts_with(key)) return fail();
    rest_.remove_prefix(key.size());
    const std::size_t end = rest_.find(' ');
    if (end == std::string_view::npos) return fail();
    const std::string_view field = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return field;
  }
  /// The same for a field that may be left out; then it is empty.
  std::string_view take_if(std::string_view key) {
    return rest_.starts_with(key) ? take(key) : std::string_view{};
  }
  /// All that is left, which begins with `key`.
  std::string_view take_rest(std::string_view key) {
    if (!rest_.starts_with(key)) return fail();
    return std::exchange(rest_, {}).substr(key.size());
  }

 private:
  std::string_view fail() {
    rest_ = "\n";  // begins with no key
    return {};
  }
  std::string_view rest_;
};

/// Empty when the line is not one of to_text().
std::optional<SavedBreaker> breaker_of(std::string_view line) {
  SavedBreaker read;
  Fields fields{line};
  const std::string_view state = fields.take("");
  const auto since = number<std::int64_t>(fields.take("since="));
  const std::string_view end = fields.take("until=");
  const auto until = number<std::int64_t>(end);
  const auto relapses = number<std::uint32_t>(fields.take("relapses="));
  const std::string_view mode = fields.take("mode=");
  const std::string_view level = fields.take_if("level=");
  auto name = unescaped(fields.take_rest("name="));

  const auto* const known_state =
      std::ranges::find_if(states, [&](State each) { return to_string(each) == state; });
  const auto* const known_mode = std::ranges::find(modes, mode);
  if (known_state == states.end() || known_mode == modes.end()) return std::nullopt;
  for (const BreakerLevel each : {BreakerLevel::critical, BreakerLevel::emergency}) {
    if (level == to_string(each)) read.level = each;
  }
  if (!level.empty() && !read.level) return std::nullopt;
  read.state = *known_state;
  read.metrics_only = (static_cast<std::size_t>(known_mode - modes.begin()) & 1U) != 0;
  read.ramping = (static_cast<std::size_t>(known_mode - modes.begin()) & 2U) != 0;
  if (!since || *since < 0 || !relapses || !name || name->size() > longest_name) return std::nullopt;
  read.since = WallAnchor::Wall{Duration{*since}};
  read.relapses = *relapses;
  read.name = *std::move(name);
  if (until) read.until = WallAnchor::Wall{Duration{*until}};

  // Combinations that no breaker can be in.
  const bool is_open = read.state == State::open;
  const bool by_operator = read.state == State::forced_open || read.state == State::disabled;
  if (is_open != until.has_value() || (!is_open && end != "-")) return std::nullopt;
  if (is_open && *read.until < read.since) return std::nullopt;
  if ((by_operator && read.metrics_only) || (read.ramping && read.state != State::closed))
    return std::nullopt;
  if (read.relapses > 0 && !is_open && read.state != State::half_open) return std::nullopt;
  return read;
}

/// The lines of a text, each of which ends with a line feed.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}

  std::optional<std::string_view> next() {
    const std::size_t end = rest_.substr(0, longest_line).find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    ++number_;
    const std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return line;
  }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] std::size_t number() const { return number_; }

 private:
  std::string_view rest_;
  std::size_t number_ = 0;
};

std::string problem_of_first(std::string_view line) {
  if (!line.starts_with(magic)) return "line 1 is not '" + std::string{magic} + "1': not saved by Switchgear";
  const auto found = number<std::uint32_t>(line.substr(magic.size()));
  if (!found || *found == 0) return "line 1: '" + std::string{line} + "' names no version";
  if (*found > version) {
    return "line 1: version " + std::to_string(*found) + " was saved by a later Switchgear; this one reads " +
           std::to_string(version);
  }
  return {};
}

SavedBreakersRead refuse(std::string problem) { return {{}, std::move(problem)}; }

}  // namespace

std::string to_text(const std::vector<SavedBreaker>& breakers) {
  std::string text{magic};
  text.append(std::to_string(version)).append("\n");
  std::size_t written = 0;
  for (const SavedBreaker& each : breakers) {
    if (each.name.size() > longest_name) continue;
    if (written == most_breakers) break;
    ++written;
    const std::size_t mode = (each.metrics_only ? 1U : 0U) + (each.ramping ? 2U : 0U);
    text.append(to_string(each.state)).append(" since=").append(nanoseconds(each.since));
    text.append(" until=").append(each.until ? nanoseconds(*each.until) : "-");
    text.append(" relapses=").append(std::to_string(each.relapses)).append(" mode=").append(modes[mode]);
    if (each.level && *each.level != BreakerLevel::warning)
      text.append(" level=").append(to_string(*each.level));
    text.append(" name=").append(escaped(each.name)).append("\n");
  }
  return text.append("end ").append(std::to_string(written)).append("\n");
}

SavedBreakersRead read_saved_breakers(std::string_view text) {
  Lines lines{text};
  const auto first = lines.next();
  if (std::string problem = problem_of_first(first.value_or("")); !problem.empty()) return refuse(problem);

  SavedBreakersRead read;
  std::set<std::string, std::less<>> names;
  for (;;) {
    const auto line = lines.next();
    const std::string place = "line " + std::to_string(lines.number());
    if (!line) return refuse(place + " is not 'end': the text was cut short, or a line is too long");
    if (line->starts_with("end ")) {
      if (number<std::size_t>(line->substr(4)) != read.breakers.size())
        return refuse(place + ": '" + std::string{*line} + "' behind " +
                      std::to_string(read.breakers.size()) + " breakers");
      if (!lines.at_end()) return refuse(place + ": more text behind the end");
      return read;
    }
    if (read.breakers.size() == most_breakers)
      return refuse(place + ": more than " + std::to_string(most_breakers) + " breakers");
    auto breaker = breaker_of(*line);
    if (!breaker) return refuse(place + " is not a saved breaker");
    if (!names.insert(breaker->name).second)
      return refuse(place + ": breaker '" + escaped(breaker->name) + "' a second time");
    read.breakers.push_back(*std::move(breaker));
  }
}

}  // namespace switchgear
