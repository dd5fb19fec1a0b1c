#include "switchgear/policy/adaptive_limit.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "switchgear/core/random.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;

constexpr AdaptiveLimitOptions quick{.initial = 20, .min_limit = 5, .max_limit = 200, .sample_window = 1s};

/// A limit in manual time, and a dependency that answers as it is told to.
class Bench {
 public:
  explicit Bench(const AdaptiveLimitOptions& options = quick) : limit("search", options) { rest(); }

  /// One window in which `at_once` calls run at a time, each for `latency`. Returns the limit after it.
  std::uint32_t window(std::uint32_t at_once, Duration latency, const Outcome& outcome = {}) {
    for (int round = 0; round < 10; ++round) {
      std::vector<AdaptiveLimit::Permit> running;
      while (running.size() < at_once) {
        auto permit = limit.try_acquire(now);
        if (!permit) break;
        running.push_back(*std::move(permit));
      }
      now += 100ms;
      for (auto& permit : running) {
        Outcome end = outcome;
        end.latency = latency;
        std::move(permit).record(end, now);
      }
    }
    return limit.limit();
  }
  /// Windows that use the whole limit.
  std::uint32_t busy(int windows, Duration latency, const Outcome& outcome = {}) {
    for (int i = 0; i < windows; ++i) window(limit.limit(), latency, outcome);
    return limit.limit();
  }

  TimePoint now{1h};
  AdaptiveLimit limit;

 private:
  /// The first record begins the first window.
  void rest() {
    auto permit = limit.try_acquire(now);
    std::move(*permit).record(Outcome::success(10ms), now);
  }
};

TEST(AdaptiveLimit, AdmitsAsManyCallsAsItsLimit) {
  AdaptiveLimit limit{"search", {.initial = 2, .min_limit = 1}};
  const TimePoint now{1h};
  auto first = limit.try_acquire(now);
  auto second = limit.try_acquire(now);
  EXPECT_TRUE(first.has_value());
  const auto third = limit.try_acquire(now);
  ASSERT_FALSE(third.has_value());
  EXPECT_EQ(third.rejection().reason, Reason::concurrency_limit);
  EXPECT_EQ(third.rejection().policy, "search");
  std::move(*second).record(Verdict::success, now + 1ms);
  EXPECT_TRUE(limit.try_acquire(now).has_value());
}

TEST(AdaptiveLimit, GetsASlotBackFromEveryPermitOnce) {
  Bench bench;
  {
    auto result = bench.limit.try_acquire(bench.now);
    AdaptiveLimit::Permit permit = *std::move(result);
    auto other = bench.limit.try_acquire(bench.now);
    EXPECT_EQ(bench.limit.snapshot().in_flight, 2U);
    permit = *std::move(other);
    EXPECT_EQ(bench.limit.snapshot().in_flight, 1U);
    std::move(permit).record(Verdict::success, bench.now);
    std::move(permit).record(Verdict::success, bench.now);  // NOLINT(bugprone-use-after-move): does nothing
    EXPECT_EQ(bench.limit.snapshot().in_flight, 0U);
  }
  EXPECT_EQ(bench.limit.snapshot().in_flight, 0U);
}

TEST(AdaptiveLimit, RisesWhileLatencyStaysFlat) {
  Bench bench;
  EXPECT_GT(bench.busy(20, 10ms), 30U);
  EXPECT_EQ(bench.busy(300, 10ms), 200U) << "and no higher than max_limit";
}

TEST(AdaptiveLimit, StaysWhenTooFewCallsUseItToLearnFrom) {
  Bench bench;
  for (int i = 0; i < 50; ++i) EXPECT_EQ(bench.window(9, 10ms), 20U);
  EXPECT_GT(bench.window(10, 10ms), 19U);
  EXPECT_EQ(bench.limit.snapshot().windows, 51U);
}

TEST(AdaptiveLimit, FallsWhenCallsBeginToQueue) {
  Bench bench;
  const std::uint32_t before = bench.busy(50, 10ms);
  const std::uint32_t after = bench.busy(10, 40ms);
  EXPECT_LT(after, before / 2);
  EXPECT_GE(after, 5U);
}

TEST(AdaptiveLimit, NeverFallsBelowItsMinimum) {
  Bench bench{{.initial = 20, .min_limit = 10, .max_limit = 200, .headroom = 1}};
  bench.busy(20, 1ms);
  EXPECT_EQ(bench.busy(30, 1s), 10U);
}

TEST(AdaptiveLimit, ToleratesLatencyThatDiffersALittle) {
  Bench bench;
  const std::uint32_t before = bench.busy(20, 10ms);
  EXPECT_GT(bench.busy(5, 14ms), before);
}

TEST(AdaptiveLimit, FindsItsWayBackWhenTheDependencyRecovers) {
  Bench bench;
  bench.busy(30, 10ms);
  const std::uint32_t low = bench.busy(30, 100ms);
  bench.busy(100, 10ms);
  EXPECT_GT(bench.limit.limit(), low * 3);
  EXPECT_LT(bench.limit.snapshot().long_latency, 30ms) << "what the outage left behind is forgotten";
}

TEST(AdaptiveLimit, LearnsFromTimeoutsAndNotFromCallsThatFailAtOnce) {
  Bench timing_out;
  timing_out.busy(30, 10ms);
  const std::uint32_t before = timing_out.limit.limit();
  EXPECT_LT(timing_out.busy(5, 1s, Outcome::failure(FailureType::timeout, {})), before);

  for (const Outcome& outcome : {Outcome::failure(FailureType::connection_error, {}),
                                 Outcome::failure(FailureType::http_error, {}), Outcome::ignored()}) {
    Bench failing;
    EXPECT_EQ(failing.busy(10, 0ns, outcome), 20U);
    EXPECT_EQ(failing.limit.snapshot().windows, 0U);
  }
}

