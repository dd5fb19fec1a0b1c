#include "switchgear/config/timestamp.hpp"

#include <charconv>
#include <chrono>

namespace switchgear::config {

namespace {

/// Takes parts off the front of a text; once one does not fit, no later one does.
class Parts {
 public:
  explicit Parts(std::string_view text) noexcept : rest_(text) {}

  /// Exactly `digits` digits, from `least` to `most`.
  [[nodiscard]] int number(std::size_t digits, int least, int most) noexcept {
    int value = 0;
    const std::string_view part = rest_.substr(0, digits);
    const auto read = std::from_chars(part.data(), part.data() + part.size(), value);
    good_ = good_ && part.size() == digits && part.front() != '-' && read.ec == std::errc{} &&
            read.ptr == part.data() + digits && value >= least && value <= most;
    rest_.remove_prefix(part.size());
    return value;
  }
  void letter(char wanted) noexcept { good_ = take(wanted) && good_; }
  bool take(char wanted) noexcept {
    if (!rest_.starts_with(wanted)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  /// `.5`, if it is there.
  [[nodiscard]] Duration fraction() noexcept {
    Duration::rep nanoseconds = 0;
    if (!take('.')) return {};
    Duration::rep unit = 100'000'000;
    std::size_t digits = 0;
    for (; digits < rest_.size() && rest_[digits] >= '0' && rest_[digits] <= '9'; ++digits, unit /= 10)
      nanoseconds += (rest_[digits] - '0') * unit;
    good_ = good_ && digits > 0 && digits <= 9;
    rest_.remove_prefix(digits);
    return Duration{nanoseconds};
  }
  [[nodiscard]] bool all_good() const noexcept { return good_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool good_ = true;
};

}  // namespace

std::optional<WallAnchor::Wall> parse_timestamp(std::string_view text) noexcept {
  using namespace std::chrono;
  Parts parts{text};
  const int y = parts.number(4, 1970, 2200);
  parts.letter('-');
  const int m = parts.number(2, 1, 12);
  parts.letter('-');
  const int d = parts.number(2, 1, 31);
  parts.letter('T');
  const int h = parts.number(2, 0, 23);
  parts.letter(':');
  const int min = parts.number(2, 0, 59);
  parts.letter(':');
  const int s = parts.number(2, 0, 59);
  const Duration fraction = parts.fraction();
  minutes offset{};
  if (!parts.take('Z')) {
    const bool east = parts.take('+');
    if (!east) parts.letter('-');
    const int hours_off = parts.number(2, 0, 23);
    parts.letter(':');
    offset = hours{hours_off} + minutes{parts.number(2, 0, 59)};
    if (!east) offset = -offset;
  }
  const year_month_day date{year{y}, month{static_cast<unsigned>(m)}, day{static_cast<unsigned>(d)}};
  if (!parts.all_good() || !date.ok()) return std::nullopt;
  return sys_days{date} + hours{h} + minutes{min} + seconds{s} + fraction - offset;
}

}  // namespace switchgear::config
