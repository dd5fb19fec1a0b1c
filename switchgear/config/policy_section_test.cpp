#include <gtest/gtest.h>

#include <string>

#include "switchgear/config/loading_fixture.hpp"

namespace switchgear::config {
namespace {

using std::chrono::seconds;

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
      {with("timeout: 0s"),
       "f.yaml:3:16: policies.p.timeout: \"0s\" is out of range; expected from 1ms to 24h"},
      {with("timeout: 25h"),
       "f.yaml:3:16: policies.p.timeout: \"25h\" is out of range; expected from 1ms to 24h"},
      {with("timeout: standart"),
       "f.yaml:3:16: policies.p.timeout: \"standart\" is neither a duration nor one of health_check, "
       "standard, long or "
       "batch; did you mean \"standard\"?"},
      {with("timeout: [1s]"),
       "f.yaml:3:16: policies.p.timeout: a list found; expected a duration such as \"250ms\" or \"5s\""},
      {with("timeout: "),
       "f.yaml:3:7: policies.p.timeout: nothing found; expected a duration such as \"250ms\" or \"5s\""},
      {with("timeout: 20s, deadline: 10s"),
       "f.yaml:3:16: policies.p.timeout: \"20s\" is longer than the deadline of the whole call (10s); "
       "expected at most that"},
      {with("timout: 20s"), "f.yaml:3:7: policies.p.timout: unknown key; did you mean \"timeout\"?"},
      {with("failure_when: {status: 500-599}"),
       "f.yaml:3:30: policies.p.failure_when.status: \"500-599\" found; expected a list, as in [500-599, "
       "429]"},
      {with("failure_when: {status: [5xx]}"),
       "f.yaml:3:31: policies.p.failure_when.status[0]: \"5xx\" is no HTTP status; expected one from 100 to "
       "599, or a range such "
       "as 500-599"},
      {with("failure_when: {status: [599-500]}"),
       "f.yaml:3:31: policies.p.failure_when.status[0]: \"599-500\" runs backwards; write \"500-599\""},
      {with("failure_when: {status: [600]}"),
       "f.yaml:3:31: policies.p.failure_when.status[0]: \"600\" is no HTTP status; expected one from 100 to "
       "599, or a range such "
       "as 500-599"},
      {with("failure_when: {status: [{}]}"),
       "f.yaml:3:31: policies.p.failure_when.status[0]: a mapping is no HTTP status; expected one from 100 "
       "to 599, or a range "
       "such as 500-599"},
      {with("failure_when: {errors: [timeouts]}"),
       "f.yaml:3:31: policies.p.failure_when.errors[0]: \"timeouts\" is not known; expected timeout or "
       "connection_error; did you "
       "mean \"timeout\"?"},
  });
}

TEST(PolicySection, NamesAreShortAndPrintable) {
  const std::string name(129, 'n');
  expect_answers({
      {"version: 1\npolicies:\n  " + name + ": {preset: core}\n",
       "f.yaml:3:3: policies." + name + ": the name has 129 bytes; expected at most 128"},
      {"version: 1\npolicies:\n  \"\": {preset: core}\n",
       "f.yaml:3:3: policies.: an empty name; expected a word"},
      {"version: 1\npolicies:\n  \"a\\nb\": {preset: core}\n",
       "f.yaml:3:3: policies.a\\x0ab: the name contains an invisible character; expected printable "
       "text"},
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
                   "f.yaml:2:1: policies: 10001 policies found; expected at most 10000"}});
}

}  // namespace
}  // namespace switchgear::config
