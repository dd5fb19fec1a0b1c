#include "app/lab/seconds.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace switchgear::lab {

namespace {

/// A plain decimal of at most 9 digits before and 9 after the point: nearly all of them are.
std::optional<Duration> plain_decimal(std::string_view number) {
  constexpr std::size_t most = 9;
  const std::size_t point = std::min(number.find('.'), number.size());
  const std::size_t fraction = number.size() - std::min(number.size(), point + 1);
  if (point == 0 || point > most || fraction > most || (point < number.size() && fraction == 0))
    return std::nullopt;
  std::int64_t nanoseconds = 0;
  for (std::size_t i = 0; i < number.size(); ++i) {
    if (i == point) continue;
    if (number[i] < '0' || number[i] > '9') return std::nullopt;
    nanoseconds = nanoseconds * 10 + (number[i] - '0');
  }
  for (std::size_t digit = fraction; digit < most; ++digit) nanoseconds *= 10;
  return Duration{nanoseconds};
}

}  // namespace

std::optional<Duration> parse_seconds(std::string_view number) {
  if (const auto plain = plain_decimal(number)) return plain;
  // A double holds a Unix time to a quarter of a microsecond only; the 64-bit mantissa of a long double keeps
  // the nanosecond.
  const long double seconds = std::strtold(std::string(number).c_str(), nullptr);
  const long double nanoseconds = std::round(seconds * 1e9L);
  constexpr long double limit = 0x1p63L;
  if (!(nanoseconds >= 0 && nanoseconds < limit)) return std::nullopt;
  return Duration{static_cast<Duration::rep>(nanoseconds)};
}

std::string format_seconds(Duration length) {
  constexpr std::uint64_t second = 1'000'000'000;
  const bool negative = length < Duration::zero();
  const auto count = static_cast<std::uint64_t>(length.count());
  const std::uint64_t nanoseconds = negative ? 0 - count : count;
  std::string text = (negative ? "-" : "") + std::to_string(nanoseconds / second);
  if (nanoseconds % second != 0) {
    const std::string digits =
        std::to_string(second + nanoseconds % second);  // the leading 1 keeps the zeros after it
    text += '.';
    text.append(digits, 1, digits.find_last_not_of('0'));
  }
  return text;
}

std::string format_number(double number) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number);
  return {text.data(), end.ptr};
}

}  // namespace switchgear::lab
