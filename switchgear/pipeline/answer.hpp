// Where the result of one call stands until its caller takes it.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "switchgear/core/time.hpp"
#include "switchgear/pipeline/call.hpp"
#include "switchgear/policy/fallback_failure.hpp"

namespace switchgear {

/// Written by the driver after each attempt, and by policies that have an answer of their own.
/// Threads: one at a time.
template <class T>
struct Answer {
  /// What most answers have nothing of.
  struct Details {
    std::error_code code{};  ///< what the last attempt reported
    Source source = Source::call;
    Duration age{};
    std::optional<std::uint64_t> queued_as{};    ///< the stored call's id
    std::unique_ptr<FallbackFailure> failure{};  ///< set when the fallback failed too
  };

  std::optional<T> value{};
  std::exception_ptr exception{};  ///< what the last attempt threw
  std::optional<Details> details{};

  Details& detail() { return details ? *details : details.emplace(); }

  /// Whatever the last attempt brought is not the call's.
  void forget() noexcept {
    value.reset();
    exception = nullptr;
    details.reset();
  }
};

/// Stands for a call that returns nothing.
struct Nothing {
  friend constexpr bool operator==(Nothing, Nothing) = default;
};

}  // namespace switchgear
