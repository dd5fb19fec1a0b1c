#include "switchgear/observe/diagnosis/words.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "switchgear/core/utf8.hpp"

namespace switchgear::words {

namespace {

std::string with_decimals(double value, int decimals) {
  std::array<char, 400> text{};
  std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
  std::string made = text.data();
  if (decimals > 0) {
    made.erase(made.find_last_not_of('0') + 1);
    if (made.ends_with('.')) made.pop_back();
  }
  return made == "-0" ? "0" : made;
}

/// `12,345.6`, from ten thousand on.
std::string grouped(std::string digits, double size) {
  if (size < 10'000) return digits;
  const std::size_t end = std::min(digits.find('.'), digits.size());
  for (std::size_t at = end; at > 3 && digits[at - 4] != '-'; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

std::string two_units(std::int64_t whole, std::string_view unit, std::int64_t rest,
                      std::string_view smaller) {
  std::string made = std::to_string(whole).append(" ").append(unit);
  if (rest > 0) made.append(" ").append(std::to_string(rest)).append(" ").append(smaller);
  return made;
}

}  // namespace

std::string percent(double ratio) {
  const double value = 100 * ratio;
  return with_decimals(value, std::abs(value) < 99.95 ? 1 : 0) + "%";
}

std::string number(double value) {
  const double size = std::abs(value);
  int decimals = 0;
  if (size < 1000 && size > 0)
    decimals = std::clamp(3 - static_cast<int>(std::floor(std::log10(size))), 0, 9);
  return grouped(with_decimals(value, decimals), size);
}

std::string amount(double value) {
  std::array<char, 400> text{};
  std::snprintf(text.data(), text.size(), "%.2f", value);
  return grouped(text.data(), std::abs(value));
}

std::string length(Duration length) {
  const double seconds = to_seconds(length);
  if (seconds < 0.001) return number(seconds * 1e6) + " us";
  if (seconds < 0.9995) return number(seconds * 1e3) + " ms";
  if (seconds < 59.5) return with_decimals(seconds, seconds < 10 ? 1 : 0) + " s";
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole < 3600) return two_units(whole / 60, "min", whole % 60, "s");
  if (whole < 86'400) return two_units(whole / 3600, "h", whole % 3600 / 60, "min");
  return two_units(whole / 86'400, "d", whole % 86'400 / 3600, "h");
}

std::string instant(WallAnchor::Wall at) {
  const std::chrono::year_month_day date{std::chrono::floor<std::chrono::days>(at)};
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02u ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return text.data() + clock(at);
}

std::string clock(WallAnchor::Wall at) {
  const std::chrono::hh_mm_ss time{std::chrono::floor<std::chrono::seconds>(at) -
                                   std::chrono::floor<std::chrono::days>(at)};
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%02d:%02d:%02d", static_cast<int>(time.hours().count()),
                static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()));
  return text.data();
}

std::string count(std::uint64_t n, std::string_view thing) {
  return std::to_string(n).append(" ").append(thing).append(n == 1 ? "" : "s");
}

std::string plain(std::string_view text) {
  std::string made = as_utf8(text);
  for (char& each : made) {
    const auto byte = static_cast<unsigned char>(each);
    if (byte < 0x20 || byte == 0x7f) each = '?';
  }
  return made;
}

std::string shell_word(std::string_view text) {
  const bool safe = !text.empty() && !text.starts_with('-') && std::ranges::all_of(text, [](char each) {
    return (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z') || (each >= '0' && each <= '9') ||
           std::string_view{"._-/:@"}.find(each) != std::string_view::npos;
  });
  if (safe) return std::string{text};
  std::string made = "'";
  for (const char each : plain(text)) {
    if (each == '\'') {
      made += "'\\''";
    } else {
      made += each;
    }
  }
  return made + "'";
}

}  // namespace switchgear::words
