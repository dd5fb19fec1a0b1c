#include "switchgear/policy/circuit_breaker_options.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

namespace switchgear {
namespace {

using namespace std::chrono_literals;

CircuitBreakerOptions valid() {
  CircuitBreakerOptions options;
  options.failure_rate = 0.5;
  return options;
}

struct Case {
  const char* key;
  const char* message;
  std::function<void(CircuitBreakerOptions&)> spoil;
};

TEST(CircuitBreakerOptions, AreValidAsTheyComeOnceARuleIsSet) { EXPECT_TRUE(validate(valid()).empty()); }

TEST(CircuitBreakerOptions, NameEveryKeyThatIsWrongAndWhatIsWanted) {
  const std::vector<Case> cases{
      {"", "no trip rule is set", [](auto& o) { o.failure_rate.reset(); }},
      {"window.size", "0 is not from 1 to 1000000",
       [](auto& o) { o.window = CountWindowOptions{0}, o.minimum_calls = 0; }},
      {"minimum_calls", "101 can never be reached in a window of 100 calls",
       [](auto& o) { o.minimum_calls = 101; }},
      {"window.duration", "0s is not longer than 0s",
       [](auto& o) {
         o.window = TimeWindowOptions{0s, 1};
       }},
      {"window.buckets", "0 is not from 1 to 1000",
       [](auto& o) {
         o.window = TimeWindowOptions{1s, 0};
       }},
      {"window.buckets", "101 is not from 1 to 100",
       [](auto& o) {
         o.window = TimeWindowOptions{1s, 101}, o.latency = LatencyRule{};
       }},
      {"failure_rate", "1.5 is not a ratio above 0 and at most 1", [](auto& o) { o.failure_rate = 1.5; }},
      {"failure_rate", "0 is not a ratio above 0", [](auto& o) { o.failure_rate = 0.0; }},
      {"failure_rate", "nan is not a ratio", [](auto& o) { o.failure_rate = std::nan(""); }},
      {"slow_call.rate", "-1 is not a ratio",
       [](auto& o) {
         o.slow_call = SlowCallRule{1s, -1};
       }},
      {"latency.quantile", "0 is not",
       [](auto& o) {
         o.latency = LatencyRule{0, 1s};
       }},
      {"consecutive_failures", "0 is not from 1", [](auto& o) { o.consecutive_failures = 0; }},
      {"failure_balance", "0 is not from 1", [](auto& o) { o.failure_balance = 0; }},
      {"stuck_calls.count", "2000 is not from 1 to 1000",
       [](auto& o) {
         o.stuck_calls = StuckCallsRule{1s, 2000};
       }},
      {"open_duration", "0s is not longer than 0s", [](auto& o) { o.open_duration = 0s; }},
      {"max_open_duration", "1s is not at least open_duration (30s)",
       [](auto& o) { o.max_open_duration = 1s; }},
      {"backoff", "0.5 is not a factor from 1 to 1000", [](auto& o) { o.backoff = 0.5; }},
      {"jitter", "1 is not a ratio from 0 to below 1", [](auto& o) { o.jitter = 1; }},
      {"half_open.permitted_calls", "0 is not from 1", [](auto& o) { o.half_open.permitted_calls = 0; }},
      {"half_open.success_threshold", "0 is not from 1 to 3",
       [](auto& o) { o.half_open.success_threshold = 0; }},
      {"half_open.success_threshold", "4 is not from 1 to 3",
       [](auto& o) { o.half_open.success_threshold = 4; }},
      {"half_open.max_concurrent", "4 is not from 1 to 3", [](auto& o) { o.half_open.max_concurrent = 4; }},
      {"half_open.max_failure_rate", "2 is not a ratio", [](auto& o) { o.half_open.max_failure_rate = 2; }},
      {"half_open.probe_interval", "-1s is not 0s or longer",
       [](auto& o) { o.half_open.probe_interval = -1s; }},
      {"half_open.max_wait", "0s is not longer", [](auto& o) { o.half_open.max_wait = 0s; }},
      {"ramp.duration", "0s is not longer",
       [](auto& o) {
         o.ramp = RampOptions{0s, 0.1};
       }},
      {"ramp.from", "1.1 is not a ratio",
       [](auto& o) {
         o.ramp = RampOptions{1s, 1.1};
       }},
  };
  for (const Case& c : cases) {
    CircuitBreakerOptions options = valid();
    c.spoil(options);
    const std::vector<OptionProblem> problems = validate(options);
    ASSERT_EQ(problems.size(), 1U) << c.key << ": " << c.message;
    EXPECT_EQ(problems[0].key, c.key);
    EXPECT_NE(problems[0].message.find(c.message), std::string::npos) << problems[0].message;
  }
}

TEST(CircuitBreakerOptions, ReportAllProblemsAtOnce) {
  CircuitBreakerOptions options = valid();
  options.backoff = 0;
  options.jitter = 2;
  EXPECT_EQ(validate(options).size(), 2U);
}

}  // namespace
}  // namespace switchgear
