#include "switchgear/config/explain.hpp"

#include <gtest/gtest.h>

#include <string>

#include "app/check/explain_report.hpp"
#include "switchgear/config/loading_fixture.hpp"

namespace switchgear::check {

using namespace config;
namespace {

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
  EXPECT_EQ(order_of(policy_of("{adaptive_limit: {}, chaos: {enabled: true}}")),
            (std::vector<std::string>{"adaptive limit", "chaos", "call"}));
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
            "an attempt may take for ever: there is no timeout and no deadline");
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

TEST(Explain, DoesNotPromiseToWaitForARetryAfterBeyondTheDeadline) {
  const Policy policy = policy_of("{deadline: 10s, retry: {}}");
  EXPECT_EQ(longest_retry_after(policy), seconds{10});
  const std::string text = to_text(explain(policy), policy);
  EXPECT_NE(text.find("  Retry-After up to 10s is waited for, and no longer than the deadline leaves;"),
            std::string::npos)
      << text;
  EXPECT_EQ(text.find("30s"), std::string::npos) << text;
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

TEST(Explain, TheGatewayAddsItsOwnBounds) {
  const Config config = config_of(
      "version: 1\ngateway: {threads: 2, limits: {buffered_body_bytes: 1000, cached_body_bytes: 10, "
      "header_bytes:"
      " 2000, target_bytes: 1000, connections: 40}}\npolicies:\n  p: {preset: core, retry: {}, fallback: "
      "{queue:"
      " {max: 7}}, cache: {ttl: 1s, max_entries: 5}}\n  q: {}\nservices:\n"
      "  s: {url: \"http://127.0.0.1:1\", policy: p, routes: [{prefix: /}], connections: {max: 30}}\n");
  const Service& service = config.services.at("s");
  const Explanation all = explain(config.policies.at("p"), service, config.gateway);
  EXPECT_EQ(all.latency.attempt, gateway_timeout);
  EXPECT_EQ(all.in_flight.most, 60U);
  EXPECT_EQ(all.in_flight.limited_by, "connections.max");
  EXPECT_EQ(all.memory.request_body_bytes, 2U * 40 * 1000);
  EXPECT_EQ(all.memory.answer_body_bytes, 5U * 10);
  EXPECT_EQ(all.memory.queue_bytes, 7U * 3000);
  Policy small = config.policies.at("p");
  small.cache->max_bytes = 40;
  EXPECT_EQ(explain(small, service, config.gateway).memory.answer_body_bytes, 40U);
  const Explanation plain = explain(config.policies.at("q"), service, config.gateway);
  EXPECT_EQ(plain.memory.request_body_bytes, 0U);
  EXPECT_EQ(plain.latency.most, gateway_timeout);
}

TEST(Explain, IsSaidInWords) {
  EXPECT_EQ(to_text(explain(policy_of(everything)), policy_of(everything)),
            "  order       fallback (cache) → cache → rate limiter → bulkhead → deadline →\n"
            "              retry → hedge → circuit breaker → timeout → call\n"
            "  latency     at most 11.5s a call: 500ms for a token + 1s in the queue + 10s\n"
            "              until the deadline, which cuts 3 × 2.5s (hedges included) + 20s of\n"
            "              delays = 27.5s\n"
            "  Retry-After up to 10s is waited for, and no longer than the deadline leaves;\n"
            "              if the service asks for more, its answer goes back at once;\n"
            "              without one the delays come to at most 300ms\n"
            "  load        at most 6 attempts for one call\n"
            "              on average at most 1.2, by the retry budget, and 3 more a second\n"
            "  in flight   at most 100 attempts at once (bulkhead)\n"
            "  breaker     opens after at most 3 failed attempts (1 to 3 calls):\n"
            "              consecutive_failures\n"
            "  open for    1m, 2m, 4m, 5m after 3 relapses and more, all ± 10 %\n"
            "  closes      after 5 successful probes; one that hangs for 1m has failed\n"
            "  memory      at most 400 answers, of 128 MiB\n");
  const Policy bare = policy_of("{}");
  EXPECT_EQ(to_text(explain(bare), bare),
            "  order       call\n"
            "  latency     unbounded: an attempt may take for ever: there is no timeout and\n"
            "              no deadline\n"
            "  load        at most 1 attempt for one call\n"
            "  in flight   unbounded: no bulkhead, adaptive limit or rate limiter bounds it\n");
}

TEST(Explain, IsSaidToPrograms) {
  const boost::json::object all = to_json(explain(policy_of(everything)));
  EXPECT_EQ(all.at("latency").at("most").as_double(), 11.5);
  EXPECT_EQ(all.at("amplification").at("most").to_number<int>(), 6);
  EXPECT_EQ(all.at("amplification").at("steady").as_double(), 1.2);
  EXPECT_EQ(all.at("in_flight").at("most").to_number<int>(), 100);
  EXPECT_EQ(all.at("breaker").at("openings").as_array().size(), 4U);
  EXPECT_EQ(all.at("breaker").at("notices").at("attempts").to_number<int>(), 3);
  EXPECT_EQ(all.at("memory").at("stale_answers").to_number<int>(), 300);
  const boost::json::object bare = to_json(explain(policy_of("{}")));
  EXPECT_TRUE(bare.at("latency").at("most").is_null());
  EXPECT_TRUE(bare.at("in_flight").at("most").is_null());
  EXPECT_TRUE(bare.at("breaker").is_null());
}

TEST(Explain, BytesAreWrittenInTheLargestUnit) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(1023), "1023 B");
  EXPECT_EQ(format_bytes(1536), "1.5 KiB");
  EXPECT_EQ(format_bytes(std::uint64_t{640} * 1000 * 1024), "625 MiB");
}

}  // namespace
}  // namespace switchgear::check
