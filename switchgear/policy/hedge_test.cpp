#include "switchgear/policy/hedge.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <chrono>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <thread>
#include <vector>

#include "switchgear/core/random.hpp"
#include "switchgear/policy/property_fixture.hpp"
#include "switchgear/testing/manual_time.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;

HedgeOptions at_quantile(double share, Duration initial_delay = {}) {
  return {.delay = Quantile{share}, .initial_delay = initial_delay};
}

/// 1 ms, 2 ms, …, `upto` ms.
void record_milliseconds(Hedge& hedge, TimePoint now, int upto) {
  for (int i = 1; i <= upto; ++i) hedge.record(i * 1ms, now);
}

TEST(Hedge, WaitsTheFixedDelayFromTheFirstCallOn) {
  Hedge hedge{"payment", {.delay = 50ms}};
  EXPECT_EQ(hedge.delay(TimePoint{1h}), 50ms);
  record_milliseconds(hedge, TimePoint{1h}, 100);
  EXPECT_EQ(hedge.delay(TimePoint{1h}), 50ms);
}

TEST(Hedge, SendsBothAtOnceWhenTheFixedDelayIsZero) {
  Hedge hedge{"payment", {.delay = 0ms}};
  EXPECT_EQ(hedge.delay(TimePoint{1h}), 0ms);
}

TEST(Hedge, DoesNotHedgeBeforeTheQuantileIsKnown) {
  Hedge hedge{"payment", at_quantile(0.95)};
  const TimePoint now{1h};
  record_milliseconds(hedge, now, 19);
  EXPECT_EQ(hedge.delay(now), std::nullopt);
  hedge.record(20ms, now);
  ASSERT_TRUE(hedge.delay(now));
  EXPECT_NEAR(to_seconds(*hedge.delay(now)), 0.019, 0.019 / 64);
}

TEST(Hedge, WaitsTheInitialDelayBeforeTheQuantileIsKnown) {
  Hedge hedge{"payment", at_quantile(0.5, 80ms)};
  const TimePoint now{1h};
  EXPECT_EQ(hedge.delay(now), 80ms);
  for (int i = 0; i < 20; ++i) hedge.record(5ms, now);
  EXPECT_NEAR(to_seconds(*hedge.delay(now)), 0.005, 0.005 / 64);
}

TEST(Hedge, NeedsOneSampleAboveTheQuantileAndTwentyAtLeast) {
  EXPECT_EQ(Hedge::needed_samples({0.5}), 20U);
  EXPECT_EQ(Hedge::needed_samples({0.95}), 20U);
  EXPECT_EQ(Hedge::needed_samples({0.99}), 100U);
  EXPECT_EQ(Hedge::needed_samples({0.999}), 1000U);
  EXPECT_EQ(Hedge::needed_samples({0.9999}), 1000U);
}

