// Many threads on one breaker, with exact counts. Run under ThreadSanitizer too (./dev check).
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <barrier>
#include <stdexcept>
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

TEST(Stress, ExactlyThePermittedProbesPassWhateverTheRace) {
  constexpr int races = 10'000;
  constexpr std::uint32_t permitted = 3;
  CircuitBreakerOptions options = simple();
  options.half_open.permitted_calls = permitted;
  options.half_open.max_wait = 1h;
  CircuitBreaker breaker{"payment", options};
  TimePoint now{1h};
  std::atomic<int> admitted{0};
  std::array<std::optional<CircuitBreaker::Permit>, threads> held;
  int wrong = 0;
  int race = 0;

  const auto open_again = [&] {
    breaker.command(Command::reset, now);
    for (int i = 0; i < 2; ++i) {
      auto permit = breaker.try_acquire(now);
      std::move(*permit).record(Verdict::failure, now);
    }
    now += 10s;
  };
  open_again();
  std::barrier start{threads};
  std::barrier finish{threads, [&]() noexcept {
                        if (admitted.exchange(0) != static_cast<int>(permitted)) ++wrong;
                        if (breaker.state() != State::half_open) ++wrong;
                        for (auto& permit : held) permit.reset();
                        ++race;
                        open_again();
                      }};
  in_threads([&](int thread) {
    for (int i = 0; i < races; ++i) {
      start.arrive_and_wait();
      // Two tries each: also against one's own probe.
      for (int n = 0; n < 2; ++n) {
        auto permit = breaker.try_acquire(now);
        if (!permit) continue;
        admitted.fetch_add(1);
        if (!held[static_cast<std::size_t>(thread)])
          held[static_cast<std::size_t>(thread)].emplace(std::move(*permit));
        else
          std::move(*permit).record(Verdict::success, now);
      }
      finish.arrive_and_wait();
    }
  });
  EXPECT_EQ(race, races);
  EXPECT_EQ(wrong, 0);
  const CallTotals totals = breaker.snapshot(now).totals;
  EXPECT_EQ(totals.calls, totals.successes + totals.failures + totals.ignored);
  EXPECT_EQ(totals.half_opened, static_cast<std::uint64_t>(races));
}

struct Made {
  std::atomic<std::uint64_t> successes{0}, failures{0}, ignored{0}, rejected{0};
};

CircuitBreakerOptions restless(WindowOptions window) {
  CircuitBreakerOptions options;
  options.window = window;
  options.failure_rate = 0.4;
  options.slow_call = SlowCallRule{1ms, 0.9};
  options.consecutive_failures = 12;
  options.failure_balance = 40;
  options.stuck_calls = StuckCallsRule{1s, 100};
  options.minimum_calls = 20;
  options.open_duration = 50us;
  options.half_open = {.permitted_calls = 4, .max_concurrent = 2, .max_failure_rate = 0.5, .max_wait = 1ms};
  options.ramp = RampOptions{100us, 0.2};
  return options;
}

class StressWindows : public ::testing::TestWithParam<WindowOptions> {};

TEST_P(StressWindows, TotalsEqualTheCallsMadeHoweverTheyEnd) {
  Recorder events;
  CircuitBreaker breaker{"payment", restless(GetParam()), {&events, 1, {}, TimePoint{1h}}};
  Made made;
  std::atomic<Duration::rep> clock{std::chrono::nanoseconds{1h}.count()};
  in_threads([&](int thread) {
    Random random{static_cast<std::uint64_t>(thread) + 100};
    const auto now = [&] { return TimePoint{Duration{clock.fetch_add(500)}}; };
    for (int i = 0; i < 20'000; ++i) {
      auto permit = breaker.try_acquire(now());
      if (!permit) {
        ++made.rejected;
        continue;
      }
      const double dice = random.uniform();
      if (dice < 0.05) {
        try {  // a call that throws: its permit is dropped on the way out
          const auto dropped = std::move(*permit);
          throw std::runtime_error("call");
        } catch (const std::runtime_error&) {
          ++made.ignored;
        }
      } else if (dice < 0.10) {
        ++made.ignored;  // dropped at the end of the turn
      } else if (dice < 0.45) {
        std::move(*permit).record(Verdict::failure, now());
        ++made.failures;
      } else {
        std::move(*permit).record(Outcome::success(dice < 0.5 ? 2ms : 1us), now());
        ++made.successes;
      }
    }
  });
  const BreakerSnapshot end = breaker.snapshot(TimePoint{Duration{clock.load()}});
  EXPECT_EQ(end.totals.successes, made.successes.load());
  EXPECT_EQ(end.totals.failures, made.failures.load());
  EXPECT_EQ(end.totals.ignored, made.ignored.load());
  EXPECT_EQ(end.totals.rejected, made.rejected.load());
  EXPECT_EQ(end.totals.rejected, events.rejections.size());
  EXPECT_EQ(end.totals.calls, end.totals.successes + end.totals.failures + end.totals.ignored);
  EXPECT_GT(end.totals.opened, 0U);
  EXPECT_GT(end.totals.closed, 0U);
  EXPECT_EQ(end.totals.opened + end.totals.closed + end.totals.half_opened, events.transitions.size());
  EXPECT_LE(end.half_open.in_flight, 0U) << "a permit was lost";
}

