// Why a call has no good answer: given to a fallback, and kept if the fallback fails too.
#pragma once

#include <exception>
#include <optional>
#include <string>
#include <system_error>

#include "switchgear/core/outcome.hpp"
#include "switchgear/core/rejection.hpp"

namespace switchgear {

/// A refusal, or a call that failed. Of the last three, those are set that the call's own way of failing has.
struct Cause {
  std::optional<Rejection> rejection;  ///< set when a policy refused; then nothing else is
  FailureType type = FailureType::exception;
  std::exception_ptr exception;  ///< what the call threw
  std::error_code code;          ///< what the call reported

  /// For people: `breaker 'payment' is open; retry in 4.2s`, `timeout`, `exception: no route to host`.
  [[nodiscard]] std::string text() const;
};

}  // namespace switchgear
