#include "switchgear/a2a/card_freshness.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

#include "switchgear/http/ascii.hpp"
#include "switchgear/http/http_date.hpp"

namespace switchgear::a2a {

namespace {

using std::chrono::seconds;

/// Digits, perhaps in quotes; one that cannot be read is 0, which is the careful reading. At most a year.
[[nodiscard]] seconds read_seconds(std::string_view text) noexcept {
  constexpr std::uint32_t a_year = 366U * 24 * 3600;
  if (text.size() > 1 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) return seconds{a_year};
  if (error != std::errc{} || end != text.data() + text.size()) return seconds{0};
  return seconds{std::min(value, a_year)};
}

struct Control {
  bool no_store = false, no_cache = false, must_revalidate = false;
  std::optional<seconds> max_age, stale_if_error;

  explicit Control(const http::Headers& headers) noexcept {
    for (const auto& [name, value] : headers) {
      if (!http::equals_ignoring_case(name, "Cache-Control")) continue;
      http::for_each_in_list(value, [this](std::string_view directive) {
        take(directive);
        return true;
      });
    }
  }

 private:
  void take(std::string_view directive) noexcept {
    const std::size_t equals = directive.find('=');
    const std::string_view name = directive.substr(0, equals);
    if (http::equals_lower(name, "no-store")) no_store = true;
    if (http::equals_lower(name, "no-cache")) no_cache = true;
    if (http::equals_lower(name, "must-revalidate")) must_revalidate = true;
    if (equals == std::string_view::npos) return;
    const std::string_view text = directive.substr(equals + 1);
    if (http::equals_lower(name, "max-age")) max_age = read_seconds(text);
    if (http::equals_lower(name, "stale-if-error")) stale_if_error = read_seconds(text);
  }
};

[[nodiscard]] Duration lifetime_of(const http::Headers& headers, const Control& control, Duration otherwise,
                                   std::chrono::system_clock::time_point date) {
  if (control.no_cache) return Duration::zero();
  if (control.max_age) return *control.max_age;
  const auto expires = headers.get("Expires");
  if (!expires) return otherwise;
  const auto until = http::parse_http_date(*expires, date);
  if (!until) return Duration::zero();  // `0` means: already expired (RFC 9111, 5.3)
  const auto said = headers.get("Date");
  const auto from = said ? http::parse_http_date(*said, date).value_or(date) : date;
  return std::chrono::duration_cast<Duration>(*until - from);
}

}  // namespace

CardFreshness freshness_of(const http::Headers& headers, const CardCacheOptions& options, TimePoint now,
                           std::chrono::system_clock::time_point date) {
  const Control control(headers);
  const auto age = headers.get("Age");
  const Duration lifetime = lifetime_of(headers, control, options.default_fresh, date);
  const Duration left = std::max(Duration::zero(), lifetime - (age ? read_seconds(*age) : seconds{0}));
  CardFreshness fresh;
  fresh.may_be_stored = !control.no_store;
  fresh.fresh_until = saturating_add(now, left);
  Duration stale = control.stale_if_error ? Duration(*control.stale_if_error) : options.max_stale;
  if (control.must_revalidate) stale = Duration::zero();
  fresh.usable_until = saturating_add(fresh.fresh_until, stale);
  fresh.etag = std::string(headers.get("ETag").value_or(""));
  fresh.last_modified = std::string(headers.get("Last-Modified").value_or(""));
  return fresh;
}

}  // namespace switchgear::a2a
