#include "switchgear/sync/call.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace switchgear {
namespace {

using namespace std::chrono_literals;

CircuitBreakerOptions twice() {
  CircuitBreakerOptions options;
  options.consecutive_failures = 2;
  options.open_duration = 1h;
  options.max_open_duration = 1h;
  return options;
}

class CallTest : public ::testing::Test {
 protected:
  [[nodiscard]] CallTotals totals() const { return breaker.snapshot(SteadyTime::now()).totals; }
  void open() { breaker.command(Command::force_open, SteadyTime::now()); }

  CircuitBreaker breaker{"payment", twice(), {nullptr, 0, {}, SteadyTime::now()}};
};

TEST_F(CallTest, ReturnsWhatTheFunctionReturns) {
  EXPECT_EQ(call(breaker, [] { return std::string("paid"); }), "paid");
  EXPECT_EQ(*call(breaker, [] { return std::make_unique<int>(7); }), 7) << "move-only results pass";
  int called = 0;
  call(breaker, [&] { ++called; });
  EXPECT_EQ(called, 1);
  EXPECT_EQ(totals().successes, 3U);
}

TEST_F(CallTest, LetsTheCallersOwnExceptionPassAndCountsAFailure) {
  for (int i = 0; i < 2; ++i) {
    EXPECT_THROW(call(breaker, []() -> int { throw std::out_of_range("mine"); }), std::out_of_range);
  }
  EXPECT_EQ(totals().failures, 2U);
  EXPECT_EQ(breaker.state(), State::open);
}

TEST_F(CallTest, ThrowsRejectedWithNameReasonAndWait) {
  EXPECT_THROW(call(breaker, []() -> int { throw 1; }), int);
  EXPECT_THROW(call(breaker, []() -> int { throw 1; }), int);
  bool called = false;
  try {
    call(breaker, [&] { called = true; });
    FAIL() << "not refused";
  } catch (const Rejected& rejected) {
    EXPECT_EQ(rejected.policy(), "payment");
    EXPECT_EQ(rejected.reason(), Reason::open);
    ASSERT_TRUE(rejected.retry_after());
    EXPECT_GT(*rejected.retry_after(), 59min);
    EXPECT_EQ(rejected.code(), make_error_code(Reason::open));
    EXPECT_EQ(rejected.code().message(), "rejected: open");
  }
  EXPECT_FALSE(called);
}

TEST_F(CallTest, GivesTheRejectionAsAValueToWhoeverAsksForOne) {
  open();
  const auto refused = try_call(breaker, [] { return 1; });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.rejection().reason, Reason::forced_open);
}

TEST_F(CallTest, TellsTheLatencyItMeasured) {
  Duration seen = -1ns;
  const TimePoint until = SteadyTime::now() + 2ms;
  const auto result = try_call(
      breaker,
      [&] {
        while (SteadyTime::now() < until) {
        }
        return 1;
      },
      [&](Verdict verdict, Duration latency) {
        EXPECT_EQ(verdict, Verdict::success);
        seen = latency;
      });
  EXPECT_TRUE(result);
  EXPECT_GE(seen, 1ms);
}

TEST(Clocks, NeverRunBackwardsAndAgreeOnHowLongThingsTake) {
  const TimePoint steady = SteadyTime::now();
  const TimePoint tsc = TscTime::now();
  const TimePoint coarse = CoarseTime::now();
  TimePoint last = tsc;
  while (SteadyTime::now() - steady < 50ms) {
    const TimePoint now = TscTime::now();
    ASSERT_GE(now, last);
    last = now;
  }
  EXPECT_NEAR(to_seconds(TscTime::now() - tsc), 0.05, 0.02);
  EXPECT_NEAR(to_seconds(CoarseTime::now() - coarse), 0.05, 0.02);
}

TEST(Clocks, TellTheSameTimeSoThatOneMayReplaceAnother) {
  EXPECT_NEAR(to_seconds(SteadyTime::now() - TscTime::now()), 0.0, 0.01);
  EXPECT_NEAR(to_seconds(SteadyTime::now() - CoarseTime::now()), 0.0, 0.02);
}

}  // namespace
}  // namespace switchgear
