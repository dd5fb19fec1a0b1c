// The policies that hold calls back, one and two threads on each. Time is handed in.
#include <benchmark/benchmark.h>

#include <chrono>
#include <memory>

#include "allocations.hpp"
#include "switchgear/policy/adaptive_limit.hpp"
#include "switchgear/policy/admission_control.hpp"
#include "switchgear/policy/bulkhead.hpp"
#include "switchgear/policy/rate_limiter.hpp"

namespace {

using namespace switchgear;
using namespace std::chrono_literals;

constexpr TimePoint start{std::chrono::hours{1}};

// What all threads of one benchmark share.
std::unique_ptr<Bulkhead> bulkhead;
std::unique_ptr<RateLimiter> limiter;
std::unique_ptr<AdaptiveLimit> adaptive;
std::unique_ptr<AdmissionControl> admission;

/// Runs `body` after one call of it that claims the thread's slot, and reports what was allocated.
template <class Body>
void measure(benchmark::State& run, Body body) {
  body();
  const std::uint64_t before = bench::allocations_of_this_thread();
  for (auto _ : run) body();
  const auto made = static_cast<double>(bench::allocations_of_this_thread() - before);
  run.counters["allocations"] = benchmark::Counter(made, benchmark::Counter::kAvgThreads);
}

void bulkhead_admits(benchmark::State& run) {
  measure(run, [] {
    auto permit = bulkhead->try_acquire();
    benchmark::DoNotOptimize(permit);
  });
}

void bulkhead_refuses(benchmark::State& run) {
  static std::optional<Bulkhead::Permit> held;
  if (run.thread_index() == 0) held = bulkhead->try_slot();
  measure(run, [] {
    auto permit = bulkhead->try_acquire();
    benchmark::DoNotOptimize(permit);
  });
  if (run.thread_index() == 0) held.reset();
}

void limiter_admits(benchmark::State& run) {
  TimePoint now = start;
  measure(run, [&now] {
    now += 10ns;
    auto token = limiter->reserve(now);
    benchmark::DoNotOptimize(token);
  });
}

void adaptive_limit_admits(benchmark::State& run) {
  TimePoint now = start;
  measure(run, [&now] {
    auto permit = adaptive->try_acquire(now);
    benchmark::DoNotOptimize(permit);
    now += 10ns;
    std::move(*permit).record(Outcome::success(10us), now);
  });
}

void admission_admits(benchmark::State& run) {
  TimePoint now = start;
  measure(run, [&now] {
    now += 10ns;
    auto permit = admission->try_acquire(now);
    benchmark::DoNotOptimize(permit);
    std::move(*permit).record(Outcome::success(10us), now);
  });
}

void admission_throttles(benchmark::State& run) {
  TimePoint now = start;
  measure(run, [&now] {
    now += 10ns;
    if (auto permit = admission->try_acquire(now))
      std::move(*permit).record(Outcome::failure(FailureType::timeout, 10us), now);
  });
}

const auto roomy = [](const benchmark::State&) {
  bulkhead = std::make_unique<Bulkhead>("bench", BulkheadOptions{.max_concurrent = 50});
};
const auto narrow = [](const benchmark::State&) {
  bulkhead = std::make_unique<Bulkhead>("bench", BulkheadOptions{.max_concurrent = 1});
};
const auto plenty = [](const benchmark::State&) {
  limiter = std::make_unique<RateLimiter>("bench", RateLimiterOptions{.rate = 1e9, .burst = 1'000'000'000});
};
// An interval that is not a whole number of nanoseconds.
const auto thirds = [](const benchmark::State&) {
  limiter = std::make_unique<RateLimiter>("bench", RateLimiterOptions{.rate = 3e8, .burst = 1'000'000'000});
};
const auto exhausted = [](const benchmark::State&) {
  limiter = std::make_unique<RateLimiter>("bench", RateLimiterOptions{.rate = 3e-8, .burst = 1});
  (void)limiter->reserve(start);
};
const auto adapting = [](const benchmark::State&) {
  adaptive = std::make_unique<AdaptiveLimit>("bench", AdaptiveLimitOptions{});
};
const auto admitting = [](const benchmark::State&) {
  admission = std::make_unique<AdmissionControl>("bench", AdmissionControlOptions{});
};

BENCHMARK(bulkhead_admits)->Name("bulkhead, slot free")->Setup(roomy)->Threads(1)->Threads(2);
BENCHMARK(bulkhead_refuses)->Name("bulkhead, full")->Setup(narrow)->Threads(1)->Threads(2);
BENCHMARK(limiter_admits)->Name("rate limiter, token there")->Setup(plenty)->Threads(1)->Threads(2);
BENCHMARK(limiter_admits)
    ->Name("rate limiter, token there, third of a ns")
    ->Setup(thirds)
    ->Threads(1)
    ->Threads(2);
BENCHMARK(limiter_admits)->Name("rate limiter, refused")->Setup(exhausted)->Threads(1)->Threads(2);
BENCHMARK(adaptive_limit_admits)->Name("adaptive limit, admitted")->Setup(adapting)->Threads(1)->Threads(2);
BENCHMARK(admission_admits)->Name("admission control, admitted")->Setup(admitting)->Threads(1)->Threads(2);
BENCHMARK(admission_throttles)
    ->Name("admission control, all failing")
    ->Setup(admitting)
    ->Threads(1)
    ->Threads(2);

}  // namespace
