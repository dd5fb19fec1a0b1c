#include "app/interop/call_limits.hpp"

#include <algorithm>

namespace switchgear::interop {

namespace {

std::optional<Duration> within_bounds(std::optional<Duration> length, std::string& how) {
  if (!length || *length == Duration::zero()) return std::nullopt;
  const Duration bounded = std::clamp<Duration>(*length, std::chrono::milliseconds{1}, longest_limit);
  if (bounded != *length) how = "at least 1ms, at most 24h";
  return bounded;
}

}  // namespace

std::string set_limits(config::Policy& policy, const CallLimits& limits) {
  std::string how;
  const auto whole = within_bounds(limits.whole, how);
  auto attempt = within_bounds(limits.attempt, how);
  if (attempt && whole && *attempt > *whole) {
    attempt = whole;
    how = "the attempt's limit is cut to the call's";
  }
  if (!policy.retry && !policy.hedge) {  // one attempt, so that both are one
    policy.timeout = attempt ? attempt : whole.value_or(longest_limit);
    return how;
  }
  policy.deadline = whole;
  policy.timeout = attempt;
  if (!attempt && (!whole || *whole > config::gateway_timeout))
    policy.timeout = whole.value_or(longest_limit);
  return how;
}

CallLimits limits_of(const config::Policy& policy) {
  const auto finite = [](std::optional<Duration> length) {
    return length == longest_limit ? std::nullopt : length;
  };
  const bool implied = policy.deadline && *policy.deadline <= config::gateway_timeout;
  const Duration attempt = policy.timeout.value_or(implied ? *policy.deadline : config::gateway_timeout);
  if (!policy.retry && !policy.hedge)
    return {finite(std::min(attempt, policy.deadline.value_or(attempt))), std::nullopt};
  CallLimits limits{finite(policy.deadline), finite(attempt)};
  if (limits.attempt == limits.whole) limits.attempt.reset();
  return limits;
}

}  // namespace switchgear::interop
