#include "switchgear/http/failure_classifier.hpp"

#include <algorithm>

#include "switchgear/http/ascii.hpp"
#include "switchgear/http/http_date.hpp"

namespace switchgear::http {

Outcome FailureClassifier::of_status(unsigned status, Duration latency,
                                     std::optional<Duration> retry_after) const noexcept {
  const bool failed = std::any_of(rules_.status.begin(), rules_.status.end(), [status](const auto& range) {
    return status >= range.first && status <= range.second;
  });
  Outcome outcome = failed ? Outcome::failure(FailureType::http_error, latency) : Outcome::success(latency);
  if (status == 429 || status == 503) outcome.retry_after = retry_after;
  return outcome;
}

Outcome FailureClassifier::of_connection_error(Duration latency) const noexcept {
  return rules_.connection_error ? Outcome::failure(FailureType::connection_error, latency)
                                 : Outcome::ignored();
}

Outcome FailureClassifier::of_timeout(Duration latency) const noexcept {
  return rules_.timeout ? Outcome::failure(FailureType::timeout, latency) : Outcome::ignored();
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
  const auto date = parse_http_date(value);
  if (!date) return std::nullopt;
  return std::max<Duration>(Duration::zero(), std::chrono::duration_cast<Duration>(*date - now));
}

}  // namespace switchgear::http
