#include <ostream>

#include "tests/scenarios/scenario.hpp"

namespace switchgear::scenarios {

using namespace std::chrono_literals;

namespace {

// Durations are long enough that a busy machine does not turn one story into another, for the gateway plays
// them in real time.
const std::string quick_retry = "retry: {max_attempts: 3, backoff: fixed, base: 20ms, jitter: none}";
const std::string trips_after_two =
    "circuit_breaker: {consecutive_failures: 2, open_duration: 2s, half_open: {permitted_calls: 1}}";
const std::string stays_open = "circuit_breaker: {consecutive_failures: 2, open_duration: 60s}";

}  // namespace

const std::vector<Scenario>& scenarios() {
  static const std::vector<Scenario> all{
      {"WithoutPoliciesHandsOnWhatComes", "timeout: 60s", {{200}, {404}, {503}}, {{"200"}, {"404"}, {"503"}}},

      {"RetriesUntilItSucceeds", quick_retry, {{503}, {500}, {200}}, {{"200", 3}}},
      {"GivesUpAfterMaxAttempts", quick_retry, {{503}}, {{"503", 3}}},
      {"RetriesABrokenConnection", quick_retry, {{0}, {200}}, {{"200", 2}}},
      {"GivesUpOnBrokenConnections", quick_retry, {{0}}, {{"connection_error", 3}}},
      {"TakesMost4xxForFinal", quick_retry, {{404}}, {{"404", 1}}},
      {"RetriesWhatAsksForPatience", quick_retry, {{429}, {425}, {200}}, {{"200", 3}}},
      {"LeavesAloneWhatWillNeverWork", quick_retry, {{501}}, {{"501", 1}}},
      {"RepeatsOnlyWhatDoesNoHarmTwice", quick_retry, {{503}}, {{"503", 1, 0s, false}}},
      {"NeverRetriesPastTheDeadline",
       "deadline: 4s, retry: {max_attempts: 2, backoff: fixed, base: 100ms, jitter: none}",
       {{503, 0s, 5}},
       {{"503", 1}}},
      {"RetriesWithinItsBudgetOnly",
       "retry: {max_attempts: 3, backoff: fixed, base: 10ms, jitter: none, budget: {ratio: 0, "
       "min_per_second: 0.1}}",
       {{503}},
       {{"503", 2}, {"503", 1}}},

      {"OpensAfterConsecutiveFailures", stays_open, {{503}}, {{"503"}, {"503"}, {"open", 0}, {"open", 0}}},
      {"ASuccessBetweenKeepsItClosed",
       stays_open,
       {{503}, {200}, {503}, {200}, {200}},
       {{"503"}, {"200"}, {"503"}, {"200"}, {"200"}}},
      {"ClosesWhenTheProbeSucceeds",
       trips_after_two,
       {{503}, {503}, {200}},
       {{"503"}, {"503"}, {"open", 0}, {"200", 1, 3s}, {"200"}}},
      {"OpensAgainWhenTheProbeFails",
       trips_after_two,
       {{503}},
       {{"503"}, {"503"}, {"503", 1, 3s}, {"open", 0}}},
      {"StopsRetryingWhenTheBreakerOpens",
       quick_retry + ", " + stays_open,
       {{503}},
       {{"open", 2}, {"open", 0}}},
      {"CountsOnlyWhatFailureWhenNames",
       "failure_when: {status: [500]}, " + stays_open,
       {{503}, {503}, {503}, {500}, {500}},
       {{"503"}, {"503"}, {"503"}, {"500"}, {"500"}, {"open", 0}}},
      {"APatientAnswerIsNoFailure", stays_open, {{429}}, {{"429"}, {"429"}, {"429"}}},
      {"OpensOnSlowCalls",
       "circuit_breaker: {window: {type: count, size: 10}, minimum_calls: 2, slow_call: {threshold: 100ms, "
       "rate: 1.0}, "
       "open_duration: 60s}",
       {{200, 250ms}},
       {{"200"}, {"200"}, {"open", 0}}},

      {"EndsAnAttemptThatTakesTooLong", "timeout: 200ms", {{200, 2s}}, {{"timed_out"}}},
      {"RetriesWhatTookTooLong", "timeout: 2s, " + quick_retry, {{200, 5s}, {200}}, {{"200", 2}}},
      {"ATimeoutIsAFailureForItsBreaker",
       "timeout: 150ms, " + stays_open,
       {{200, 2s}},
       {{"timed_out"}, {"timed_out"}, {"open", 0}}},
      {"TheDeadlineEndsTheLastAttempt",
       "deadline: 3500ms, timeout: 1500ms, retry: {max_attempts: 5, backoff: fixed, base: 1s, jitter: none}",
       {{200, 10s}},
       {{"timed_out", 2}}},

      {"GivesOutTokensWhileThereAreSome",
       "rate_limiter: {rate: 0.01, burst: 2}",
       {{200}},
       {{"200"}, {"200"}, {"rate_limited", 0}}},
      {"WaitsForATokenWhenItMay",
       "rate_limiter: {rate: 10, burst: 1, max_wait: 60s}",
       {{200}},
       {{"200"}, {"200"}, {"200"}}},
      {"RefusesWhenEverySlotIsTaken",
       "bulkhead: {max_concurrent: 1}",
       {{200}},
       {{"200", 1, 0s, true, {{"bulkhead_full", 0}}}, {"200"}}},
      {"ARefusedSlotIsNobodysFailure",
       "bulkhead: {max_concurrent: 1}, circuit_breaker: {consecutive_failures: 1, open_duration: 60s}",
       {{200}},
       {{"200", 1, 0s, true, {{"bulkhead_full", 0}, {"bulkhead_full", 0}}}, {"200"}}},
      {"OneProbeAtATime",
       "circuit_breaker: {consecutive_failures: 1, open_duration: 300ms, half_open: {permitted_calls: "
       "1}}",
       {{503}, {200}},
       {{"503"}, {"200", 1, 500ms, true, {{"half_open", 0}}}, {"200"}}},

      {"AValueStandsInWhenAllAttemptsFailed",
       "fallback: {value: {status: 203, body: instead}}, " + quick_retry,
       {{503}},
       {{"203 fallback", 3}}},
      {"AValueStandsInForARefusal",
       "fallback: {value: {status: 203, body: instead}}, " + stays_open,
       {{503}, {503}, {200}},
       {{"203 fallback"}, {"203 fallback"}, {"203 fallback", 0}}},
      {"TheLastGoodAnswerStandsIn",
       "fallback: {cache: {max_stale: 10m}}",
       {{200}, {503}},
       {{"200"}, {"200 fallback"}}},
      {"ARecentAnswerNeedsNoCall",
       "cache: {ttl: 60s}",
       {{200}, {503}},
       {{"200"}, {"200 cache", 0}, {"200 cache", 0}}},
      {"FailuresAreNotRemembered", "cache: {ttl: 60s}", {{503}, {200}}, {{"503"}, {"200"}, {"200 cache", 0}}},

      {"ChaosRefusesWithoutACall",
       "chaos: {enabled: true, abort: {probability: 1}}",
       {{200}},
       {{"chaos", 0}}},
      {"ChaosCountsAsAFailure",
       "chaos: {enabled: true, fail: {probability: 1, type: connection_error}}, " + stays_open,
       {{200}},
       {{"chaos", 0}, {"chaos", 0}, {"open", 0}}},

      {"AHedgeOvertakesASlowAttempt",
       "hedge: {delay: 100ms, max_hedges: 1}",
       {{200, 10s}, {200}},
       {{"200", 2}},
       true},
      {"AFastAnswerNeedsNoHedge", "hedge: {delay: 10s, max_hedges: 1}", {{200}}, {{"200", 1}}, true},
      {"AFailureLeavesTheRaceToTheOthers",
       "hedge: {delay: 100ms, max_hedges: 1}",
       {{200, 3s}, {503}},
       {{"200", 2}},
       true},
  };
  return all;
}

std::ostream& operator<<(std::ostream& out, const Seen& seen) {
  return out << seen.decision << " after " << seen.attempts
             << (seen.attempts == 1 ? " attempt" : " attempts");
}

std::vector<Seen> expected(const Scenario& scenario) {
  std::vector<Seen> seen;
  for (const Call& call : scenario.calls) {
    for (const Call& other : call.meanwhile) seen.push_back({other.decision, other.attempts});
    seen.push_back({call.decision, call.attempts});
  }
  return seen;
}

}  // namespace switchgear::scenarios
