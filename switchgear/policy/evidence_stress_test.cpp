// A breaker's windows among more threads than processors, with threads pre-empted on purpose between any two
// steps of a booking (pause_point.hpp). SWITCHGEAR_STRESS_SECONDS makes each test go on for that long.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "switchgear/core/random.hpp"
#include "switchgear/policy/breaker_fixture.hpp"
#include "switchgear/policy/evidence.hpp"

namespace switchgear {

namespace detail {

void pause_point() noexcept {
  thread_local Random random{
      static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count())};
  const double dice = random.uniform();
  if (dice < 0.002) {
    // Takes the processor away, as the system does: this is what is tested, and no test waits for it.
    std::this_thread::sleep_for(std::chrono::microseconds{20});
  } else if (dice < 0.05) {
    std::this_thread::yield();
  }
}

}  // namespace detail

namespace {

constexpr TimePoint now{1h};

/// Goes on for some rounds, or for as long as the environment wants.
class Rounds {
 public:
  explicit Rounds(int rounds) : left_(rounds) {
    if (const char* seconds = std::getenv("SWITCHGEAR_STRESS_SECONDS")) {
      until_ = std::chrono::steady_clock::now() + std::chrono::seconds{std::atoi(seconds)};
    }
  }
  bool next() {
    if (until_ != std::chrono::steady_clock::time_point{}) return std::chrono::steady_clock::now() < until_;
    return left_-- > 0;
  }

 private:
  int left_;
  std::chrono::steady_clock::time_point until_{};
};

template <class F>
void in_threads(int threads, F f) {
  std::vector<std::thread> running;
  running.reserve(static_cast<std::size_t>(threads));
  for (int i = 0; i < threads; ++i) running.emplace_back(f, i);
  for (std::thread& thread : running) thread.join();
}

bool record(CircuitBreaker& breaker, Verdict verdict) {
  auto permit = breaker.try_acquire(now);
  if (!permit) return false;
  std::move(*permit).record(verdict, now);
  return true;
}

/// Remembers transitions alone: refusals come by the million.
class Transitions : public EventSink {
 public:
  void on_transition(const Transition& transition) override {
    const std::scoped_lock lock(mutex_);
    all.push_back(transition);
  }
  std::vector<Transition> all;

 private:
  std::mutex mutex_;
};

/// What an opening says of itself must be possible, and agree with its rule.
void expect_possible(const Transition& opening, const CircuitBreakerOptions& options, std::uint64_t size) {
  ASSERT_EQ(opening.rule, Rule::failure_rate);
  EXPECT_LE(opening.window.calls, size);
  EXPECT_GE(opening.window.calls, options.minimum_calls);
  EXPECT_LE(opening.window.failures, opening.window.calls);
  EXPECT_DOUBLE_EQ(opening.value, opening.window.failure_rate());
  EXPECT_GE(opening.value, opening.threshold);
}

struct Shape {
  std::uint32_t size;
  int threads;
};
std::string name_of(const ::testing::TestParamInfo<Shape>& shape) {
  return std::to_string(shape.param.size) + "Calls" + std::to_string(shape.param.threads) + "Threads";
}

class EvidenceStress : public ::testing::TestWithParam<Shape> {
 protected:
  [[nodiscard]] CircuitBreakerOptions options(double rate) const {
    CircuitBreakerOptions options;
    options.window = CountWindowOptions{size};
    options.minimum_calls = size;
    options.failure_rate = rate;
    options.open_duration = 10s;
    return options;
  }

