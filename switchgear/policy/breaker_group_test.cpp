#include "switchgear/policy/breaker_group.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "switchgear/policy/breaker_fixture.hpp"

namespace switchgear {
namespace {

class BreakerGroupTest : public ::testing::Test {
 protected:
  testing::ManualTime time;
  CircuitBreaker service{"service", simple()};
  CircuitBreaker operation{"operation", simple()};
  CircuitBreaker tenant{"tenant", simple()};
  BreakerGroup path{&service, &operation, &tenant};
};

TEST_F(BreakerGroupTest, AsksEveryBreakerOfThePath) {
  auto permits = path.try_acquire(time.now());
  ASSERT_TRUE(permits);
  std::move(*permits).record(Verdict::success, time.now());
  for (const CircuitBreaker* breaker : {&service, &operation, &tenant}) {
    EXPECT_EQ(breaker->snapshot(time.now()).totals.successes, 1U) << breaker->name();
  }
}

TEST_F(BreakerGroupTest, GivesTheOuterPermitsBackAsIgnoredWhenAnInnerBreakerRefuses) {
  tenant.command(Command::force_open, time.now());
  const auto refused = path.try_acquire(time.now());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.rejection().policy, "tenant");
  EXPECT_EQ(service.snapshot(time.now()).totals.ignored, 1U);
  EXPECT_EQ(operation.snapshot(time.now()).totals.ignored, 1U);
  EXPECT_EQ(tenant.snapshot(time.now()).totals.calls, 0U);
}

TEST_F(BreakerGroupTest, AsksFromTheOutsideInAndStopsAtTheFirstRefusal) {
  service.command(Command::force_open, time.now());
  const auto refused = path.try_acquire(time.now());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.rejection().policy, "service");
  EXPECT_EQ(operation.snapshot(time.now()).totals.calls, 0U);
}

TEST_F(BreakerGroupTest, OpensOnlyTheBreakersThatTheFailuresWentThrough) {
  CircuitBreaker other{"other tenant", simple()};
  const BreakerGroup elsewhere{&service, &operation, &other};
  for (const BreakerGroup* way : std::initializer_list<const BreakerGroup*>{&path, &elsewhere}) {
    auto permits = way->try_acquire(time.now());
    ASSERT_TRUE(permits);
    std::move(*permits).record(Verdict::failure, time.now());
  }
  EXPECT_EQ(service.state(), State::open);
  EXPECT_EQ(operation.state(), State::open);
  EXPECT_EQ(tenant.state(), State::closed);
  EXPECT_EQ(other.state(), State::closed);
}

TEST_F(BreakerGroupTest, ReturnsAProbeToAnOuterBreakerThatTheInnerOneRefused) {
  for (int i = 0; i < 2; ++i) {
    auto permit = service.try_acquire(time.now());
    std::move(*permit).record(Verdict::failure, time.now());
  }
  time.advance(10s);
  tenant.command(Command::force_open, time.now());
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(path.try_acquire(time.now()));
  const BreakerSnapshot outer = service.snapshot(time.now());
  EXPECT_EQ(outer.state, State::half_open);
  EXPECT_EQ(outer.half_open.in_flight, 0U);
}

TEST_F(BreakerGroupTest, JudgesAProbeByTheBeginningOfAnAnswerThatItsCallerIsSlowToTake) {
  for (int i = 0; i < 2; ++i) {
    auto permit = service.try_acquire(time.now());
    std::move(*permit).record(Verdict::failure, time.now());
  }
  time.advance(10s);
  for (int i = 0; i < 2; ++i) {
    auto permits = path.try_acquire(time.now());
    ASSERT_TRUE(permits);
    permits->set_aside(Outcome::success(Duration{1}), time.now());
    EXPECT_EQ(tenant.snapshot(time.now()).totals.successes, 0U + i) << "closed: it counts at its end";
    std::move(*permits).record(Verdict::success, time.now());
  }
  EXPECT_EQ(service.state(), State::closed);
  EXPECT_EQ(service.snapshot(time.now()).totals.successes, 2U);
  EXPECT_EQ(tenant.snapshot(time.now()).totals.successes, 2U);
}

TEST_F(BreakerGroupTest, RefusesAPathThatIsNone) {
  EXPECT_THROW(BreakerGroup{}, std::invalid_argument);
  EXPECT_THROW((BreakerGroup{&service, nullptr}), std::invalid_argument);
  EXPECT_THROW((BreakerGroup{&service, &service, &service, &service, &service}), std::invalid_argument);
}

TEST_F(BreakerGroupTest, CountsADroppedCallAsIgnoredEverywhere) {
  { auto permits = path.try_acquire(time.now()); }
  for (const CircuitBreaker* breaker : {&service, &operation, &tenant}) {
    EXPECT_EQ(breaker->snapshot(time.now()).totals.ignored, 1U) << breaker->name();
  }
}

}  // namespace
}  // namespace switchgear
