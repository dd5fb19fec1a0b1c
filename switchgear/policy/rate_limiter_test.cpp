#include "switchgear/policy/rate_limiter.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <limits>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace switchgear {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint start{1h};

/// How many calls go at once.
int admitted_at(RateLimiter& limiter, TimePoint now, int most = 10'000) {
  int count = 0;
  while (count < most && limiter.reserve(now)) ++count;
  return count;
}

TEST(RateLimiter, GivesTheBurstAtOnceAndThenOneCallAnInterval) {
  RateLimiter limiter{"payment", {.rate = 10, .burst = 5}};
  EXPECT_EQ(admitted_at(limiter, start), 5);
  EXPECT_EQ(admitted_at(limiter, start + 99ms), 0);
  EXPECT_EQ(admitted_at(limiter, start + 100ms), 1);
  EXPECT_EQ(admitted_at(limiter, start + 350ms), 2);
  EXPECT_EQ(admitted_at(limiter, start + 1h), 5) << "the bucket holds no more than the burst";
}

TEST(RateLimiter, SaysExactlyWhenTheNextTokenIsThere) {
  RateLimiter limiter{"payment", {.rate = 3, .burst = 1}};
  ASSERT_TRUE(limiter.reserve(start).has_value());
  const auto refused = limiter.reserve(start + 100ms);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.rejection().reason, Reason::rate_limited);
  EXPECT_EQ(refused.rejection().policy, "payment");
  EXPECT_EQ(refused.rejection().retry_after, 233'333'334ns) << "a third of a second, rounded up";
  EXPECT_FALSE(limiter.reserve(start + 333'333'333ns).has_value());
  EXPECT_TRUE(limiter.reserve(start + 333'333'334ns).has_value());
}

TEST(RateLimiter, TellsEachWaiterAnInstantOfItsOwn) {
  RateLimiter limiter{"payment", {.rate = 10, .burst = 1, .max_wait = 250ms}};
  for (const Duration wait : {0ms, 100ms, 200ms}) {
    auto token = limiter.reserve(start);
    ASSERT_TRUE(token.has_value());
    EXPECT_EQ(token->at, start + wait);
  }
  const auto refused = limiter.reserve(start);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.rejection().retry_after, 300ms);
  const RateLimiterSnapshot seen = limiter.snapshot(start);
  EXPECT_EQ(seen.available, 0U);
  EXPECT_EQ(seen.backlog, 300ms);
  EXPECT_EQ(seen.totals.admitted, 3U);
  EXPECT_EQ(seen.totals.delayed, 2U);
  EXPECT_EQ(seen.totals.rejected, 1U);
}

TEST(RateLimiter, ReservesNothingForACallerWhoWouldNotWaitForIt) {
  RateLimiter limiter{"payment", {.rate = 10, .burst = 1, .max_wait = 1s}};
  EXPECT_TRUE(limiter.reserve(start, start).has_value()) << "no wait for a token that is there";
  const auto impatient = limiter.reserve(start, start + 100ms);
  ASSERT_FALSE(impatient.has_value());
  EXPECT_EQ(impatient.rejection().retry_after, 100ms);
  EXPECT_FALSE(limiter.reserve(start, start).has_value());
  EXPECT_EQ(limiter.reserve(start, start + 100ms + 1ns)->at, start + 100ms) << "the token is still there";
  EXPECT_EQ(limiter.snapshot(start).totals.rejected, 2U);
}

TEST(RateLimiter, GetsTheTokenOfACancelledWaitBack) {
  RateLimiter limiter{"payment", {.rate = 10, .burst = 1, .max_wait = 1s}};
  ASSERT_TRUE(limiter.reserve(start).has_value());
  auto cancelled = limiter.reserve(start);
  EXPECT_TRUE(limiter.give_back(*cancelled));
  auto next = limiter.reserve(start);
  EXPECT_EQ(next->at, start + 100ms) << "the instant is free again";
  EXPECT_EQ(limiter.snapshot(start).totals.given_back, 1U);
}

TEST(RateLimiter, NeverTellsTwoCallersTheSameInstant) {
  RateLimiter limiter{"payment", {.rate = 10, .burst = 1, .max_wait = 1s}};
  ASSERT_TRUE(limiter.reserve(start).has_value());
  auto cancelled = limiter.reserve(start);
  auto later = limiter.reserve(start);
  EXPECT_EQ(later->at, start + 200ms);
  EXPECT_FALSE(limiter.give_back(*cancelled)) << "spent: another waits behind it";
  EXPECT_EQ(limiter.reserve(start)->at, start + 300ms);
}

