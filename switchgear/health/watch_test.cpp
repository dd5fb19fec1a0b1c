#include "switchgear/health/watch.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "switchgear/testing/manual_time.hpp"

namespace switchgear::health {
namespace {

using namespace std::chrono_literals;

constexpr CheckEnd good = CheckEnd::good;
constexpr CheckEnd bad = CheckEnd::unexpected;

/// One check every ten seconds with a limit of two, exactly; three bad, two good.
WatchOptions exact() {
  WatchOptions options;
  options.interval = 10s;
  options.jitter = 0;
  options.timeout = 2s;
  options.rows = {3, 2};
  return options;
}

/// A watch in manual time, and a dependency that answers at once.
struct Bench {
  explicit Bench(const WatchOptions& options = exact()) : watch(options, 7, time.now()) {}

  Watch::Step step(Traffic traffic = Traffic::some) { return watch.step(time.now(), traffic); }
  std::optional<Judged> end(CheckEnd end) { return watch.end({end, "words"}, time.now()); }

  /// Waits for the next check and answers it.
  Judged check(CheckEnd with) {
    move_to(watch.next_due());
    EXPECT_EQ(step().todo, Watch::Todo::begin);
    return end(with).value();
  }
  void check(const std::vector<CheckEnd>& with) {
    for (const CheckEnd each : with) check(each);
  }
  void move_to(TimePoint at) { time.advance(at - time.now()); }
  [[nodiscard]] Status status() const { return watch.snapshot().status; }

