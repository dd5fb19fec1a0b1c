#include "app/history/instant.hpp"

#include <charconv>
#include <chrono>
#include <memory>

#include "switchgear/config/duration.hpp"

namespace switchgear::history {

namespace {

using namespace std::chrono;

/// Takes parts off the front of a text; once one is not there, `good` is false.
class Parts {
 public:
  explicit Parts(std::string_view text) : left_(text) {}

  [[nodiscard]] int digits(std::size_t count) {
    int number = 0;
    const char* const first = std::to_address(left_.begin());
    const auto [end, error] = std::from_chars(first, first + std::min(count, left_.size()), number);
    if (error != std::errc{} || end != first + count || *first == '-') {
      good_ = false;
      return 0;
    }
    left_.remove_prefix(count);
    return number;
  }
  void mark(char wanted) {
    if (!take(wanted)) good_ = false;
  }
  [[nodiscard]] bool take(char wanted) {
    if (!left_.starts_with(wanted)) return false;
    left_.remove_prefix(1);
    return true;
  }
  /// After the point: at most nine digits.
  [[nodiscard]] Duration fraction() {
    std::size_t count = 0;
    while (count < left_.size() && left_[count] >= '0' && left_[count] <= '9') ++count;
    if (count == 0 || count > 9) {
      good_ = false;
      return {};
    }
    Duration::rep number = digits(count);
    for (std::size_t i = count; i < 9; ++i) number *= 10;
    return Duration{number};
  }
  [[nodiscard]] bool good() const noexcept { return good_; }
  [[nodiscard]] bool at_end() const noexcept { return good_ && left_.empty(); }

 private:
  std::string_view left_;
  bool good_ = true;
};

[[nodiscard]] std::optional<WallAnchor::Wall> parse_date(std::string_view text) {
  Parts parts{text};
  const int years = parts.digits(4);
  parts.mark('-');
  const int month_number = parts.digits(2);
  parts.mark('-');
  const int day_number = parts.digits(2);
  parts.mark('T');
  const int hour = parts.digits(2);
  parts.mark(':');
  const int minute = parts.digits(2);
  parts.mark(':');
  const int second = parts.digits(2);
  Duration offset{};
  const Duration fraction = parts.take('.') ? parts.fraction() : Duration{};
  if (!parts.take('Z')) {
    const bool ahead = parts.take('+');
    if (!ahead) parts.mark('-');
    const int offset_hours = parts.digits(2);
    parts.mark(':');
    offset = hours{offset_hours} + minutes{parts.digits(2)};
    if (!ahead) offset = -offset;
  }
  const year_month_day date{year{years}, month{static_cast<unsigned>(month_number)},
                            day{static_cast<unsigned>(day_number)}};
  if (!parts.at_end() || !date.ok() || hour > 23 || minute > 59 || second > 59 || years < 1970 ||
      years > 2200)
    return std::nullopt;
  return WallAnchor::Wall{sys_days{date}} + hours{hour} + minutes{minute} + seconds{second} + fraction -
         offset;
}

}  // namespace

std::optional<WallAnchor::Wall> parse_instant(std::string_view text, WallAnchor::Wall now) {
  if (text == "now") return now;
  if (!text.starts_with('-')) return parse_date(text);
  const auto length = config::parse_duration(text.substr(1)).value;
  if (!length || *length > now.time_since_epoch()) return std::nullopt;
  return now - *length;
}

}  // namespace switchgear::history
