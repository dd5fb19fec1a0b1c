#include <gtest/gtest.h>

#include <string>

#include "switchgear/config/loading_fixture.hpp"
#include "switchgear/registry/presets.hpp"

namespace switchgear::config {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

CircuitBreakerOptions breaker_of(const std::string& policy) {
  const Config config = config_of("version: 1\npolicies:\n  p: " + policy + "\n");
  const auto at = config.policies.find("p");
  if (at == config.policies.end() || !at->second.circuit_breaker) {
    ADD_FAILURE() << "no breaker in " << policy;
    return {};
  }
  return *at->second.circuit_breaker;
}

/// The key and its value stand in line 5, columns 7 and on.
std::string breaker_with(const std::string& lines) {
  return "version: 1\npolicies:\n  p:\n    circuit_breaker:\n      " + lines + "\n";
}

TEST(BreakerSection, AFailureRateMayHaveAConfidenceOrWeights) {
  CircuitBreakerOptions expected;
  expected.failure_rate = 0.25;
  EXPECT_EQ(breaker_of("{circuit_breaker: {failure_rate: {above: 0.25}}}"), expected);
  expected.failure_rate_confidence = 0.9;
  EXPECT_EQ(breaker_of("{circuit_breaker: {failure_rate: {above: 0.25, confidence: 0.9}}}"), expected);
  expected.failure_rate_confidence.reset();
  expected.weights[FailureType::timeout] = 2;
  expected.weights[FailureType::slow_response] = 7;
  EXPECT_EQ(breaker_of("{circuit_breaker: {failure_rate: 0.25, weights: {timeout: 2, slow_response: 7}}}"),
            expected);
  CircuitBreakerOptions from_preset = preset("payment");
  from_preset.failure_rate_confidence = 0.95;
  EXPECT_EQ(breaker_of("{preset: payment, circuit_breaker: {failure_rate: {confidence: 0.95}}}"), from_preset)
      << "the preset's rate stays";
}

TEST(BreakerSection, EveryKeyOfAnAdaptiveBreakerArrives) {
  CircuitBreakerOptions expected;
  expected.consecutive_failures = 5;
  expected.adaptive.emplace();
  EXPECT_EQ(breaker_of("{circuit_breaker: {consecutive_failures: 5, adaptive: {}}}"), expected);
  expected.adaptive =
      AdaptiveOptions{.samples = 7,
                      .failures = {.strict_above = 0.6, .lax_below = 0.2, .step = 1, .least = 3, .most = 8},
                      .opening = {.long_above = seconds{3},
                                  .short_below = seconds{1},
                                  .lengthen = 2.5,
                                  .longest = minutes{4},
                                  .shorten = 0.7,
                                  .shortest = seconds{2}}};
  EXPECT_EQ(
      breaker_of(
          "{circuit_breaker: {consecutive_failures: 5, adaptive: {samples: 7, failures: {strict_above: 0.6, "
          "lax_below: 0.2, step: 1, least: 3, most: 8}, opening: {long_above: 3s, short_below: 1s, "
          "lengthen: 2.5, longest: 4m, shorten: 0.7, shortest: 2s}}}}"),
      expected);
}

TEST(BreakerSection, EveryKeyArrives) {
  const auto options = breaker_of(
      "{circuit_breaker: {window: {type: time, duration: 20s, buckets: 5}, minimum_calls: 7, failure_rate: "
      "0.25,"
      " slow_call: {threshold: 3s, rate: 0.75}, latency: {quantile: 0.99, above: 4s}, consecutive_failures: "
      "6,"
      " failure_balance: 8, stuck_calls: {older_than: 9s, count: 11}, open_duration: 12s, backoff: 1.5,"
      " max_open_duration: 13m, jitter: 0.2, honor_retry_after: true, probe_automatically: true,"
      " half_open: {permitted_calls: 4, success_threshold: 3, max_concurrent: 2, max_failure_rate: 0.5,"
      " probe_interval: 1s, max_wait: 14s},"
      " ramp: {duration: 15s, from: 0.3}}}");
  CircuitBreakerOptions expected;
  expected.window = TimeWindowOptions{.duration = seconds{20}, .buckets = 5};
  expected.minimum_calls = 7;
  expected.failure_rate = 0.25;
  expected.slow_call = SlowCallRule{.threshold = seconds{3}, .rate = 0.75};
  expected.latency = LatencyRule{.quantile = 0.99, .above = seconds{4}};
  expected.consecutive_failures = 6;
  expected.failure_balance = 8;
  expected.stuck_calls = StuckCallsRule{.older_than = seconds{9}, .count = 11};
  expected.open_duration = seconds{12};
  expected.backoff = 1.5;
  expected.max_open_duration = minutes{13};
  expected.jitter = 0.2;
  expected.honor_retry_after = true;
  expected.probe_automatically = true;
  expected.half_open = HalfOpenOptions{.permitted_calls = 4,
                                       .success_threshold = 3,
                                       .max_concurrent = 2,
                                       .max_failure_rate = 0.5,
                                       .probe_interval = seconds{1},
                                       .max_wait = seconds{14}};
  expected.ramp = RampOptions{.duration = seconds{15}, .from = 0.3};
  EXPECT_EQ(options, expected);
}

TEST(BreakerSection, ARampMayHaveAController) {
  CircuitBreakerOptions expected;
  expected.failure_rate = 0.5;
  expected.ramp = RampOptions{.controller = RampControllerOptions{}};
  EXPECT_EQ(breaker_of("{circuit_breaker: {failure_rate: 0.5, ramp: {controller: true}}}"), expected);
  expected.ramp = RampOptions{seconds{15}, 0.3, RampControllerOptions{seconds{2}, 7, 0.25, 1.25}};
  EXPECT_EQ(
      breaker_of("{circuit_breaker: {failure_rate: 0.5, ramp: {duration: 15s, from: 0.3, controller: true,"
                 " step: 2s, minimum: 7, max_failure_rate: 0.25, growth: 1.25}}}"),
      expected);
}

TEST(BreakerSection, AbsentKeysKeepTheLibrarysDefaults) {
  CircuitBreakerOptions expected;
  expected.failure_rate = 0.5;
  EXPECT_EQ(breaker_of("{circuit_breaker: {failure_rate: 0.5}}"), expected);
}

TEST(BreakerSection, AProbeWithinItsOwnTimeLimitNeverCountsAsHung) {
  const auto max_wait = [](const std::string& keys) {
    return breaker_of("{circuit_breaker: {failure_rate: 0.5}, " + keys + "}").half_open.max_wait;
  };
  EXPECT_EQ(max_wait("timeout: 2s"), minutes{1});
  EXPECT_EQ(max_wait("timeout: long"), minutes{2});
  EXPECT_EQ(max_wait("deadline: 10m"), minutes{10});
  EXPECT_EQ(max_wait("timeout: 2m, deadline: 10m"), minutes{2}) << "the timeout is what ends a probe";
  EXPECT_EQ(breaker_of("{preset: payment, timeout: batch}").half_open.max_wait, minutes{5});
  EXPECT_EQ(breaker_of("{circuit_breaker: {failure_rate: 0.5, half_open: {max_wait: 10s}}, timeout: 20s}")
                .half_open.max_wait,
            seconds{10})
      << "what the file says holds";
}

TEST(BreakerSection, AWindowsKindFollowsFromItsKeys) {
  EXPECT_EQ(breaker_of("{circuit_breaker: {failure_rate: 0.5, window: {size: 50}}}").window,
            WindowOptions(CountWindowOptions{.size = 50}));
  EXPECT_EQ(breaker_of("{circuit_breaker: {failure_rate: 0.5, window: {duration: 1m}}}").window,
            WindowOptions(TimeWindowOptions{.duration = minutes{1}, .buckets = 10}));
  EXPECT_EQ(breaker_of("{circuit_breaker: {failure_rate: 0.5, window: {type: time}}}").window,
            WindowOptions(TimeWindowOptions{}));
}

TEST(BreakerSection, ALongOpeningRaisesTheDefaultCapWithIt) {
  const auto options = breaker_of("{circuit_breaker: {failure_rate: 0.5, open_duration: 1h}}");
  EXPECT_EQ(options.max_open_duration, std::chrono::hours{1});
}

TEST(BreakerSection, MistakesOfTypeAndUnit) {
  expect_answers({
      {breaker_with("failure_rate: half"),
       "f.yaml:5:21: policies.p.circuit_breaker.failure_rate: \"half\" is not a number; expected a number"},
      {breaker_with("failure_rate: \"0.5\""),
       "f.yaml:5:21: policies.p.circuit_breaker.failure_rate: \"0.5\" is text; expected a number without "
       "quotes"},
      {breaker_with("failure_rate: 50%"),
       "f.yaml:5:21: policies.p.circuit_breaker.failure_rate: \"50%\" is a percentage; write the ratio 0.5"},
      {breaker_with("failure_rate: .nan"),
       "f.yaml:5:21: policies.p.circuit_breaker.failure_rate: \".nan\" is not a number; expected a number"},
      {breaker_with("failure_rate: nan"),
       "f.yaml:5:21: policies.p.circuit_breaker.failure_rate: \"nan\" is not a number; expected a number"},
      {breaker_with("failure_rate: [0.5]"),
       "f.yaml:5:21: policies.p.circuit_breaker.failure_rate: a list found; expected a number"},
      {breaker_with("failure_rate:"),
       "f.yaml:5:7: policies.p.circuit_breaker.failure_rate: nothing found; expected a number"},
      {breaker_with("consecutive_failures: 2.5"),
       "f.yaml:5:29: policies.p.circuit_breaker.consecutive_failures: \"2.5\" is not a whole number; "
       "expected a whole number"},
      {breaker_with("consecutive_failures: -1"),
       "f.yaml:5:29: policies.p.circuit_breaker.consecutive_failures: \"-1\" is negative; expected a whole "
       "number"},
      {breaker_with("consecutive_failures: 99999999999999999999"),
       "f.yaml:5:29: policies.p.circuit_breaker.consecutive_failures: \"99999999999999999999\" is too large; "
       "expected a whole number"},
      {breaker_with("failure_rate: 1e400"),
       "f.yaml:5:21: policies.p.circuit_breaker.failure_rate: \"1e400\" is out of range; expected a number"},
      {breaker_with("{failure_rate: 0.5, open_duration: 30}"),
       "f.yaml:5:42: policies.p.circuit_breaker.open_duration: \"30\" has no unit; write \"30s\""},
      {breaker_with("{failure_rate: 0.5, honor_retry_after: yes}"),
       "f.yaml:5:46: policies.p.circuit_breaker.honor_retry_after: \"yes\" is neither true nor false; "
       "expected true or false"},
      {breaker_with("{failure_rate: 0.5, slow_call: 2s}"),
       "f.yaml:5:38: policies.p.circuit_breaker.slow_call: text found; expected a mapping (key: value)"},
      {breaker_with("{failure_rate: 0.5, window: {type: cuont}}"),
       "f.yaml:5:42: policies.p.circuit_breaker.window.type: \"cuont\" is not known; expected count or time; "
       "did you mean "
       "\"count\"?"},
      {breaker_with("{failure_rate: 0.5, window: {type: count, buckets: 5}}"),
       "f.yaml:5:49: policies.p.circuit_breaker.window.buckets: is not a key of a count window; expected "
       "size"},
      {breaker_with("{failure_rate: 0.5, window: {type: time, size: 100}}"),
       "f.yaml:5:48: policies.p.circuit_breaker.window.size: is not a key of a time window; expected "
       "duration, buckets"},
  });
}

TEST(BreakerSection, UnknownKeysAreAskedAbout) {
  expect_answers({
      {breaker_with("failure_rat: 0.5\n      consecutive_failures: 3"),
       "f.yaml:5:7: policies.p.circuit_breaker.failure_rat: unknown key; did you mean \"failure_rate\"?"},
      {breaker_with("{failure_rate: 0.5, half_open: {permited_calls: 3}}"),
       "f.yaml:5:39: policies.p.circuit_breaker.half_open.permited_calls: unknown key; did you mean "
       "\"permitted_calls\"?"},
      {breaker_with("{failure_rate: 0.5, ramp: {xyz: 3}}"),
       "f.yaml:5:34: policies.p.circuit_breaker.ramp.xyz: unknown key; expected duration, from, "
       "controller, step, minimum, max_failure_rate or growth"},
      {breaker_with("{failure_rate: 0.5, ramp: {growth: 2}}"),
       "f.yaml:5:34: policies.p.circuit_breaker.ramp.growth: is a key of a ramp with controller: true"},
      {breaker_with("{failure_rate: 0.5, ramp: {controller: true, growth: 1}}"),
       "f.yaml:5:60: policies.p.circuit_breaker.ramp.growth: 1 is not a factor above 1, to 100"},
      {breaker_with("{failure_rate: 0.5, ramp: {controller: true, from: 0}}"),
       "f.yaml:5:58: policies.p.circuit_breaker.ramp.from: 0 is not a ratio above 0 and at most 1"},
  });
}

TEST(BreakerSection, RangesAndContradictionsStandAtTheirKey) {
  expect_answers({
      {breaker_with("failure_rate: 1.5"),
       "f.yaml:5:21: policies.p.circuit_breaker.failure_rate: 1.5 is not a ratio above 0 and at most 1"},
      {breaker_with("{failure_rate: 0.5, half_open: {permitted_calls: 2, max_concurrent: 3}}"),
       "f.yaml:5:75: policies.p.circuit_breaker.half_open.max_concurrent: 3 is not from 1 to 2"},
      {breaker_with("{failure_rate: 0.5, minimum_calls: 101}"),
       "f.yaml:5:42: policies.p.circuit_breaker.minimum_calls: 101 can never be reached in a window of 100 "
       "calls; expected at most window.size"},
      {breaker_with("{failure_rate: 0.5, open_duration: 1m, max_open_duration: 30s}"),
       "f.yaml:5:65: policies.p.circuit_breaker.max_open_duration: 30s is not at least open_duration (60s)"},
  });
}

TEST(BreakerSection, ARangeThatIsNoneIsNotSpokenOf) {
  expect_answers(
      {{breaker_with("{failure_rate: 0.5, half_open: {permitted_calls: 0, max_concurrent: 1}}"),
        "f.yaml:5:56: policies.p.circuit_breaker.half_open.permitted_calls: 0 is not from 1 to 1000000"}});
}

TEST(BreakerSection, AProblemOfAnAbsentKeyStandsAtTheBreaker) {
  expect_answers({
      {breaker_with("{failure_rate: 0.5, window: {size: 10}}"),
       "f.yaml:4:5: policies.p.circuit_breaker.minimum_calls: 20 can never be reached in a window of 10 "
       "calls; expected at most window.size"},
      {breaker_with("{}"),
       "f.yaml:4:5: policies.p.circuit_breaker: no trip rule is set, so it could never open; expected at "
       "least one of "
       "failure_rate, slow_call, latency, consecutive_failures, failure_balance, stuck_calls"},
  });
}

TEST(BreakerSection, AnUnreadableKeyDoesNotHideTheRangesOfOthersNorInventContradictions) {
  EXPECT_EQ(
      errors_of(breaker_with("{window: {size: many}, minimum_calls: 200, failure_rate: 2, jitter: 1}")),
      (std::vector<std::string>{
          "f.yaml:5:23: policies.p.circuit_breaker.window.size: \"many\" is not a whole number; expected a "
          "whole number",
          "f.yaml:5:64: policies.p.circuit_breaker.failure_rate: 2 is not a ratio above 0 and at most 1",
          "f.yaml:5:75: policies.p.circuit_breaker.jitter: 1 is not a ratio from 0 to below 1"}));
}

TEST(Presets, EachIsKnownByItsName) {
  for (const Preset& each : presets()) {
    EXPECT_EQ(breaker_of("{preset: " + std::string(each.name) + "}"), options_of(each)) << each.name;
  }
}

TEST(Presets, KeysBelowOverrideThem) {
  const auto options = breaker_of(
      "{circuit_breaker: {consecutive_failures: 9, slow_call: {threshold: 1s}, half_open: {max_concurrent: "
      "1}},"
      " preset: payment}");
  EXPECT_EQ(options.consecutive_failures, 9U);
  EXPECT_EQ(options.failure_rate, 0.10);
  EXPECT_EQ(options.slow_call, (SlowCallRule{.threshold = seconds{1}, .rate = 0.5}));
  EXPECT_EQ(options.half_open.permitted_calls, 5U);
  EXPECT_EQ(options.half_open.max_concurrent, 1U);
}

TEST(Presets, AnUnknownNameIsAskedAbout) {
  expect_answers({{"version: 1\npolicies:\n  p: {preset: paymnet}\n",
                   "f.yaml:3:15: policies.p.preset: \"paymnet\" is not known; expected payment, "
                   "authentication, core, analytics, third_party or internal; did you mean \"payment\"?"}});
}

}  // namespace
}  // namespace switchgear::config
