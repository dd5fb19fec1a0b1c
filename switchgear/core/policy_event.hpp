// What policies other than breakers tell their listeners: one type for each thing that happens.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "switchgear/core/cause.hpp"
#include "switchgear/core/outcome.hpp"
#include "switchgear/core/policy_kind.hpp"
#include "switchgear/core/rejection.hpp"
#include "switchgear/core/time.hpp"

namespace switchgear {

/// Why a call that failed was not tried again.
enum class GivenUp : std::uint8_t {
  attempts_used_up,  ///< max_attempts were made
  pointless,         ///< another attempt would end the same way: 4xx, 501, …
  deadline,          ///< the next attempt would begin at or after the deadline
  budget_exhausted,
  retry_after,  ///< the server asked for a longer wait than `honor_retry_after.max`
};
inline constexpr std::array given_up_reasons{GivenUp::attempts_used_up, GivenUp::pointless, GivenUp::deadline,
                                             GivenUp::budget_exhausted, GivenUp::retry_after};

[[nodiscard]] constexpr std::string_view to_string(GivenUp reason) noexcept {
  constexpr std::array<std::string_view, given_up_reasons.size()> names{
      "attempts_used_up", "pointless", "deadline", "budget_exhausted", "retry_after"};
  return names[static_cast<std::size_t>(reason)];
}

/// The kinds of fallback.
enum class FallbackKind : std::uint8_t { value, function, cached, queue, fail };

[[nodiscard]] constexpr std::string_view to_string(FallbackKind kind) noexcept {
  constexpr std::array<std::string_view, 5> names{"value", "function", "cached", "queue", "fail"};
  return names[static_cast<std::size_t>(kind)];
}

/// The head of every event. What it views is borrowed for as long as the listener runs.
struct PolicyEvent {
  std::string_view policy;  ///< its name
  PolicyKind kind = PolicyKind::circuit_breaker;
  TimePoint at{};
};

/// A call will be tried again.
struct RetryEvent : PolicyEvent {
  std::uint32_t retry = 1;                    ///< its number: 1 for the second attempt
  Duration delay{};                           ///< from now on
  Verdict verdict = Verdict::failure;         ///< of the attempt that has ended
  FailureType type = FailureType::exception;  ///< of a failure
};

/// A call that failed, or is worth repeating, will not be tried again.
struct GaveUpEvent : PolicyEvent {
  std::uint32_t attempts = 1;  ///< made
  GivenUp reason = GivenUp::attempts_used_up;
  Verdict verdict = Verdict::failure;         ///< of the last attempt
  FailureType type = FailureType::exception;  ///< of a failure
};

/// A further attempt is due beside a slow one.
struct HedgeEvent : PolicyEvent {
  std::uint32_t hedge = 1;  ///< its number: 1 for the second attempt
  Duration waited{};        ///< since the first attempt began
  bool sent = true;         ///< false: the budget refused it
};

/// An attempt, or a whole call, was cut off at its limit.
struct TimeoutEvent : PolicyEvent {
  Duration length{};  ///< of the limit
};

enum class FallbackResult : std::uint8_t { answered, queued, failed };

/// A fallback was asked for an answer.
struct FallbackEvent : PolicyEvent {
  FallbackKind way = FallbackKind::value;
  FallbackResult result = FallbackResult::answered;
  Duration age{};                          ///< of a remembered answer
  std::optional<std::uint64_t> queued_as;  ///< the stored call's id
  const Cause* cause = nullptr;            ///< why the call has no answer of its own; not null
};

enum class CacheResult : std::uint8_t {
  hit,             ///< an answer from memory
  miss,            ///< the caller makes the call
  stale,           ///< an answer was there, but too old; `miss`, `shared` or `shared_failure` follows
  shared,          ///< the answer of a call that another caller made meanwhile
  shared_failure,  ///< the failure of such a call
};

[[nodiscard]] constexpr std::string_view to_string(CacheResult result) noexcept {
  constexpr std::array<std::string_view, 5> names{"hit", "miss", "stale", "shared", "shared_failure"};
  return names[static_cast<std::size_t>(result)];
}

/// A cache was asked for an answer.
struct CacheEvent : PolicyEvent {
  CacheResult result = CacheResult::hit;
  std::string_view key;
  Duration age{};  ///< of an answer
};

/// A policy refused a call. A breaker says so too, unless its listener implements on_rejection().
struct RejectedEvent : PolicyEvent {
  Rejection rejection{};
};

}  // namespace switchgear