TEST(Stress, AProbeThatHangsIsCountedOnceHoweverLateItsPermitComesBack) {
  constexpr std::uint32_t permitted = 4;
  CircuitBreakerOptions options = simple();
  options.open_duration = 5us;
  options.half_open = {.permitted_calls = permitted, .max_failure_rate = 1, .max_wait = 20us};
  CircuitBreaker breaker{"payment", options, {nullptr, 1, {}, TimePoint{1h}}};
  std::atomic<Duration::rep> clock{std::chrono::nanoseconds{1h}.count()};
  const auto now = [&] { return TimePoint{Duration{clock.fetch_add(500)}}; };
  std::atomic<int> wrong{0};
  in_threads([&](int thread) {
    Random random{static_cast<std::uint64_t>(thread) + 300};
    std::array<std::optional<CircuitBreaker::Permit>, 6> held;
    for (int i = 0; i < 20'000; ++i) {
      std::optional<CircuitBreaker::Permit>& place = held[random.next() % held.size()];
      const double dice = random.uniform();
      if (!place) {
        if (auto permit = breaker.try_acquire(now())) place.emplace(std::move(*permit));
      } else if (dice < 0.3) {
        std::move(*place).record(dice < 0.25 ? Verdict::failure : Verdict::success, now());
        place.reset();
      } else if (dice < 0.35) {
        place.reset();
      }
      const ProbeCounts seen = breaker.snapshot(now()).half_open;
      if (seen.recorded + seen.in_flight > permitted || seen.failed > seen.recorded) ++wrong;
    }
  });
  EXPECT_EQ(wrong, 0);
  const BreakerSnapshot end = breaker.snapshot(now());
  EXPECT_EQ(end.half_open.in_flight, 0U);
  EXPECT_EQ(end.totals.calls, end.totals.successes + end.totals.failures + end.totals.ignored);
  EXPECT_GT(end.totals.half_opened, 0U);
  EXPECT_GT(end.totals.late, 0U);
}

TEST_P(StressWindows, TheWindowHoldsExactlyWhatWasRecorded) {
  CircuitBreakerOptions options;
  options.window = GetParam();
  options.failure_rate = 1.0;
  options.minimum_calls = 100;
  CircuitBreaker breaker{"payment", options, {nullptr, 1, {}, TimePoint{1h}}};
  constexpr int calls = 10'000;
  in_threads([&](int thread) {
    for (int i = 0; i < calls; ++i) {
      auto permit = breaker.try_acquire(TimePoint{1h});
      ASSERT_TRUE(permit);
      std::move(*permit).record(i % 4 == 0 && thread % 2 == 0 ? Verdict::failure : Verdict::success,
                                TimePoint{1h});
    }
  });
  const WindowSnapshot window = breaker.snapshot(TimePoint{1h}).window;
  if (const auto* count = std::get_if<CountWindowOptions>(&options.window)) {
    EXPECT_EQ(window.calls, count->size);
    if (count->size == threads * calls) {
      EXPECT_EQ(window.failures, 4U * calls / 4);
    }
  } else {
    EXPECT_EQ(window.calls, static_cast<std::uint64_t>(threads * calls));
    EXPECT_EQ(window.failures, 4U * calls / 4);
  }
}

TEST(Stress, NoTotalThatPrometheusIsShownGoesBackWhileCallsEnd) {
  // A counter that goes back is read as a restart: the rate jumps by all calls there ever were.
  CircuitBreakerOptions options;
  options.failure_rate = 1.0;
  options.minimum_calls = 100;
  options.slow_call = SlowCallRule{1ms, 1.0};
  CircuitBreaker breaker{"payment", options, {nullptr, 1, {}, TimePoint{1h}}};
  std::atomic<int> running{threads - 1};
  int went_back = 0;
  in_threads([&](int thread) {
    if (thread == 0) {
      CallTotals before;
      while (running > 0) {
        const CallTotals now = breaker.snapshot(TimePoint{1h}).totals;
        if (now.plain_successes < before.plain_successes || now.slow_successes < before.slow_successes ||
            now.plain_failures < before.plain_failures || now.slow_failures < before.slow_failures) {
          ++went_back;
        }
        before = now;
      }
      return;
    }
    for (int i = 0; i < 20'000; ++i) {
      auto permit = breaker.try_acquire(TimePoint{1h});
      if (!permit) continue;
      const Duration latency = i % 3 == 0 ? 2ms : 0ms;
      std::move(*permit).record(
          i % 5 == 0 ? Outcome::failure(FailureType::timeout, latency) : Outcome::success(latency),
          TimePoint{1h});
    }
    --running;
  });
  EXPECT_EQ(went_back, 0);
  const CallTotals totals = breaker.snapshot(TimePoint{1h}).totals;
  EXPECT_EQ(totals.plain_successes + totals.slow_successes + totals.plain_failures + totals.slow_failures,
            totals.calls);
}

