// What retries, hedges and faults cost the calls that need none of them, and what a budget costs those that
// do. One policy, one and two threads on it; time is handed in.
#include <benchmark/benchmark.h>

#include <chrono>
#include <memory>

#include "allocations.hpp"
#include "switchgear/policy/chaos.hpp"
#include "switchgear/policy/hedge.hpp"
#include "switchgear/policy/retry.hpp"
#include "switchgear/policy/retry_budget.hpp"

namespace {

using namespace switchgear;
using namespace std::chrono_literals;

constexpr TimePoint start{std::chrono::hours{1}};

/// What all threads of one benchmark share.
std::unique_ptr<RetryBudget> budget;
std::unique_ptr<Retry> retry;
std::unique_ptr<Hedge> hedge;
std::unique_ptr<Chaos> chaos;

/// Runs `step(now)` once an iteration, `apart` of the policy's time from the last.
template <class Step>
void measure(benchmark::State& run, Duration apart, Step step) {
  step(start);  // claims the thread's slot
  const std::uint64_t before = bench::allocations_of_this_thread();
  TimePoint now = start;
  for (auto _ : run) {
    now += apart;
    step(now);
  }
  const auto made = static_cast<double>(bench::allocations_of_this_thread() - before);
  run.counters["allocations"] = benchmark::Counter(made, benchmark::Counter::kAvgThreads);
}

void count_call(benchmark::State& run) {
  measure(run, 100ns, [](TimePoint now) { benchmark::DoNotOptimize(budget->on_call(now)); });
}

void spend(benchmark::State& run) {
  measure(run, 100ns, [](TimePoint now) {
    auto granted = budget->try_spend(now);
    benchmark::DoNotOptimize(granted);
  });
}

/// A call that succeeds at once, as a pipeline's layer drives it.
void whole_success(benchmark::State& run) {
  measure(run, 100ns, [](TimePoint now) {
    Retry::Progress progress;
    retry->on_call(progress, now);
    Verdict verdict = Verdict::success;
    benchmark::DoNotOptimize(verdict);
    const Outcome outcome{verdict, FailureType::exception, 10ns, std::nullopt};
    bool again = retry->next_attempt(progress, outcome, now, TimePoint::max()).has_value();
    benchmark::DoNotOptimize(again);
  });
}

void decide_retry(benchmark::State& run) {
  measure(run, 100ns, [](TimePoint now) {
    Retry::Progress progress;
    auto next =
        retry->next_attempt(progress, Outcome::failure(FailureType::timeout, 10ns), now, TimePoint::max());
    benchmark::DoNotOptimize(next);
  });
}

/// A call that is never hedged: reads the delay, and records how long it took.
void hedged_success(benchmark::State& run) {
  Duration latency = 1ms;
  measure(run, 100ns, [&latency](TimePoint now) {
    Duration delay = hedge->delay(now).value_or(Duration::max());
    benchmark::DoNotOptimize(delay);
    latency = latency < 50ms ? latency + 10us : Duration{1ms};
    hedge->record(latency, now);
  });
}

void record_latency(benchmark::State& run) {
  Duration latency = 1ms;
  measure(run, 100ns, [&latency](TimePoint now) {
    latency = latency < 50ms ? latency + 10us : Duration{1ms};
    hedge->record(latency, now);
  });
}

void draw_fault(benchmark::State& run) {
  measure(run, 100ns, [](TimePoint) {
    auto injection = chaos->next();
    benchmark::DoNotOptimize(injection);
  });
}

const auto plentiful = [](const benchmark::State&) {
  budget = std::make_unique<RetryBudget>("bench", RetryBudgetOptions{10, 1'000'000});
  retry = std::make_unique<Retry>("bench", RetryOptions{}, 1, budget.get());
};
const auto exhausted = [](const benchmark::State&) {
  budget = std::make_unique<RetryBudget>("bench", RetryBudgetOptions{0, 0});
};
const auto unbudgeted = [](const benchmark::State&) {
  retry = std::make_unique<Retry>("bench", RetryOptions{}, 1);
};
const auto at_quantile = [](const benchmark::State&) {
  hedge = std::make_unique<Hedge>("bench", HedgeOptions{});
};
const auto disabled = [](const benchmark::State&) {
  chaos = std::make_unique<Chaos>("bench", ChaosOptions{.fail = {0.1, FailureType::timeout}}, 1);
};
const auto enabled = [](const benchmark::State&) {
  chaos =
      std::make_unique<Chaos>("bench", ChaosOptions{.enabled = true, .fail = {0.1, FailureType::timeout}}, 1);
};

BENCHMARK(count_call)->Name("budget, on_call")->Setup(plentiful)->Threads(1)->Threads(2);
BENCHMARK(spend)->Name("budget, try_spend")->Setup(plentiful)->Threads(1)->Threads(2);
BENCHMARK(spend)->Name("budget, try_spend, exhausted")->Setup(exhausted)->Threads(1)->Threads(2);
BENCHMARK(whole_success)->Name("retry, a success")->Setup(unbudgeted)->Threads(1)->Threads(2);
BENCHMARK(whole_success)->Name("retry, a success, with a budget")->Setup(plentiful)->Threads(1)->Threads(2);
BENCHMARK(decide_retry)->Name("retry, decided on")->Setup(unbudgeted)->Threads(1)->Threads(2);
BENCHMARK(decide_retry)->Name("retry, decided on, with a budget")->Setup(plentiful)->Threads(1)->Threads(2);
BENCHMARK(record_latency)->Name("hedge, record")->Setup(at_quantile)->Threads(1)->Threads(2);
BENCHMARK(hedged_success)->Name("hedge, delay and record")->Setup(at_quantile)->Threads(1)->Threads(2);
BENCHMARK(draw_fault)->Name("chaos, disabled")->Setup(disabled)->Threads(1)->Threads(2);
BENCHMARK(draw_fault)->Name("chaos, enabled")->Setup(enabled)->Threads(1)->Threads(2);

}  // namespace
