// A refusal before any call was made: which policy refused, why, and when to come back.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "switchgear/core/level.hpp"
#include "switchgear/core/time.hpp"

namespace switchgear {

/// Why a call was refused. The first five are a circuit breaker's.
enum class Reason : std::uint8_t {
  open,               ///< the breaker is open; `retry_after` is what is left of it
  half_open,          ///< every probe permit is taken, or the next one is not due yet
  forced_open,        ///< an operator holds the breaker open, for an unknown time
  ramping,            ///< the breaker has just closed and lets traffic in by shares
  fleet_open,         ///< the other processes have found the dependency down (switchgear/redis)
  bulkhead_full,      ///< every slot is taken, and so is every place in the queue
  queue_timeout,      ///< waited as long as it may for a slot, and none became free
  rate_limited,       ///< the bucket is empty; `retry_after` is the exact time of the next token
  concurrency_limit,  ///< as many calls are running as the adaptive limit allows now
  deadline_exceeded,  ///< the whole call's time is over before this attempt began
  queued,             ///< not made now: stored, to be made later
  chaos,              ///< an injected refusal
  cancelled,          ///< the caller went away while it waited for its turn
  timed_out,          ///< the one that comes after the call was made: it did not end within its limit
  throttled,          ///< too many calls fail; admission control refuses a share of them
};
/// Those that a circuit breaker gives.
inline constexpr std::array breaker_rejection_reasons{Reason::open, Reason::half_open, Reason::forced_open,
                                                      Reason::ramping, Reason::fleet_open};
inline constexpr std::array rejection_reasons{Reason::open,
                                              Reason::half_open,
                                              Reason::forced_open,
                                              Reason::ramping,
                                              Reason::fleet_open,
                                              Reason::bulkhead_full,
                                              Reason::queue_timeout,
                                              Reason::rate_limited,
                                              Reason::concurrency_limit,
                                              Reason::deadline_exceeded,
                                              Reason::queued,
                                              Reason::chaos,
                                              Reason::cancelled,
                                              Reason::timed_out,
                                              Reason::throttled};

[[nodiscard]] constexpr std::string_view to_string(Reason reason) noexcept {
  constexpr std::array<std::string_view, rejection_reasons.size()> names{
      "open",          "half_open",     "forced_open",  "ramping",           "fleet_open",
      "bulkhead_full", "queue_timeout", "rate_limited", "concurrency_limit", "deadline_exceeded",
      "queued",        "chaos",         "cancelled",    "timed_out",         "throttled"};
  return names[static_cast<std::size_t>(reason)];
}

/// Whether a circuit breaker refused: such a refusal is final, nothing outside tries again.
[[nodiscard]] constexpr bool is_breakers(Reason reason) noexcept { return reason <= Reason::fleet_open; }

/// A value, cheap to return and to drop; nothing is thrown inside the library.
struct Rejection {
  constexpr Rejection() noexcept = default;
  constexpr Rejection(Reason why, std::string_view who, std::optional<Duration> wait,
                      std::optional<BreakerLevel> at = std::nullopt) noexcept
      : reason(why), level(at), policy(who), retry_after(wait) {}

  Reason reason = Reason::open;
  /// Of a multi-level breaker: where it stands, so that the caller can answer accordingly.
  std::optional<BreakerLevel> level;
  /// The name of the policy that refused. Borrowed from the policy: valid as long as the policy is.
  std::string_view policy;
  /// When to come back, counted from the `now` that was handed in. Never negative; empty if unknown.
  std::optional<Duration> retry_after;
};

/// For people: `breaker 'payment' is open; retry in 4.2s`, `bulkhead 'payment' is full`.
[[nodiscard]] std::string to_string(const Rejection& rejection);

}  // namespace switchgear
