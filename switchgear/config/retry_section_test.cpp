#include <gtest/gtest.h>

#include <string>

#include "switchgear/config/loading_fixture.hpp"

namespace switchgear::config {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(RetrySection, EveryKeyArrives) {
  const Policy policy = policy_of(
      "{retry: {max_attempts: 4, backoff: linear, base: 200ms, factor: 3, max_delay: 7s, jitter: equal,"
      " honor_retry_after: {max: 9s}, status: [429, 500-503], budget: {ratio: 0.3, min_per_second: 2}}}");
  EXPECT_EQ(policy.retry, (RetryOptions{.max_attempts = 4,
                                        .backoff = Backoff::linear,
                                        .base = milliseconds{200},
                                        .factor = 3,
                                        .max_delay = seconds{7},
                                        .jitter = Jitter::equal,
                                        .honor_retry_after = {.max = seconds{9}}}));
  EXPECT_EQ(policy.retry_budget, (RetryBudgetOptions{.ratio = 0.3, .min_per_second = 2}));
  EXPECT_EQ(policy.retry_status, (StatusRanges{{429, 429}, {500, 503}}));
}

TEST(RetrySection, AbsentKeysKeepTheLibrarysDefaults) {
  const Policy policy = policy_of("{retry: {}}");
  EXPECT_EQ(policy.retry, RetryOptions{});
  EXPECT_EQ(policy.retry_budget, std::nullopt);
  EXPECT_EQ(policy.retry_status, std::nullopt);
  EXPECT_EQ(policy_of("{retry: {budget: {}}}").retry_budget, RetryBudgetOptions{});
  EXPECT_EQ(policy_of("{retry: {honor_retry_after: true}}").retry, RetryOptions{});
  EXPECT_EQ(policy_of("{retry: {honor_retry_after: {}}}").retry, RetryOptions{});
}

TEST(RetrySection, ABudgetOfWhatIsInFlightHasAMinimumOfItsOwn) {
  EXPECT_EQ(policy_of("{retry: {budget: {mode: concurrent, ratio: 0.3, min_concurrency: 5}}}").retry_budget,
            (RetryBudgetOptions{.ratio = 0.3, .mode = BudgetMode::concurrent, .min_concurrency = 5}));
  EXPECT_EQ(policy_of("{retry: {budget: {mode: window}}}").retry_budget, RetryBudgetOptions{});
  expect_answers({
      {with("retry: {budget: {mode: concurrent, min_per_second: 3}}"),
       "f.yaml:3:42: policies.p.retry.budget.min_per_second: is a key of \"mode: window\"; write "
       "min_concurrency"},
      {with("retry: {budget: {min_concurrency: 3}}"),
       "f.yaml:3:24: policies.p.retry.budget.min_concurrency: is a key of \"mode: concurrent\"; write "
       "min_per_second"},
      {with("retry: {budget: {mode: parallel}}"),
       "f.yaml:3:30: policies.p.retry.budget.mode: \"parallel\" is not known; expected window or concurrent"},
      {with("retry: {budget: {mode: concurrent, ratio: 0, min_concurrency: 0}}"),
       "f.yaml:3:15: policies.p.retry.budget: never grants a retry: ratio and min_concurrency are 0"},
  });
}

TEST(RetrySection, EveryJitterHasItsWord) {
  EXPECT_EQ(policy_of("{retry: {jitter: none}}").retry->jitter, Jitter::none);
  EXPECT_EQ(policy_of("{retry: {jitter: full}}").retry->jitter, Jitter::full);
  EXPECT_EQ(policy_of("{retry: {jitter: equal}}").retry->jitter, Jitter::equal);
  EXPECT_EQ(policy_of("{retry: {jitter: decorrelated}}").retry->jitter, Jitter::decorrelated);
  const Policy policy = policy_of("{retry: {jitter: {ratio: 0.25}}}");
  EXPECT_EQ(policy.retry->jitter, Jitter::ratio);
  EXPECT_EQ(policy.retry->jitter_ratio, 0.25);
}

TEST(RetrySection, ALongBaseRaisesTheDefaultCapWithIt) {
  EXPECT_EQ(policy_of("{retry: {base: 10s}}").retry->max_delay, seconds{10});
}

TEST(RetrySection, MistakesAreLocated) {
  expect_answers({
      {with("retry: {max_attempts: 0}"),
       "f.yaml:3:29: policies.p.retry.max_attempts: 0 is not from 1 to 1000000"},
      {with("retry: {backoff: exponentiel}"),
       "f.yaml:3:24: policies.p.retry.backoff: \"exponentiel\" is not known; expected fixed, linear or "
       "exponential; did you mean \"exponential\"?"},
      {with("retry: {base: 10s, max_delay: 5s}"),
       "f.yaml:3:37: policies.p.retry.max_delay: 5s is not at least base (10s)"},
      {with("retry: {base: 100}"), "f.yaml:3:21: policies.p.retry.base: \"100\" has no unit; write \"100s\""},
      {with("retry: {jitter: some}"),
       "f.yaml:3:23: policies.p.retry.jitter: \"some\" is not known; expected none, full, equal or "
       "decorrelated"},
      {with("retry: {jitter: {}}"),
       "f.yaml:3:15: policies.p.retry.jitter.ratio: is missing; write \"ratio: 0.1\""},
      {with("retry: {jitter: {ratio: 2}}"),
       "f.yaml:3:31: policies.p.retry.jitter.ratio: 2 is not a ratio from 0 to 1"},
      {with("retry: {budget: {ratio: 11}}"),
       "f.yaml:3:31: policies.p.retry.budget.ratio: 11 is not a ratio from 0 to 10"},
      {with("retry: {honor_retry_after: false}"),
       "f.yaml:3:34: policies.p.retry.honor_retry_after: a service's Retry-After is never undercut; write "
       "{max: 0s} to retry no answer that carries one"},
      {with("retry: {honor_retry_after: {max: 30}}"),
       "f.yaml:3:40: policies.p.retry.honor_retry_after.max: \"30\" has no unit; write \"30s\""},
      {with("retry: {status: [700]}"),
       "f.yaml:3:24: policies.p.retry.status[0]: \"700\" is not an HTTP status; expected one from 100 to "
       "599, or a range such as 500-599"},
      {with("retry: {max_atempts: 3}"),
       "f.yaml:3:15: policies.p.retry.max_atempts: unknown key; did you mean \"max_attempts\"?"},
      {with("retry: 3"), "f.yaml:3:14: policies.p.retry: a number found; expected a mapping (key: value)"},
  });
}

TEST(HedgeSection, ADelayIsALengthOrAQuantile) {
  EXPECT_EQ(policy_of("{hedge: {delay: p95}}").hedge,
            (HedgeOptions{.delay = Quantile{0.95}, .max_hedges = 1, .initial_delay = {}}));
  EXPECT_EQ(policy_of("{hedge: {delay: p99.9}}").hedge->delay,
            (std::variant<Duration, Quantile>{Quantile{0.999}}));
  EXPECT_EQ(policy_of("{hedge: {delay: p5}}").hedge->delay,
            (std::variant<Duration, Quantile>{Quantile{0.05}}));
  EXPECT_EQ(policy_of("{hedge: {delay: 50ms, max_hedges: 2}}").hedge,
            (HedgeOptions{.delay = Duration{milliseconds{50}}, .max_hedges = 2, .initial_delay = {}}));
  EXPECT_EQ(policy_of("{hedge: {delay: p90, initial_delay: 80ms}}").hedge->initial_delay, milliseconds{80});
}

TEST(HedgeSection, MistakesAreLocated) {
  expect_answers({
      {with("hedge: {}"), "f.yaml:3:7: policies.p.hedge.delay: is missing; write \"delay: p95\""},
      {with("hedge: {delay: p100}"),
       "f.yaml:3:22: policies.p.hedge.delay: \"p100\" is not a quantile; use, for example, p95, or a "
       "duration"},
      {with("hedge: {delay: p0.0}"),
       "f.yaml:3:22: policies.p.hedge.delay: \"p0.0\" is not a quantile; use, for example, p95, or a "
       "duration"},
      {with("hedge: {delay: 95}"), "f.yaml:3:22: policies.p.hedge.delay: \"95\" has no unit; write \"95s\""},
      {with("hedge: {delay: p95, max_hedges: 11}"),
       "f.yaml:3:39: policies.p.hedge.max_hedges: 11 is not from 1 to 10"},
      {with("hedge: {delay: 50ms, initial_delay: 20ms}"),
       "f.yaml:3:28: policies.p.hedge.initial_delay: is not a key of a fixed delay; it stands for a quantile "
       "that is not known yet"},
  });
}

}  // namespace
}  // namespace switchgear::config
