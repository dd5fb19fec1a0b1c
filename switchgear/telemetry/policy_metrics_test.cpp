#include "switchgear/telemetry/policy_metrics.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "switchgear/telemetry/prometheus_text.hpp"
#include "switchgear/telemetry/promtool_fixture.hpp"

namespace switchgear::telemetry {
namespace {

using namespace std::chrono_literals;

TEST(PolicyMetrics, ShowEveryPolicyOfAProgramUnderItsOwnLabels) {
  const TimePoint now{1h};
  RetryBudget budget{"shop", {}};
  Retry retry{"shop", {.max_attempts = 3}, 0, &budget};
  Hedge hedge{"shop", {}};
  Bulkhead bulkhead{"shop", {.max_concurrent = 2}};
  AdaptiveLimit limit{"shop", {}};
  AdmissionControl admission{"shop", {}};
  RateLimiter limiter{"shop"};
  Cache<std::string> cache{"shop", {}};
  auto fallback = Fallback<std::string>::cached("shop", {.max_stale = 10min});
  CallQueue queue{"shop", {}};
  Chaos chaos{"shop", {}};

  Retry::Progress progress;
  retry.on_call(progress, now);
  (void)retry.next_attempt(progress, Outcome::failure(FailureType::timeout, 1s), now, TimePoint::max());
  const auto slot = bulkhead.try_acquire();

  MetricFamilies families;
  const Labels labels{{"service", "shop"}};
  add_policy(families, labels, retry);
  add_policy(families, labels, budget, now);
  add_policy(families, labels, hedge);
  add_policy(families, labels, bulkhead);
  add_policy(families, labels, limit);
  add_policy(families, labels, admission, now);
  add_policy(families, labels, limiter, now);
  add_policy(families, labels, cache);
  add_policy(families, labels, fallback);
  add_policy(families, labels, queue, now);
  add_policy(families, labels, chaos);
  const std::string text = prometheus_text(families);
  expect_line(text, R"(switchgear_retries_total{service="shop"} 1)");
  expect_line(text, R"(switchgear_bulkhead_in_use{service="shop"} 1)");
  expect_line(text, R"(switchgear_bulkhead_rejected_total{service="shop",reason="bulkhead_full"} 0)");
  expect_line(text, R"(switchgear_cache_hits_total{service="shop"} 0)");
  expect_line(text, R"(switchgear_fallbacks_total{service="shop",kind="cached"} 0)");
  expect_line(text, R"(switchgear_fallback_cache_entries{service="shop"} 0)");
  for (const char* name :
       {"hedges_total", "adaptive_limit", "admission_rejection_ratio", "admission_rejected_total",
        "rate_limiter_delayed_total", "retry_budget_left", "fallback_queue_waiting"}) {
    EXPECT_NE(text.find("\nswitchgear_" + std::string{name} + "{service=\"shop\"}"), std::string::npos)
        << name;
  }
  expect_promtool_accepts(text);
}

}  // namespace
}  // namespace switchgear::telemetry
