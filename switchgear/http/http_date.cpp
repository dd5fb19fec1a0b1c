#include "switchgear/http/http_date.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

#include "switchgear/http/ascii.hpp"

namespace switchgear::http {

namespace {
constexpr std::array<const char*, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                             "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

constexpr std::array<std::string_view, 7> long_days{"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                    "Thursday", "Friday", "Saturday"};

using WallTime = std::chrono::system_clock::time_point;

[[nodiscard]] std::optional<int> number(std::string_view text) {
  if (!is_digits(text)) return std::nullopt;
  int value = 0;
  for (const char c : text) value = value * 10 + (c - '0');
  return value;
}

/// The pieces of a date, as the three forms write them alike.
struct Pieces {
  std::string_view day;    ///< `06`
  std::string_view month;  ///< `Nov`
  std::optional<int> year;
  std::string_view time;  ///< `08:49:37`
};

[[nodiscard]] std::optional<WallTime> time_of(const Pieces& pieces) {
  const std::string_view time = pieces.time;
  if (time.size() != 8 || time[2] != ':' || time[5] != ':') return std::nullopt;
  const auto day = number(pieces.day);
  const auto hour = number(time.substr(0, 2));
  const auto minute = number(time.substr(3, 2));
  const auto second = number(time.substr(6, 2));
  unsigned month = 0;
  while (month < months.size() && pieces.month != months[month]) ++month;
  if (!day || !pieces.year || !hour || !minute || !second || month == months.size()) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*pieces.year}, std::chrono::month{month + 1},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  // A clock of nanoseconds ends in 2262, and "never" is often written as 9999.
  const int counted = std::clamp(*pieces.year, 1970, 2200);
  return std::chrono::sys_days{std::chrono::year{counted} / date.month() / date.day()} +
         std::chrono::hours{*hour} + std::chrono::minutes{*minute} + std::chrono::seconds{*second};
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`.
[[nodiscard]] std::optional<WallTime> parse_usual(std::string_view text) {
  if (text.size() != 29 || text.substr(3, 2) != ", " || text[7] != ' ' || text[11] != ' ' ||
      text[16] != ' ' || !text.ends_with(" GMT"))
    return std::nullopt;
  return time_of({text.substr(5, 2), text.substr(8, 3), number(text.substr(12, 4)), text.substr(17, 8)});
}

/// `Sunday, 06-Nov-94 08:49:37 GMT`.
[[nodiscard]] std::optional<WallTime> parse_rfc850(std::string_view text, WallTime now) {
  const std::size_t comma = text.find(',');
  if (comma == std::string_view::npos ||
      std::find(long_days.begin(), long_days.end(), text.substr(0, comma)) == long_days.end())
    return std::nullopt;
  text.remove_prefix(comma);
  if (text.size() != 24 || text[1] != ' ' || text[4] != '-' || text[8] != '-' || text[11] != ' ' ||
      !text.ends_with(" GMT"))
    return std::nullopt;
  const auto two_digits = number(text.substr(9, 2));
  if (!two_digits) return std::nullopt;
  const auto in_year = [&](int year) {
    return time_of({text.substr(2, 2), text.substr(5, 3), year, text.substr(12, 8)});
  };
  const std::chrono::year_month_day today{std::chrono::floor<std::chrono::days>(now)};
  const int last = static_cast<int>(today.year()) + 50;
  const int year = last - (last - *two_digits) % 100;
  const auto at = in_year(year);
  return at && *at - now > std::chrono::years{50} ? in_year(year - 100) : at;
}

/// `Sun Nov  6 08:49:37 1994`.
[[nodiscard]] std::optional<WallTime> parse_asctime(std::string_view text) {
  if (text.size() != 24 || text[3] != ' ' || text[7] != ' ' || text[10] != ' ' || text[19] != ' ' ||
      std::find(days.begin(), days.end(), text.substr(0, 3)) == days.end())
    return std::nullopt;
  const std::string_view day = text.substr(text[8] == ' ' ? 9 : 8, text[8] == ' ' ? 1 : 2);
  return time_of({day, text.substr(4, 3), number(text.substr(20, 4)), text.substr(11, 8)});
}
}  // namespace

std::string format_http_date(std::chrono::system_clock::time_point at) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(at);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  std::array<char, 64> text{};
  const int size = std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                                 days[static_cast<std::size_t>(utc.tm_wday)], utc.tm_mday,
                                 months[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900,
                                 utc.tm_hour, utc.tm_min, utc.tm_sec);
  return {text.data(), static_cast<std::size_t>(size)};
}

std::optional<WallTime> parse_http_date(std::string_view text, WallTime now) {
  if (text.size() == 29 && text[3] == ',') return parse_usual(text);
  if (text.size() == 24 && text[3] == ' ') return parse_asctime(text);
  return parse_rfc850(text, now);
}

}  // namespace switchgear::http
