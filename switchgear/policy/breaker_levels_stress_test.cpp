// Many threads on a multi-level breaker, with exact counts. Run under ThreadSanitizer too (./dev check).
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "switchgear/policy/breaker_fixture.hpp"

namespace switchgear {
namespace {

using enum BreakerLevel;

constexpr int threads = 8;
constexpr std::uint32_t probes = 3;

template <class F>
void in_threads(F f) {
  std::vector<std::thread> running;
  running.reserve(threads);
  for (int i = 0; i < threads; ++i) running.emplace_back(f, i);
  for (std::thread& thread : running) thread.join();
}

CircuitBreakerOptions leveled() {
  CircuitBreakerOptions options;
  options.window = CountWindowOptions{20};
  options.minimum_calls = 10;
  options.failure_rate = 0.5;
  options.open_duration = 20us;
  options.half_open = {.permitted_calls = probes, .max_wait = 1h};
  LevelsOptions levels;
  levels[critical] = {.failure_rate = 0.4, .open_duration = 40us, .calm = 30us};
  levels[emergency] = {.failure_rate = 0.3, .open_duration = 60us, .calm = 30us};
  options.levels = levels;
  return options;
}

TEST(BreakerLevelsStress, ADeadDependencyGetsNoBurstWhenItEscalates) {
  Recorder events;
  CircuitBreaker breaker{"payment", leveled(), {&events, 1, {}, TimePoint{1h}}};
  std::atomic<Duration::rep> clock{Duration{1h}.count()};
  std::atomic<std::uint64_t> admitted{0}, refused{0}, refused_without_level{0};
  // Calls in flight when it opens first: one for each thread, beside those that opened it.
  in_threads([&](int) {
    const auto now = [&] { return TimePoint{Duration{clock.fetch_add(50)}}; };
    for (int i = 0; i < 50'000; ++i) {
      auto permit = breaker.try_acquire(now());
      if (!permit) {
        ++refused;
        if (!permit.rejection().level) ++refused_without_level;
        continue;
      }
      ++admitted;
      std::move(*permit).record(Verdict::failure, now());
    }
  });
  const BreakerSnapshot end = breaker.snapshot(TimePoint{Duration{clock.load()}});
  EXPECT_EQ(end.level->level, emergency);
  EXPECT_EQ(end.level->escalations, 2U);
  EXPECT_EQ(end.totals.closed, 0U);
  EXPECT_EQ(end.totals.calls, admitted.load());
  EXPECT_EQ(end.totals.rejected, refused.load());
  EXPECT_EQ(refused_without_level.load(), 0U);
  EXPECT_GT(end.totals.half_opened, 100U)
      << "it was tried again often enough for the count to mean something";
  // minimum_calls opened it, each other thread had one call in flight; after that only probes pass.
  EXPECT_LE(admitted.load(), 10U + (threads - 1) + probes * end.totals.half_opened);
  EXPECT_GE(admitted.load(), 10U + end.totals.half_opened - 1);
}

TEST(BreakerLevelsStress, EveryChangeIsToldOnceAndEveryCallIsCounted) {
  Recorder events;
  CircuitBreaker breaker{"payment", leveled(), {&events, 1, {}, TimePoint{1h}}};
  std::atomic<Duration::rep> clock{Duration{1h}.count()};
  std::atomic<std::uint64_t> successes{0}, failures{0}, ignored{0}, rejected{0};
  in_threads([&](int thread) {
    Random random{static_cast<std::uint64_t>(thread) + 1};
    const auto now = [&] { return TimePoint{Duration{clock.fetch_add(20)}}; };
    for (int i = 0; i < 40'000; ++i) {
      auto permit = breaker.try_acquire(now());
      if (!permit) {
        ++rejected;
        continue;
      }
      const double dice = random.uniform();
      const double bad = i / 2'000 % 2 == 0 ? 0.05 : 0.9;
      if (dice < 0.02) {
        ++ignored;  // dropped at the end of the turn
      } else if (dice < bad) {
        std::move(*permit).record(Outcome::failure(FailureType::timeout, 0ns), now());
        ++failures;
      } else {
        std::move(*permit).record(Outcome::success(0ns), now());
        ++successes;
      }
    }
  });
  const BreakerSnapshot end = breaker.snapshot(TimePoint{Duration{clock.load()}});
  EXPECT_EQ(end.totals.successes, successes.load());
  EXPECT_EQ(end.totals.failures, failures.load());
  EXPECT_EQ(end.totals.ignored, ignored.load());
  EXPECT_EQ(end.totals.rejected, rejected.load());
  EXPECT_EQ(end.totals.calls, end.totals.successes + end.totals.failures + end.totals.ignored);

  std::vector<LevelEvent> told = events.levels;
  std::ranges::sort(told, {}, &LevelEvent::generation);
  BreakerLevel level = warning;
  std::uint64_t up = 0, down = 0;
  for (const LevelEvent& event : told) {
    EXPECT_EQ(event.change.from, level) << "each change begins where the one before it ended";
    level = event.change.to;
    if (event.change.cause == LevelCause::escalated) {
      ++up;
      EXPECT_EQ(event.state, State::open);
      EXPECT_GT(event.change.failure_rate(), 0.6);
      EXPECT_LE(event.change.failed, event.change.calls);
    } else {
      ++down;
      EXPECT_EQ(event.change.cause, LevelCause::calm);
      EXPECT_EQ(event.state, State::closed);
    }
  }
  EXPECT_EQ(level, end.level->level);
  EXPECT_EQ(up, end.level->escalations);
  EXPECT_EQ(down, end.level->descents);
  EXPECT_GT(up, 10U);
  EXPECT_GT(down, 10U);
}

}  // namespace
}  // namespace switchgear
