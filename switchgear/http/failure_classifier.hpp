// The meaning of an HTTP call's end for the policies: a verdict, a failure type, and the wait that the server
// asks for.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "switchgear/core/outcome.hpp"

namespace switchgear::http {

/// Which ends are failures of the dependency. What is not one by type is `ignored`; a status outside the
/// ranges is a success.
struct FailureRules {
  std::vector<std::pair<unsigned, unsigned>> status{{500, 599}};  ///< inclusive ranges
  bool timeout = true;
  bool connection_error = true;
  /// Statuses worth another attempt, as ranges; unset: 408, 425, 429, and 5xx but 501, 505 and 508. A timeout
  /// and a connection error always are.
  std::optional<std::vector<std::pair<unsigned, unsigned>>> repeat{};
};

/// Threads: any, it is constant.
class FailureClassifier {
 public:
  explicit FailureClassifier(FailureRules rules = {}) : rules_(std::move(rules)) {}

  /// A complete response.
  [[nodiscard]] Outcome of_status(unsigned status, Duration latency,
                                  std::optional<Duration> retry_after) const noexcept;
  /// Refused, reset, truncated, malformed.
  [[nodiscard]] Outcome of_connection_error(Duration latency) const noexcept;
  [[nodiscard]] Outcome of_timeout(Duration latency) const noexcept;

 private:
  FailureRules rules_;
};

/// Retry-After (RFC 9110, 10.2.3): seconds, or a date in any of its forms, counted from `now`. Empty when
/// malformed; never negative.
[[nodiscard]] std::optional<Duration> parse_retry_after(std::string_view value,
                                                        std::chrono::system_clock::time_point now);

}  // namespace switchgear::http
