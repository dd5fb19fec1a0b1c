// Both causes, when neither the call nor its fallback has an answer.
#pragma once

#include <string>
#include <string_view>
#include <system_error>

#include "switchgear/core/cause.hpp"

#if defined(__cpp_exceptions)
#include <memory>
#include <stdexcept>
#include <utility>
#endif

namespace switchgear {

/// Why a fallback had no answer, if that is not an exception of the user's own.
enum class FallbackErrc {
  nothing_remembered = 1,  ///< no good answer to this key, or none that is young enough
  queue_full = 2,
  told_to_fail = 3,  ///< it is there to fail, with a clear message
  no_key = 4,        ///< the call has no key, so no answer is known to be its own
};

[[nodiscard]] const std::error_category& fallback_category() noexcept;
[[nodiscard]] inline std::error_code make_error_code(FallbackErrc error) noexcept {
  return {static_cast<int>(error), fallback_category()};
}

/// Both causes, and the words for them.
struct FallbackFailure {
  std::string name;     ///< the fallback's
  Cause primary;        ///< why the call has no good answer
  Cause fallback;       ///< why the fallback has none either
  std::string message;  ///< the text of a `fail` fallback; empty otherwise

  /// `fallback 'payment': the queue is full; the call: breaker 'payment' is open; retry in 4.2s`
  [[nodiscard]] std::string text() const;
};

#if defined(__cpp_exceptions)
/// Carries both causes to callers who use exceptions.
class FallbackError : public std::runtime_error {
 public:
  explicit FallbackError(FallbackFailure failure)
      : FallbackError(std::make_shared<const FallbackFailure>(std::move(failure))) {}
  /// Precondition: not null.
  explicit FallbackError(std::shared_ptr<const FallbackFailure> failure)
      : std::runtime_error(failure->text()), failure_(std::move(failure)) {}

  [[nodiscard]] const FallbackFailure& failure() const noexcept { return *failure_; }

 private:
  std::shared_ptr<const FallbackFailure> failure_;  // copying an exception must not throw
};
#endif

}  // namespace switchgear

template <>
struct std::is_error_code_enum<switchgear::FallbackErrc> : std::true_type {};
