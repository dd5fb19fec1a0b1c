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
  /// Parts that most answers do not have.
  struct Details {
    std::error_code code{};  ///< what the last attempt reported
    Source source = Source::call;
    Duration age{};
    std::optional<std::uint64_t> queued_as{};          ///< the stored call's id
    std::shared_ptr<const FallbackFailure> failure{};  ///< set when the fallback failed too
  };

  std::optional<T> value{};        ///< a failure too, when the last attempt returned one
  std::exception_ptr exception{};  ///< what the last attempt threw
  std::optional<Details> details{};

  Details& detail() { return details ? *details : details.emplace(); }

  /// Both causes, when a fallback had nothing for a call that ended like this. Null otherwise, also when what
  /// the fallback failed for was an earlier attempt.
  [[nodiscard]] std::shared_ptr<const FallbackFailure> both_causes(const Ending& ending) const noexcept {
    if (!details || details->failure == nullptr) return nullptr;
    const bool refused = ending.how == Ending::How::refused;
    return refused && !details->failure->primary.rejection ? nullptr : details->failure;
  }

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
