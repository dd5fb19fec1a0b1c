#include <gtest/gtest.h>

#include <deque>

#include "switchgear/policy/breaker_fixture.hpp"

namespace switchgear {
namespace {

CircuitBreakerOptions weighted(WindowOptions window) {
  CircuitBreakerOptions options;
  options.window = window;
  options.minimum_calls = 10;
  options.failure_rate = 0.5;
  options.weights[FailureType::timeout] = 3;
  return options;
}

/// A whole call of no length with a failure of that type.
void fail_with(Bench& bench, FailureType type) {
  auto permit = bench.acquire();
  ASSERT_TRUE(permit);
  std::move(*permit).record(Outcome::failure(type, 0ns), bench.time.now());
}

TEST(FailureWeights, MakeSomeFailuresCountForSeveral) {
  for (const WindowOptions& window :
       {WindowOptions{CountWindowOptions{20}}, WindowOptions{TimeWindowOptions{}}}) {
    Bench bench{weighted(window)};
    bench.succeed(9);
    fail_with(bench, FailureType::timeout);
    fail_with(bench, FailureType::timeout);
    EXPECT_EQ(bench.state(), State::closed) << "6 of 15";
    EXPECT_EQ(bench.snapshot().window.failures, 2U);
    EXPECT_EQ(bench.snapshot().window.extra_weight, 4U);
    EXPECT_DOUBLE_EQ(bench.snapshot().window.weighted_failure_rate(), 0.4);
    fail_with(bench, FailureType::http_error);
    EXPECT_EQ(bench.state(), State::closed) << "7 of 16";
    fail_with(bench, FailureType::timeout);
    EXPECT_EQ(bench.state(), State::open) << "10 of 19";
    EXPECT_DOUBLE_EQ(bench.events.transitions.front().value, 10.0 / 19);
  }
}

TEST(FailureWeights, LeaveTheWindowWithTheirCalls) {
  CircuitBreakerOptions options = weighted(CountWindowOptions{10});
  options.failure_rate = 0.9;
  Bench bench{options};
  for (int i = 0; i < 3; ++i) fail_with(bench, FailureType::timeout);
  bench.succeed(7);
  EXPECT_EQ(bench.snapshot().window.extra_weight, 6U);
  bench.succeed(2);
  EXPECT_EQ(bench.snapshot().window.extra_weight, 2U);
  bench.succeed(1);
  EXPECT_EQ(bench.snapshot().window.extra_weight, 0U);
}

TEST(FailureWeights, CountInTheBalanceAndNotInARow) {
  CircuitBreakerOptions options;
  options.failure_balance = 5;
  options.weights[FailureType::timeout] = 3;
  Bench balance{options};
  fail_with(balance, FailureType::timeout);
  balance.succeed(1);
  EXPECT_EQ(balance.state(), State::closed) << "2";
  fail_with(balance, FailureType::timeout);
  EXPECT_EQ(balance.state(), State::open) << "5";

  options.failure_balance.reset();
  options.consecutive_failures = 3;
  Bench row{options};
  fail_with(row, FailureType::timeout);
  fail_with(row, FailureType::timeout);
  EXPECT_EQ(row.state(), State::closed);
}

TEST(FailureWeights, AreCheckedOneByOne) {
  CircuitBreakerOptions options = weighted(CountWindowOptions{20});
  options.weights[FailureType::exception] = 0;
  options.weights[FailureType::slow_response] = 101;
  const auto problems = validate(options);
  ASSERT_EQ(problems.size(), 2U);
  EXPECT_EQ(problems[0].key, "weights.exception");
  EXPECT_EQ(problems[1].key, "weights.slow_response");
}

}  // namespace
}  // namespace switchgear
