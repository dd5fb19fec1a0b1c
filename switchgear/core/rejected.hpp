// What call() throws when a policy refuses.
#pragma once

#include <optional>
#include <string>
#include <system_error>

#include "switchgear/core/rejection.hpp"

namespace switchgear {

/// The category of Reason as an error code.
[[nodiscard]] const std::error_category& rejection_category() noexcept;
[[nodiscard]] std::error_code make_error_code(Reason reason) noexcept;

/// A refusal as an exception. Owns the policy's name, so that it may outlive the policy.
class Rejected : public std::system_error {
 public:
  explicit Rejected(const Rejection& rejection);

  /// `breaker 'payment' is open; retry in 4.2s`
  [[nodiscard]] const char* what() const noexcept override { return text_.c_str(); }
  [[nodiscard]] Reason reason() const noexcept { return reason_; }
  [[nodiscard]] const std::string& policy() const noexcept { return policy_; }
  [[nodiscard]] const std::optional<Duration>& retry_after() const noexcept { return retry_after_; }
  /// Of a multi-level breaker: where it stands, so that the caller can answer accordingly.
  [[nodiscard]] const std::optional<BreakerLevel>& level() const noexcept { return level_; }

 private:
  Reason reason_;
  std::string policy_;
  std::optional<Duration> retry_after_;
  std::optional<BreakerLevel> level_;
  std::string text_;
};

}  // namespace switchgear

template <>
struct std::is_error_code_enum<switchgear::Reason> : std::true_type {};
