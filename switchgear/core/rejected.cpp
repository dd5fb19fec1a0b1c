#include "switchgear/core/rejected.hpp"

namespace switchgear {

namespace {

class RejectionCategory final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "switchgear.rejection"; }
  [[nodiscard]] std::string message(int value) const override {
    // Codes count from 1: 0 means "no error" everywhere.
    return "rejected: " + std::string(to_string(static_cast<Reason>(value - 1)));
  }
  /// So that code that knows nothing of policies understands the two that have names of old.
  [[nodiscard]] std::error_condition default_error_condition(int value) const noexcept override {
    switch (static_cast<Reason>(value - 1)) {
      case Reason::timed_out:
      case Reason::deadline_exceeded:
      case Reason::queue_timeout:
        return std::errc::timed_out;
      case Reason::cancelled:
        return std::errc::operation_canceled;
      default:
        return {value, *this};
    }
  }
};

}  // namespace

const std::error_category& rejection_category() noexcept {
  static const RejectionCategory category;
  return category;
}

std::error_code make_error_code(Reason reason) noexcept {
  return {static_cast<int>(reason) + 1, rejection_category()};
}

Rejected::Rejected(const Rejection& rejection)
    : std::system_error(make_error_code(rejection.reason)),
      reason_(rejection.reason),
      policy_(rejection.policy),
      retry_after_(rejection.retry_after),
      level_(rejection.level),
      text_(to_string(rejection)) {}

}  // namespace switchgear
