// Whole calls through pipelines, and beside each the same policies nested by hand. Time is a counter, so that
// the policies are measured and not a clock, but where TSC time is named.
#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>

#include "allocations.hpp"
#include "switchgear/pipeline/pipeline.hpp"
#include "switchgear/sync/call.hpp"

namespace {

using namespace switchgear;
using namespace std::chrono_literals;

constexpr TimePoint start{std::chrono::hours{1}};

/// A clock of one thread that costs an addition.
struct Ticks {
  TimePoint at = start;
  TimePoint now() noexcept { return at += 10ns; }
};
struct Tsc {
  TimePoint now() noexcept { return TscTime::now(); }
};

/// What all threads of one benchmark share.
struct Policies {
  Retry retry{"bench", RetryOptions{}};
  Bulkhead bulkhead{"bench", {.max_concurrent = 50, .max_queue = 200, .max_wait = 1s}};
  RateLimiter limiter{"bench", {.rate = 1e9, .burst = 1'000'000'000}};
  Deadline deadline{"bench", 10s};
  Timeout timeout{"bench", 2s};
  std::unique_ptr<CircuitBreaker> breaker;

  Policies() {
    CircuitBreakerOptions options;
    options.window = TimeWindowOptions{};
    options.failure_rate = 0.5;
    breaker = std::make_unique<CircuitBreaker>("bench", options, BreakerContext{.created = start});
  }
};
std::unique_ptr<Policies> shared;
const auto fresh = [](const benchmark::State&) { shared = std::make_unique<Policies>(); };

int work() {
  int value = 1;
  benchmark::DoNotOptimize(value);
  return value;
}

/// What a caller wants beside the answer.
enum class Extra : std::uint8_t { nothing, stop, report };

std::stop_source stopper;

template <class Time, class Pick>
void through_pipeline(benchmark::State& run, Pick pick, Extra extra) {
  const auto pipeline = pick(*shared);
  Time time;
  CallReport report;
  CallOptions options;
  if (extra == Extra::stop) options.stop = stopper.get_token();
  if (extra == Extra::report) options.report = &report;
  auto f = [] { return work(); };
  // The breaker's and the tally's cell of this thread.
  (void)shared->breaker->try_acquire(start);
  const std::uint64_t before = bench::allocations_of_this_thread();
  for (auto _ : run) {
    auto answer = try_call(pipeline, options, f, time);
    benchmark::DoNotOptimize(*answer);
    benchmark::DoNotOptimize(report);
  }
  run.counters["allocations"] = benchmark::Counter(
      static_cast<double>(bench::allocations_of_this_thread() - before), benchmark::Counter::kAvgThreads);
}

template <class Time, class Body>
void by_hand(benchmark::State& run, Body body) {
  Time time;
  (void)shared->breaker->try_acquire(start);
  for (auto _ : run) {
    int value = body(*shared, time);
    benchmark::DoNotOptimize(value);
  }
}

template <class Time>
int hand_retry(Policies& with, Time& time) {
  Retry::Progress progress;
  with.retry.on_call(progress, time.now());
  for (;;) {
    const int value = work();
    const TimePoint now = time.now();
    const Outcome outcome = Outcome::success(10ns);
    if (!outcome.worth_repeating()) return value;
    if (!with.retry.next_attempt(progress, outcome, now, TimePoint::max())) return value;
  }
}

template <class Time>
int hand_bulkhead(Policies& with, Time& time) {
  benchmark::DoNotOptimize(time.now());
  auto permit = with.bulkhead.try_slot();
  const int value = permit ? work() : 0;
  benchmark::DoNotOptimize(time.now());
  return value;
}

template <class Time>
int hand_limiter(Policies& with, Time& time) {
  const TimePoint now = time.now();
  auto token = with.limiter.reserve(now);
  const int value = token && token->at <= now ? work() : 0;
  benchmark::DoNotOptimize(time.now());
  return value;
}

template <class Time>
int hand_breaker(Policies& with, Time& time) {
  auto permit = with.breaker->try_acquire(time.now());
  if (!permit) return 0;
  const int value = work();
  std::move(*permit).record(Verdict::success, time.now());
  return value;
}

/// bulkhead { deadline { retry { breaker { call } } } }
template <class Time>
int hand_stack(Policies& with, Time& time) {
  TimePoint now = time.now();
  auto slot = with.bulkhead.try_slot();
  if (!slot) return 0;
  const TimePoint end = now + with.deadline.length();
  Retry::Progress progress;
  with.retry.on_call(progress, now);
  for (;;) {
    if (now >= end) return 0;
    auto permit = with.breaker->try_acquire(now);
    if (!permit) return 0;
    const int value = work();
    const TimePoint done = time.now();
    const Outcome outcome = Outcome::success(done - now);
    std::move(*permit).record(outcome, done);
    if (!outcome.worth_repeating()) return value;
    const auto next = with.retry.next_attempt(progress, outcome, done, end);
    if (!next) return value;
    now = *next;
  }
}

/// The same for a caller that may go away.
template <class Time>
int hand_stack_with_stop(Policies& with, Time& time) {
  const std::stop_token token = stopper.get_token();
  if (token.stop_requested()) return 0;
  const int value = hand_stack(with, time);
  return token.stop_requested() ? 0 : value;
}

/// The same with a report of the call.
template <class Time>
int hand_stack_with_report(Policies& with, Time& time) {
  const int value = hand_stack(with, time);
  CallReport report{.attempts = 1, .latency = 10ns};
  benchmark::DoNotOptimize(report);
  return value;
}

/// Registers both ways under one name.
template <class Time, class Pick, class Hand>
void compare(const std::string& name, Pick pick, Hand hand, Extra extra = Extra::nothing) {
  benchmark::RegisterBenchmark((name + ", pipeline").c_str(),
                               [=](benchmark::State& run) { through_pipeline<Time>(run, pick, extra); })
      ->Setup(+fresh)
      ->Threads(1)
      ->Threads(2);
  benchmark::RegisterBenchmark((name + ", by hand").c_str(),
                               [=](benchmark::State& run) { by_hand<Time>(run, hand); })
      ->Setup(+fresh)
      ->Threads(1)
      ->Threads(2);
}

const bool registered = [] {
  compare<Ticks>(
      "empty", [](Policies&) { return Pipeline<>{}; },
      [](Policies&, Ticks& time) {
        benchmark::DoNotOptimize(time.now());
        const int value = work();
        benchmark::DoNotOptimize(time.now());
        return value;
      });
  compare<Ticks>(
      "retry", [](Policies& with) { return Pipeline{with.retry}; }, hand_retry<Ticks>);
  compare<Ticks>(
      "bulkhead", [](Policies& with) { return Pipeline{with.bulkhead}; }, hand_bulkhead<Ticks>);
  compare<Ticks>(
      "rate limiter", [](Policies& with) { return Pipeline{with.limiter}; }, hand_limiter<Ticks>);
  compare<Ticks>(
      "breaker", [](Policies& with) { return Pipeline{*with.breaker}; }, hand_breaker<Ticks>);
  const auto stack = [](Policies& with) {
    return Pipeline{with.bulkhead, with.deadline, with.retry, *with.breaker};
  };
  compare<Ticks>("retry + breaker + bulkhead + deadline", stack, hand_stack<Ticks>);
  compare<Ticks>("retry + breaker + bulkhead + deadline, stop token", stack, hand_stack_with_stop<Ticks>,
                 Extra::stop);
  compare<Ticks>("retry + breaker + bulkhead + deadline, report", stack, hand_stack_with_report<Ticks>,
                 Extra::report);
  compare<Tsc>("retry + breaker + bulkhead + deadline, TSC time", stack, hand_stack<Tsc>);
  return true;
}();

}  // namespace
