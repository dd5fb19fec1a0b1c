// circuit_breaker.levels: what arrives, and what is said about what is wrong.
#include <gtest/gtest.h>

#include <string>

#include "switchgear/analysis/combinations.hpp"
#include "switchgear/config/configured_policies.hpp"
#include "switchgear/config/loading_fixture.hpp"

namespace switchgear::config {
namespace {

using namespace std::chrono_literals;
using enum BreakerLevel;

/// Line 5, column 13 is where `warning` begins.
std::string levels(const std::string& inside, const std::string& breaker = "failure_rate: 0.5") {
  return "version: 1\npolicies:\n  p:\n    circuit_breaker: {" + breaker + ",\n      levels: {" + inside +
         "}}\n";
}

TEST(LevelsSection, EveryKeyArrives) {
  const Policy policy = policy_of(
      "{circuit_breaker: {window: {size: 50}, failure_rate: 0.5, open_duration: 10s, levels: {warning: {}, "
      "critical: {minimum_calls: 5, failure_rate: {above: 0.3, confidence: 0.9}, slow_call: {threshold: 1s, "
      "rate: 0.4}, latency: {quantile: 0.9, above: 2s}, consecutive_failures: 4, failure_balance: 6, "
      "open_duration: 30s, calm: 20s, answer: {status: 203, body: less}}, emergency: {open_duration: 10m}, "
      "escalate_above: 0.7}}}");
  CircuitBreakerOptions expected;
  expected.window = CountWindowOptions{50};
  expected.failure_rate = 0.5;
  expected.open_duration = 10s;
  expected.max_open_duration = 10min;
  LevelsOptions wanted;
  wanted.escalate_above = 0.7;
  wanted[critical] = {.minimum_calls = 5,
                      .failure_rate = 0.3,
                      .failure_rate_confidence = 0.9,
                      .slow_call = SlowCallRule{1s, 0.4},
                      .latency = LatencyRule{0.9, 2s},
                      .consecutive_failures = 4,
                      .failure_balance = 6,
                      .open_duration = 30s,
                      .calm = 20s};
  wanted[emergency].open_duration = 10min;
  expected.levels = wanted;
  ASSERT_TRUE(policy.circuit_breaker);
  EXPECT_EQ(*policy.circuit_breaker, expected);
  ASSERT_EQ(policy.level_answers.size(), 1U);
  EXPECT_EQ(policy.level_answers.at(critical).status, 203U);
  EXPECT_EQ(policy.level_answers.at(critical).body, "less");
}

TEST(LevelsSection, SayWhereAndWhatIsWrong) {
  expect_answers({
      {levels("warning: {}, emergency: {}"),
       "f.yaml:5:7: policies.p.circuit_breaker.levels.critical: is missing; write \"critical: "
       "{open_duration: "
       "1m}\""},
      {levels("warning: {}, critical: {}, emergency: {}, fatal: {}"),
       "f.yaml:5:58: policies.p.circuit_breaker.levels.fatal: unknown key; expected warning, critical, "
       "emergency or escalate_above"},
      {levels("warning: {}, critical: {failure_rate: 1.5}, emergency: {}"),
       "f.yaml:5:54: policies.p.circuit_breaker.levels.critical.failure_rate: 1.5 is not a ratio above 0 "
       "and at most 1"},
      {levels("warning: {}, critical: {open_duration: 1m}, emergency: {open_duration: 20s}"),
       "f.yaml:5:87: policies.p.circuit_breaker.levels.emergency.open_duration: 20s is shorter than that of "
       "critical (60s); expected at least that: an escalation must not shorten an opening"},
      {levels("warning: {}, critical: {}, emergency: {}, escalate_above: 1"),
       "f.yaml:5:74: policies.p.circuit_breaker.levels.escalate_above: 1 is not a ratio from 0 to below 1, "
       "which a failure rate can exceed"},
      {levels("warning: {failure_rate: 0.5}, critical: {}, emergency: {failure_rate: 0.5}",
              "open_duration: 10s"),
       "f.yaml:5:46: policies.p.circuit_breaker.levels.critical: no trip rule is set, neither here nor in "
       "circuit_breaker, so it could never open at this level; expected at least one of failure_rate, "
       "slow_call, latency, consecutive_failures, failure_balance"},
      {levels("warning: {}, critical: {answer: {status: 204, body: x}}, emergency: {}"),
       "f.yaml:5:68: policies.p.circuit_breaker.levels.critical.answer.body: an answer with status 204 has "
       "no "
       "body; expected another status, or no body"},
      {levels("warning: {}, critical: {}, emergency: {}", "consecutive_failures: 5, adaptive: {samples: 5}"),
       "f.yaml:4:48: policies.p.circuit_breaker.adaptive: cannot be combined with levels: both say which "
       "consecutive_failures and open_duration are in force; expected one of the two"},
  });
}

TEST(LevelsSection, ALongerOpeningOfALevelIsNoContradiction) {
  EXPECT_EQ(errors_of(levels("warning: {}, critical: {}, emergency: {open_duration: 1h}")),
            std::vector<std::string>{});
}

TEST(LevelsSection, ARateAboveTheLimitOfEscalationIsDoubtful) {
  const std::string text =
      levels("warning: {failure_rate: 0.7}, critical: {failure_rate: 0.4}, emergency: {failure_rate: 0.4}");
  EXPECT_EQ(errors_of(text), std::vector<std::string>{});
  EXPECT_EQ(
      warnings_of(text),
      std::vector<std::string>{
          "f.yaml:5:40: policies.p.circuit_breaker.levels.warning.failure_rate: 0.7 is above escalate_above "
          "(0.6): whenever this rule opens warning, the breaker goes on to the next level at once"});
}

TEST(LevelsSection, AHigherLevelThatToleratesMoreIsDoubtful) {
  const std::string text = levels("warning: {}, critical: {failure_rate: 0.6}, emergency: {}");
  EXPECT_EQ(errors_of(text), std::vector<std::string>{});
  EXPECT_EQ(
      warnings_of(text),
      std::vector<std::string>{
          "f.yaml:5:54: policies.p.circuit_breaker.levels.critical.failure_rate: its failure_rate (0.6) "
          "tolerates more than that of warning (0.5), although the dependency has proved to be worse"});
  EXPECT_EQ(
      warnings_of(levels("warning: {}, critical: {failure_rate: 0.4}, emergency: {}")),
      std::vector<std::string>{
          "f.yaml:5:60: policies.p.circuit_breaker.levels.emergency: its failure_rate (0.5) tolerates more "
          "than that of critical (0.4), although the dependency has proved to be worse"});
}

TEST(LevelsSection, AnswersBelongToAPolicyNotToTheBreakersOfValues) {
  const std::string text =
      "version: 1\npolicies:\n  p: {timeout: 1s}\nservices:\n  s:\n    url: http://127.0.0.1:1\n    policy: "
      "p\n"
      "    routes: [{prefix: /}]\n    by:\n      header: x-tenant\n      circuit_breaker:\n        "
      "failure_rate: "
      "0.5\n        levels:\n          warning: {}\n          critical: {answer: {body: x}}\n          "
      "emergency: {}\n";
  const auto errors = errors_of(text);
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_TRUE(
      errors[0].starts_with("f.yaml:15:22: services.s.by.circuit_breaker.levels.critical.answer: belongs "
                            "to a policy"))
      << errors[0];
}

TEST(LevelsSection, AnswersStandInForWhatTheBreakerRefusesAndForNothingElse) {
  const Policy policy = policy_of(
      "{circuit_breaker: {minimum_calls: 2, failure_rate: 0.5, levels: {warning: {answer: {body: full}}, "
      "critical: {answer: {body: less}}, emergency: {}}}}");
  const auto say = [](const ValueFallback& value) { return value.body; };
  ConfiguredPolicies<std::string> policies{policy, {.created = TimePoint{1h}}, say};
  Fallback<std::string>* const fallback = policies.objects().fallback.get();
  ASSERT_NE(fallback, nullptr);
  const auto given = [&](std::optional<BreakerLevel> level) -> std::string {
    Cause cause;
    cause.rejection = Rejection{Reason::open, "p", 1s, level};
    if (!fallback->has_part_in(cause)) return "no part";
    return fallback->substitute("", cause, "", TimePoint{1h}).value.value_or("nothing");
  };
  EXPECT_EQ(given(warning), "full");
  EXPECT_EQ(given(critical), "less");
  EXPECT_EQ(given(emergency), "no part");
  EXPECT_EQ(given(std::nullopt), "no part");
  EXPECT_FALSE(fallback->has_part_in(Cause{}));
}

}  // namespace
}  // namespace switchgear::config
