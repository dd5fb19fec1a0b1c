#include "switchgear/analysis/worst_latency.hpp"

#include <algorithm>
#include <cstdint>

namespace switchgear::analysis {

namespace {

using Rep = Duration::rep;

Duration plus(Duration a, Duration b) noexcept {
  Rep sum = 0;
  return __builtin_add_overflow(a.count(), b.count(), &sum) ? Duration::max() : Duration{sum};
}

Duration times(Duration length, std::uint64_t n) noexcept {
  Rep product = 0;
  return __builtin_mul_overflow(length.count(), n, &product) ? Duration::max() : Duration{product};
}

bool retries(const Policy& policy) noexcept { return policy.retry && policy.retry->max_attempts > 1; }

/// A failure waits for the hedges under way; each begins before the attempt it stands beside is over.
std::optional<Duration> longest_race(const Policy& policy) {
  if (!policy.timeout || !policy.hedge) return policy.timeout;
  const auto* fixed = std::get_if<Duration>(&policy.hedge->delay);
  const Duration delay = fixed != nullptr ? std::min(*fixed, *policy.timeout) : *policy.timeout;
  return plus(times(delay, policy.hedge->max_hedges), *policy.timeout);
}

}  // namespace

Duration longest_delays(const RetryOptions& retry, Duration asked_for) noexcept {
  Duration sum{};
  Duration previous{};
  for (std::uint32_t k = 1; k < retry.max_attempts; ++k) {
    const Duration longest = delay_range(retry, k, previous).most;
    // Once the cap is reached, and with it all growth, the rest is alike.
    const bool capped =
        retry.delay || (retry.jitter == Jitter::decorrelated ? longest == previous
                                                             : backoff_delay(retry, k) == retry.max_delay);
    const Duration waited = std::max(longest, asked_for);
    if (capped) return plus(sum, times(waited, retry.max_attempts - k));
    sum = plus(sum, waited);
    previous = longest;
  }
  return sum;
}

Duration longest_retry_after(const Policy& policy) {
  const Duration longest = policy.retry ? policy.retry->honor_retry_after.max : Duration::zero();
  return policy.deadline ? std::min(longest, *policy.deadline) : longest;
}

WorstLatency worst_latency(const Policy& policy) {
  WorstLatency worst;
  if (policy.rate_limiter) worst.token_wait = policy.rate_limiter->max_wait;
  if (policy.bulkhead) worst.queue_wait = policy.bulkhead->max_wait;
  worst.attempt = policy.timeout;
  worst.race = longest_race(policy);
  if (retries(policy)) {
    worst.delays = longest_delays(*policy.retry);
    worst.delays_asked_for = longest_delays(*policy.retry, longest_retry_after(policy));
  }
  if (worst.race) {
    const std::uint64_t rounds = policy.retry ? policy.retry->max_attempts : 1;
    worst.attempts = plus(times(*worst.race, rounds), worst.delays_asked_for);
  }
  std::optional<Duration> inside = worst.attempts;
  if (policy.deadline) {
    inside = inside ? std::min(*inside, *policy.deadline) : policy.deadline;
  } else if (!inside) {
    worst.unbounded = "no timeout and no deadline limits an attempt";
  }
  if (inside) worst.most = plus(plus(worst.token_wait, worst.queue_wait), *inside);
  return worst;
}

}  // namespace switchgear::analysis
