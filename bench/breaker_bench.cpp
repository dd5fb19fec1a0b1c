// One breaker, one and two threads on it. Time is handed in, so that what is measured is the decision, not
// the clock; `call` reads a clock as a user would.
#include <benchmark/benchmark.h>

#include <chrono>
#include <memory>

#include "allocations.hpp"
#include "switchgear/observe/duration_histogram.hpp"
#include "switchgear/policy/circuit_breaker.hpp"
#include "switchgear/sync/call.hpp"

namespace {

using namespace switchgear;
using namespace std::chrono_literals;

constexpr TimePoint start{std::chrono::hours{1}};

CircuitBreakerOptions usual(WindowOptions window) {
  CircuitBreakerOptions options;
  options.window = window;
  options.failure_rate = 0.5;
  options.slow_call = SlowCallRule{2s, 0.5};
  return options;
}

CircuitBreakerOptions consecutive_only() {
  CircuitBreakerOptions options;
  options.consecutive_failures = 5;
  return options;
}

/// The breaker that all threads of one benchmark share.
std::unique_ptr<CircuitBreaker> shared;

void report_allocations(benchmark::State& run, std::uint64_t before) {
  const auto made = static_cast<double>(bench::allocations_of_this_thread() - before);
  run.counters["allocations"] = benchmark::Counter(made, benchmark::Counter::kAvgThreads);
}

void closed(benchmark::State& run) {
  (void)shared->try_acquire(start);  // claims the thread's slot
  const std::uint64_t before = bench::allocations_of_this_thread();
  TimePoint now = start;
  for (auto _ : run) {
    auto permit = shared->try_acquire(now);
    benchmark::DoNotOptimize(permit);
    now += 10ns;
    std::move(*permit).record(Outcome::success(10ns), now);
  }
  report_allocations(run, before);
}

/// Every `nth` call of a thread fails. The breaker must be one that stays closed all the same: what is
/// measured is the record of a failure, not a refusal.
template <unsigned nth>
void some_fail(benchmark::State& run) {
  (void)shared->try_acquire(start);
  const std::uint64_t before = bench::allocations_of_this_thread();
  TimePoint now = start;
  unsigned n = 0;
  for (auto _ : run) {
    auto permit = shared->try_acquire(now);
    benchmark::DoNotOptimize(permit);
    now += 10ns;
    const bool fails = ++n % nth == 0;
    std::move(*permit).record(fails ? Outcome::failure(FailureType::timeout, 10ns) : Outcome::success(10ns),
                              now);
  }
  report_allocations(run, before);
  if (shared->state() != State::closed) run.SkipWithError("the breaker opened");
}

void open_refused(benchmark::State& run) {
  const std::uint64_t before = bench::allocations_of_this_thread();
  TimePoint now = start;
  for (auto _ : run) {
    auto permit = shared->try_acquire(now);
    benchmark::DoNotOptimize(permit);
    now += 1ns;
  }
  report_allocations(run, before);
}

std::unique_ptr<DurationHistogram> durations;

template <class Time>
void whole_call(benchmark::State& run) {
  const auto f = [] {
    int value = 1;
    benchmark::DoNotOptimize(value);
    return value;
  };
  const auto track = [](int, Duration latency) {
    durations->record(latency);
    return Outcome::success(latency);
  };
  const auto pipeline = Pipeline{*shared}.classified_by(Classifier{}.results(track));
  const CallOptions options;
  Time time;
  const auto tracked = [&] { return try_call(pipeline, options, f, time); };
  benchmark::DoNotOptimize(*tracked());
  const std::uint64_t before = bench::allocations_of_this_thread();
  for (auto _ : run) {
    auto result = tracked();
    benchmark::DoNotOptimize(result);
  }
  report_allocations(run, before);
}

const auto time_window = [](const benchmark::State&) {
  shared =
      std::make_unique<CircuitBreaker>("bench", usual(TimeWindowOptions{}), BreakerContext{.created = start});
  durations = std::make_unique<DurationHistogram>();
};
const auto count_window = [](const benchmark::State&) {
  shared = std::make_unique<CircuitBreaker>("bench", usual(CountWindowOptions{}),
                                            BreakerContext{.created = start});
};
/// Closed whatever share of the calls fails.
void share_patient(WindowOptions window) {
  CircuitBreakerOptions options = usual(window);
  options.failure_rate = 1.0;
  options.minimum_calls = 100;
  shared = std::make_unique<CircuitBreaker>("bench", options, BreakerContext{.created = start});
  // Full of good calls: the first failures of a run are not all that there is.
  for (int i = 0; i < 1'000; ++i) {
    auto permit = shared->try_acquire(start);
    std::move(*permit).record(Outcome::success(10ns), start);
  }
}
const auto patient_time_window = [](const benchmark::State&) { share_patient(TimeWindowOptions{}); };
const auto patient_count_window = [](const benchmark::State&) { share_patient(CountWindowOptions{}); };
const auto no_window = [](const benchmark::State&) {
  shared = std::make_unique<CircuitBreaker>("bench", consecutive_only(), BreakerContext{.created = start});
};
const auto opened = [](const benchmark::State&) {
  CircuitBreakerOptions options = consecutive_only();
  options.consecutive_failures = 1;
  options.open_duration = 24h;
  options.max_open_duration = 24h;
  shared = std::make_unique<CircuitBreaker>("bench", options, BreakerContext{.created = start});
  auto permit = shared->try_acquire(start);
  std::move(*permit).record(Verdict::failure, start);
};

BENCHMARK(closed)->Name("closed, time window")->Setup(time_window)->Threads(1)->Threads(2);
BENCHMARK(closed)->Name("closed, count window 100")->Setup(count_window)->Threads(1)->Threads(2);
BENCHMARK(closed)->Name("closed, consecutive only")->Setup(no_window)->Threads(1)->Threads(2);
BENCHMARK(some_fail<10>)
    ->Name("closed, time window, 10 % fail")
    ->Setup(patient_time_window)
    ->Threads(1)
    ->Threads(2);
BENCHMARK(some_fail<2>)
    ->Name("closed, time window, 50 % fail")
    ->Setup(patient_time_window)
    ->Threads(1)
    ->Threads(2);
BENCHMARK(some_fail<10>)
    ->Name("closed, count window 100, 10 % fail")
    ->Setup(patient_count_window)
    ->Threads(1)
    ->Threads(2);
BENCHMARK(some_fail<2>)
    ->Name("closed, count window 100, 50 % fail")
    ->Setup(patient_count_window)
    ->Threads(1)
    ->Threads(2);
BENCHMARK(open_refused)->Name("open, refused")->Setup(opened)->Threads(1)->Threads(2);
BENCHMARK(whole_call<TscTime>)
    ->Name("call, latency tracked, TSC time")
    ->Setup(time_window)
    ->Threads(1)
    ->Threads(2);
BENCHMARK(whole_call<SteadyTime>)
    ->Name("call, latency tracked, steady time")
    ->Setup(time_window)
    ->Threads(1)
    ->Threads(2);

}  // namespace