TEST_P(StressWindows, NoSnapshotContradictsItselfWhileCallsEnd) {
  CircuitBreakerOptions options;
  options.window = GetParam();
  options.failure_rate = 1.0;
  options.minimum_calls = 100;
  CircuitBreaker breaker{"payment", options, {nullptr, 1, {}, TimePoint{1h}}};
  std::atomic<int> running{threads - 1};
  int torn = 0;
  in_threads([&](int thread) {
    if (thread == 0) {
      while (running > 0) {
        const BreakerSnapshot now = breaker.snapshot(TimePoint{1h});
        std::uint64_t by_type = 0;
        for (const std::uint64_t of_type : now.totals.failures_by_type) by_type += of_type;
        const std::uint64_t recorded = now.totals.successes + now.totals.failures;
        if (by_type != now.totals.failures || now.window.failures > now.totals.failures ||
            now.window.calls > recorded + threads)
          ++torn;
      }
      return;
    }
    for (int i = 0; i < 20'000; ++i) {
      auto permit = breaker.try_acquire(TimePoint{1h});
      if (!permit) continue;
      const auto type = failure_types[static_cast<std::size_t>(i) % failure_types.size()];
      std::move(*permit).record(i % 5 == 0 ? Outcome::failure(type, 0ms) : Outcome::success(0ms),
                                TimePoint{1h});
    }
    --running;
  });
  EXPECT_EQ(torn, 0);
}

INSTANTIATE_TEST_SUITE_P(Windows, StressWindows,
                         ::testing::Values(WindowOptions{CountWindowOptions{100}},
                                           WindowOptions{CountWindowOptions{threads * 10'000}},
                                           WindowOptions{TimeWindowOptions{10s, 10}},
                                           WindowOptions{TimeWindowOptions{1ms, 3}}));

TEST(Stress, StateTimestampAndGenerationAreNeverSeenTorn) {
  // One thread drives the breaker through openings of ever different lengths; the others check every refusal
  // against what that opening may answer.
  CircuitBreakerOptions options = simple();
  options.consecutive_failures = 1;
  options.half_open.permitted_calls = 1;
  options.open_duration = 1s;
  CircuitBreaker breaker{"payment", options, {nullptr, 0, {}, TimePoint{1h}}};
  std::atomic<bool> stop{false};
  std::atomic<Duration::rep> clock{std::chrono::nanoseconds{1h}.count()};
  std::atomic<int> torn{0};
  std::atomic<int> seen{0};
  in_threads([&](int thread) {
    if (thread == 0) {
      // On, until the others have had a look: on a busy machine they may start when this one would be done.
      for (int i = 0; i < 20'000 || (seen < 100 && i < 20'000'000); ++i) {
        const TimePoint now{Duration{clock.load()}};
        if (auto permit = breaker.try_acquire(now)) std::move(*permit).record(Verdict::failure, now);
        clock.fetch_add(std::chrono::nanoseconds{1s}.count());
        if (i >= 20'000) std::this_thread::yield();
      }
      stop = true;
      return;
    }
    while (!stop) {
      const TimePoint now{Duration{clock.load()}};
      auto result = breaker.try_acquire(now);
      if (result) continue;  // a probe, dropped: ignored
      ++seen;
      const auto& rejection = result.rejection();
      if (!rejection.retry_after || *rejection.retry_after < 0ns) ++torn;
      if (rejection.reason == Reason::open && *rejection.retry_after == 0ns) ++torn;
      const BreakerSnapshot snapshot = breaker.snapshot(now);
      if (snapshot.state == State::open && (!snapshot.retry_after || *snapshot.retry_after > Duration{1s}))
        ++torn;
      if (snapshot.state != State::open && snapshot.retry_after) ++torn;
    }
  });
  EXPECT_EQ(torn.load(), 0);
  EXPECT_GT(seen.load(), 0);
}

}  // namespace
}  // namespace switchgear
