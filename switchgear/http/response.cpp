#include "switchgear/http/response.hpp"

#include <algorithm>
#include <boost/json/stream_parser.hpp>
#include <charconv>
#include <chrono>
#include <optional>
#include <string_view>

#include "switchgear/http/answer_key.hpp"
#include "switchgear/http/ascii.hpp"
#include "switchgear/http/error.hpp"
#include "switchgear/http/failure_classifier.hpp"
#include "switchgear/http/http_date.hpp"

namespace switchgear::http {

namespace {

/// The seconds of a directive of Cache-Control, `name=N`; one that cannot be read is 0.
struct CacheControl {
  bool no_store = false;
  bool must_revalidate = false;
  std::optional<std::chrono::seconds> max_age;
  std::optional<std::chrono::seconds> stale_if_error;

  explicit CacheControl(const Headers& headers) noexcept {
    for (const auto& [name, value] : headers) {
      if (!equals_ignoring_case(name, "Cache-Control")) continue;
      for_each_in_list(value, [this](std::string_view directive) {
        take(directive);
        return true;
      });
    }
  }

 private:
  void take(std::string_view directive) noexcept {
    const std::size_t equals = directive.find('=');
    const std::string_view name = directive.substr(0, equals);
    if (equals_lower(name, "no-store") || equals_lower(name, "no-cache")) no_store = true;
    if (equals_lower(name, "must-revalidate")) must_revalidate = true;
    if (equals == std::string_view::npos) return;
    const std::string_view text = directive.substr(equals + 1);
    if (equals_lower(name, "max-age")) max_age = seconds(text);
    if (equals_lower(name, "stale-if-error")) stale_if_error = seconds(text);
  }

  static std::chrono::seconds seconds(std::string_view text) noexcept {
    constexpr std::uint32_t a_year = 366U * 24 * 3600;
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc::result_out_of_range) value = a_year;
    return std::chrono::seconds{std::min(value, a_year)};
  }
};

}  // namespace

boost::json::value Response::json() const {
  boost::json::stream_parser parser;
  boost::system::error_code error;
  const std::size_t read = parser.write_some(body, error);
  if (!error && read < body.size()) error = boost::json::error::extra_data;
  if (!error) parser.finish(error);
  if (!error) return parser.release();
  throw Error(Errc::not_json, "the answer (status " + std::to_string(status) + ", " +
                                  std::to_string(body.size()) + " bytes) is not JSON: " + error.message() +
                                  " at byte " + std::to_string(read));
}

std::optional<Duration> Response::retry_after() const {
  const auto wait = headers.get("Retry-After");
  if (!wait) return std::nullopt;
  const auto here = std::chrono::system_clock::now();
  const auto date = headers.get("Date");
  return parse_retry_after(*wait, date ? parse_http_date(*date, here).value_or(here) : here);
}

Outcome outcome_of(const Response& response, Duration latency) {
  static const FailureClassifier usual;
  return usual.of_status(response.status, latency, response.retry_after(), response.method);
}

std::size_t bytes_of(const Response& response) noexcept {
  std::size_t sum = sizeof response + response.body.size();
  for (const auto& [name, value] : response.headers)
    sum += sizeof(Headers::Header) + name.size() + value.size();
  return sum;
}

bool may_be_stored(const Response& response) noexcept {
  constexpr unsigned partial_content = 206;
  constexpr unsigned not_modified = 304;
  if (response.status == partial_content || response.status == not_modified) return false;
  for (const auto& [name, value] : response.headers) {
    if (equals_ignoring_case(name, "Vary") && !for_each_in_list(value, is_covered_by_key)) return false;
  }
  return !CacheControl(response.headers).no_store;
}

Duration usable_for(const Response& response) noexcept {
  if (!may_be_stored(response) || response.status >= 400) return Duration::zero();
  const CacheControl control(response.headers);
  const Duration fresh = control.max_age.value_or(std::chrono::seconds{0});
  if (control.must_revalidate) return fresh;
  if (control.stale_if_error) return fresh + *control.stale_if_error;
  return Duration::max();
}

}  // namespace switchgear::http
