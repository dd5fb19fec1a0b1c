#include "app/experiment/arm_watch.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <utility>

namespace switchgear::experiment {
namespace {

using namespace std::chrono_literals;

class ArmWatchTest : public testing::Test {
 protected:
  static CircuitBreakerOptions options() {
    CircuitBreakerOptions options;
    options.consecutive_failures = 3;
    options.slow_call = SlowCallRule{1s, 1.0};
    options.minimum_calls = 50;
    options.window = CountWindowOptions{100};
    options.open_duration = 10s;
    options.half_open.permitted_calls = 2;
    options.half_open.max_failure_rate = 1.0;
    return options;
  }
  void call(Verdict verdict, Duration latency = 100ms) {
    auto permit = breaker->try_acquire(now);
    now += latency;
    if (permit) std::move(*permit).record(verdict, now);
  }
  void calls(int count, Verdict verdict) {
    for (int i = 0; i < count; ++i) call(verdict);
  }
  void open() {
    calls(3, Verdict::failure);
    ASSERT_EQ(breaker->state(), State::open);
  }
  void recover() {
    now += 10s;
    call(Verdict::success);  // of two probes: the other one could not open it again
    ASSERT_EQ(breaker->state(), State::closed);
  }
  [[nodiscard]] ArmOpenings seen() const { return watch->openings(now); }

  TimePoint now{1h};
  BreakerRegistry registry{{now, {}}, 0};
  std::shared_ptr<CircuitBreaker> breaker = registry.get_or_create("shop", options(), now);
  std::unique_ptr<ArmWatch> watch = ArmWatch::of(registry, "shop");
};

TEST_F(ArmWatchTest, MeasuresFromTheFirstBadCallToTheOpening) {
  calls(5, Verdict::success);
  call(Verdict::failure, 2s);  // 2 s after it began, and 600 ms of five others
  calls(5, Verdict::success);
  call(Verdict::success, 1100ms);  // slow
  open();
  EXPECT_EQ(seen().detected, 1U);
  EXPECT_EQ(seen().until_open, 2s + 500ms + 1100ms + 300ms);
}

TEST_F(ArmWatchTest, ABadCallBeforeTenGoodOnesIsNotTheBeginning) {
  call(Verdict::failure);
  calls(10, Verdict::success);
  open();
  EXPECT_EQ(seen().until_open, 300ms);
}

TEST_F(ArmWatchTest, AnOpeningByTheFirstBadCallTakesAsLongAsThatCall) {
  CircuitBreakerOptions strict = options();
  strict.consecutive_failures = 1;
  breaker = registry.get_or_create("strict", strict, now);
  watch = ArmWatch::of(registry, "strict");
  call(Verdict::failure, 2s);
  ASSERT_EQ(breaker->state(), State::open);
  EXPECT_EQ(seen().detected, 1U);
  EXPECT_EQ(seen().until_open, 2s);
}

TEST_F(ArmWatchTest, AnOpeningSoonAfterAnotherIsMeasuredByItself) {
  open();
  recover();
  calls(2, Verdict::success);
  open();
  EXPECT_EQ(seen().detected, 2U);
  EXPECT_EQ(seen().until_open, 300ms + 300ms);
}

TEST_F(ArmWatchTest, FindsAnOpeningDoubtfulWhenTheDependencyIsWellAtFirstLook) {
  open();
  recover();
  call(Verdict::success);
  EXPECT_EQ(seen().judged, 0U) << "it may fail yet";
  now += 10s;
  EXPECT_EQ(seen().judged, 1U);
  EXPECT_EQ(seen().doubtful, 1U);
}

TEST_F(ArmWatchTest, IsNotMistakenAboutAnOpeningAfterWhichSomethingFails) {
  open();
  recover();
  call(Verdict::failure);
  now += 20s;
  calls(10, Verdict::success);
  EXPECT_EQ(seen().judged, 1U);
  EXPECT_EQ(seen().doubtful, 0U);
}

TEST_F(ArmWatchTest, AnOpeningThatRelapsesIsNotDoubtful) {
  open();
  now += 10s;
  calls(2, Verdict::failure);
  ASSERT_EQ(breaker->state(), State::open);
  recover();
  calls(3, Verdict::success);
  now += 20s;
  EXPECT_EQ(seen().judged, 1U);
  EXPECT_EQ(seen().doubtful, 0U);
  EXPECT_EQ(seen().detected, 1U) << "a relapse is not detected, it is looked for";
}

TEST_F(ArmWatchTest, AProbeThatFailsIsNoGoodFirstLook) {
  open();
  now += 10s;
  call(Verdict::failure);
  call(Verdict::success);
  ASSERT_EQ(breaker->state(), State::closed);
  now += 20s;
  EXPECT_EQ(seen().judged, 1U);
  EXPECT_EQ(seen().doubtful, 0U);
}

TEST_F(ArmWatchTest, CannotJudgeWithoutACall) {
  open();
  recover();
  now += 20s;
  EXPECT_EQ(seen().judged, 0U);
}

TEST_F(ArmWatchTest, AnOperatorsCommandIsNeither) {
  breaker->command(Command::force_open, now);
  breaker->command(Command::reset, now);
  calls(3, Verdict::success);
  now += 20s;
  EXPECT_EQ(seen().detected + seen().judged, 0U);
}

TEST_F(ArmWatchTest, NeedsABreakerAndStopsListeningAtItsEnd) {
  EXPECT_EQ(ArmWatch::of(registry, "cart"), nullptr);
  watch.reset();
  open();  // nothing hears of it
}

}  // namespace
}  // namespace switchgear::experiment