TEST(Hedge, BringsTheQuantileUpToDateEveryTenthOfASecond) {
  Hedge hedge{"payment", at_quantile(0.5)};
  testing::ManualTime time;
  for (int i = 0; i < 100; ++i) hedge.record(10ms, time.now());
  EXPECT_NEAR(to_seconds(*hedge.delay(time.now())), 0.010, 0.010 / 64);
  for (int i = 0; i < 1'000; ++i) hedge.record(100ms, time.now());
  EXPECT_NEAR(to_seconds(*hedge.delay(time.advance(99ms))), 0.010, 0.010 / 64);
  EXPECT_NEAR(to_seconds(*hedge.delay(time.advance(1ms))), 0.100, 0.100 / 64);
}

TEST(Hedge, ForgetsWhatIsOlderThanAMinuteAndAFew) {
  Hedge hedge{"payment", at_quantile(0.5)};
  testing::ManualTime time;
  for (int i = 0; i < 1'000; ++i) hedge.record(10ms, time.now());
  EXPECT_TRUE(hedge.delay(time.advance(34s))) << "known for 34 s at least";
  EXPECT_EQ(hedge.delay(time.advance(35s)), std::nullopt) << "forgotten after 69 s at most";
  for (int i = 0; i < 20; ++i) hedge.record(30ms, time.now());
  EXPECT_NEAR(to_seconds(*hedge.delay(time.now())), 0.030, 0.030 / 64);
}

TEST(Hedge, FollowsTheDependencyThroughAllItsChanges) {
  Hedge hedge{"payment", at_quantile(0.9)};
  testing::ManualTime time;
  for (int minute = 0; minute < 20; ++minute) {
    const Duration latency = 1ms * (minute + 1);
    for (int i = 0; i < 800; ++i) hedge.record(latency, time.advance(100ms));
    EXPECT_NEAR(to_seconds(*hedge.delay(time.now())) / to_seconds(latency), 1.0, 1.0 / 64) << minute;
  }
}

TEST(Hedge, ReadsNoRecordIntoALaterEpoch) {
  Hedge hedge{"payment", at_quantile(0.5)};
  const TimePoint now{2h};
  for (int i = 0; i < 50; ++i) hedge.record(10ms, now);
  for (int i = 0; i < 500; ++i) hedge.record(1s, now - 69s);  // told a minute late: its place is taken
  EXPECT_NEAR(to_seconds(*hedge.delay(now)), 0.010, 0.010 / 64);
}

TEST(Hedge, KnowsTheNearestRankQuantileWithinASixtyFourth) {
  EXPECT_TRUE(holds(300, [] {
    const auto percent = *rc::gen::inRange(1, 96);
    const auto count = *rc::gen::inRange(20, 400);
    Hedge hedge{"payment", at_quantile(percent / 100.0)};
    Random random{*rc::gen::arbitrary<std::uint64_t>()};
    const TimePoint now{1h};
    std::vector<Duration> latencies;
    for (int i = 0; i < count; ++i) {
      // From a microsecond to an hour, as many of each magnitude.
      latencies.push_back(from_seconds(std::pow(10.0, random.uniform() * 9.5 - 5.9)));
      hedge.record(latencies.back(), now);
    }
    std::sort(latencies.begin(), latencies.end());
    const auto rank = static_cast<std::size_t>((percent * count + 99) / 100);
    const auto known = hedge.delay(now);
    RC_ASSERT(known.has_value());
    RC_ASSERT(std::fabs(to_seconds(*known) / to_seconds(latencies[rank - 1]) - 1) <= 1.0 / 64);
  }));
}

TEST(Hedge, SpendsTheBudget) {
  RetryBudget budget{"payment", {.ratio = 0.1, .min_per_second = 0}};
  Hedge hedge{"payment", {.delay = 1ms}, &budget};
  const TimePoint now{1h};
  for (int i = 0; i < 20; ++i) (void)budget.on_call(now);
  EXPECT_TRUE(hedge.try_hedge(now));
  EXPECT_TRUE(hedge.try_hedge(now));
  EXPECT_FALSE(hedge.try_hedge(now));
  EXPECT_EQ(hedge.totals().hedges, 2U);
  EXPECT_EQ(hedge.totals().refused, 1U);
  EXPECT_EQ(budget.snapshot(now).totals.granted, 2U);
}

TEST(Hedge, IsBoundByNothingWithoutABudget) {
  Hedge hedge{"payment", {.delay = 1ms}};
  for (int i = 0; i < 1'000; ++i) EXPECT_TRUE(hedge.try_hedge(TimePoint{1h}));
  EXPECT_EQ(hedge.totals().hedges, 1'000U);
}

TEST(Hedge, GoesOnHedgingOneCallInTwentyWhenWholeCallsAreRecorded) {
  // A minute's calls at a time: what the winners' own latencies would do is drag the delay down to nothing.
  Hedge hedge{"payment", at_quantile(0.95)};
  Random random{17};
  const auto latency = [&] { return from_seconds(-0.010 * std::log(1 - random.uniform())); };
  testing::ManualTime time;
  int hedged = 0;
  constexpr int calls = 60'000;
  for (int i = 0; i < calls; ++i) {
    const auto delay = hedge.delay(time.advance(10ms));
    Duration whole = latency();
    if (delay && whole > *delay && hedge.try_hedge(time.now())) {
      ++hedged;
      whole = std::min(whole, *delay + latency());
    }
    hedge.record(whole, time.now());
  }
  EXPECT_NEAR(static_cast<double>(hedged) / calls, 0.05, 0.01);
  // Of an exponential distribution with a mean of 10 ms.
  EXPECT_NEAR(to_seconds(*hedge.delay(time.now())), 0.02996, 0.002);
}

TEST(Hedge, LosesNoRecordAmongManyThreads) {
  constexpr int threads = 8, each = 20'000;
  Hedge hedge{"payment", at_quantile(0.5, 7ms)};
  std::atomic<bool> done{false};
  const TimePoint start{1h};
  {
    std::jthread reader{[&] {
      for (TimePoint now = start; !done; now = std::min(now + 10us, start + 1s)) {
        const auto known = hedge.delay(now);
        ASSERT_TRUE(known);
        ASSERT_TRUE(*known == 7ms || (*known > 9ms && *known < 51ms)) << known->count();
      }
    }};
    {
      // The record that begins an epoch may cost its shared cell those that run beside it: one each.
      std::barrier begun{threads};
      std::vector<std::jthread> running;
      for (int thread = 0; thread < threads; ++thread) {
        running.emplace_back([&, thread] {
          const Duration latency = thread < 3 ? 10ms : 50ms;
          hedge.record(latency, start);
          begun.arrive_and_wait();
          for (int i = 1; i < each; ++i) hedge.record(latency, start);
        });
      }
    }
    done = true;
  }
  // 60,000 were quick and 100,000 slow; the median changes sides with the 40,000th more that is quick.
  const auto record_quick = [&](int times) {
    for (int i = 0; i < times; ++i) hedge.record(10ms, start);
  };
  record_quick(40'000 - 10);
  EXPECT_GT(hedge.delay(start + 2s).value_or(0ns), 45ms);
  record_quick(20);
  EXPECT_LT(hedge.delay(start + 4s).value_or(1h), 15ms);
}

TEST(HedgeOptions, AreRefusedWhenTheyCannotMeanAnything) {
  struct Case {
    const char *key, *message;
    HedgeOptions options;
  };
  const Case cases[] = {
      {"delay", "-1s is not 0s or longer", {.delay = -1s}},
      {"delay", "1 is not a quantile above 0 and below 1", {.delay = Quantile{1.0}}},
      {"delay", "0 is not a quantile above 0 and below 1", {.delay = Quantile{0.0}}},
      {"delay",
       "nan is not a quantile above 0 and below 1",
       {.delay = Quantile{std::numeric_limits<double>::quiet_NaN()}}},
      {"max_hedges", "0 is not from 1 to 10", {.max_hedges = 0}},
      {"max_hedges", "11 is not from 1 to 10", {.max_hedges = 11}},
      {"initial_delay", "-1s is not 0s or longer", {.initial_delay = -1s}},
  };
  for (const Case& one : cases) {
    const auto problems = validate(one.options);
    ASSERT_EQ(problems.size(), 1U) << one.message;
    EXPECT_EQ(problems[0].key, one.key);
    EXPECT_EQ(problems[0].message, one.message);
    EXPECT_THROW((Hedge{"payment", one.options}), std::invalid_argument);
  }
  EXPECT_TRUE(validate(HedgeOptions{}).empty());
}

TEST(Hedge, KnowsItsLatenciesStillAfterAnotherQuantileAndAFixedDelay) {
  const TimePoint now{1h};
  Hedge hedge{"payment", {.delay = Quantile{0.5}}};
  for (int i = 1; i <= 100; ++i) hedge.record(i * 1ms, now);
  const auto median = hedge.delay(now);
  ASSERT_TRUE(median);
  EXPECT_NEAR(to_seconds(*median), 0.050, 0.002);
  hedge.set_options({.delay = Quantile{0.95}, .max_hedges = 2});
  EXPECT_NEAR(to_seconds(hedge.delay(now).value_or(0ns)), 0.095, 0.003) << "at once";
  EXPECT_EQ(hedge.max_hedges(), 2U);
  hedge.set_options({.delay = Duration{7ms}});
  EXPECT_EQ(hedge.delay(now), 7ms);
  hedge.set_options({.delay = Quantile{0.5}});
  EXPECT_EQ(hedge.delay(now), median);
  EXPECT_THROW(hedge.set_options({.delay = Duration{-1ms}}), std::invalid_argument);
  EXPECT_EQ(hedge.options().delay, (HedgeOptions{.delay = Quantile{0.5}}.delay));
}

TEST(Hedge, WithAFixedDelayLearnsFromItsFirstQuantileOn) {
  const TimePoint now{1h};
  Hedge hedge{"payment", {.delay = Duration{5ms}}};
  hedge.record(1ms, now);
  hedge.set_options({.delay = Quantile{0.5}, .initial_delay = 9ms});
  EXPECT_EQ(hedge.delay(now), 9ms);
  for (int i = 0; i < 20; ++i) hedge.record(40ms, now);
  EXPECT_NEAR(to_seconds(hedge.delay(now).value_or(0ns)), 0.040, 0.001);
}

}  // namespace
}  // namespace switchgear
