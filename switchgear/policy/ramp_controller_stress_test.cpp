// Many threads on a controlled ramp, with exact counts. Run under ThreadSanitizer too (./dev check).
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <map>
#include <thread>
#include <vector>

#include "switchgear/policy/breaker_fixture.hpp"

namespace switchgear {
namespace {

constexpr int threads = 8;

template <class F>
void in_threads(F f) {
  std::vector<std::thread> running;
  running.reserve(threads);
  for (int i = 0; i < threads; ++i) running.emplace_back(f, i);
  for (std::thread& thread : running) thread.join();
}

CircuitBreakerOptions ramped(Duration step, std::uint32_t minimum) {
  CircuitBreakerOptions options;
  options.failure_rate = 0.5;
  options.minimum_calls = 10;
  options.window = CountWindowOptions{20};
  options.open_duration = 50us;
  options.half_open = {.permitted_calls = 2, .max_failure_rate = 1, .max_wait = 1h};
  options.ramp = RampOptions{1s, 0.25, RampControllerOptions{step, minimum, 0.4, 1.5}};
  return options;
}

void open_and_close(CircuitBreaker& breaker, TimePoint& now) {
  while (breaker.state() == State::closed) {
    if (auto permit = breaker.try_acquire(now)) std::move(*permit).record(Verdict::failure, now);
  }
  now += 50us;
  while (breaker.state() != State::closed) {
    if (auto permit = breaker.try_acquire(now)) std::move(*permit).record(Verdict::success, now);
  }
}

TEST(RampControllerStress, CountsEveryCallOfAStepOnce) {
  constexpr std::uint32_t minimum = 60'000;
  CircuitBreaker breaker{"payment", ramped(1ms, minimum)};
  TimePoint now{1h};
  open_and_close(breaker, now);
  std::atomic<std::uint64_t> recorded{0}, failed{0}, admitted{0}, refused{0};
  in_threads([&](int thread) {
    for (int i = 0; i < 20'000; ++i) {
      auto permit = breaker.try_acquire(now);
      if (!permit) {
        ++refused;
        continue;
      }
      ++admitted;
      if (i % 7 == 0) continue;  // dropped: counts in no step
      const bool fails = (i + thread) % 5 == 0;
      std::move(*permit).record(fails ? Verdict::failure : Verdict::success, now);
      ++recorded;
      failed += fails ? 1 : 0;
    }
  });
  const RampFigures seen = breaker.snapshot(now).ramp.value();
  EXPECT_EQ(seen.calls, recorded.load());
  EXPECT_EQ(seen.failed, failed.load());
  EXPECT_EQ(seen.share, 0.25) << "too few calls for a decision";
  EXPECT_EQ(admitted + refused, 160'000U);
  EXPECT_NEAR(static_cast<double>(admitted), 40'000, 2) << "a quarter of the calls, whatever the threads";
}

TEST(RampControllerStress, EveryRampEndsOnceAndEveryCallIsCounted) {
  Recorder events;
  CircuitBreaker breaker{"payment", ramped(5us, 5), {&events, 1, {}, TimePoint{1h}}};
  std::atomic<Duration::rep> clock{Duration{1h}.count()};
  std::atomic<std::uint64_t> successes{0}, failures{0}, ignored{0}, rejected{0};
  in_threads([&](int thread) {
    Random random{static_cast<std::uint64_t>(thread) + 1};
    const auto now = [&] { return TimePoint{Duration{clock.fetch_add(100)}}; };
    for (int i = 0; i < 20'000; ++i) {
      auto permit = breaker.try_acquire(now());
      if (!permit) {
        ++rejected;
        continue;
      }
      const double dice = random.uniform();
      const double bad = i / 2'000 % 2 == 0 ? 0.15 : 0.6;  // better and worse times
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

  std::map<RampChange, std::uint64_t> turns;
  std::uint64_t calls_of_steps = 0;
  for (const RampEvent& event : events.ramps) {
    ++turns[event.change];
    calls_of_steps += event.calls;
    EXPECT_GE(event.calls, 5U);
    EXPECT_LE(event.failed, event.calls);
  }
  EXPECT_GT(turns[RampChange::grew], 0U);
  EXPECT_GT(turns[RampChange::fell], 0U);
  EXPECT_LE(calls_of_steps, end.totals.successes + end.totals.failures);
  const auto opened_by = [&](Rule rule) {
    return static_cast<std::uint64_t>(
        std::count_if(events.transitions.begin(), events.transitions.end(),
                      [&](const Transition& each) { return each.rule == rule; }));
  };
  EXPECT_GT(opened_by(Rule::ramp), 0U);
  // A closed period that follows a recovery begins with a ramp; that is over, or opens, or goes on.
  EXPECT_EQ(turns[RampChange::over] + opened_by(Rule::ramp) + (end.ramp ? 1 : 0), end.totals.closed);
}

}  // namespace
}  // namespace switchgear