  const std::uint32_t size = GetParam().size;
  const int threads = GetParam().threads;
  Transitions events;
};

/// Windows that are healthy with a failure in them, so of more than one call.
class HealthyBreakerStress : public EvidenceStress {};

TEST_P(HealthyBreakerStress, AHealthyBreakerDoesNotOpenByItself) {
  // No order of the calls puts more than one failure into a window, and two are needed.
  CircuitBreaker breaker{"payment", options(1.5 / size), {&events, 1, {}, now}};
  std::atomic<std::uint64_t> done{0};
  std::atomic<std::uint64_t> next_failure{size + 2U * static_cast<std::uint64_t>(threads)};
  std::atomic<std::uint64_t> failures{0};
  Rounds rounds{30};
  while (rounds.next() && events.all.empty()) {
    in_threads(threads, [&](int) {
      for (int i = 0; i < 500; ++i) {
        // `done` counts calls that are over, so the last failure is that many whole calls away.
        std::uint64_t turn = next_failure.load();
        const bool fails =
            done.load() >= turn && next_failure.compare_exchange_strong(turn, ~std::uint64_t{0});
        record(breaker, fails ? Verdict::failure : Verdict::success);
        const std::uint64_t over = done.fetch_add(1) + 1;
        if (!fails) continue;
        ++failures;
        next_failure = over + size + 2U * static_cast<std::uint64_t>(threads);
      }
    });
  }
  for (const Transition& transition : events.all) {
    ADD_FAILURE() << "opened at " << transition.value << " with " << transition.window.failures
                  << " failures of " << transition.window.calls;
  }
  EXPECT_GT(failures.load(), 0U);
  const BreakerSnapshot end = breaker.snapshot(now);
  EXPECT_EQ(end.totals.calls, done.load());
  EXPECT_EQ(end.totals.successes, done.load() - failures.load());
}

std::uint64_t failures_that_open(double rate, std::uint32_t size) {
  return static_cast<std::uint64_t>(std::ceil(rate * size - 1e-9));
}

TEST_P(EvidenceStress, NoticesTheVeryCallThatReachesTheRate) {
  const CircuitBreakerOptions wanted = options(0.6);
  CallCells cells{3};
  Evidence evidence{wanted, cells};
  Rounds rounds{40};
  for (std::uint64_t generation = 1; rounds.next() && !HasFailure(); ++generation) {
    evidence.start(generation, now);
    std::mutex mutex;
    std::vector<TrippedRule> noticed;
    std::atomic<bool> over{false};
    const auto book = [&](bool failed) {
      CallCell& cell = cells.mine();
      if (!failed && evidence.try_add_success(cell, generation, 1ms, now)) return;
      std::optional<TrippedRule> tripped;
      ASSERT_TRUE(evidence.add(cell, generation, {.failed = failed}, now, tripped));
      if (!tripped) return;
      over = true;
      const std::scoped_lock lock(mutex);
      noticed.push_back(*tripped);
    };
    for (std::uint32_t i = 0; i < 2 * size; ++i) book(false);
    in_threads(threads, [&](int thread) {
      for (int i = 0; !over; ++i) book((i + thread) % 8 != 0);
    });
    // A thread may book after the first that noticed; but that one saw no more failures than it takes.
    std::uint64_t first = size + 1U;
    for (const TrippedRule& tripped : noticed) {
      first = std::min(first, tripped.window.failures);
      EXPECT_EQ(tripped.window.calls, size);
      EXPECT_DOUBLE_EQ(tripped.value, tripped.window.failure_rate());
    }
    EXPECT_EQ(first, failures_that_open(0.6, size));
  }
}

TEST_P(EvidenceStress, OpensWithFiguresThatItsCallsHad) {
  const CircuitBreakerOptions wanted = options(0.6);
  CircuitBreaker breaker{"payment", wanted, {&events, 1, {}, now}};
  Rounds rounds{40};
  while (rounds.next() && !HasFailure()) {
    for (std::uint32_t i = 0; i < 2 * size; ++i) ASSERT_TRUE(record(breaker, Verdict::success));
    in_threads(threads, [&](int thread) {
      for (int i = 0;; ++i) {
        if (!record(breaker, (i + thread) % 8 == 0 ? Verdict::success : Verdict::failure)) break;
      }
    });
    ASSERT_EQ(events.all.size(), 1U);
    expect_possible(events.all.back(), wanted, size);
    // Every other thread may have booked one more call before the first that noticed had opened the breaker.
    const std::uint64_t least = failures_that_open(0.6, size);
    EXPECT_GE(events.all.back().window.failures, least);
    EXPECT_LT(events.all.back().window.failures, least + static_cast<std::uint64_t>(threads));
    breaker.command(Command::reset, now);
    events.all.clear();
  }
}

TEST_P(EvidenceStress, ANewGenerationStartsEmptyWhateverIsStillOnItsWay) {
  const CircuitBreakerOptions wanted = options(0.5);
  CircuitBreaker breaker{"payment", wanted, {&events, 1, {}, now}};
  Rounds rounds{5};
  while (rounds.next() && !HasFailure()) {
    std::atomic<bool> over{false};
    std::thread operator_thread{[&] {
      for (int i = 0; i < 30; ++i) {
        breaker.command(Command::reset, now);
        std::this_thread::yield();
      }
      over = true;
    }};
    in_threads(threads, [&](int thread) {
      for (int i = 0; !over; ++i)
        record(breaker, (i + thread) % 3 == 0 ? Verdict::failure : Verdict::success);
    });
    operator_thread.join();
    for (const Transition& transition : events.all) {
      if (transition.to == State::open) expect_possible(transition, wanted, size);
    }
    events.all.clear();
    const CallTotals totals = breaker.snapshot(now).totals;
    EXPECT_EQ(totals.calls, totals.successes + totals.failures);
  }
}

constexpr Shape shapes[] = {{2, 3},  {5, 2},  {5, 4},   {5, 8},   {20, 2},
                            {20, 4}, {20, 8}, {100, 2}, {100, 4}, {100, 8}};
INSTANTIATE_TEST_SUITE_P(OfOneCall, EvidenceStress, ::testing::Values(Shape{1, 4}), name_of);
INSTANTIATE_TEST_SUITE_P(Windows, EvidenceStress, ::testing::ValuesIn(shapes), name_of);
INSTANTIATE_TEST_SUITE_P(Windows, HealthyBreakerStress, ::testing::ValuesIn(shapes), name_of);

TEST(EvidenceStressOfTime, ATimeWindowAgreesWithItsCallsHoweverItsBucketsBegin) {
  // Every call of bucket n fails when n is odd; so no window of two buckets has seen more than it was given.
  CircuitBreakerOptions options;
  options.window = TimeWindowOptions{2s, 2};
  options.minimum_calls = 10;
  options.failure_rate = 1.0;
  constexpr int threads = 6;
  constexpr int buckets = 60;
  constexpr int calls = 20;
  CircuitBreaker breaker{"payment", options, {nullptr, 1, {}, TimePoint{0s}}};
  std::vector<WindowSnapshot> seen;
  TimePoint time{1s};
  std::barrier bucket_over{threads, [&]() noexcept {
                             seen.push_back(breaker.snapshot(time).window);
                             time += 1s;
                           }};
  in_threads(threads, [&](int) {
    for (int bucket = 0; bucket < buckets; ++bucket) {
      for (int i = 0; i < calls; ++i) {
        auto permit = breaker.try_acquire(time);
        // One success in each bucket and thread keeps the breaker closed.
        std::move(*permit).record(bucket % 2 == 1 && i > 0 ? Verdict::failure : Verdict::success, time);
      }
      bucket_over.arrive_and_wait();
    }
  });
  ASSERT_EQ(breaker.state(), State::closed);
  for (std::size_t bucket = 1; bucket < seen.size(); ++bucket) {
    // Two buckets are in the window, one of each kind; none of their calls is lost or counted twice.
    ASSERT_EQ(seen[bucket].calls, static_cast<std::uint64_t>(2 * threads * calls)) << "bucket " << bucket;
    ASSERT_EQ(seen[bucket].failures, static_cast<std::uint64_t>(threads * (calls - 1)))
        << "bucket " << bucket;
  }
}

TEST(EvidenceStressOfTheReadme, TheReadmesBreakerStaysClosedAmongFourThreads) {
  Rounds rounds{20};
  int opened = 0;
  while (rounds.next()) {
    CircuitBreakerOptions options;
    options.failure_rate = 0.5;
    options.open_duration = 10s;
    CircuitBreaker breaker{"payment", options, {nullptr, 1, {}, now}};
    in_threads(4, [&](int thread) {
      Random random{static_cast<std::uint64_t>(thread)};
      for (int i = 0; i < 5'000; ++i) {
        record(breaker, random.uniform() < 0.005 ? Verdict::failure : Verdict::success);
      }
    });
    if (breaker.state() != State::closed) ++opened;
  }
  EXPECT_EQ(opened, 0);
}

}  // namespace
}  // namespace switchgear
