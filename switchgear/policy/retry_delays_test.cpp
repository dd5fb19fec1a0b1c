// The delays' formulas, for every number of retries. The oracle computes in 128-bit integers and long
// doubles.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>

#include "switchgear/policy/property_fixture.hpp"
#include "switchgear/policy/retry.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;
__extension__ using Wide = __int128;

constexpr std::uint32_t most_retries = 1'000'000;
constexpr auto longest = std::numeric_limits<Duration::rep>::max();

/// A length with any number of digits: uniform draws would hardly ever be below a year.
Duration any_length(Duration::rep from, Duration::rep to) {
  const auto bits = *rc::gen::inRange(0, 64);
  const auto drawn = *rc::gen::arbitrary<std::uint64_t>() >> static_cast<unsigned>(bits);
  return Duration{
      std::clamp(static_cast<Duration::rep>(drawn & static_cast<std::uint64_t>(longest)), from, to)};
}

std::uint32_t any_retry() {
  const auto most = *rc::gen::element<std::uint32_t>(4, 70, 2'000, most_retries);
  return *rc::gen::inRange<std::uint32_t>(1, most + 1);
}

RetryOptions any_options() {
  RetryOptions options;
  options.max_attempts = most_retries;
  options.backoff = *rc::gen::element(Backoff::fixed, Backoff::linear, Backoff::exponential);
  options.base = any_length(0, longest);
  options.max_delay = any_length(options.base.count(), longest);
  options.factor = *rc::gen::element(1.0, 1.000001, 1.1, 1.5, 2.0, 3.0, 10.0, 1000.0);
  options.jitter =
      *rc::gen::element(Jitter::none, Jitter::full, Jitter::equal, Jitter::ratio, Jitter::decorrelated);
  options.jitter_ratio = *rc::gen::element(0.0, 0.1, 0.25, 0.333, 1.0);
  RC_ASSERT(validate(options).empty());
  return options;
}

TEST(BackoffDelay, IsTheBaseForEveryRetryWhenFixed) {
  EXPECT_TRUE(holds(2'000, [] {
    RetryOptions options = any_options();
    options.backoff = Backoff::fixed;
    RC_ASSERT(backoff_delay(options, any_retry()) == options.base);
  }));
}

TEST(BackoffDelay, IsTheBaseTimesTheNumberOfTheRetryWhenLinear) {
  EXPECT_TRUE(holds(5'000, [] {
    RetryOptions options = any_options();
    options.backoff = Backoff::linear;
    const std::uint32_t k = any_retry();
    const Wide exact = std::min<Wide>(Wide{options.base.count()} * k, options.max_delay.count());
    RC_ASSERT(Wide{backoff_delay(options, k).count()} == exact);
  }));
}

TEST(BackoffDelay, IsTheBaseTimesAPowerOfTheFactorWhenExponential) {
  EXPECT_TRUE(holds(10'000, [] {
    RetryOptions options = any_options();
    options.backoff = Backoff::exponential;
    const std::uint32_t k = any_retry();
    const long double cap = static_cast<long double>(options.max_delay.count());
    const long double grown = options.base == 0ns ? 0
                                                  : static_cast<long double>(options.base.count()) *
                                                        std::pow(static_cast<long double>(options.factor),
                                                                 static_cast<long double>(k - 1));
    const long double exact = std::min(grown, cap);
    const auto delay = static_cast<long double>(backoff_delay(options, k).count());
    RC_ASSERT(std::fabs(delay - exact) <= 1 + exact * 1e-12L);
    RC_ASSERT(delay <= cap);
  }));
}

TEST(BackoffDelay, DoublesExactlyUntilTheCap) {
  RetryOptions options;
  options.base = 1ns;
  options.max_delay = Duration::max();
  for (std::uint32_t k = 1; k <= 63; ++k) {
    ASSERT_EQ(backoff_delay(options, k).count(), Duration::rep{1} << (k - 1)) << k;
  }
  EXPECT_EQ(backoff_delay(options, 64), Duration::max());
}

TEST(BackoffDelay, NeverShrinksNorOverflowsUpToAMillionRetries) {
  for (const Backoff backoff : {Backoff::fixed, Backoff::linear, Backoff::exponential}) {
    for (const double factor : {1.0, 1.00001, 2.0, 1000.0}) {
      RetryOptions options;
      options.backoff = backoff;
      options.factor = factor;
      options.max_delay = Duration::max();
      Duration before{};
      for (std::uint32_t k = 1; k <= most_retries; ++k) {
        const Duration delay = backoff_delay(options, k);
        ASSERT_GE(delay, before) << to_string(backoff) << ' ' << factor << ' ' << k;
        before = delay;
      }
    }
  }
}

