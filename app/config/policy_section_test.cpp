#include <gtest/gtest.h>

#include <string>

#include "app/config/test_loading.hpp"

namespace switchgear::config {
namespace {

using std::chrono::seconds;

Policy policy_of(const std::string& policy) {
  const Config config = config_of("version: 1\npolicies:\n  p: " + policy + "\n");
  return config.policies.contains("p") ? config.policies.at("p") : Policy{};
}

/// `keys` start at line 3, column 7.
std::string with(const std::string& keys) { return "version: 1\npolicies:\n  p: {" + keys + "}\n"; }

TEST(PolicySection, WithoutABreakerThereIsNone) {
  const Policy policy = policy_of("{timeout: 2s}");
  EXPECT_EQ(policy.name, "p");
  EXPECT_FALSE(policy.circuit_breaker.has_value());
  EXPECT_EQ(policy.timeout, seconds{2});
  EXPECT_EQ(policy.deadline, std::nullopt);
  EXPECT_EQ(policy.failure_when, FailureWhen{});
}

TEST(PolicySection, TimeoutsHaveNamedClasses) {
  EXPECT_EQ(policy_of("{timeout: health_check}").timeout, seconds{10});
  EXPECT_EQ(policy_of("{timeout: standard}").timeout, seconds{30});
  EXPECT_EQ(policy_of("{timeout: long}").timeout, seconds{120});
  EXPECT_EQ(policy_of("{timeout: health_check, deadline: batch}").deadline, seconds{300});
}

TEST(PolicySection, FailureWhenSaysWhatCounts) {
  const FailureWhen narrow =
      policy_of("{failure_when: {status: [500-503, 429], errors: [timeout]}}").failure_when;
  EXPECT_EQ(narrow.status, (std::vector<std::pair<unsigned, unsigned>>{{500, 503}, {429, 429}}));
  EXPECT_TRUE(narrow.timeout);
  EXPECT_FALSE(narrow.connection_error);
  const FailureWhen nothing = policy_of("{failure_when: {status: [], errors: []}}").failure_when;
  EXPECT_TRUE(nothing.status.empty());
  EXPECT_FALSE(nothing.timeout);
  EXPECT_FALSE(nothing.connection_error);
}

TEST(PolicySection, MistakesAreLocated) {
  expect_answers({
      {with("timeout: \"5\""), "f.yaml:3:16: policies.p.timeout: \"5\" has no unit; write \"5s\""},
      {with("timeout: 5"), "f.yaml:3:16: policies.p.timeout: \"5\" has no unit; write \"5s\""},
      {with("timeout: 0s"), "f.yaml:3:16: policies.p.timeout: \"0s\" is out of range; want from 1ms to 24h"},
      {with("timeout: 25h"),
       "f.yaml:3:16: policies.p.timeout: \"25h\" is out of range; want from 1ms to 24h"},
      {with("timeout: standart"),
       "f.yaml:3:16: policies.p.timeout: \"standart\" is neither a duration nor one of health_check, "
       "standard, long or "
       "batch; did you mean \"standard\"?"},
      {with("timeout: [1s]"),
       "f.yaml:3:16: policies.p.timeout: a list found; want a duration such as \"250ms\" or \"5s\""},
      {with("timeout: "),
       "f.yaml:3:7: policies.p.timeout: nothing found; want a duration such as \"250ms\" or \"5s\""},
      {with("timeout: 20s, deadline: 10s"),
       "f.yaml:3:16: policies.p.timeout: \"20s\" is longer than the deadline of the whole call (10s); want "
       "at most that"},
      {with("timout: 20s"), "f.yaml:3:7: policies.p.timout: unknown key; did you mean \"timeout\"?"},
      {with("failure_when: {status: 500-599}"),
       "f.yaml:3:30: policies.p.failure_when.status: \"500-599\" found; want a list, as in [500-599, 429]"},
      {with("failure_when: {status: [5xx]}"),
       "f.yaml:3:31: policies.p.failure_when.status[0]: \"5xx\" is no HTTP status; want one from 100 to 599, "
       "or a range such "
       "as 500-599"},
      {with("failure_when: {status: [599-500]}"),
       "f.yaml:3:31: policies.p.failure_when.status[0]: \"599-500\" runs backwards; write \"500-599\""},
      {with("failure_when: {status: [600]}"),
       "f.yaml:3:31: policies.p.failure_when.status[0]: \"600\" is no HTTP status; want one from 100 to 599, "
       "or a range such "
       "as 500-599"},
      {with("failure_when: {status: [{}]}"),
       "f.yaml:3:31: policies.p.failure_when.status[0]: a mapping is no HTTP status; want one from 100 to "
       "599, or a range "
       "such as 500-599"},
      {with("failure_when: {errors: [timeouts]}"),
       "f.yaml:3:31: policies.p.failure_when.errors[0]: \"timeouts\" is not known; want timeout or "
       "connection_error; did you "
       "mean \"timeout\"?"},
  });
}

TEST(PolicySection, NamesAreShortAndPrintable) {
  const std::string name(129, 'n');
  expect_answers({
      {"version: 1\npolicies:\n  " + name + ": {preset: core}\n",
       "f.yaml:3:3: policies." + name + ": the name has 129 bytes; want at most 128"},
      {"version: 1\npolicies:\n  \"\": {preset: core}\n",
       "f.yaml:3:3: policies.: an empty name; want a word"},
      {"version: 1\npolicies:\n  \"a\\nb\": {preset: core}\n",
       "f.yaml:3:3: policies.a\\x0ab: the name contains a control character; want printable text"},
  });
  EXPECT_EQ(config_of("version: 1\npolicies:\n  \"<img src=x onerror=alert(1)>\": {preset: core}\n")
                .policies.size(),
            1U);
}

TEST(PolicySection, TenThousandPoliciesAreTheMost) {
  std::string text = "version: 1\npolicies:\n";
  for (int i = 0; i < 10'000; ++i) text += "  p" + std::to_string(i) + ": {preset: core}\n";
  EXPECT_EQ(config_of(text).policies.size(), 10'000U);
  expect_answers({{text + "  more: {preset: core}\n",
                   "f.yaml:2:1: policies: 10001 policies found; want at most 10000"}});
}

TEST(LaterSections, AreValidWithAWarningEach) {
  const std::string text = with(
      "retry: {max_attempts: 3, backoff: fixed, base: 1s, jitter: {ratio: 0.1}, budget: {ratio: 0.2, "
      "min_per_second: 3}},"
      " bulkhead: {max_concurrent: 50}, rate_limiter: {rate: 0.5}, hedge: {delay: p99.9}, cache: {ttl: 5s},"
      " fallback: {value: {status: 200, body: \"{}\"}}");
  EXPECT_TRUE(errors_of(text).empty());
  EXPECT_EQ(warnings_of(text),
            (std::vector<std::string>{
                "f.yaml:3:7: policies.p.retry is valid but not applied by this version",
                "f.yaml:3:122: policies.p.bulkhead is valid but not applied by this version",
                "f.yaml:3:154: policies.p.rate_limiter is valid but not applied by this version",
                "f.yaml:3:181: policies.p.hedge is valid but not applied by this version",
                "f.yaml:3:204: policies.p.cache is valid but not applied by this version",
                "f.yaml:3:222: policies.p.fallback is valid but not applied by this version"}));
}

TEST(LaterSections, AreCheckedAllTheSame) {
  expect_answers({
      {with("retry: {max_attempts: 0}"),
       "f.yaml:3:29: policies.p.retry.max_attempts: \"0\" is out of range; want a whole number from 1 to "
       "100"},
      {with("retry: {backoff: exponentiel}"),
       "f.yaml:3:24: policies.p.retry.backoff: \"exponentiel\" is not known; want fixed, linear or "
       "exponential; did you mean "
       "\"exponential\"?"},
      {with("retry: {base: 10s, max_delay: 5s}"),
       "f.yaml:3:21: policies.p.retry.base: \"10s\" is longer than max_delay (5s); want at most that"},
      {with("retry: {jitter: some}"),
       "f.yaml:3:23: policies.p.retry.jitter: \"some\" is not known; want none, full, equal or decorrelated"},
      {with("retry: {jitter: {}}"),
       "f.yaml:3:15: policies.p.retry.jitter.ratio: is missing; write \"ratio: 0.1\""},
      {with("retry: {budget: {ratio: 2}}"),
       "f.yaml:3:31: policies.p.retry.budget.ratio: \"2\" is out of range; want a number from 0 to 1"},
      {with("bulkhead: {}"),
       "f.yaml:3:7: policies.p.bulkhead.max_concurrent: is missing; write \"max_concurrent: 50\""},
      {with("rate_limiter: {rate: 0}"),
       "f.yaml:3:28: policies.p.rate_limiter.rate: \"0\" is out of range; want a number from 0.001 to "
       "1000000000"},
      {with("hedge: {delay: p100}"),
       "f.yaml:3:22: policies.p.hedge.delay: \"p100\" is no quantile; want one such as p95, or a duration"},
      {with("hedge: {delay: 0s}"),
       "f.yaml:3:22: policies.p.hedge.delay: \"0s\" is out of range; want at least 1ns"},
      {with("cache: {ttl: 5}"), "f.yaml:3:20: policies.p.cache.ttl: \"5\" has no unit; write \"5s\""},
      {with("fallback: {}"),
       "f.yaml:3:7: policies.p.fallback: 0 kinds found; want exactly one of value, cache, queue, fail"},
      {with("fallback: {fail: no, queue: {max: 5}}"),
       "f.yaml:3:7: policies.p.fallback: 2 kinds found; want exactly one of value, cache, queue, fail"},
  });
}

}  // namespace
}  // namespace switchgear::config
