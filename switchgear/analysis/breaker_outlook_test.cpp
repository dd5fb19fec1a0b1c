#include "switchgear/analysis/breaker_outlook.hpp"

#include <gtest/gtest.h>

#include <string>

#include "switchgear/config/loading_fixture.hpp"
#include "switchgear/policy/circuit_breaker.hpp"

namespace switchgear::analysis {
namespace {

using config::policy_of;

using std::chrono::minutes;
using std::chrono::seconds;

BreakerOutlook outlook_of(const std::string& keys) { return breaker_outlook(policy_of("{" + keys + "}")); }

/// Failures that a real breaker with these options takes to open, after so many successes.
std::uint64_t failures_to_open(const CircuitBreakerOptions& options, std::uint64_t successes) {
  CircuitBreaker breaker("p", options);
  const TimePoint now{};
  for (std::uint64_t i = 0; i < successes; ++i)
    std::move(*breaker.try_acquire(now)).record(Verdict::success, now);
  for (std::uint64_t failures = 1; failures < 10'000; ++failures) {
    std::move(*breaker.try_acquire(now)).record(Verdict::failure, now);
    if (breaker.state() == State::open) return failures;
  }
  return 0;
}

TEST(BreakerOutlook, SaysHowManyFailuresARealBreakerNeedsAtWorst) {
  for (const std::uint32_t size : {1U, 7U, 20U, 100U}) {
    for (const double rate : {0.01, 0.07, 0.1, 0.15, 0.3, 0.5, 0.61, 1.0}) {
      for (const std::uint64_t minimum : {1U, 5U, 20U, 100U}) {
        if (minimum > size) continue;
        Policy policy;
        policy.circuit_breaker.emplace();
        policy.circuit_breaker->window = CountWindowOptions{size};
        policy.circuit_breaker->failure_rate = rate;
        policy.circuit_breaker->minimum_calls = minimum;
        std::uint64_t worst = 0;
        for (std::uint64_t successes = 0; successes <= size; ++successes)
          worst = std::max(worst, failures_to_open(*policy.circuit_breaker, successes));
        EXPECT_EQ(breaker_outlook(policy).rules.at(0).attempts, worst)
            << "size " << size << ", rate " << rate << ", minimum " << minimum;
      }
    }
  }
}

TEST(BreakerOutlook, KnowsEveryRule) {
  const BreakerOutlook outlook = outlook_of(
      "circuit_breaker: {window: {duration: 20s}, failure_rate: 0.25, slow_call: {rate: 0.5},"
      " latency: {quantile: 0.95}, consecutive_failures: 4, failure_balance: 6,"
      " stuck_calls: {older_than: 9s, count: 2}}");
  ASSERT_EQ(outlook.rules.size(), 6U);
  EXPECT_EQ(outlook.rules[0].rule, "failure_rate");
  EXPECT_EQ(outlook.rules[0].attempts, 20U);
  EXPECT_EQ(outlook.rules[0].within, seconds{5});
  EXPECT_FALSE(outlook.rules[0].by_latency);
  EXPECT_EQ(outlook.rules[1].within, seconds{10});
  EXPECT_TRUE(outlook.rules[1].by_latency);
  EXPECT_EQ(outlook.rules[2].within, seconds{1});
  EXPECT_EQ(outlook.rules[3].attempts, 4U);
  EXPECT_EQ(outlook.rules[4].attempts, 6U);
  EXPECT_EQ(outlook.rules[5].attempts, 0U);
  EXPECT_EQ(outlook.rules[5].within, seconds{9});
  EXPECT_FALSE(outlook.never_opens());
}

TEST(BreakerOutlook, ALatencyRuleWantsTheCallsAboveItsQuantile) {
  EXPECT_EQ(outlook_of("circuit_breaker: {minimum_calls: 5, latency: {quantile: 0.9}}").rules.at(0).attempts,
            11U)
      << "the 90th of 100 decides, so 11 must be long";
  EXPECT_EQ(
      outlook_of("circuit_breaker: {minimum_calls: 20, latency: {quantile: 0.99}}").rules.at(0).attempts,
      20U);
}

TEST(BreakerOutlook, OpeningsGrowToTheirCap) {
  const BreakerOutlook steady = outlook_of("preset: core");
  EXPECT_EQ(steady.openings, (std::vector<Duration>{seconds{30}}));
  EXPECT_EQ(steady.relapses_to_longest, 0U);
  const BreakerOutlook growing = outlook_of("preset: core, circuit_breaker: {backoff: 2}");
  EXPECT_EQ(growing.openings,
            (std::vector<Duration>{seconds{30}, minutes{1}, minutes{2}, minutes{4}, minutes{5}}));
  EXPECT_EQ(growing.relapses_to_longest, 4U);
  const BreakerOutlook exact =
      outlook_of("preset: core, circuit_breaker: {backoff: 10, max_open_duration: 300s}");
  EXPECT_EQ(exact.openings, (std::vector<Duration>{seconds{30}, minutes{5}}));
  const BreakerOutlook slow = outlook_of("preset: core, circuit_breaker: {backoff: 1.01}");
  EXPECT_EQ(slow.openings.size(), 8U);
  EXPECT_EQ(slow.openings.back(), minutes{5});
  EXPECT_EQ(slow.relapses_to_longest, 232U);
}

TEST(BreakerOutlook, ClosesAsSoonAsTheRestCouldNotRelapseIt) {
  const auto probes = [](const std::string& keys) {
    return outlook_of("circuit_breaker: {failure_rate: 0.5, half_open: {" + keys + "}}").probes_to_close;
  };
  EXPECT_EQ(probes("permitted_calls: 5"), 5U);
  EXPECT_EQ(probes("permitted_calls: 5, max_failure_rate: 1"), 1U);
  EXPECT_EQ(probes("permitted_calls: 5, max_failure_rate: 0.5"), 3U);
  EXPECT_EQ(probes("permitted_calls: 4, max_failure_rate: 0.5"), 3U);
  EXPECT_EQ(probes("permitted_calls: 10, max_failure_rate: 0.1"), 10U);
  EXPECT_EQ(probes("permitted_calls: 10, success_threshold: 4"), 4U);
  EXPECT_EQ(probes("permitted_calls: 5, success_threshold: 4, max_failure_rate: 0.5"), 3U);
}

TEST(BreakerOutlook, ItsProbesAreThoseARealBreakerWants) {
  for (std::uint32_t permitted = 1; permitted <= 12; ++permitted) {
    for (const double rate : {0.0, 0.1, 0.25, 0.34, 0.5, 0.75, 1.0}) {
      Policy policy;
      CircuitBreakerOptions& options = policy.circuit_breaker.emplace();
      options.consecutive_failures = 1;
      options.half_open.permitted_calls = permitted;
      if (permitted % 3 == 0) options.half_open.success_threshold = permitted / 3;
      options.half_open.max_failure_rate = rate;
      CircuitBreaker breaker("p", options);
      TimePoint now{};
      std::move(*breaker.try_acquire(now)).record(Verdict::failure, now);
      now += options.open_duration;
      std::uint32_t probes = 0;
      do {
        std::move(*breaker.try_acquire(now)).record(Verdict::success, now);
        ++probes;
      } while (breaker.state() == State::half_open);
      EXPECT_EQ(breaker_outlook(policy).probes_to_close, probes) << permitted << " at " << rate;
    }
  }
}

TEST(BreakerOutlook, CountsAttemptsAndSlots) {
  EXPECT_EQ(attempts_of_a_call(policy_of("{}")), 1U);
  EXPECT_EQ(attempts_of_a_call(policy_of("{retry: {max_attempts: 4}, hedge: {delay: p95, max_hedges: 2}}")),
            12U);
  EXPECT_EQ(attempts_of_a_call(
                policy_of("{deadline: 5s, retry: {max_attempts: 9, base: 2s, backoff: fixed, jitter: "
                          "none}}")),
            3U)
      << "at 0s, 2s and 4s";
  EXPECT_EQ(attempts_of_a_call(policy_of("{deadline: 1s, hedge: {delay: 500ms, max_hedges: 4}}")), 2U);
  EXPECT_EQ(attempts_of_a_call(policy_of("{deadline: 1s, hedge: {delay: 0s, max_hedges: 4}}")), 5U);
  EXPECT_EQ(attempts_of_a_call(policy_of("{deadline: 1s, retry: {}, hedge: {delay: 400ms, max_hedges: 4}}")),
            5U)
      << "two attempts that fail at once, a third with two hedges";
  EXPECT_EQ(attempts_of_a_call(policy_of("{deadline: 1s, retry: {max_attempts: 1000000}}")), 1'000'000U);
  EXPECT_EQ(calls_at_once(policy_of("{}")), 0U);
  EXPECT_EQ(calls_at_once(policy_of("{bulkhead: {max_concurrent: 9}}")), 9U);
  EXPECT_EQ(calls_at_once(policy_of("{adaptive_limit: {max_limit: 40}}")), 40U);
  EXPECT_EQ(calls_at_once(policy_of("{bulkhead: {max_concurrent: 9}, adaptive_limit: {max_limit: 40}}")), 9U);
}

}  // namespace
}  // namespace switchgear::analysis
