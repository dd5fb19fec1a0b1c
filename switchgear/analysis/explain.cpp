#include "switchgear/analysis/explain.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <tuple>

namespace switchgear::analysis {

namespace {

std::uint64_t times(std::uint64_t a, std::uint64_t b) noexcept {
  std::uint64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? std::numeric_limits<std::uint64_t>::max() : product;
}

std::uint64_t branches(const Policy& policy) noexcept {
  return policy.hedge ? std::uint64_t{policy.hedge->max_hedges} + 1 : 1;
}

void take_least(AttemptsAtOnce& least, std::uint64_t most, std::string_view limited_by) {
  if (least.most && *least.most <= most) return;
  least.most = most;
  least.limited_by = limited_by;
}

std::string fallback_word(const FallbackOptions& fallback) {
  static constexpr std::array<std::string_view, 4> kinds{"value", "cache", "queue", "fail"};
  return std::string("fallback (").append(kinds[fallback.index()]).append(")");
}

KeptInMemory entries_of(const Policy& policy) {
  KeptInMemory memory;
  if (policy.cache && policy.cache->ttl > Duration::zero()) {
    memory.cached_answers = policy.cache->max_entries;
    memory.answer_bytes = policy.cache->max_bytes;
  }
  if (!policy.fallback) return memory;
  if (const auto* stale = std::get_if<CachedFallbackOptions>(&*policy.fallback)) {
    memory.stale_answers = stale->max_entries;
    memory.answer_bytes += stale->max_bytes;
  }
  if (const auto* queue = std::get_if<CallQueueOptions>(&*policy.fallback)) memory.queued_calls = queue->max;
  return memory;
}

/// Calls that are under way at once, in the queues before the service too.
std::uint64_t calls_under_way(const Policy& policy, std::uint64_t clients) {
  if (!policy.bulkhead) return clients;
  double most = static_cast<double>(policy.bulkhead->max_concurrent) + policy.bulkhead->max_queue;
  if (policy.rate_limiter)
    most += std::ceil(policy.rate_limiter->rate * to_seconds(policy.rate_limiter->max_wait));
  return most < static_cast<double>(clients) ? static_cast<std::uint64_t>(most) : clients;
}

}  // namespace

std::vector<std::string> order_of(const Policy& policy) { return order_of(policy, {}); }

std::vector<std::string> order_of(const Policy& policy, const Surroundings& around) {
  std::vector<std::string> order;
  const auto add = [&](bool there, std::string name) {
    if (there) order.push_back(std::move(name));
  };
  if (policy.fallback) {
    order.push_back(fallback_word(*policy.fallback));
  } else {
    add(!policy.level_answers.empty(), "fallback (by level)");
  }
  add(policy.cache.has_value(), "cache");
  add(policy.admission.has_value(), "admission control");
  add(policy.rate_limiter.has_value(), "rate limiter");
  add(policy.bulkhead.has_value(), "bulkhead");
  add(policy.adaptive_limit.has_value(), "adaptive limit");
  add(policy.deadline.has_value(), "deadline");
  add(policy.retry.has_value(), "retry");
  add(policy.hedge.has_value(), "hedge");
  add(around.outer_breaker, "circuit breaker of the service");
  add(policy.circuit_breaker.has_value(), "circuit breaker");
  add(!around.breakers_by.empty(), std::string("circuit breaker by ").append(around.breakers_by));
  add(policy.timeout.has_value(), "timeout");
  add(policy.chaos && policy.chaos->enabled, "chaos");
  order.emplace_back("call");
  return order;
}

Amplification amplification(const Policy& policy) noexcept {
  Amplification load;
  load.most = attempts_of_a_call(policy);
  // What limits the retries in flight limits their rate only together with how long they take.
  if (load.most > 1 && policy.retry_budget && policy.retry_budget->mode == BudgetMode::window) {
    load.steady = std::min(1 + policy.retry_budget->ratio, static_cast<double>(load.most));
    load.extra_per_second = policy.retry_budget->min_per_second;
  }
  return load;
}

AttemptsAtOnce most_in_flight(const Policy& policy) {
  AttemptsAtOnce least;
  if (policy.bulkhead)
    take_least(least, times(policy.bulkhead->max_concurrent, branches(policy)), "bulkhead");
  if (policy.adaptive_limit)
    take_least(least, times(policy.adaptive_limit->max_limit, branches(policy)), "adaptive_limit");
  const WorstLatency worst = worst_latency(policy);
  if (policy.rate_limiter && worst.most) {
    // Those in flight got their token no longer ago than a call takes from there.
    const double stretch = to_seconds(*worst.most - worst.token_wait);
    const double tokens =
        std::floor(policy.rate_limiter->rate * stretch) + policy.rate_limiter->burst_or_rate();
    constexpr double countable = 1e15;
    if (tokens < countable)
      take_least(least, times(static_cast<std::uint64_t>(tokens), branches(policy)), "rate_limiter");
  }
  return least;
}

std::optional<Notice> notice_of(const Policy& policy, const BreakerOutlook& outlook) {
  // A rule about failures takes precedence over one about slowness; a number of calls beats one that takes
  // its time as well, and that a length of time alone.
  const auto rank = [](const RuleOutlook& rule) {
    return std::tuple(rule.by_latency, rule.attempts == 0, rule.within.value_or(Duration{}), rule.attempts);
  };
  const RuleOutlook* quickest = nullptr;
  for (const RuleOutlook& rule : outlook.rules) {
    if (rule.never.empty() && (quickest == nullptr || rank(rule) < rank(*quickest))) quickest = &rule;
  }
  if (quickest == nullptr) return std::nullopt;
  Notice notice{quickest->rule, quickest->by_latency, quickest->attempts, 0, 0, quickest->within};
  const std::uint64_t each = attempts_of_a_call(policy);
  notice.calls_least = (notice.attempts + each - 1) / each;
  notice.calls_most = notice.attempts;
  return notice;
}

Explanation explain(const Policy& policy) {
  Explanation all;
  all.order = order_of(policy);
  all.latency = worst_latency(policy);
  all.amplification = amplification(policy);
  all.in_flight = most_in_flight(policy);
  all.memory = entries_of(policy);
  if (policy.circuit_breaker) {
    all.breaker = breaker_outlook(policy);
    all.notice = notice_of(policy, *all.breaker);
  }
  return all;
}

Explanation explain(const Policy& policy, const Surroundings& around) {
  Policy applied = policy;
  if (!applied.timeout) applied.timeout = around.timeout;
  Explanation all = explain(applied);
  all.order = order_of(policy, around);

  take_least(all.in_flight, times(around.clients, branches(policy)), "gateway.limits.connections");
  if (around.connections) take_least(all.in_flight, *around.connections, "connections.max");

  KeptInMemory& memory = all.memory;
  memory.request_body_bytes = 0;
  if (all.amplification.most > 1 || memory.queued_calls > 0)
    memory.request_body_bytes = times(calls_under_way(policy, around.clients), around.buffered_body_bytes);
  memory.answer_body_bytes = std::min(
      times(memory.cached_answers + memory.stale_answers, around.cached_body_bytes), memory.answer_bytes);
  memory.queue_bytes = times(memory.queued_calls, around.buffered_body_bytes + around.head_bytes);
  return all;
}

}  // namespace switchgear::analysis
