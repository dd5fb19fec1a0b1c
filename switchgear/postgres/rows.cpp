#include "switchgear/postgres/rows.hpp"

#include <libpq-fe.h>

#include <array>
#include <charconv>

#include "switchgear/postgres/error.hpp"

namespace switchgear::postgres {

namespace {

[[nodiscard]] std::string column_name(const pg_result* result, int column) {
  const char* const name = PQfname(result, column);
  return name == nullptr ? std::to_string(column) : std::string(name);
}

template <class Number>
[[nodiscard]] bool read_number(std::string_view text, Number& number) noexcept {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  return read.ec == std::errc{} && read.ptr == text.data() + text.size();
}

/// Takes `width` digits or more, and the separator behind them.
[[nodiscard]] bool take(std::string_view& text, char separator, int& number) noexcept {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc{} || number < 0) return false;
  text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
  if (separator == '\0') return true;
  if (text.empty() || text.front() != separator) return false;
  text.remove_prefix(1);
  return true;
}

/// `+01`, `-03:30`, `+00:19:32`.
[[nodiscard]] bool take_zone(std::string_view text, std::chrono::seconds& zone) noexcept {
  if (text.empty()) return true;
  const bool west = text.front() == '-';
  if (!west && text.front() != '+') return false;
  text.remove_prefix(1);
  std::array<int, 3> parts{};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (!take(text, '\0', parts[i])) return false;
    if (text.empty()) break;
    if (text.front() != ':' || i + 1 == parts.size()) return false;
    text.remove_prefix(1);
  }
  zone = std::chrono::hours{parts[0]} + std::chrono::minutes{parts[1]} + std::chrono::seconds{parts[2]};
  if (west) zone = -zone;
  return true;
}

[[nodiscard]] bool take_fraction(std::string_view& text, std::chrono::microseconds& fraction) noexcept {
  if (text.empty() || text.front() != '.') return true;
  text.remove_prefix(1);
  int scale = 100'000;
  int value = 0;
  for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; text.remove_prefix(1), scale /= 10)
    value += (text.front() - '0') * scale;
  fraction = std::chrono::microseconds{value};
  return true;
}

/// `2026-05-04 13:02:01.25+02`, `2026-05-04 13:02:01`, `2026-05-04`.
[[nodiscard]] std::optional<std::chrono::system_clock::time_point> read_time(std::string_view text) noexcept {
  using namespace std::chrono;
  int year = 0;
  int month = 0;
  int day = 0;
  if (!take(text, '-', year) || !take(text, '-', month) || !take(text, '\0', day)) return std::nullopt;
  const year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                            std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return std::nullopt;
  sys_time<microseconds> time{sys_days{date}};
  if (!text.empty()) {
    int hour = 0;
    int minute = 0;
    int second = 0;
    microseconds fraction{};
    seconds zone{};
    if (text.front() != ' ') return std::nullopt;
    text.remove_prefix(1);
    if (!take(text, ':', hour) || !take(text, ':', minute) || !take(text, '\0', second)) return std::nullopt;
    if (!take_fraction(text, fraction) || !take_zone(text, zone)) return std::nullopt;
    time += hours{hour} + minutes{minute} + seconds{second} + fraction - zone;
  }
  // Beyond what a clock of nanoseconds can say.
  if (year < 1678 || year > 2261) return std::nullopt;
  return time_point_cast<system_clock::duration>(time);
}

[[nodiscard]] int digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

bool Value::is_null() const noexcept { return PQgetisnull(result_, row_, column_) == 1; }

std::string_view Value::text() const noexcept {
  return {PQgetvalue(result_, row_, column_), static_cast<std::size_t>(PQgetlength(result_, row_, column_))};
}

std::string_view Value::not_null() const {
  if (is_null()) {
    throw Error(Errc::null_value, "column '" + column_name(result_, column_) +
                                      "' is NULL; read it as a std::optional if it may be");
  }
  return text();
}

void Value::wrong_type(std::string_view why) const {
  throw Error(Errc::wrong_type, "column '" + column_name(result_, column_) + "': '" +
                                    std::string(text().substr(0, 40)) + "' " + std::string(why));
}

bool Value::read(std::type_identity<bool>) const {
  const std::string_view text = not_null();
  if (text != "t" && text != "f") wrong_type("is not a boolean");
  return text == "t";
}

std::string Value::read(std::type_identity<std::string>) const { return std::string(not_null()); }
std::string_view Value::read(std::type_identity<std::string_view>) const { return not_null(); }

std::int64_t Value::whole() const {
  std::int64_t value = 0;
  if (!read_number(not_null(), value)) wrong_type("is not a whole number of 64 bits");
  return value;
}

std::uint64_t Value::natural() const {
  std::uint64_t value = 0;
  if (!read_number(not_null(), value)) wrong_type("is not a whole number of 64 bits from 0");
  return value;
}

double Value::real() const {
  double value = 0;
  if (!read_number(not_null(), value)) wrong_type("is not a number");
  return value;
}

std::chrono::system_clock::time_point Value::read(
    std::type_identity<std::chrono::system_clock::time_point>) const {
  const auto time = read_time(not_null());
  if (!time) wrong_type("is not a time in ISO style between 1678 and 2261");
  return *time;
}

std::vector<std::byte> Value::read(std::type_identity<std::vector<std::byte>>) const {
  std::string_view text = not_null();
  if (!text.starts_with("\\x") || text.size() % 2 != 0) wrong_type("is not a bytea in hex");
  text.remove_prefix(2);
  std::vector<std::byte> bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = digit(text[i]);
    const int low = digit(text[i + 1]);
    if (high < 0 || low < 0) wrong_type("is not a bytea in hex");
    bytes.push_back(static_cast<std::byte>(high * 16 + low));
  }
  return bytes;
}

Value Row::at(std::size_t column) const {
  const int columns = PQnfields(result_);
  if (column >= static_cast<std::size_t>(columns)) {
    throw Error(Errc::no_column, "column " + std::to_string(column) + " was read, and the rows have " +
                                     std::to_string(columns) + ", counted from 0");
  }
  return {result_, row_, static_cast<int>(column)};
}

/// Not PQfnumber(), which folds names to small letters as SQL does.
Value Row::operator[](std::string_view column) const {
  for (int i = 0; i < PQnfields(result_); ++i)
    if (column == PQfname(result_, i)) return {result_, row_, i};
  throw Error(Errc::no_column, "the rows have no column '" + std::string(column) + "'");
}

Rows::Rows(pg_result* result) : result_(result, PQclear) {}

std::size_t Rows::size() const noexcept {
  return result_ ? static_cast<std::size_t>(PQntuples(result_.get())) : 0;
}

std::size_t Rows::columns() const noexcept {
  return result_ ? static_cast<std::size_t>(PQnfields(result_.get())) : 0;
}

std::string_view Rows::name(std::size_t column) const noexcept {
  return PQfname(result_.get(), static_cast<int>(column));
}

// libpq has these two without const. They only read.
std::uint64_t Rows::affected() const noexcept {
  std::uint64_t count = 0;
  if (!result_) return count;
  const std::string_view text = PQcmdTuples(const_cast<pg_result*>(result_.get()));  // NOLINT
  std::from_chars(text.data(), text.data() + text.size(), count);
  return count;
}

std::string_view Rows::command() const noexcept {
  if (!result_) return {};
  return PQcmdStatus(const_cast<pg_result*>(result_.get()));  // NOLINT
}

}  // namespace switchgear::postgres
