#include "switchgear/postgres/parameter.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <stdexcept>

namespace switchgear::postgres {

namespace {

std::string without_zero(std::string text) {
  if (text.find('\0') != std::string::npos)
    throw std::invalid_argument(
        "a parameter contains a zero byte, which PostgreSQL cannot store in a string; pass bytes for a "
        "bytea");
  return text;
}

/// ISO 8601 in UTC, to the microsecond, rounded down.
std::string in_iso(std::chrono::system_clock::time_point time) {
  using namespace std::chrono;
  const auto micros = floor<microseconds>(time);
  const auto day = floor<days>(micros);
  const year_month_day date{day};
  const hh_mm_ss<microseconds> clock{micros - day};
  const int year = static_cast<int>(date.year());
  const bool before_christ = year < 1;
  std::array<char, 80> text{};
  const int length =
      std::snprintf(text.data(), text.size(), "%04d-%02u-%02u %02d:%02d:%02d.%06d+00%s",
                    before_christ ? 1 - year : year, static_cast<unsigned>(date.month()),
                    static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                    static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()),
                    static_cast<int>(clock.subseconds().count()), before_christ ? " BC" : "");
  return {text.data(), static_cast<std::size_t>(length)};
}

}  // namespace

Parameter::Parameter(std::string value) : text_(without_zero(std::move(value))) {}
Parameter::Parameter(std::string_view value) : Parameter(std::string(value)) {}
Parameter::Parameter(const char* value) {
  if (value != nullptr) text_.emplace(value);
}
Parameter::Parameter(std::chrono::system_clock::time_point value) : text_(in_iso(value)) {}
Parameter::Parameter(std::span<const std::byte> value)
    : text_(std::in_place, reinterpret_cast<const char*>(value.data()), value.size()), binary_(true) {}

void Parameter::begin_array() {
  text_.emplace("{");
  array_ = true;
}

void Parameter::add_to_array(const Parameter& value) {
  if (value.binary())
    throw std::invalid_argument(
        "an array of bytea cannot be passed as a parameter; pass its elements one by one");
  if (text_->size() > 1) *text_ += ',';
  if (value.data() == nullptr) {
    *text_ += "NULL";
  } else if (value.array_) {
    throw std::invalid_argument("only arrays of one dimension can be passed as a parameter");
  } else {
    *text_ += '"';
    for (const char c : *value.text_) {
      if (c == '"' || c == '\\') *text_ += '\\';
      *text_ += c;
    }
    *text_ += '"';
  }
}

void Parameter::end_array() { *text_ += '}'; }

}  // namespace switchgear::postgres
