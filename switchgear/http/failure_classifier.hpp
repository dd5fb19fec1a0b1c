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

/// Whether every server must know a method (RFC 9110, 9.1).
enum class Support : std::uint8_t { required, optional };
/// Required of GET and HEAD alone.
[[nodiscard]] Support support_of(std::string_view method) noexcept;

/// Which ends are failures of the dependency. What is not one by type is `ignored`; a status outside the
/// ranges is a success.
///
/// 501 to a method that a server need not know says that it does not know it (RFC 9110, 15.6.2). That is the
/// caller's doing, so it is a success like 405, and pointless to repeat: else a client opens the breaker of a
/// service that is well, with three requests whose method is PURGE. It counts where 501 is listed by itself,
/// {501, 501}.
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

  /// A complete response to a method with this support.
  [[nodiscard]] Outcome of_status(unsigned status, Duration latency, std::optional<Duration> retry_after,
                                  Support support = Support::required) const noexcept;
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
