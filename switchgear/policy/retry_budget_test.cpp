#include "switchgear/policy/retry_budget.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <chrono>
#include <iterator>
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

constexpr Duration bucket{std::int64_t{1} << 28};

/// Spends until refused; returns how many were granted.
int spend_all(RetryBudget& budget, TimePoint now) {
  int granted = 0;
  while (budget.try_spend(now)) ++granted;
  return granted;
}

void call(RetryBudget& budget, TimePoint now, int times) {
  for (int i = 0; i < times; ++i) (void)budget.on_call(now);
}

TEST(RetryBudget, GrantsTenSecondsOfTheMinimumWithoutAnyCall) {
  RetryBudget budget{"payment"};
  EXPECT_EQ(spend_all(budget, TimePoint{1h}), 30);
}

TEST(RetryBudget, GrantsTheRatioOfTheCallsOnTopOfTheMinimum) {
  RetryBudget budget{"payment", {.ratio = 0.2, .min_per_second = 3}};
  call(budget, TimePoint{1h}, 100);
  EXPECT_EQ(spend_all(budget, TimePoint{1h}), 50);
}

TEST(RetryBudget, GrantsTheWholeShareHoweverTheRatioRounds) {
  for (int percent = 0; percent <= 100; ++percent) {
    RetryBudget budget{"payment", {.ratio = percent / 100.0, .min_per_second = 0}};
    call(budget, TimePoint{1h}, 100);
    EXPECT_EQ(spend_all(budget, TimePoint{1h}), percent);
  }
}