TEST(AdaptiveLimit, WaitsForEnoughSamplesBeforeItDecides) {
  Bench bench{{.initial = 20, .sample_window = 1s, .min_samples = 100}};
  bench.window(1, 10ms);
  bench.window(8, 10ms);
  EXPECT_EQ(bench.limit.snapshot().windows, 0U);
  bench.window(1, 10ms);
  EXPECT_EQ(bench.limit.snapshot().windows, 1U);
}

TEST(AdaptiveLimit, MeasuresTheMeanOfAWindowWithinHalfAPercent) {
  Bench bench;
  bench.window(15, 12'345us);
  EXPECT_NEAR(to_seconds(bench.limit.snapshot().short_latency), 0.012345, 0.00007);
}

TEST(AdaptiveLimit, SettlesNearWhatADependencyCanServeAtOnce) {
  // Serves 40 calls at once in 10 ms; any more wait in its queue.
  constexpr std::uint32_t capacity = 40;
  Bench bench;
  for (int i = 0; i < 300; ++i) {
    const std::uint32_t at_once = bench.limit.limit();
    bench.window(at_once, 10ms * std::max(at_once, capacity) / capacity);
  }
  EXPECT_GE(bench.limit.limit(), capacity);
  EXPECT_LE(bench.limit.limit(), 3 * capacity);
}

TEST(AdaptiveLimit, TakesAnyLatencyAndAnyTime) {
  Bench bench;
  for (const Duration latency : {Duration::min(), Duration{-1}, Duration{0}, Duration::max()}) {
    bench.busy(3, latency);
    EXPECT_GE(bench.limit.limit(), 5U);
    EXPECT_LE(bench.limit.limit(), 200U);
  }
  for (const TimePoint now : {TimePoint::max(), TimePoint::min(), TimePoint{}}) {
    auto permit = bench.limit.try_acquire(now);
    ASSERT_TRUE(permit.has_value());
    std::move(*permit).record(Verdict::success, now);
  }
  EXPECT_EQ(bench.limit.snapshot().in_flight, 0U);
}

TEST(AdaptiveLimit, NamesEveryProblemOfItsOptions) {
  EXPECT_TRUE(validate(AdaptiveLimitOptions{}).empty());
  const std::vector<std::pair<AdaptiveLimitOptions, std::string>> wrong{
      {{.initial = 4}, "initial"},
      {{.initial = 1'001}, "initial"},
      {{.min_limit = 0}, "min_limit"},
      {{.min_limit = 1'001}, "max_limit"},
      {{.max_limit = 1'000'001}, "max_limit"},
      {{.smoothing = 0}, "smoothing"},
      {{.tolerance = 0.9}, "tolerance"},
      {{.headroom = 0}, "headroom"},
      {{.sample_window = 0ns}, "sample_window"},
      {{.min_samples = 0}, "min_samples"},
      {{.min_samples = 10'001}, "min_samples"},
      {{.long_window = 9}, "long_window"},
  };
  for (const auto& [options, key] : wrong) {
    const auto problems = validate(options);
    ASSERT_EQ(problems.size(), 1U) << key;
    EXPECT_EQ(problems[0].key, key);
  }
  EXPECT_THROW(AdaptiveLimit("search", {.headroom = 0}), std::invalid_argument);
}

TEST(AdaptiveLimitStress, CountsEveryCallOutWhileTheLimitMoves) {
  constexpr int threads = 8;
  constexpr int calls = 20'000;
  constexpr std::uint32_t most = 6;
  AdaptiveLimit limit{"search",
                      {.initial = 4, .min_limit = 2, .max_limit = most, .headroom = 1, .sample_window = 1us}};
  std::atomic<Duration::rep> clock{ticks_of(TimePoint{1h})};
  std::atomic<std::uint64_t> admitted{0};
  std::atomic<std::uint64_t> rejected{0};
  std::atomic<std::uint32_t> running{0};
  std::atomic<int> too_many{0};
  std::vector<std::thread> all;
  for (int thread = 0; thread < threads; ++thread) {
    all.emplace_back([&, thread] {
      Random random{static_cast<std::uint64_t>(thread) + 3};
      const auto now = [&] { return time_of(clock.fetch_add(100)); };
      for (int i = 0; i < calls; ++i) {
        auto permit = limit.try_acquire(now());
        if (!permit) {
          ++rejected;
          continue;
        }
        ++admitted;
        if (running.fetch_add(1) >= most) ++too_many;
        if (random.uniform() < 0.1) std::this_thread::yield();
        running.fetch_sub(1);
        if (random.uniform() < 0.9) {
          const auto latency = Duration{static_cast<Duration::rep>(random.next() % 100'000)};
          std::move(*permit).record(Outcome::success(latency), now());
        }
      }
    });
  }
  for (std::thread& thread : all) thread.join();
  EXPECT_EQ(too_many, 0);
  const AdaptiveLimitSnapshot end = limit.snapshot();
  EXPECT_EQ(end.in_flight, 0U);
  EXPECT_EQ(end.totals.admitted, admitted);
  EXPECT_EQ(end.totals.rejected, rejected);
  EXPECT_EQ(admitted + rejected, static_cast<std::uint64_t>(threads) * calls);
  EXPECT_GT(end.windows, 0U);
}

}  // namespace
}  // namespace switchgear
