// The worst cases of a policy, worked out from its options alone: how long one call may take, how many
// attempts it may become, how many run at once, what is kept in memory. Pure functions; nothing is measured.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "switchgear/analysis/breaker_outlook.hpp"
#include "switchgear/analysis/policy.hpp"
#include "switchgear/analysis/worst_latency.hpp"

namespace switchgear::analysis {

/// How many attempts the dependency may see for one call.
struct Amplification {
  std::uint64_t most = 1;        ///< of a single call
  std::optional<double> steady;  ///< on average over 10 s, by the retry budget; unset: as `most`
  double extra_per_second = 0;   ///< attempts that the budget grants beside that (min_per_second)
};

struct AttemptsAtOnce {
  std::optional<std::uint64_t> most;  ///< attempts at once; unset: unbounded
  std::string_view limited_by;        ///< the key that says so
};

/// What is kept. Answers are bounded by the policy, in number and in bytes; bodies of requests by the
/// gateway.
struct KeptInMemory {
  std::uint64_t cached_answers = 0;                 ///< of `cache`
  std::uint64_t stale_answers = 0;                  ///< of `fallback.cache`
  std::uint64_t queued_calls = 0;                   ///< of `fallback.queue`
  std::optional<std::uint64_t> request_body_bytes;  ///< of calls that may have to be made again, or stored
  std::uint64_t answer_bytes = 0;                   ///< of cached and stale answers, keys included
  std::optional<std::uint64_t> answer_body_bytes;   ///< of their bodies alone, as the gateway caps these
  std::optional<std::uint64_t> queue_bytes;         ///< of stored calls, heads included
};

/// How soon the breaker notices that every attempt fails.
struct Notice {
  std::string_view rule;       ///< the quickest one
  bool only_hanging = false;   ///< no rule counts failures: attempts that fail at once are never noticed
  std::uint64_t attempts = 0;  ///< at most so many; 0: see `within`
  std::uint64_t calls_least = 0, calls_most = 0;  ///< the same in calls: each with all its attempts, or one
  std::optional<Duration> within;                 ///< when only time says it
};

/// What bounds the calls of a policy from outside: a gateway, with one service behind it.
struct Surroundings {
  Duration timeout{};                            ///< of an attempt, if the policy has none
  std::uint64_t clients = 0;                     ///< that can call at once
  std::optional<std::uint64_t> connections = 0;  ///< to the service, at once; unset: it is not known how many
  std::uint64_t head_bytes = 0;                  ///< of one stored request's head, at most
  std::uint64_t buffered_body_bytes = 0;         ///< of one request's body, kept to be sent again
  std::uint64_t cached_body_bytes = 0;           ///< of one remembered answer's body
  bool outer_breaker = false;                    ///< the service's, around the policy's own
  std::string_view breakers_by = {};             ///< the header whose values have a breaker each; empty: none
};

struct Explanation {
  std::vector<std::string> order;  ///< outermost first
  WorstLatency latency;
  Amplification amplification;
  AttemptsAtOnce in_flight;
  KeptInMemory memory;
  std::optional<BreakerOutlook> breaker;
  std::optional<Notice> notice;
};

/// The policy for itself, as the library applies it. Precondition: it is valid.
[[nodiscard]] Explanation explain(const Policy& policy);
/// The policy inside of something that has bounds of its own.
[[nodiscard]] Explanation explain(const Policy& policy, const Surroundings& around);

// The parts.
[[nodiscard]] std::vector<std::string> order_of(const Policy& policy);
[[nodiscard]] std::vector<std::string> order_of(const Policy& policy, const Surroundings& around);
[[nodiscard]] Amplification amplification(const Policy& policy) noexcept;
[[nodiscard]] AttemptsAtOnce most_in_flight(const Policy& policy);
/// Empty when no rule of the breaker can hold. Precondition: the policy has a breaker.
[[nodiscard]] std::optional<Notice> notice_of(const Policy& policy, const BreakerOutlook& outlook);

}  // namespace switchgear::analysis
