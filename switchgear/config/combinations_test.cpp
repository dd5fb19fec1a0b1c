// Contradictions within a policy: refused at load, each with its message.
#include <gtest/gtest.h>

#include <string>

#include "switchgear/config/loading_fixture.hpp"

namespace switchgear::config {
namespace {

void expect_accepted(const std::string& keys) {
  EXPECT_EQ(errors_of(with(keys)), std::vector<std::string>{}) << keys;
}

void expect_warning(const std::string& keys, const std::string& line) {
  EXPECT_EQ(errors_of(with(keys)), std::vector<std::string>{}) << keys;
  EXPECT_EQ(warnings_of(with(keys)), std::vector<std::string>{line}) << keys;
}

TEST(Combinations, AnAttemptFitsIntoItsCall) {
  expect_answers({{with("timeout: 20s, deadline: 10s"),
                   "f.yaml:3:16: policies.p.timeout: \"20s\" is longer than the deadline of the whole call "
                   "(10s); expected at most that"}});
  expect_accepted("timeout: 10s, deadline: 10s");
}

TEST(Combinations, ARetryThatCanNeverBeginIsRefused) {
  expect_answers({
      {with("deadline: 1s, retry: {base: 2s, jitter: none}"),
       "f.yaml:3:35: policies.p.retry.base: the first retry comes 2s after a failure at the earliest, which "
       "is "
       "past the deadline (1s); no second attempt can ever begin"},
      {with("deadline: 1s, retry: {base: 1s, jitter: {ratio: 0}}"),
       "f.yaml:3:35: policies.p.retry.base: the first retry comes 1s after a failure at the earliest, which "
       "is "
       "past the deadline (1s); no second attempt can ever begin"},
      {with("deadline: 50ms, retry: {jitter: decorrelated}"),
       "f.yaml:3:23: policies.p.retry.base: the first retry comes 100ms after a failure at the earliest, "
       "which "
       "is past the deadline (50ms); no second attempt can ever begin"},
  });
  expect_accepted("deadline: 1s, retry: {base: 2s, jitter: full}");
  expect_accepted("deadline: 1s, retry: {max_attempts: 1, base: 2s, jitter: none}");
}

TEST(Combinations, ALaterAttemptThatCanNeverBeginIsAWarning) {
  expect_warning(
      "deadline: 5s, retry: {max_attempts: 5, backoff: fixed, base: 2s, jitter: none}",
      "f.yaml:3:43: policies.p.retry.max_attempts: attempt 4 of 5 can never begin: the delays before "
      "it come to at least 6s, the deadline is 5s");
}

TEST(Combinations, ATimeoutThatLeavesNoTimeForARetryIsAWarning) {
  expect_warning(
      "timeout: 2s, deadline: 2s, retry: {max_attempts: 2}",
      "f.yaml:3:56: policies.p.retry.max_attempts: an attempt that times out (2s) leaves no time for "
      "another before the deadline (2s)");
}

TEST(Combinations, ABudgetHasSomethingToLimitAndSomethingToGrant) {
  expect_answers({
      {with("retry: {max_attempts: 1, budget: {ratio: 0.2}}"),
       "f.yaml:3:32: policies.p.retry.budget: has nothing to limit: max_attempts is 1, and no hedge "
       "is set"},
      {with("retry: {budget: {ratio: 0, min_per_second: 0.05}}"),
       "f.yaml:3:15: policies.p.retry.budget: never grants a retry: ratio is 0, and min_per_second is less "
       "than "
       "one in 10s"},
  });
  expect_accepted("retry: {max_attempts: 1, budget: {ratio: 0.2}}, hedge: {delay: p95}");
  expect_accepted("retry: {budget: {ratio: 0, min_per_second: 0.1}}");
}

TEST(Combinations, ARetryAfterBeyondTheDeadlineIsNeverWaitedFor) {
  expect_warning(
      "deadline: 20s, retry: {honor_retry_after: {max: 30s}}",
      "f.yaml:3:55: policies.p.retry.honor_retry_after.max: \"30s\" is never waited for: the whole call "
      "is over after 20s (deadline)");
  expect_accepted("deadline: 20s, retry: {}");
}

TEST(Combinations, ASingleAttemptIsNoRetry) {
  expect_warning("retry: {max_attempts: 1}",
                 "f.yaml:3:29: policies.p.retry.max_attempts: 1 means that nothing is ever tried again");
}

TEST(Combinations, AHedgeThatNeverBeginsIsRefused) {
  expect_answers({
      {with("timeout: 100ms, hedge: {delay: 100ms}"),
       "f.yaml:3:38: policies.p.hedge.delay: \"100ms\" is never reached: an attempt is over after 100ms "
       "(timeout); make it shorter, or no call is ever hedged"},
      {with("deadline: 1s, hedge: {delay: 2s}"),
       "f.yaml:3:36: policies.p.hedge.delay: \"2s\" is never reached: the whole call is over after 1s "
       "(deadline); make it shorter, or no call is ever hedged"},
  });
  expect_accepted("timeout: 100ms, hedge: {delay: 99ms}");
  expect_accepted("timeout: 100ms, hedge: {delay: p99}");
}

TEST(Combinations, HedgesAfterTheDeadlineAreAWarning) {
  expect_warning(
      "deadline: 1s, hedge: {delay: 400ms, max_hedges: 4}",
      "f.yaml:3:55: policies.p.hedge.max_hedges: 4 hedges, each 400ms after the one before, and only "
      "2 can begin before the deadline (1s)");
  expect_warning(
      "timeout: 1s, hedge: {delay: p95, initial_delay: 1s}",
      "f.yaml:3:55: policies.p.hedge.initial_delay: \"1s\" is never reached: an attempt is over after "
      "1s (timeout)");
}

TEST(Combinations, NobodyWaitsLongerForATurnThanForTheAnswer) {
  expect_answers({
      {with("deadline: 1s, bulkhead: {max_concurrent: 5, max_queue: 5, max_wait: 1s}"),
       "f.yaml:3:75: policies.p.bulkhead.max_wait: \"1s\" is at least as long as the deadline of the whole "
       "call (1s): no call waits longer for its turn than for the answer; make it shorter"},
      {with("deadline: 1s, rate_limiter: {rate: 1, max_wait: 3s}"),
       "f.yaml:3:55: policies.p.rate_limiter.max_wait: \"3s\" is at least as long as the deadline of the "
       "whole call (1s): no call waits longer for its turn than for the answer; make it shorter"},
  });
  expect_accepted("deadline: 1s, bulkhead: {max_concurrent: 5, max_queue: 5, max_wait: 999ms}");
}

TEST(Combinations, ABulkheadLeavesTheAdaptiveLimitSomethingToFind) {
  expect_answers(
      {{with("bulkhead: {max_concurrent: 5}, adaptive_limit: {min_limit: 5}"),
        "f.yaml:3:66: policies.p.adaptive_limit.min_limit: 5 calls at once are never refused, and the "
        "bulkhead around it lets in 5 at most: no limit could be found; expected less than that"}});
  expect_accepted("bulkhead: {max_concurrent: 6}, adaptive_limit: {min_limit: 5}");
}

TEST(Combinations, AdmissionControlLeavesSomeCallsToFindOut) {
  expect_warning("admission: {max_rejection: 1, window: 10s}",
                 "f.yaml:3:34: policies.p.admission.max_rejection: 1 may leave no call to find out that the "
                 "service is well again before the window of 10s is over");
  expect_accepted("admission: {max_rejection: 0.99}");
}

TEST(Combinations, AStaleAnswerIsOlderThanACachedOne) {
  expect_answers({
      {with("cache: {ttl: 10m}, fallback: {cache: {max_stale: 5m}}"),
       "f.yaml:3:56: policies.p.fallback.cache.max_stale: \"5m\" never lets an answer through: the cache "
       "gives it for 10m (cache.ttl), and when the fallback needs it, it is older than that; make it longer"},
      {with("cache: {ttl: 10m}, fallback: {cache: {}}"),
       "f.yaml:3:37: policies.p.fallback.cache.max_stale: \"10m\" never lets an answer through: the cache "
       "gives it for 10m (cache.ttl), and when the fallback needs it, it is older than that; make it longer"},
  });
  expect_accepted("cache: {ttl: 5m}, fallback: {cache: {max_stale: 6m}}");
}

TEST(Combinations, AQueueIsDrainedByABreaker) {
  expect_answers(
      {{with("fallback: {queue: {max: 10}}"),
        "f.yaml:3:18: policies.p.fallback.queue: stored calls are made when the circuit breaker closes; "
        "without one they would wait for ever; add a circuit_breaker or a preset"}});
  expect_accepted("preset: core, fallback: {queue: {max: 10}}");
}

TEST(Combinations, ABreakerThatCallsWhichEndAtOnceCouldOpenIsAccepted) {
  // Thirty calls that were kept waiting may all fail at the same instant.
  expect_accepted(
      "timeout: 30s, circuit_breaker: {failure_rate: 0.5, window: {duration: 10s}}, rate_limiter: {rate: 1, "
      "burst: 5}");
}

TEST(Combinations, StuckCallsThatFillTheBulkheadAreNeverFound) {
  // Which call could find them? It would have to begin first.
  expect_answers(
      {{with("circuit_breaker: {stuck_calls: {older_than: 1s, count: 5}}, bulkhead: {max_concurrent: 5}"),
        "f.yaml:3:7: policies.p.circuit_breaker: it can never open: stuck_calls: at most 5 attempts run at "
        "once (bulkhead), and the rule needs 5 stuck ones and a further call that finds them"}});
  expect_accepted(
      "circuit_breaker: {stuck_calls: {older_than: 1s, count: 4}}, bulkhead: {max_concurrent: 5}");
}

TEST(Combinations, ASlowCallRuleNeedsEnoughSlotsForItsWindow) {
  const std::string rest =
      "}, timeout: 9s, circuit_breaker: {window: {duration: 10s}, minimum_calls: 20, slow_call: {threshold: "
      "4s, "
      "rate: 0.5}}";
  expect_answers(
      {{with("bulkhead: {max_concurrent: 3" + rest),
        "f.yaml:3:51: policies.p.circuit_breaker: it can never open: slow_call: at most 9 attempts of "
        "more than 4s end within 10s, because at most 3 run at once (bulkhead); the rule needs 10"}});
  expect_accepted("bulkhead: {max_concurrent: 4" + rest);
}

TEST(Combinations, ARetryAroundABreakerThatCanNeverOpenIsRefused) {
  expect_answers({
      {with("retry: {}, failure_when: {status: [], errors: []}, circuit_breaker: {failure_rate: 0.5}"),
       "f.yaml:3:58: policies.p.circuit_breaker: it can never open: failure_rate: nothing counts as a "
       "failure "
       "(failure_when)"},
      {with("retry: {}, timeout: 1s, circuit_breaker: {slow_call: {threshold: 2s}}"),
       "f.yaml:3:31: policies.p.circuit_breaker: it can never open: slow_call: an attempt ends after 1s "
       "(timeout)"},
      {with("failure_when: {status: [], errors: []}, circuit_breaker: {consecutive_failures: 3, stuck_calls: "
            "{older_than: 1s, count: 10}}, bulkhead: {max_concurrent: 5}"),
       "f.yaml:3:47: policies.p.circuit_breaker: it can never open: consecutive_failures: nothing counts as "
       "a failure (failure_when); stuck_calls: at most 5 attempts run at once (bulkhead), and the rule needs "
       "10 stuck "
       "ones and a further call that finds them"},
      {with("circuit_breaker: {failure_rate: 0.5, window: {duration: 10s}}, rate_limiter: {rate: 1, burst: "
            "5}, timeout: 1s"),
       "f.yaml:3:7: policies.p.circuit_breaker: it can never open: failure_rate: its window never holds "
       "minimum_calls (20): with the rate limiter at most 16 attempts end within 10s"},
      {with("timeout: 1s, failure_when: {status: [], errors: []}, preset: analytics"),
       "f.yaml:3:68: policies.p.circuit_breaker: it can never open: failure_rate: nothing counts as a "
       "failure "
       "(failure_when); slow_call: an attempt ends after 1s (timeout); consecutive_failures: nothing counts "
       "as "
       "a failure (failure_when)"},
  });
}

TEST(Combinations, ARuleThatCanNeverHoldIsAWarningWhereItIsWritten) {
  expect_warning(
      "timeout: 1s, circuit_breaker: {failure_rate: 0.5, slow_call: {threshold: 2s}}",
      "f.yaml:3:57: policies.p.circuit_breaker.slow_call: can never hold: an attempt ends after 1s "
      "(timeout)");
  expect_warning("deadline: 1s, circuit_breaker: {failure_rate: 0.5, latency: {above: 2s}}",
                 "f.yaml:3:58: policies.p.circuit_breaker.latency: can never hold: an attempt ends after 1s "
                 "(deadline)");
  expect_warning(
      "timeout: 2s, failure_when: {errors: [connection_error]}, circuit_breaker: {failure_rate: 0.5, "
      "slow_call: {}}",
      "f.yaml:3:101: policies.p.circuit_breaker.slow_call: can never hold: an attempt ends after 2s "
      "(timeout), "
      "and a timeout is not recorded (failure_when)");
  EXPECT_TRUE(warnings_of(with("preset: internal, timeout: 1s")).empty()) << "the rule is not in the file";
  EXPECT_TRUE(warnings_of(with("timeout: 2s, circuit_breaker: {failure_rate: 0.5, slow_call: {}}")).empty())
      << "a timeout is slow";
}

TEST(Combinations, ABreakerClosesHoweverFarApartItsProbesAre) {
  expect_accepted("preset: third_party");
  expect_accepted("circuit_breaker: {failure_rate: 0.5, half_open: {probe_interval: 15s}}");
  expect_accepted("preset: third_party, circuit_breaker: {half_open: {max_wait: 1m}}");
  expect_accepted("circuit_breaker: {consecutive_failures: 5}, rate_limiter: {rate: 0.01, burst: 1}");
}

TEST(Combinations, AProbeThatCountsAsHungWithinItsOwnTimeLimitIsAWarning) {
  expect_warning(
      "timeout: 30s, circuit_breaker: {failure_rate: 0.5, half_open: {max_wait: 10s}}",
      "f.yaml:3:80: policies.p.circuit_breaker.half_open.max_wait: \"10s\" is shorter than the timeout "
      "(30s): a probe that is still within its own limit counts as failed; expected at least that");
  expect_warning(
      "deadline: 2m, circuit_breaker: {failure_rate: 0.5, half_open: {max_wait: 1m}}",
      "f.yaml:3:80: policies.p.circuit_breaker.half_open.max_wait: \"1m\" is shorter than the deadline (2m): "
      "a probe that is still within its own limit counts as failed; expected at least that");
  EXPECT_TRUE(warnings_of(with("timeout: 30s, deadline: 2m, circuit_breaker: {failure_rate: 0.5, half_open: "
                               "{max_wait: 30s}}"))
                  .empty())
      << "the timeout is what ends a probe";
  EXPECT_TRUE(warnings_of(with("timeout: 5m, circuit_breaker: {failure_rate: 0.5}")).empty())
      << "max_wait is not in the file";
}

TEST(Combinations, AKeyOfHalfOpenThatDoesNothingIsAWarning) {
  expect_warning(
      "circuit_breaker: {failure_rate: 0.5, half_open: {permitted_calls: 5, max_failure_rate: 0.5, "
      "success_threshold: 4}}",
      "f.yaml:3:118: policies.p.circuit_breaker.half_open.success_threshold: does nothing: with this "
      "max_failure_rate the breaker closes after 3 good probes, because the rest of the 5 could not make it "
      "relapse any more");
  expect_warning(
      "circuit_breaker: {failure_rate: 0.5, half_open: {max_concurrent: 2, probe_interval: 1m}}",
      "f.yaml:3:72: policies.p.circuit_breaker.half_open.max_concurrent: does nothing: the next probe begins "
      "1m after the one before (probe_interval), which is given up after 1m (max_wait), so two are never out "
      "at once");
  EXPECT_TRUE(warnings_of(with("circuit_breaker: {failure_rate: 0.5, half_open: {permitted_calls: 5, "
                               "success_threshold: 2, max_concurrent: 2, probe_interval: 59s}}"))
                  .empty());
}

TEST(Combinations, AKeyThatDoesNothingIsAWarning) {
  const std::string no_window = "does nothing: no failure_rate, slow_call or latency uses the window";
  expect_warning(
      "retry: {backoff: fixed, factor: 3}",
      "f.yaml:3:39: policies.p.retry.factor: does nothing: only an exponential backoff has a factor");
  expect_warning(
      "retry: {jitter: decorrelated, factor: 3}",
      "f.yaml:3:45: policies.p.retry.factor: does nothing: decorrelated jitter draws each delay from the "
      "one before");
  expect_warning(
      "retry: {jitter: decorrelated, backoff: fixed}",
      "f.yaml:3:46: policies.p.retry.backoff: does nothing: decorrelated jitter draws each delay from the "
      "one before");
  expect_warning("circuit_breaker: {consecutive_failures: 3, window: {size: 50}}",
                 "f.yaml:3:50: policies.p.circuit_breaker.window: " + no_window);
  expect_warning("circuit_breaker: {consecutive_failures: 3, minimum_calls: 50}",
                 "f.yaml:3:65: policies.p.circuit_breaker.minimum_calls: " + no_window);
  expect_warning("preset: core, circuit_breaker: {max_open_duration: 9m}",
                 "f.yaml:3:58: policies.p.circuit_breaker.max_open_duration: does nothing: backoff is 1 and "
                 "honor_retry_after is off, so every opening lasts open_duration");
  expect_warning(
      "preset: core, circuit_breaker: {ramp: {from: 1}}",
      "f.yaml:3:52: policies.p.circuit_breaker.ramp.from: 1 admits every call from the start: nothing is "
      "left to grow");
  expect_warning(
      "preset: core, circuit_breaker: {ramp: {controller: true, duration: 1m, step: 2s}}",
      "f.yaml:3:74: policies.p.circuit_breaker.ramp.duration: does nothing: ramp.step says how long each "
      "step of the controller lasts");
  expect_warning(
      "cache: {ttl: 0s, max_entries: 5}",
      "f.yaml:3:37: policies.p.cache.max_entries: does nothing: with a ttl of 0s no answer is remembered");
  expect_warning("fallback: {value: {status: 503, content_type: text/plain}}",
                 "f.yaml:3:53: policies.p.fallback.value.content_type: does nothing: the answer has no body");
  for (const std::string keys :
       {"retry: {factor: 3}", "retry: {backoff: fixed}", "retry: {jitter: decorrelated}",
        "preset: core, circuit_breaker: {minimum_calls: 5, backoff: 2, max_open_duration: 9m}",
        "preset: core, circuit_breaker: {honor_retry_after: true, max_open_duration: 9m}"})
    EXPECT_TRUE(warnings_of(with(keys)).empty()) << keys;
}

TEST(Combinations, AreNotJudgedWhileTheirPartsAreWrong) {
  expect_answers({{with("deadline: 1, timeout: 5s"),
                   "f.yaml:3:17: policies.p.deadline: \"1\" has no unit; write \"1s\""}});
}

}  // namespace
}  // namespace switchgear::config