  testing::ManualTime time;
  Watch watch;
};

TEST(HealthWatch, KnowsNothingUntilTheFirstResultWhichDecides) {
  Bench well;
  EXPECT_EQ(well.status(), Status::unknown);
  EXPECT_EQ(well.check(good).after, Status::healthy);
  Bench ill;
  const Judged first = ill.check(bad);
  EXPECT_EQ(first.before, Status::unknown);
  EXPECT_EQ(first.after, Status::unhealthy)
      << "a service that is down from the start is never called healthy";
}

TEST(HealthWatch, IsUnhealthyAfterEnoughBadResultsInARow) {
  Bench bench;
  bench.check({good, bad, bad});
  EXPECT_EQ(bench.status(), Status::healthy);
  bench.check({good, bad, bad});
  EXPECT_EQ(bench.status(), Status::healthy) << "a good one ends the row";
  const Judged third = bench.check(CheckEnd::unreachable);
  EXPECT_TRUE(third.changed());
  EXPECT_EQ(third.in_a_row, 3U) << "bad is bad, whatever was wrong";
  EXPECT_EQ(third.result.words, "words");
  EXPECT_EQ(bench.status(), Status::unhealthy);
  EXPECT_FALSE(bench.check(bad).changed());
  EXPECT_EQ(bench.watch.snapshot().failures_in_a_row, 4U);
}

TEST(HealthWatch, IsHealthyAgainAfterEnoughGoodResultsInARow) {
  Bench bench;
  bench.check({bad, good, bad, good});
  EXPECT_EQ(bench.status(), Status::unhealthy);
  EXPECT_TRUE(bench.check(good).changed());
  EXPECT_EQ(bench.status(), Status::healthy);
  EXPECT_EQ(bench.watch.snapshot().since, bench.time.now());
}

TEST(HealthWatch, AFlappingDependencyKeepsItsStatus) {
  Bench bench;
  bench.check(good);
  for (int i = 0; i < 100; ++i) bench.check({bad, bad, good});
  EXPECT_EQ(bench.status(), Status::healthy);
  EXPECT_EQ(bench.watch.snapshot().results[static_cast<std::size_t>(bad)], 200U);
}

TEST(HealthWatch, BeginsACheckOnceAnIntervalFromBeginToBegin) {
  Bench bench;
  bench.check(good);
  const TimePoint began = bench.time.now();
  EXPECT_EQ(bench.watch.next_due(), began + 10s);
  bench.move_to(began + 10s - 1ns);
  EXPECT_EQ(bench.step().todo, Watch::Todo::nothing);
  bench.move_to(began + 10s);
  EXPECT_EQ(bench.step().todo, Watch::Todo::begin);
  bench.time.advance(1s);
  bench.end(good);
  EXPECT_EQ(bench.watch.next_due(), began + 20s);
}

TEST(HealthWatch, ACheckWithoutAnAnswerIsBadAtItsLimit) {
  Bench bench;
  bench.move_to(bench.watch.next_due());
  EXPECT_EQ(bench.step().todo, Watch::Todo::begin);
  EXPECT_EQ(bench.step().todo, Watch::Todo::nothing);
  bench.move_to(bench.watch.next_due());
  const Watch::Step step = bench.step();
  EXPECT_EQ(step.todo, Watch::Todo::give_up);
  ASSERT_TRUE(step.judged);
  EXPECT_EQ(step.judged->result.end, CheckEnd::timeout);
  EXPECT_EQ(bench.status(), Status::unhealthy);
  EXPECT_FALSE(bench.end(good)) << "too late";
  EXPECT_EQ(bench.status(), Status::unhealthy);
}

TEST(HealthWatch, AnAnswerAfterTheLimitIsATimeoutThoughNoTimerHasRun) {
  Bench bench;
  bench.move_to(bench.watch.next_due());
  EXPECT_EQ(bench.step().todo, Watch::Todo::begin);
  bench.time.advance(2s);
  const auto judged = bench.end(good);
  ASSERT_TRUE(judged);
  EXPECT_EQ(judged->result.end, CheckEnd::timeout);
}

TEST(HealthWatch, ACheckerThatHangsIsBadAgainAndAgainAndNeverOverlapsItself) {
  Bench bench;
  bench.check(good);
  bench.move_to(bench.watch.next_due());
  ASSERT_EQ(bench.step().todo, Watch::Todo::begin);
  bench.move_to(bench.watch.next_due());
  ASSERT_EQ(bench.step().todo, Watch::Todo::give_up);
  for (int i = 0; i < 2; ++i) {
    bench.move_to(bench.watch.next_due());
    const Watch::Step step = bench.step();
    ASSERT_EQ(step.todo, Watch::Todo::wait);
    EXPECT_EQ(step.judged->result.end, CheckEnd::hung);
  }
  EXPECT_EQ(bench.status(), Status::unhealthy);
  EXPECT_FALSE(bench.end(good));
  bench.check({good, good});
  EXPECT_EQ(bench.status(), Status::healthy) << "it goes on when the check has come back";
}

TEST(HealthWatch, ALimitLongerThanTheIntervalIsOneFailureNotTwo) {
  WatchOptions options = exact();
  options.timeout = 25s;
  Bench bench{options};
  bench.move_to(bench.watch.next_due());
  ASSERT_EQ(bench.step().todo, Watch::Todo::begin);
  bench.move_to(bench.watch.next_due());
  ASSERT_EQ(bench.step().todo, Watch::Todo::give_up);
  EXPECT_EQ(bench.step().todo, Watch::Todo::nothing);
  EXPECT_EQ(bench.watch.snapshot().failures_in_a_row, 1U);
}

TEST(HealthWatch, AServiceThatIsNotCalledIsCheckedAtItsOwnPace) {
  for (const Duration quiet : {Duration{60s}, Duration{1s}}) {
    WatchOptions options = exact();
    options.no_traffic_interval = quiet;
    Bench bench{options};
    bench.move_to(bench.watch.next_due());
    ASSERT_EQ(bench.step(Traffic::none).todo, Watch::Todo::begin);
    bench.end(good);
    EXPECT_EQ(bench.watch.next_due(), bench.time.now() + quiet);
    bench.move_to(bench.watch.next_due());
    ASSERT_EQ(bench.step(Traffic::some).todo, Watch::Todo::begin);
    bench.end(good);
    EXPECT_EQ(bench.watch.next_due(), bench.time.now() + 10s);
  }
}

TEST(HealthWatch, SpreadsIntervalsFromItsSeed) {
  WatchOptions options = exact();
  options.jitter = 0.2;
  Bench bench{options};
  Watch same{options, 7, bench.time.now()};
  Watch other{options, 8, bench.time.now()};
  EXPECT_EQ(bench.watch.next_due(), same.next_due());
  EXPECT_NE(bench.watch.next_due(), other.next_due());
  EXPECT_LT(bench.watch.next_due() - bench.time.now(), 2s) << "the first check comes soon";
  Duration shortest = Duration::max();
  Duration longest{};
  for (int i = 0; i < 1000; ++i) {
    bench.check(good);
    const Duration wait = bench.watch.next_due() - bench.time.now();
    shortest = std::min(shortest, wait);
    longest = std::max(longest, wait);
  }
  EXPECT_GE(shortest, 8s);
  EXPECT_LT(shortest, 8500ms);
  EXPECT_LE(longest, 12s);
  EXPECT_GT(longest, 11500ms);
}

TEST(HealthWatch, RefusesOptionsThatCannotBe) {
  WatchOptions options;
  options.interval = 0s;
  options.jitter = 1;
  options.timeout = -1s;
  options.rows = {0, 1001};
  options.no_traffic_interval = Duration{};
  std::vector<std::string> keys;
  for (const OptionProblem& problem : validate(options)) keys.push_back(problem.key);
  EXPECT_EQ(keys, (std::vector<std::string>{"interval", "jitter", "timeout", "unhealthy", "healthy",
                                            "no_traffic_interval"}));
  EXPECT_THROW((Watch{options, 1, TimePoint{}}), std::invalid_argument);
  EXPECT_TRUE(validate(WatchOptions{}).empty());
}

TEST(HealthWatch, TakesTheLongestTimesThereAre) {
  WatchOptions options;
  options.interval = options.timeout = Duration::max();
  Bench bench{options};
  EXPECT_GE(bench.watch.next_due(), bench.time.now());
  EXPECT_EQ(bench.watch.step(TimePoint::max(), Traffic::some).todo, Watch::Todo::begin);
  EXPECT_EQ(bench.watch.next_due(), TimePoint::max());
}

TEST(JsonPointer, IsEmptyOrBeginsWithASlash) {
  for (const char* pointer : {"", "/", "/status", "/a/0", "/a~1b", "/m~0n", "/ü"})
    EXPECT_TRUE(is_json_pointer(pointer)) << pointer;
  for (const char* pointer : {"status", "/a~", "/a~2", "#/a"})
    EXPECT_FALSE(is_json_pointer(pointer)) << pointer;
}

}  // namespace
}  // namespace switchgear::health