TEST(RateLimiter, GetsTokensBackInTheReverseOfTheirOrder) {
  RateLimiter limiter{"payment", {.rate = 10, .burst = 3}};
  auto first = limiter.reserve(start);
  auto second = limiter.reserve(start);
  EXPECT_TRUE(limiter.give_back(*second));
  EXPECT_TRUE(limiter.give_back(*first));
  EXPECT_EQ(limiter.snapshot(start).available, 3U);
}

/// The k-th token's instant, for rates of p / q per second.
TimePoint exact(std::int64_t k, std::int64_t p, std::int64_t q) {
  __extension__ using Wide = __int128;
  const Wide units = Wide{k} * q * 1'000'000'000;
  return start + Duration{static_cast<Duration::rep>((units + p - 1) / p)};
}

TEST(RateLimiter, DoesNotDriftByANanosecondInMillionsOfTokens) {
  const std::vector<std::pair<std::int64_t, std::int64_t>> rates{
      {3, 1}, {7, 1}, {1, 60}, {100, 1}, {999, 7}, {999'983, 1}, {9'999'991, 10'000'000}};
  for (const auto& [p, q] : rates) {
    const double rate = static_cast<double>(p) / static_cast<double>(q);
    RateLimiter limiter{"payment", {.rate = rate, .burst = 2}};
    ASSERT_EQ(admitted_at(limiter, start), 2);
    TimePoint now = start;
    for (std::int64_t k = 1; k <= 1'000'000; ++k) {
      const auto refused = limiter.reserve(now);
      ASSERT_FALSE(refused.has_value());
      now += *refused.rejection().retry_after;
      ASSERT_EQ(now, exact(k, p, q)) << k << " of " << p << '/' << q;
      ASSERT_TRUE(limiter.reserve(now).has_value());
    }
  }
}

TEST(RateLimiter, NeverExceedsARateThatIsNoSimpleFraction) {
  constexpr double rate = 777'777'777.123456789;
  RateLimiter limiter{"payment", {.rate = rate, .burst = 1'000'000}};
  std::uint64_t count = 0;
  for (TimePoint now = start; now <= start + 10ms; now += 1ms) {
    count += static_cast<std::uint64_t>(admitted_at(limiter, now, 2'000'000));
  }
  const double most = rate * 0.010 + 1'000'000;
  EXPECT_LE(static_cast<double>(count), most);
  EXPECT_GE(static_cast<double>(count), most - 2);
}

TEST(RateLimiter, ReadsNoBurstAsTheRateRoundedUp) {
  EXPECT_EQ(RateLimiterOptions{.rate = 100}.burst_or_rate(), 100U);
  EXPECT_EQ(RateLimiterOptions{.rate = 2.1}.burst_or_rate(), 3U);
  EXPECT_EQ(RateLimiterOptions{.rate = 0.01}.burst_or_rate(), 1U);
  RateLimiter limiter{"payment", {.rate = 2.1}};
  EXPECT_EQ(admitted_at(limiter, start), 3);
}

TEST(RateLimiter, StartsFullAtAnyTime) {
  for (const TimePoint now : {TimePoint::min(), TimePoint::min() + 1ns, TimePoint{}, TimePoint::max()}) {
    RateLimiter limiter{"payment", {.rate = 7, .burst = 4}};
    EXPECT_EQ(limiter.snapshot(now).available, 4U);
    EXPECT_EQ(admitted_at(limiter, now), 4) << ticks_of(now);
  }
}

TEST(RateLimiter, IsFullAndNoMoreAfterCenturiesOfIdleness) {
  for (const double rate : {3.0, 999'983.0, 1e9, 0.999983}) {
    RateLimiter limiter{"payment", {.rate = rate, .burst = 4}};
    ASSERT_EQ(admitted_at(limiter, TimePoint{}), 4);
    const TimePoint later = TimePoint{24h * 365 * 200};
    EXPECT_EQ(limiter.snapshot(later).available, 4U);
    EXPECT_EQ(admitted_at(limiter, later), 4) << rate;
    EXPECT_EQ(admitted_at(limiter, TimePoint::max()), 4) << rate;
  }
}

TEST(RateLimiter, KeepsItsPromisesWithTheLargestOptions) {
  constexpr auto year = 24h * 365;
  RateLimiter slow{"slow", {.rate = 1e-8, .burst = 1, .max_wait = year}};
  ASSERT_TRUE(slow.reserve(start).has_value());
  EXPECT_EQ(slow.reserve(start).rejection().retry_after, 100'000'000s);
  EXPECT_EQ(slow.reserve(start + 90'000'000s)->at, start + 100'000'000s);

  RateLimiter daily{"daily", {.rate = 1.0 / 86'400, .burst = 1'800}};
  EXPECT_EQ(admitted_at(daily, start), 1'800);
  EXPECT_EQ(admitted_at(daily, start + 24h * 900), 900);
  EXPECT_EQ(daily.reserve(start + 24h * 900).rejection().retry_after, 24h);

  RateLimiter fast{"fast", {.rate = 1e9, .burst = 1'000'000'000, .max_wait = 10s}};
  EXPECT_EQ(fast.snapshot(start).available, 1'000'000'000U);
  EXPECT_EQ(admitted_at(fast, start, 1'000), 1'000);
  EXPECT_EQ(fast.snapshot(start).available, 999'999'000U);
}

TEST(RateLimiter, GivesNoTokenForTimeThatRunsBackwards) {
  RateLimiter limiter{"payment", {.rate = 10, .burst = 2}};
  ASSERT_EQ(admitted_at(limiter, start), 2);
  for (const TimePoint now : {start - 1s, TimePoint{}, TimePoint::min(), start}) {
    const auto refused = limiter.reserve(now);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.rejection().retry_after, saturating_sub(start + 100ms, now));
  }
  EXPECT_EQ(admitted_at(limiter, start + 100ms), 1);
}

TEST(RateLimiter, NamesEveryProblemOfItsOptions) {
  constexpr auto year = 24h * 365;
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(validate(RateLimiterOptions{}).empty());
  const std::vector<std::pair<RateLimiterOptions, std::string>> wrong{
      {{.rate = 0}, "rate"},
      {{.rate = -1}, "rate"},
      {{.rate = nan}, "rate"},
      {{.rate = 1.1e9}, "rate"},
      {{.rate = 9e-9}, "rate"},
      {{.burst = 1'000'000'001}, "burst"},
      {{.rate = 1.0 / 86'400, .burst = 2'000}, "burst"},
      {{.rate = 1, .max_wait = 6 * year}, "burst"},
      {{.max_wait = -1ns}, "max_wait"},
      {{.rate = 1e9, .max_wait = 11s}, "max_wait"},
  };
  for (const auto& [options, key] : wrong) {
    const auto problems = validate(options);
    ASSERT_EQ(problems.size(), 1U) << key << ' ' << options.rate;
    EXPECT_EQ(problems[0].key, key);
  }
  EXPECT_THROW(RateLimiter("payment", {.rate = 0}), std::invalid_argument);
}

TEST(RateLimiter, KeepsTheTokensThatAreLeftWhenItsRateChanges) {
  RateLimiter limiter{"payment", {.rate = 10, .burst = 10}};
  for (int i = 0; i < 7; ++i) ASSERT_TRUE(limiter.reserve(start));
  limiter.set_options({.rate = 100, .burst = 10}, start);
  EXPECT_EQ(limiter.options().rate, 100);
  EXPECT_EQ(limiter.snapshot(start).available, 3U);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limiter.reserve(start));
  EXPECT_EQ(limiter.reserve(start).rejection().retry_after, 10ms) << "of the new rate";
  EXPECT_TRUE(limiter.reserve(start + 10ms));
}

TEST(RateLimiter, WithAnotherBurstHandsOutNoTokenThatWasNotThere) {
  RateLimiter limiter{"payment", {.rate = 10, .burst = 10}};
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(limiter.reserve(start));
  limiter.set_options({.rate = 10, .burst = 20}, start);
  EXPECT_EQ(limiter.snapshot(start).available, 4U);
  EXPECT_EQ(limiter.snapshot(start + 1h).available, 20U);
  limiter.set_options({.rate = 10, .burst = 2}, start);
  EXPECT_EQ(limiter.snapshot(start).available, 2U);
}

TEST(RateLimiter, LetsThoseWhoWaitGoWhenTheyWereToldAndOthersAfterThem) {
  RateLimiter limiter{"payment", {.rate = 1, .burst = 1, .max_wait = 10s}};
  ASSERT_TRUE(limiter.reserve(start));
  const auto waits = limiter.reserve(start);
  const auto waits_longer = limiter.reserve(start);
  ASSERT_TRUE(waits && waits_longer);
  EXPECT_EQ(waits_longer->at, start + 2s);
  limiter.set_options({.rate = 10, .burst = 1, .max_wait = 10s}, start);
  const auto next = limiter.reserve(start);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->at, start + 2100ms) << "an interval of the new rate after the last one";
  EXPECT_FALSE(limiter.give_back(*waits_longer)) << "it was reserved under the old rate";
  EXPECT_TRUE(limiter.give_back(*next));
  limiter.set_options({.rate = 10, .burst = 1}, start);
  EXPECT_EQ(limiter.reserve(start).rejection().retry_after, 2100ms)
      << "the wait is bounded by the new options";
}

TEST(RateLimiter, MayChangeBetweenRatesThatAreFarApart) {
  RateLimiter limiter{"payment", {.rate = 1e9, .burst = 1'000'000'000}};
  ASSERT_TRUE(limiter.reserve(start));
  limiter.set_options({.rate = 1e-8, .burst = 1}, start);
  EXPECT_EQ(limiter.snapshot(start).available, 1U);
  ASSERT_TRUE(limiter.reserve(start));
  limiter.set_options({.rate = 1e9, .burst = 1'000'000'000}, start + 1s);
  EXPECT_TRUE(limiter.reserve(start + 1s + 1ns));
  limiter.set_options({.rate = 1, .burst = 1, .max_wait = 24h * 365}, start + 2s);
  for (int i = 0; i < 1'000; ++i) ASSERT_TRUE(limiter.reserve(start + 2s));
  limiter.set_options({.rate = 1e9, .burst = 1}, start + 2s);
  EXPECT_GE(limiter.snapshot(start + 2s).backlog, 998s);
  EXPECT_THROW(limiter.set_options({.rate = 0}, start), std::invalid_argument);
  EXPECT_EQ(limiter.options().rate, 1e9);
}

TEST(RateLimiter, KeepsTheWaitsOfOptionsTwoChangesAgoUnderARateThatIsNoSimpleFraction) {
  RateLimiter limiter{"payment", {.rate = 10, .burst = 1, .max_wait = 5min}};
  for (int i = 0; i < 3'000; ++i) ASSERT_TRUE(limiter.reserve(start));
  limiter.set_options({.rate = 10, .burst = 1}, start);
  limiter.set_options({.rate = 0.14142135623730951, .burst = 1}, start);
  const Duration backlog = limiter.snapshot(start).backlog;
  EXPECT_GE(backlog, 299'900ms + 7s) << "an interval of the new rate after the last token";
  EXPECT_LE(backlog, 299'900ms + 8s);
  EXPECT_EQ(limiter.reserve(start).rejection().retry_after, backlog);
  EXPECT_TRUE(limiter.reserve(start + backlog));
  EXPECT_FALSE(limiter.reserve(start + backlog));
}

TEST(RateLimiter, HandsOutExactlyItsBurstWhileThreadsReserveAndItsRateChanges) {
  constexpr std::uint32_t burst = 20'000;
  RateLimiter limiter{"payment", {.rate = 10, .burst = burst}};
  std::atomic<std::uint32_t> admitted{0};
  std::atomic<std::uint32_t> given_back{0};
  std::atomic<int> at_work{4};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      while (auto token = limiter.reserve(start)) {
        ++admitted;
        if (admitted % 16 == 0 && limiter.give_back(*token)) ++given_back;
      }
      --at_work;
    });
  }
  constexpr std::array rates{1.0, 1'000.0, 0.5, 3.0, 1.0 / 60};
  for (std::size_t i = 0; at_work > 0; ++i) {
    limiter.set_options({.rate = rates[i % rates.size()], .burst = burst}, start);
    std::this_thread::yield();
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(admitted - given_back, burst) << "time stands still: what is taken is taken, whatever the rate";
  const RateLimiterTotals totals = limiter.snapshot(start).totals;
  EXPECT_EQ(totals.admitted, admitted);
  EXPECT_EQ(totals.given_back, given_back);
  EXPECT_EQ(totals.rejected, 4U);
}

}  // namespace
}  // namespace switchgear