TEST(RetryBudget, GrantsNothingWhenItHasNothing) {
  RetryBudget budget{"payment", {.ratio = 0, .min_per_second = 0}};
  call(budget, TimePoint{1h}, 1'000);
  EXPECT_FALSE(budget.try_spend(TimePoint{1h}));
  EXPECT_EQ(budget.snapshot(TimePoint{1h}).totals.refused, 1U);
}

TEST(RetryBudget, GoesOnCountingCallsWhenExhausted) {
  RetryBudget budget{"payment", {.ratio = 0.5, .min_per_second = 0}};
  testing::ManualTime time;
  call(budget, time.now(), 4);
  EXPECT_EQ(spend_all(budget, time.now()), 2);
  call(budget, time.advance(1s), 2);
  EXPECT_EQ(spend_all(budget, time.now()), 1);
}

TEST(RetryBudget, ForgetsRetriesWithinTenAndAHalfSeconds) {
  RetryBudget budget{"payment", {.ratio = 0, .min_per_second = 1}};
  testing::ManualTime time;
  EXPECT_EQ(spend_all(budget, time.now()), 10);
  EXPECT_FALSE(budget.try_spend(time.advance(10s - 1ns))) << "the window holds ten";
  EXPECT_EQ(spend_all(budget, time.advance(2 * bucket)), 10);
}

TEST(RetryBudget, ForgetsCallsWithinTenSeconds) {
  RetryBudget budget{"payment", {.ratio = 0.5, .min_per_second = 0}};
  testing::ManualTime time;
  call(budget, time.now(), 10);
  EXPECT_EQ(budget.snapshot(time.advance(10s - 2 * bucket)).left, 5U) << "still surely inside";
  EXPECT_EQ(budget.snapshot(time.advance(2 * bucket)).left, 0U);
  EXPECT_FALSE(budget.try_spend(time.now()));
}

TEST(RetryBudget, KeepsTheCallsOfTheBucketsBetweenTwoSpends) {
  RetryBudget budget{"payment", {.ratio = 1, .min_per_second = 0}};
  testing::ManualTime time;
  EXPECT_FALSE(budget.try_spend(time.now()));
  for (int i = 0; i < 8; ++i) call(budget, time.advance(1s), 1);
  EXPECT_EQ(spend_all(budget, time.now()), 8);
}

TEST(RetryBudget, StartsAfreshAfterALongSilence) {
  RetryBudget budget{"payment", {.ratio = 1, .min_per_second = 1}};
  testing::ManualTime time;
  call(budget, time.now(), 50);
  EXPECT_EQ(spend_all(budget, time.now()), 60);
  for (const Duration silence :
       {Duration{30s}, Duration{64 * bucket}, Duration{24h}, Duration{24h * 365 * 30}}) {
    EXPECT_EQ(spend_all(budget, time.advance(silence)), 10);
  }
}

TEST(RetryBudget, ReadsAnEarlierTimeAsTheLatestItSaw) {
  RetryBudget budget{"payment", {.ratio = 0, .min_per_second = 1}};
  EXPECT_EQ(spend_all(budget, TimePoint{1h}), 10);
  EXPECT_FALSE(budget.try_spend(TimePoint{1h} - 1min));
  EXPECT_FALSE(budget.try_spend(TimePoint{0h}));
}

TEST(RetryBudget, CountsACallThatIsToldLateInTheTimeItBegan) {
  RetryBudget budget{"payment", {.ratio = 1, .min_per_second = 0}};
  (void)budget.on_call(TimePoint{1h});
  (void)budget.on_call(TimePoint{1h} - 5s);
  (void)budget.on_call(TimePoint{1h} - 11s);
  (void)budget.on_call(TimePoint{1h} - 64 * bucket);  // its place has gone to the first
  EXPECT_EQ(budget.snapshot(TimePoint{1h}).calls, 2U);
}

TEST(RetryBudget, WorksFromTheBeginningOfTimeToItsEnd) {
  for (const TimePoint now : {TimePoint::min(), TimePoint{-1ns}, TimePoint{}, TimePoint::max()}) {
    RetryBudget budget{"payment", {.ratio = 1, .min_per_second = 0.1}};
    call(budget, now, 3);
    EXPECT_EQ(spend_all(budget, now), 4);
  }
}

TEST(RetryBudget, ShowsWhatItHolds) {
  RetryBudget budget{"payment", {.ratio = 0.5, .min_per_second = 0.2}};
  const TimePoint now{1h};
  call(budget, now, 10);
  EXPECT_TRUE(budget.try_spend(now));
  EXPECT_TRUE(budget.try_spend(now));
  const RetryBudgetSnapshot seen = budget.snapshot(now);
  EXPECT_EQ(seen.calls, 10U);
  EXPECT_EQ(seen.retries, 2U);
  EXPECT_EQ(seen.left, 5U);
  EXPECT_EQ(seen.totals.granted, 2U);
  EXPECT_EQ(seen.totals.refused, 0U);
  const RetryBudgetSnapshot later = budget.snapshot(now + 1min);
  EXPECT_EQ(later.calls, 0U);
  EXPECT_EQ(later.retries, 0U);
  EXPECT_EQ(later.left, 2U);
  EXPECT_EQ(budget.snapshot(now).left, 5U) << "looking changes nothing";
}

TEST(RetryBudgetOptions, AreRefusedWhenTheyCannotMeanAnything) {
  EXPECT_TRUE(validate(RetryBudgetOptions{}).empty());
  const auto ratio = validate(RetryBudgetOptions{.ratio = -1});
  ASSERT_EQ(ratio.size(), 1U);
  EXPECT_EQ(ratio[0].key, "ratio");
  EXPECT_EQ(ratio[0].message, "-1 is not a ratio from 0 to 10");
  const auto least = validate(RetryBudgetOptions{.min_per_second = std::numeric_limits<double>::quiet_NaN()});
  ASSERT_EQ(least.size(), 1U);
  EXPECT_EQ(least[0].key, "min_per_second");
  EXPECT_EQ(least[0].message, "nan is not a number from 0 to 1000000");
  EXPECT_THROW((RetryBudget{"payment", {.ratio = 11}}), std::invalid_argument);
}

/// Instants in order; counts those in (from, to].
class Instants {
 public:
  void add(TimePoint at) { sorted_.push_back(at); }
  void sort() { std::sort(sorted_.begin(), sorted_.end()); }
  [[nodiscard]] std::int64_t in(TimePoint from, TimePoint to) const {
    return std::distance(std::upper_bound(sorted_.begin(), sorted_.end(), from),
                         std::upper_bound(sorted_.begin(), sorted_.end(), to));
  }
  [[nodiscard]] auto begin() const { return sorted_.begin(); }
  [[nodiscard]] auto end() const { return sorted_.end(); }

 private:
  std::vector<TimePoint> sorted_;
};

TEST(RetryBudget, GrantsNoMoreThanEverySlidingWindowAllowsAndAllThatIsSurelyAllowed) {
  EXPECT_TRUE(holds(400, [] {
    const auto thousandths = *rc::gen::element<std::int64_t>(0, 1, 70, 100, 200, 290, 333, 500, 1'000, 2'500);
    const auto in_ten_seconds = *rc::gen::element<std::int64_t>(0, 1, 3, 10, 30);
    const auto retry_share = *rc::gen::element(0.1, 0.5, 0.9);
    const auto longest_step = *rc::gen::element<std::int64_t>(1, 10, 300, 3'000, 15'000);
    Random random{*rc::gen::arbitrary<std::uint64_t>()};
    RetryBudget budget{"payment",
                       {.ratio = static_cast<double>(thousandths) / 1'000.0,
                        .min_per_second = static_cast<double>(in_ten_seconds) / 10.0}};
    Instants calls, retries;
    TimePoint now{Duration{static_cast<Duration::rep>(random.uniform() * 1e9) - 50'000'000'000}};
    const auto allowed = [&](std::int64_t made, std::int64_t begun) {
      return made * 1'000 <= thousandths * begun + in_ten_seconds * 1'000;
    };
    for (int i = 0; i < 1'500; ++i) {
      if (random.uniform() < 0.3)
        now +=
            Duration{static_cast<Duration::rep>(random.uniform() * static_cast<double>(longest_step) * 1e6)};
      if (random.uniform() >= retry_share) {
        (void)budget.on_call(now);
        calls.add(now);
        continue;
      }
      const bool some_left = budget.snapshot(now).left > 0;
      if (budget.try_spend(now)) {
        RC_ASSERT(some_left);
        retries.add(now);
        RC_ASSERT(allowed(retries.in(now - 10s, now), calls.in(now - 10s, now)));
      } else {
        RC_ASSERT(!some_left);
        RC_ASSERT(!allowed(retries.in(now - 39 * bucket, now) + 1, calls.in(now - 36 * bucket, now)));
      }
    }
    // Any window ends with a last retry, and holds no more than the one that ends there.
    for (TimePoint end = now - 60s; end <= now; end += 333ms) {
      const auto after = std::upper_bound(retries.begin(), retries.end(), end);
      if (after == retries.begin()) continue;
      const TimePoint last = *std::prev(after);
      RC_ASSERT(allowed(retries.in(end - 10s, end), calls.in(last - 10s, last)));
    }
  }));
}

TEST(RetryBudget, KeepsTheBoundAmongManyThreads) {
  constexpr int threads = 8, rounds = 1'000, each = 40;
  constexpr Duration step = 100us;  // so a round takes 32 ms, and no reading is later than that
  struct Granted {
    TimePoint at, answered;
  };
  struct Log {
    std::vector<TimePoint> calls;
    std::vector<Granted> granted;
    std::uint64_t refused = 0;
  };
  RetryBudget budget{"payment", {.ratio = 0.2, .min_per_second = 3}};
  std::atomic<Duration::rep> clock{Duration{1h}.count()};
  std::barrier round{threads};
  std::vector<Log> logs(threads);
  {
    std::vector<std::jthread> running;
    for (int thread = 0; thread < threads; ++thread) {
      running.emplace_back([&, thread] {
        Random random{static_cast<std::uint64_t>(thread) + 1};
        Log& log = logs[static_cast<std::size_t>(thread)];
        for (int i = 0; i < rounds; ++i) {
          // Storms: for a while nearly everything fails.
          const double fails = (i / 100) % 2 == 0 ? 0.1 : 0.7;
          for (int n = 0; n < each; ++n) {
            const TimePoint now = time_of(clock.fetch_add(step.count()));
            if (random.uniform() >= fails) {
              log.calls.push_back(now);
              (void)budget.on_call(now);
            } else if (budget.try_spend(now)) {
              log.granted.push_back({now, time_of(clock.load())});
            } else {
              ++log.refused;
            }
          }
          round.arrive_and_wait();
        }
      });
    }
  }
  Instants calls, retries;
  std::vector<Granted> granted;
  std::uint64_t refused = 0;
  for (const Log& log : logs) {
    for (const TimePoint at : log.calls) calls.add(at);
    for (const Granted& one : log.granted) retries.add(one.at);
    granted.insert(granted.end(), log.granted.begin(), log.granted.end());
    refused += log.refused;
  }
  calls.sort();
  retries.sort();
  std::sort(granted.begin(), granted.end(), [](const Granted& a, const Granted& b) { return a.at < b.at; });
  TimePoint answered{};
  for (const Granted& one : granted) {
    // A thread may be overtaken between reading its time and asking. So a grant may rest on calls whose times
    // were read after its own, but before its answer.
    answered = std::max(answered, one.answered);
    ASSERT_LE(retries.in(one.at - 10s, one.at) * 10, calls.in(one.at - 10s, answered) * 2 + 300);
  }
  const RetryBudgetSnapshot seen = budget.snapshot(time_of(clock.load()));
  EXPECT_EQ(seen.totals.granted, granted.size());
  EXPECT_EQ(seen.totals.refused, refused);
  EXPECT_GT(granted.size(), 20'000U) << "the bound is only worth something if it is also used up";
  EXPECT_GT(refused, 20'000U);
}

}  // namespace
}  // namespace switchgear
