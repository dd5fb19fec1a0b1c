// The meaning of a statement's end for the policies. SQLSTATE decides.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "switchgear/core/outcome.hpp"
#include "switchgear/postgres/error.hpp"

namespace switchgear::postgres {

/// Which ends are failures of the database. An error of the server that is not listed shows that it works: a
/// violated constraint, a syntax error, a missing table and a deadlock are successes for a breaker.
struct FailureRules {
  /// SQLSTATEs, or how they begin: connection exceptions, insufficient resources (too many connections, disk
  /// full, out of memory), shutdown and crash, a statement cancelled by `statement_timeout`, errors of the
  /// operating system, internal errors.
  std::vector<std::string> sqlstates{"08", "53", "57P", "57014", "58", "XX"};
  /// A time limit of a policy is always a failure; this is about the time that opening a connection may take
  /// and connections that cannot be opened or that break. False: those are `ignored`.
  bool connection_error = true;
};

/// The transaction was rolled back because another one was in its way: 40001 or 40P01. Run again, it may
/// succeed.
[[nodiscard]] constexpr bool is_serialization_failure(std::string_view sqlstate) noexcept {
  return sqlstate == "40001" || sqlstate == "40P01";
}

/// Threads: any, it is constant.
class FailureClassifier {
 public:
  explicit FailureClassifier(FailureRules rules = {}) : rules_(std::move(rules)) {}

  [[nodiscard]] Outcome of(const Error& error, Duration latency) const noexcept;
  [[nodiscard]] bool is_failure(std::string_view sqlstate) const noexcept;

 private:
  [[nodiscard]] Outcome of_server(const Error& error, Duration latency) const noexcept;
  [[nodiscard]] Outcome of_connection(const Error& error, Duration latency) const noexcept;

  FailureRules rules_;
};

}  // namespace switchgear::postgres
