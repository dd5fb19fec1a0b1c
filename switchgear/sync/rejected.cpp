#include "switchgear/sync/rejected.hpp"

namespace switchgear {

namespace {

class RejectionCategory final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "switchgear.rejection"; }
  [[nodiscard]] std::string message(int value) const override {
    // Codes count from 1: 0 means "no error" everywhere.
    return "rejected: " + std::string(to_string(static_cast<Reason>(value - 1)));
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
    : std::system_error(make_error_code(rejection.reason), to_string(rejection)),
      reason_(rejection.reason),
      policy_(rejection.policy),
      retry_after_(rejection.retry_after) {}

}  // namespace switchgear
