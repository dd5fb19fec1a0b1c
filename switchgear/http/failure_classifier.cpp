#include "switchgear/http/failure_classifier.hpp"

#include <algorithm>

#include "switchgear/http/ascii.hpp"
#include "switchgear/http/http_date.hpp"

namespace switchgear::http {

namespace {

[[nodiscard]] bool is_in(unsigned status, const std::vector<std::pair<unsigned, unsigned>>& ranges) noexcept {
  return std::any_of(ranges.begin(), ranges.end(),
                     [status](const auto& range) { return status >= range.first && status <= range.second; });
}

/// By itself, and not as one of a range.
[[nodiscard]] bool is_named(unsigned status,
                            const std::vector<std::pair<unsigned, unsigned>>& ranges) noexcept {
  return std::find(ranges.begin(), ranges.end(), std::pair{status, status}) != ranges.end();
}

/// Whether the same request may be answered better a moment later (RFC 9110, 15.5 and 15.6; RFC 8470, 5.2). A
/// loop (508; RFC 5842, 7.2) stays one, and each further attempt would go round it again.
[[nodiscard]] bool is_transient(unsigned status) noexcept {
  return status == 408 || status == 425 || status == 429 ||
         (status >= 500 && status != 501 && status != 505 && status != 508);
}

/// It may, whether the dependency is to blame or not.
[[nodiscard]] Outcome worth_repeating(Outcome outcome, Duration latency) noexcept {
  outcome.latency = latency;
  outcome.repeat = Repeat::worthwhile;
  return outcome;
}

}  // namespace

Support support_of(std::string_view method) noexcept {
  return method == "GET" || method == "HEAD" ? Support::required : Support::optional;
}

Outcome FailureClassifier::of_status(unsigned status, Duration latency, std::optional<Duration> retry_after,
                                     Support support) const noexcept {
  const bool unknown_method = status == 501 && support == Support::optional;
  const auto is_listed = unknown_method ? &is_named : &is_in;
  Outcome outcome = Outcome::success(latency);
  if (is_listed(status, rules_.status)) outcome = Outcome::failure(FailureType::http_error, latency);
  if (status == 429 || status == 503) outcome.retry_after = retry_after;
  if (status < 400) return outcome;
  const bool again = rules_.repeat ? is_listed(status, *rules_.repeat) : is_transient(status);
  outcome.repeat = again ? Repeat::worthwhile : Repeat::pointless;
  return outcome;
}

Outcome FailureClassifier::of_connection_error(Duration latency) const noexcept {
  return worth_repeating(
      rules_.connection_error ? Outcome::failure(FailureType::connection_error, latency) : Outcome::ignored(),
      latency);
}

Outcome FailureClassifier::of_timeout(Duration latency) const noexcept {
  return worth_repeating(
      rules_.timeout ? Outcome::failure(FailureType::timeout, latency) : Outcome::ignored(), latency);
}

std::optional<Duration> parse_retry_after(std::string_view value, std::chrono::system_clock::time_point now) {
  if (is_digits(value)) {
    std::int64_t seconds = 0;
    for (const char c : value) {
      seconds = seconds * 10 + (c - '0');
      if (seconds > 1'000'000'000) return std::chrono::seconds{1'000'000'000};  // a generation is long enough
    }
    return std::chrono::seconds{seconds};
  }
  const auto date = parse_http_date(value, now);
  if (!date) return std::nullopt;
  return std::max<Duration>(Duration::zero(), std::chrono::duration_cast<Duration>(*date - now));
}

}  // namespace switchgear::http
