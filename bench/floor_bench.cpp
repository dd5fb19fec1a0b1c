// The floor of this machine: the least that a breaker of each kind must pay, written without any breaker.
#include <benchmark/benchmark.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>

#include "switchgear/sync/clocks.hpp"

namespace {

alignas(64) std::atomic<std::uint64_t> state{0};
alignas(64) std::atomic<std::uint64_t> shared_count{0};
struct alignas(64) Cell {
  std::atomic<std::uint64_t> count{0};
};
std::array<Cell, 64> cells;

bool admitted() { return state.load(std::memory_order_acquire) == 0; }

void FloorOwnCounter(benchmark::State& run) {
  auto& count = cells[static_cast<std::size_t>(run.thread_index())].count;
  for (auto _ : run) {
    if (admitted()) count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    benchmark::ClobberMemory();
  }
}

void FloorSharedCounter(benchmark::State& run) {
  for (auto _ : run) {
    if (admitted()) benchmark::DoNotOptimize(shared_count.fetch_add(1, std::memory_order_relaxed));
  }
}

void FloorStateLoad(benchmark::State& run) {
  for (auto _ : run) benchmark::DoNotOptimize(admitted());
}

template <class Time>
void FloorTwoReadings(benchmark::State& run) {
  benchmark::DoNotOptimize(Time::now());
  for (auto _ : run) {
    benchmark::DoNotOptimize(Time::now());
    benchmark::DoNotOptimize(Time::now());
  }
}

BENCHMARK(FloorStateLoad)->Name("floor/state load")->Threads(1)->Threads(2);
BENCHMARK(FloorOwnCounter)->Name("floor/state load + own counter")->Threads(1)->Threads(2);
BENCHMARK(FloorSharedCounter)->Name("floor/state load + shared fetch_add")->Threads(1)->Threads(2);
BENCHMARK(FloorTwoReadings<switchgear::SteadyTime>)
    ->Name("floor/two steady_clock readings")
    ->Threads(1)
    ->Threads(2);
BENCHMARK(FloorTwoReadings<switchgear::TscTime>)->Name("floor/two TSC readings")->Threads(1)->Threads(2);

}  // namespace
