// What stands around the breaker of each service, as reports and diagnoses need it.
#include "app/gateway/gateway.hpp"

namespace switchgear::gateway {

namespace {

RetryUse of(const Retry& retry, const RetryBudget* budget, TimePoint now) {
  const RetryTotals totals = retry.totals();
  RetryUse use;
  use.max_attempts = retry.options().max_attempts;
  use.retries = totals.retries;
  use.recovered = totals.recovered;
  for (const GivenUp reason : given_up_reasons) {
    if (reason != GivenUp::pointless) use.exhausted += totals.given_up_for(reason);
  }
  use.used_up = totals.given_up_for(GivenUp::attempts_used_up);
  if (budget != nullptr) {
    const RetryBudgetSnapshot seen = budget->snapshot(now);
    use.budget_refused = seen.totals.refused;
    use.budget_is_spent = seen.left == 0;
  }
  return use;
}

CircuitSurroundings of(const PolicySet& set, std::size_t threads, TimePoint now) {
  const config::Service& service = set.service();
  const GatewayPolicies::Objects& has = set.policies();
  CircuitSurroundings around;
  if (service.business)
    around.value = figures::CallValue{service.business->value, service.business->currency};
  const std::uint64_t connections = service.pool.max_connections * threads;
  around.pool = PoolUse{.limit = connections};
  if (service.capacity) {
    around.capacity = static_cast<double>(*service.capacity);
  } else if (has.bulkhead) {
    around.capacity = has.bulkhead->options().max_concurrent;
  } else {
    around.capacity = static_cast<double>(connections);
  }
  if (has.queue) around.queue_waiting = has.queue->counters().waiting;
  if (has.fallback) {
    const FallbackCounters seen = has.fallback->counters();
    around.fallbacks = FallbackUse{.answered = seen.answered, .queued = seen.queued, .failed = seen.failed};
  }
  if (has.retry) around.retries = of(*has.retry, has.budget.get(), now);
  return around;
}

}  // namespace

std::map<std::string, CircuitSurroundings> Gateway::surroundings() const {
  const TimePoint now = http::EventLoop::now();
  std::map<std::string, CircuitSurroundings> all;
  for (const auto& [name, set] : policy_sets()) all.emplace(name, of(*set, workers_.size(), now));
  for (const WorkerCounts::OfService& seen : counts().services) {
    const auto found = all.find(seen.name);
    if (found == all.end()) continue;
    found->second.pool->busy = seen.pool.open - seen.pool.idle;
    found->second.pool->waiting = seen.pool.waiting;
  }
  return all;
}

}  // namespace switchgear::gateway
