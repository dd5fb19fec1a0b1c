#include "switchgear/analysis/explain.hpp"

#include <gtest/gtest.h>

#include <string>

#include "switchgear/config/loading_fixture.hpp"

namespace switchgear::analysis {
namespace {

using config::policy_of;

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr const char* everything =
    "{preset: payment, retry: {max_attempts: 3, base: 100ms, factor: 2, jitter: full, budget: {ratio: 0.2,"
    " min_per_second: 3}}, timeout: 2s, deadline: 10s, bulkhead: {max_concurrent: 50, max_queue: 200, "
    "max_wait:"
    " 1s}, rate_limiter: {rate: 100, burst: 50, max_wait: 500ms}, hedge: {delay: 500ms, max_hedges: 1}, "
    "cache:"
    " {ttl: 5s, max_entries: 100}, fallback: {cache: {max_stale: 10m, max_entries: 300}}, circuit_breaker:"
    " {backoff: 2, jitter: 0.1}}";

TEST(Explain, TheOrderIsTheStandardOne) {
  EXPECT_EQ(order_of(policy_of(everything)),
            (std::vector<std::string>{"fallback (cache)", "cache", "rate limiter", "bulkhead", "deadline",
                                      "retry", "hedge", "circuit breaker", "timeout", "call"}));
  EXPECT_EQ(order_of(policy_of("{}")), std::vector<std::string>{"call"});
  EXPECT_EQ(order_of(policy_of("{adaptive_limit: {}, admission: {}, chaos: {enabled: true}}")),
            (std::vector<std::string>{"admission control", "adaptive limit", "chaos", "call"}));
  EXPECT_EQ(order_of(policy_of("{chaos: {}}")), std::vector<std::string>{"call"}) << "it is off";
}

TEST(Explain, TheLongestDelaysAddUp) {
  RetryOptions retry{
      .max_attempts = 4, .base = seconds{1}, .factor = 2, .max_delay = seconds{3}, .jitter = Jitter::none};
  EXPECT_EQ(longest_delays(retry), seconds{1 + 2 + 3});
  retry.jitter = Jitter::full;
  EXPECT_EQ(longest_delays(retry), seconds{1 + 2 + 3});
  retry.jitter = Jitter::equal;
  EXPECT_EQ(longest_delays(retry), milliseconds{1500 + 3000 + 4500});
  retry.jitter = Jitter::ratio;
  retry.jitter_ratio = 0.5;
  EXPECT_EQ(longest_delays(retry), milliseconds{1500 + 3000 + 4500});
  retry.jitter = Jitter::decorrelated;
  EXPECT_EQ(longest_delays(retry), seconds{3 + 3 + 3});
  retry.max_delay = seconds{100};
  EXPECT_EQ(longest_delays(retry), seconds{3 + 9 + 27});
  retry.max_attempts = 1;
  EXPECT_EQ(longest_delays(retry), seconds{0});
}

TEST(Explain, AMillionDelaysAreTheSumOfTheirFormula) {
  const RetryOptions retry{
      .max_attempts = 1'000'000, .base = seconds{1}, .max_delay = seconds{8}, .jitter = Jitter::none};
  EXPECT_EQ(longest_delays(retry), seconds{1 + 2 + 4} + seconds{8} * 999'996);
  const RetryOptions endless{.max_attempts = 1'000'000,
                             .base = Duration::max() / 2,
                             .max_delay = Duration::max(),
                             .jitter = Jitter::none};
  EXPECT_EQ(longest_delays(endless), Duration::max());
}

TEST(Explain, LatencyIsWaitsAndAttemptsUntilTheDeadline) {
  const WorstLatency cut = worst_latency(policy_of(everything));
  EXPECT_EQ(cut.token_wait, milliseconds{500});
  EXPECT_EQ(cut.queue_wait, seconds{1});
  EXPECT_EQ(cut.attempt, seconds{2});
  EXPECT_EQ(cut.race, milliseconds{2500}) << "a hedge that begins after 500ms may take 2s of its own";
  EXPECT_EQ(cut.delays, milliseconds{100 + 200});
  EXPECT_EQ(cut.attempts, milliseconds{3 * 2500} + seconds{2 * 10}) << "the service may ask for as much";
  EXPECT_EQ(cut.most, milliseconds{500 + 1000} + seconds{10}) << "the deadline cuts it";

  const WorstLatency early = worst_latency(policy_of("{timeout: 2s, deadline: 3s, retry: {}}"));
  EXPECT_EQ(early.attempts, seconds{3 * 2 + 2 * 3});
  EXPECT_EQ(early.most, seconds{3});
}

TEST(Explain, AQuantileHedgesAsLateAsTheTimeout) {
  EXPECT_EQ(worst_latency(policy_of("{timeout: 2s, hedge: {delay: p95, max_hedges: 2}}")).most, seconds{6});
}

TEST(Explain, LatencyIsUnboundedWhereNothingBoundsIt) {
  EXPECT_EQ(worst_latency(policy_of("{preset: core}")).most, std::nullopt);
  EXPECT_EQ(worst_latency(policy_of("{preset: core}")).unbounded,
            "no timeout and no deadline limits an attempt");
  EXPECT_EQ(worst_latency(policy_of("{timeout: 1s}")).most, seconds{1});
  EXPECT_EQ(worst_latency(policy_of("{deadline: 1s}")).most, seconds{1});
  EXPECT_EQ(worst_latency(policy_of("{timeout: 1s, retry: {max_attempts: 1}}")).most, seconds{1});
}

TEST(Explain, ARetryAfterLengthensACallNoFurtherThanItsMax) {
  const WorstLatency asked = worst_latency(policy_of("{timeout: 1s, retry: {}}"));
  EXPECT_EQ(asked.delays, milliseconds{300});
  EXPECT_EQ(asked.delays_asked_for, seconds{2 * 30});
  EXPECT_EQ(asked.most, seconds{3 + 2 * 30});
  const WorstLatency brief =
      worst_latency(policy_of("{timeout: 1s, retry: {honor_retry_after: {max: 150ms}}}"));
  EXPECT_EQ(brief.most, milliseconds{3000 + 150 + 200}) << "the longer of both before each retry";
}

TEST(Explain, DoesNotWaitForARetryAfterBeyondTheDeadline) {
  EXPECT_EQ(longest_retry_after(policy_of("{deadline: 10s, retry: {}}")), seconds{10});
  EXPECT_EQ(longest_retry_after(policy_of("{deadline: 1m, retry: {}}")), seconds{30});
  EXPECT_EQ(longest_retry_after(policy_of("{retry: {}}")), seconds{30});
}

TEST(Explain, ABudgetBoundsWhatRetriesAndHedgesAdd) {
  const Amplification load = amplification(policy_of(everything));
  EXPECT_EQ(load.most, 6U);
  EXPECT_EQ(load.steady, 1.2);
  EXPECT_EQ(load.extra_per_second, 3);
  EXPECT_EQ(amplification(policy_of("{retry: {max_attempts: 4}}")).most, 4U);
  EXPECT_EQ(amplification(policy_of("{retry: {max_attempts: 4}}")).steady, std::nullopt);
  EXPECT_EQ(amplification(policy_of("{retry: {max_attempts: 2, budget: {ratio: 10}}}")).steady, 2.0)
      << "a budget grants no attempts that max_attempts forbids";
  EXPECT_EQ(amplification(policy_of("{retry: {budget: {mode: concurrent}}}")).steady, std::nullopt)
      << "retries that fail at once are not in flight for long";
  EXPECT_EQ(amplification(policy_of("{}")).most, 1U);
}

TEST(Explain, TheNarrowestPolicyBoundsTheCallsInFlight) {
  const AttemptsAtOnce slots = most_in_flight(policy_of(everything));
  EXPECT_EQ(slots.most, 100U) << "50 slots, each with an attempt and a hedge";
  EXPECT_EQ(slots.limited_by, "bulkhead");
  const AttemptsAtOnce tokens =
      most_in_flight(policy_of("{timeout: 2s, rate_limiter: {rate: 10, burst: 3}}"));
  EXPECT_EQ(tokens.most, 23U) << "10 a second for 2s, and the burst";
  EXPECT_EQ(tokens.limited_by, "rate_limiter");
  EXPECT_EQ(most_in_flight(policy_of("{rate_limiter: {rate: 10, burst: 3}}")).most, std::nullopt);
  EXPECT_EQ(most_in_flight(policy_of("{adaptive_limit: {max_limit: 30}}")).limited_by, "adaptive_limit");
  EXPECT_EQ(most_in_flight(policy_of("{}")).most, std::nullopt);
}

TEST(Explain, TheQuickestRuleNotices) {
  const Explanation all = explain(policy_of(everything));
  ASSERT_TRUE(all.notice.has_value());
  EXPECT_EQ(all.notice->rule, "consecutive_failures");
  EXPECT_EQ(all.notice->attempts, 3U);
  EXPECT_EQ(all.notice->calls_least, 1U);
  EXPECT_EQ(all.notice->calls_most, 3U);
  EXPECT_FALSE(all.notice->only_hanging);
  const Explanation slow = explain(policy_of("{circuit_breaker: {slow_call: {}}}"));
  EXPECT_TRUE(slow.notice->only_hanging);
  EXPECT_EQ(slow.notice->attempts, 50U);
  EXPECT_FALSE(explain(policy_of("{}")).notice.has_value());
  const Explanation both =
      explain(policy_of("{circuit_breaker: {window: {duration: 10s}, minimum_calls: 1, failure_rate: 0.5, "
                        "consecutive_failures: 5}}"));
  EXPECT_EQ(both.notice->rule, "consecutive_failures") << "five attempts, not one and five seconds of them";
}

}  // namespace
}  // namespace switchgear::analysis
