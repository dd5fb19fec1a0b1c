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

/// `instances`: how many the service has now, each of which has connections of its own.
CircuitSurroundings of(const PolicySet& set, std::size_t instances, std::size_t threads, TimePoint now) {
  const config::Service& service = set.service();
  const GatewayPolicies::Objects& has = set.policies();
  CircuitSurroundings around;
  if (service.business)
    around.value = figures::CallValue{service.business->value, service.business->currency};
  const std::uint64_t connections = service.pool.max_connections * instances * threads;
  around.pool = PoolUse{.limit = connections};
  if (service.capacity) {
    around.capacity = static_cast<double>(*service.capacity);
  } else if (has.bulkhead) {
    around.capacity = has.bulkhead->options().max_concurrent;
  } else {
    around.capacity = static_cast<double>(connections);
  }
  if (has.bulkhead) around.bulkhead = has.bulkhead->options().max_concurrent;
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
  const auto [policies, instances] = shared_parts();
  std::map<std::string, http::PoolCounts> pools;
  for (const WorkerCounts::OfService& seen : counts().services) pools.emplace(seen.name, seen.pool);
  std::map<std::string, CircuitSurroundings> all;
  for (const auto& [name, set] : policies) {
    const std::string& service = set->service().name;
    const auto known = instances.find(service);
    const std::size_t count = known == instances.end() ? 1 : known->second->size();
    CircuitSurroundings& around = all.emplace(name, of(*set, count, workers_.size(), now)).first->second;
    // The policies of routes share the connections of their service.
    const http::PoolCounts& pool = pools[service];
    around.pool->busy = pool.open - pool.idle;
    around.pool->waiting = pool.waiting;
  }
  return all;
}

}  // namespace switchgear::gateway