TEST(DelayRange, IsWhatItsJitterSaysForEveryRetry) {
  EXPECT_TRUE(holds(10'000, [] {
    const RetryOptions options = any_options();
    const std::uint32_t k = any_retry();
    const Duration previous = any_length(0, options.max_delay.count());
    const DelayRange range = delay_range(options, k, previous);
    const auto least = static_cast<long double>(range.least.count());
    const auto most = static_cast<long double>(range.most.count());
    const auto d = static_cast<long double>(backoff_delay(options, k).count());
    const auto held = [](long double length) { return std::min(length, static_cast<long double>(longest)); };
    const long double near = 1 + d * 1e-12L;
    switch (options.jitter) {
      case Jitter::none:
        RC_ASSERT(least == d);
        RC_ASSERT(most == d);
        break;
      case Jitter::full:
        RC_ASSERT(least == 0);
        RC_ASSERT(most == d);
        break;
      case Jitter::equal:
        RC_ASSERT(least >= d / 2);
        RC_ASSERT(least <= d / 2 + 1);
        RC_ASSERT(most <= held(d + d / 2));
        RC_ASSERT(most >= held(d + d / 2) - 1);
        break;
      case Jitter::ratio:
        RC_ASSERT(std::fabs(least - d * (1 - static_cast<long double>(options.jitter_ratio))) <= near);
        RC_ASSERT(std::fabs(most - held(d * (1 + static_cast<long double>(options.jitter_ratio)))) <= near);
        break;
      case Jitter::decorrelated: {
        const Wide from = std::max(previous, options.base).count();
        RC_ASSERT(range.least == options.base);
        RC_ASSERT(Wide{range.most.count()} == std::min<Wide>(from * 3, options.max_delay.count()));
        break;
      }
    }
  }));
}

TEST(Retry, DrawsEveryDelayFromItsRange) {
  EXPECT_TRUE(holds(2'000, [] {
    const RetryOptions options = any_options();
    Retry retry{"payment", options, *rc::gen::arbitrary<std::uint64_t>()};
    Retry::Progress progress{any_retry() - 1, {}};
    if (options.jitter == Jitter::decorrelated) progress.previous = any_length(0, options.max_delay.count());
    // From the beginning of time there is room for the longest delay.
    const TimePoint now{0ns};
    for (int i = 0; i < 5; ++i) {
      const DelayRange range = delay_range(options, progress.retries + 1, progress.previous);
      const auto next =
          retry.next_attempt(progress, Outcome::failure(FailureType::timeout, 1ms), now, TimePoint::max());
      if (!next) {
        RC_ASSERT(progress.retries + 1 >= options.max_attempts || range.most == Duration::max());
        break;
      }
      RC_ASSERT(*next - now >= range.least);
      RC_ASSERT(*next - now <= range.most);
      RC_ASSERT(progress.previous == *next - now);
    }
  }));
}

/// Draws many delays before the second retry (100 ms before jitter) and checks that they fill their range
/// evenly.
void expect_uniform(Jitter jitter, Duration least, Duration most) {
  RetryOptions options;
  options.backoff = Backoff::fixed;
  options.jitter = jitter;
  options.jitter_ratio = 0.2;
  Retry retry{"payment", options, 1};
  constexpr int draws = 100'000, parts = 10;
  std::array<int, parts> hits{};
  for (int i = 0; i < draws; ++i) {
    Retry::Progress progress;
    const auto next = retry.next_attempt(progress, Outcome::failure(FailureType::timeout, 1ms), TimePoint{},
                                         TimePoint::max());
    const double place = to_seconds(next->time_since_epoch() - least) / to_seconds(most - least);
    ++hits.at(static_cast<std::size_t>(std::min(place * parts, parts - 0.5)));
  }
  // Five standard deviations: sqrt(100,000 · 0.1 · 0.9) = 95.
  for (const int part : hits) EXPECT_NEAR(part, draws * 0.1, 475) << to_string(jitter);
}

TEST(Retry, DrawsEveryDelayOfTheRangeAsOften) {
  expect_uniform(Jitter::full, 0ms, 100ms);
  expect_uniform(Jitter::equal, 50ms, 150ms);
  expect_uniform(Jitter::ratio, 80ms, 120ms);
  expect_uniform(Jitter::decorrelated, 100ms, 300ms);
}

}  // namespace
}  // namespace switchgear
