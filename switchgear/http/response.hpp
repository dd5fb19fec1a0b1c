// The answer to one request of the client.
#pragma once

#include <boost/json/value.hpp>
#include <cstddef>
#include <optional>
#include <string>

#include "switchgear/core/outcome.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/http/failure_classifier.hpp"
#include "switchgear/http/headers.hpp"
#include "switchgear/pipeline/call.hpp"

namespace switchgear::http {

/// Whole: its body has come to its end, and is decoded. Any status is a response; failures without one are
/// exceptions (error.hpp).
struct Response {
  unsigned status = 0;
  Headers headers;
  std::string body;
  /// How the call went: how many attempts, whether the answer is remembered or a fallback's, and both causes
  /// when the fallback failed too.
  CallReport report{};
  /// Whether the server had to know the method that it answers.
  Support method = Support::required;

  [[nodiscard]] bool ok() const noexcept { return status >= 200 && status < 300; }
  /// The body as JSON. Throws Error (Errc::not_json) with the place at which it ceases to be JSON.
  [[nodiscard]] boost::json::value json() const;
  /// The wait that the server asks for (RFC 9110, 10.2.3); a date is read against the answer's own Date.
  [[nodiscard]] std::optional<Duration> retry_after() const;
};

/// The meaning of an answer for the policies of a pipeline, by the rules of FailureRules: 5xx is a failure,
/// and 404 is not; 501 to a method other than GET and HEAD is not; 429 and 503 may say when to come back.
[[nodiscard]] Outcome outcome_of(const Response& response, Duration latency);

/// The memory that a stored answer takes, for the limits of caches and fallbacks.
[[nodiscard]] std::size_t bytes_of(const Response& response) noexcept;

/// Whether it may be stored and given again: not with `no-store` or `no-cache`, not when it is a part (206)
/// or empty because nothing has changed (304), and not when it varies by a header that the default key of a
/// request (Request::key) does not cover, such as `Vary: X-Tenant`.
[[nodiscard]] bool may_be_stored(const Response& response) noexcept;

/// How long a cached fallback may give this answer in place of a failure, as Cache-Control says (RFC 9111,
/// 5.2.2; RFC 5861, 4): not at all unless may_be_stored(), nor when it is itself an error; with
/// `must-revalidate` while it is fresh; with `stale-if-error` for as long beyond that; else for as long as
/// the fallback says.
[[nodiscard]] Duration usable_for(const Response& response) noexcept;

}  // namespace switchgear::http
