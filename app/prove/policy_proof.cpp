#include "app/prove/policy_proof.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "app/check/surroundings.hpp"
#include "app/prove/breaker_proof.hpp"
#include "switchgear/core/duration_text.hpp"
#include "switchgear/policy/circuit_breaker.hpp"

namespace switchgear::prove {

namespace {

using analysis::Policy;

std::uint64_t plus(std::uint64_t a, std::uint64_t b) noexcept {
  return b > std::numeric_limits<std::uint64_t>::max() - a ? std::numeric_limits<std::uint64_t>::max()
                                                           : a + b;
}

Held held_of(const Policy& policy, const analysis::AttemptsAtOnce& in_flight) {
  Held held;
  held.attempts = in_flight.most;
  held.limited_by = in_flight.limited_by;
  if (policy.bulkhead) held.queued = policy.bulkhead->max_queue;
  if (policy.rate_limiter) {
    const double waiting = std::ceil(policy.rate_limiter->rate * to_seconds(policy.rate_limiter->max_wait));
    held.for_tokens = static_cast<std::uint64_t>(std::min(waiting, 1e18));
  }
  return held;
}

/// What calls that may take any time, or become any number, lack.
void tell_limits(const Policy& policy, PolicyProof& proof) {
  const analysis::Explanation& worst = proof.worst;
  if (!worst.latency.most) {
    proof.findings.push_back({"unbounded_latency", "timeout",
                              "a call may take for ever: " + worst.latency.unbounded +
                                  "; a timeout limits each attempt, a deadline the whole call"});
  }
  if (worst.amplification.most > 1 && !policy.retry_budget) {
    const std::string key = policy.retry ? "retry.budget" : "hedge.max_hedges";
    proof.findings.push_back(
        {"unlimited_retries", key,
         "while all fail or hang, every call becomes " + std::to_string(worst.amplification.most) +
             " attempts; " +
             (policy.retry ? "a retry.budget keeps them to a share of the calls" : "fewer hedges are less")});
  }
  if (!worst.in_flight.most) {
    proof.findings.push_back({"unbounded_in_flight", "bulkhead.max_concurrent",
                              "any number of calls may be in flight at once; a bulkhead limits them"});
  }
}

void finish(const Policy& policy, std::optional<double> rate, std::optional<HealthRows> checks,
            PolicyProof& proof) {
  if (policy.circuit_breaker) {
    proof.breaker = prove_breaker({policy, rate, checks});
    proof.findings = proof.breaker->findings;
    proof.memory.breaker = CircuitBreaker("proof", *policy.circuit_breaker).memory_bytes();
  }
  proof.memory.answers = proof.worst.memory.answer_bytes;
  proof.held = held_of(policy, proof.worst.in_flight);
  tell_limits(policy, proof);
}

/// What the service's breaker sees: the calls of several policies, none of whose limits holds for all.
Policy seen_by(const config::Config& config, const config::Service& service, Policy own) {
  std::set<std::string> others;
  for (const config::Route& route : service.routes) {
    if (!route.policy.empty() && route.policy != service.policy) others.insert(route.policy);
  }
  if (others.empty()) return own;
  own.bulkhead.reset();
  own.adaptive_limit.reset();
  own.rate_limiter.reset();
  for (const std::string& name : others) {
    const Policy& other = config.policies.at(name);
    own.timeout = std::max(*own.timeout, analysis::attempt_limit(other).value_or(config::gateway_timeout));
    const auto& when = other.failure_when;
    own.failure_when.status.insert(own.failure_when.status.end(), when.status.begin(), when.status.end());
    own.failure_when.timeout |= when.timeout;
    own.failure_when.connection_error |= when.connection_error;
  }
  if (own.deadline) own.deadline = std::max(*own.deadline, *own.timeout);
  return own;
}

}  // namespace

std::uint64_t Memory::total() const noexcept {
  return plus(plus(plus(breaker, by_value), plus(answers, queue)), bodies);
}

bool PolicyProof::fails() const noexcept {
  return breaker && (breaker->can_open == false || breaker->can_close == false);
}

PolicyProof prove_policy(const Policy& policy, std::optional<double> rate) {
  PolicyProof proof;
  proof.policy = policy.name;
  proof.applied = policy;
  proof.worst = analysis::explain(policy);
  finish(policy, rate, std::nullopt, proof);
  return proof;
}

PolicyProof prove_service(const config::Config& config, const config::Service& service,
                          const std::string& policy, std::optional<double> rate) {
  PolicyProof proof;
  proof.policy = policy;
  proof.applied = config.policies.at(policy);
  proof.worst = analysis::explain(proof.applied, check::surroundings_of(service, config.gateway));
  if (!proof.applied.timeout) proof.applied.timeout = config::gateway_timeout;
  const bool own = policy == service.policy;
  std::optional<HealthRows> checks;
  if (own && service.health_check) checks = service.health_check->watch.rows;
  finish(own ? seen_by(config, service, proof.applied) : proof.applied, rate, checks, proof);
  proof.memory.queue = proof.worst.memory.queue_bytes.value_or(0);
  proof.memory.bodies = proof.worst.memory.request_body_bytes.value_or(0);
  if (own && service.by) {
    constexpr std::uint64_t place = 266;  // a quiet value's and its place in the table: breakers_by_value.hpp
    proof.memory.by_value = service.by->limits.max * (place + proof.memory.breaker);
  }
  return proof;
}

}  // namespace switchgear::prove
