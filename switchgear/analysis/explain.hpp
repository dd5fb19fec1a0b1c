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

namespace switchgear::analysis {

/// The longest one call can take, and what that is made of. The waits for a token and for a slot come before
/// the deadline begins, as in the standard order.
struct WorstLatency {
  Duration token_wait{};
  Duration queue_wait{};
  std::optional<Duration> attempt;   ///< one alone; unset: no timeout
  std::optional<Duration> race;      ///< one with the hedges beside it, each begun as late as it may
  Duration delays{};                 ///< all of them, drawn as long as jitter may make them
  Duration delays_asked_for{};       ///< the same where the server asks for as much as it may (Retry-After)
  std::optional<Duration> attempts;  ///< every attempt with its hedges, and `delays_asked_for` between
  std::optional<Duration> most;      ///< the waits, and the attempts until the deadline; unset: unbounded
  std::string unbounded;             ///< why there is no `most`
};

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
/// The longest that the delays before all retries can be together, each of them at least `asked_for`.
[[nodiscard]] Duration longest_delays(const RetryOptions& retry, Duration asked_for = {}) noexcept;
/// The longest `Retry-After` that is waited for: none beyond the deadline, and none without a retry.
[[nodiscard]] Duration longest_retry_after(const Policy& policy);
[[nodiscard]] WorstLatency worst_latency(const Policy& policy);
[[nodiscard]] Amplification amplification(const Policy& policy) noexcept;
[[nodiscard]] AttemptsAtOnce most_in_flight(const Policy& policy);
/// Empty when no rule of the breaker can hold. Precondition: the policy has a breaker.
[[nodiscard]] std::optional<Notice> notice_of(const Policy& policy, const BreakerOutlook& outlook);

}  // namespace switchgear::analysis
