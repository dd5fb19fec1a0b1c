#include "switchgear/policy/wilson.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "switchgear/policy/breaker_fixture.hpp"

namespace switchgear {
namespace {

TEST(Wilson, HasTheQuantilesThatTablesHave) {
  EXPECT_NEAR(normal_quantile(0.5), 0, 1e-12);
  EXPECT_NEAR(normal_quantile(0.95), 1.6448536269514722, 1e-12);
  EXPECT_NEAR(normal_quantile(0.99), 2.3263478740408408, 1e-12);
  EXPECT_NEAR(normal_quantile(0.05), -1.6448536269514722, 1e-12);
}

TEST(Wilson, IsKnownInClosedFormWhereAllCallsAreAlike) {
  const double z = 1.6448536269514722;
  for (const std::uint64_t calls : {1U, 2U, 6U, 1'000U}) {
    const auto n = static_cast<double>(calls);
    EXPECT_NEAR(wilson_lower_bound(calls, calls, 0.95), n / (n + z * z), 1e-12) << calls;
    EXPECT_NEAR(wilson_lower_bound(0, calls, 0.95), 0, 1e-12) << calls;
  }
  EXPECT_EQ(wilson_lower_bound(0, 0, 0.95), 0);
}

TEST(Wilson, NeedsAsManyMarksAsBringTheBoundToTheShare) {
  for (const double confidence : {0.5, 0.8, 0.95, 0.999}) {
    for (const double share : {0.01, 0.1, 0.5, 0.9, 0.99}) {
      const WilsonNeed need{share, confidence};
      for (std::uint64_t calls = 1; calls < 400; calls += 1 + calls / 7) {
        for (std::uint64_t marked = 0; marked <= calls; ++marked) {
          const double over = static_cast<double>(marked) - need.of(static_cast<double>(calls));
          if (std::abs(over) < 1e-9) continue;  // where rounding decides
          ASSERT_EQ(wilson_lower_bound(marked, calls, confidence) >= share, over > 0)
              << marked << " of " << calls << ", " << share << " with " << confidence;
        }
      }
    }
  }
}

CircuitBreakerOptions confident(double rate, double confidence, WindowOptions window) {
  CircuitBreakerOptions options;
  options.window = window;
  options.failure_rate = rate;
  options.failure_rate_confidence = confidence;
  return options;
}

TEST(Confidence, OpensAfterFewCallsThatSayEnoughAndNotAfterMoreThatDoNot) {
  for (const WindowOptions& window :
       {WindowOptions{CountWindowOptions{100}}, WindowOptions{TimeWindowOptions{}}}) {
    Bench dead{confident(0.5, 0.95, window)};
    dead.fail(2);
    EXPECT_EQ(dead.state(), State::closed) << "2 of 2: at least 0.43";
    dead.fail();
    EXPECT_EQ(dead.state(), State::open) << "3 of 3: at least 0.53";
    ASSERT_EQ(dead.events.transitions.size(), 1U);
    const Transition& opened = dead.events.transitions.front();
    EXPECT_EQ(opened.rule, Rule::failure_rate);
    EXPECT_NEAR(opened.value, 0.5258, 1e-4) << "the lower end of the interval";
    EXPECT_EQ(opened.threshold, 0.5);
    EXPECT_EQ(opened.window.calls, 3U);

    Bench half{confident(0.5, 0.95, window)};
    for (int i = 0; i < 500; ++i) {
      half.succeed();
      half.fail();
    }
    EXPECT_EQ(half.state(), State::closed) << "as likely above as below";
    half.fail(200);
    EXPECT_EQ(half.state(), State::open);
  }
}

TEST(Confidence, DoesNotKeepOtherRulesFromWaitingForTheirCalls) {
  CircuitBreakerOptions options = confident(0.9, 0.99, CountWindowOptions{50});
  options.slow_call = SlowCallRule{.threshold = 1s, .rate = 0.5};
  options.minimum_calls = 10;
  Bench bench{options};
  for (int i = 0; i < 9; ++i) bench.succeed(2s);
  EXPECT_EQ(bench.state(), State::closed);
  bench.succeed(2s);
  EXPECT_EQ(bench.state(), State::open);
}

TEST(Confidence, SaysWhatIsWrongWithItsOptions) {
  const auto problems = [](double rate, double confidence) {
    return validate(confident(rate, confidence, CountWindowOptions{10}));
  };
  EXPECT_TRUE(problems(0.5, 0.95).empty());
  EXPECT_EQ(problems(0.5, 1).front().key, "failure_rate.confidence");
  EXPECT_EQ(problems(0.5, 0.3).front().key, "failure_rate.confidence");
  EXPECT_EQ(problems(1, 0.95).front().key, "failure_rate.above");
  CircuitBreakerOptions both = confident(0.5, 0.95, CountWindowOptions{10});
  both.weights[FailureType::timeout] = 2;
  EXPECT_EQ(validate(both).front().key, "weights");
  CircuitBreakerOptions alone;
  alone.consecutive_failures = 1;
  alone.failure_rate_confidence = 0.9;
  EXPECT_EQ(validate(alone).front().key, "failure_rate.above");
}

}  // namespace
}  // namespace switchgear
