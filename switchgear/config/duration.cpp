#include "switchgear/config/duration.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <utility>

#include "switchgear/config/report.hpp"
#include "switchgear/config/suggest.hpp"

namespace switchgear::config {

namespace {

using Unit = DurationUnit;

constexpr std::string_view wanted = "expected a number and ns, us, ms, s, m or h, as in \"250ms\"";

bool digit(char letter) noexcept { return letter >= '0' && letter <= '9'; }

std::size_t digits_at(std::string_view text, std::size_t from) noexcept {
  std::size_t end = from;
  while (end < text.size() && digit(text[end])) ++end;
  return end - from;
}

const Unit* find_unit(std::string_view name) noexcept {
  if (name == "µs" || name == "μs") name = "us";  // the micro sign and the Greek letter
  for (const Unit& unit : duration_units) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

/// The unit people mean by other spellings.
std::string_view meant_unit(std::string_view name) noexcept {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 18> spellings{{{"sec", "s"},
                                                                                     {"secs", "s"},
                                                                                     {"second", "s"},
                                                                                     {"seconds", "s"},
                                                                                     {"S", "s"},
                                                                                     {"min", "m"},
                                                                                     {"mins", "m"},
                                                                                     {"minute", "m"},
                                                                                     {"minutes", "m"},
                                                                                     {"M", "m"},
                                                                                     {"hr", "h"},
                                                                                     {"hour", "h"},
                                                                                     {"hours", "h"},
                                                                                     {"H", "h"},
                                                                                     {"msec", "ms"},
                                                                                     {"millis", "ms"},
                                                                                     {"MS", "ms"},
                                                                                     {"usec", "us"}}};
  for (const auto& [spelling, unit] : spellings) {
    if (spelling == name) return unit;
  }
  return {};
}

ParsedDuration problem(std::string_view text, const std::string& message) {
  return {std::nullopt, quoted(text) + " " + message};
}

/// Fails when the sum leaves 64 bits; `inexact` tells that a digit finer than a nanosecond was lost.
bool add_digits(std::string_view whole, std::string_view fraction, const Unit& unit, std::int64_t& sum,
                bool& inexact) {
  for (const char letter : whole) {
    if (__builtin_mul_overflow(sum, 10, &sum) || __builtin_add_overflow(sum, letter - '0', &sum))
      return false;
  }
  if (__builtin_mul_overflow(sum, unit.nanoseconds, &sum)) return false;
  // part / scale of a unit. Divided by what unit and scale share, the product stays below their least common
  // multiple, 9e13.
  std::int64_t scale = 1;
  std::int64_t part = 0;
  for (const char letter : fraction) {
    if (letter != '0' && scale > 1'000'000'000'000) {
      inexact = true;
      return true;
    }
    if (scale > 1'000'000'000'000) continue;
    scale *= 10;
    part = part * 10 + (letter - '0');
  }
  const std::int64_t shared = std::gcd(unit.nanoseconds, scale);
  const std::int64_t product = part * (unit.nanoseconds / shared);
  inexact = product % (scale / shared) != 0;
  return !__builtin_add_overflow(sum, product / (scale / shared), &sum);
}

}  // namespace

ParsedDuration parse_duration(std::string_view text) {
  if (text.empty()) return problem(text, "is not a duration; " + std::string(wanted));
  if (text.front() == '-') return problem(text, "is negative; expected 0s or longer");
  const std::size_t whole = digits_at(text, 0);
  std::size_t end = whole;
  std::string_view fraction;
  if (whole > 0 && end < text.size() && text[end] == '.') {
    fraction = text.substr(end + 1, digits_at(text, end + 1));
    end += 1 + fraction.size();
    if (fraction.empty()) return problem(text, "is not a duration; " + std::string(wanted));
  }
  if (whole == 0) return problem(text, "is not a duration; " + std::string(wanted));
  const std::string_view number = text.substr(0, end);
  std::string_view name = text.substr(end);
  if (name.empty()) return problem(text, "has no unit; write " + quoted(std::string(number) + "s"));
  if (name.front() == ' ') {
    name.remove_prefix(std::min(name.find_first_not_of(' '), name.size()));
    const std::string_view unit = find_unit(name) != nullptr ? name : meant_unit(name);
    if (!unit.empty())
      return problem(text, "has a space in it; write " + quoted(std::string(number).append(unit)));
  }
  const Unit* unit = find_unit(name);
  if (unit == nullptr) {
    const std::string_view meant = meant_unit(name);
    if (!meant.empty())
      return problem(text, "has no known unit; write " + quoted(std::string(number).append(meant)));
    return problem(text, "has no known unit; " + std::string(wanted));
  }
  std::int64_t sum = 0;
  bool inexact = false;
  if (!add_digits(text.substr(0, whole), fraction, *unit, sum, inexact)) {
    return problem(text, "is too long; expected at most 292 years (2562047h)");
  }
  if (inexact) return problem(text, "is finer than a nanosecond; expected whole nanoseconds");
  return {Duration{sum}, {}};
}

}  // namespace switchgear::config
