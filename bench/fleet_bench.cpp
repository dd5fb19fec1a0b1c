// The decision of a breaker in a fleet, beside the same one alone, in one run. The fleet is a real one: a
// Redis server, this process and two others' parts, whose thread works meanwhile. Its time is not in the
// figures, which are of the calling thread: a few commands a second.
#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "allocations.hpp"
#include "switchgear/redis/fleet.hpp"
#include "switchgear/redis/redis_server_fixture.hpp"

namespace {

using namespace switchgear;
using namespace std::chrono_literals;
using std::chrono::steady_clock;

CircuitBreakerOptions usual() {
  CircuitBreakerOptions options;
  options.window = TimeWindowOptions{};
  options.failure_rate = 0.5;
  options.slow_call = SlowCallRule{2s, 0.5};
  options.minimum_calls = 10;
  options.open_duration = 1h;
  options.max_open_duration = 2h;
  return options;
}

/// One process's registry, with a breaker that stays closed and one whose dependency is down.
struct Process {
  BreakerRegistry registry{{steady_clock::now(), std::chrono::system_clock::now()}, 1};
  std::shared_ptr<CircuitBreaker> closed = registry.get_or_create("closed", usual(), steady_clock::now());
  std::shared_ptr<CircuitBreaker> down = registry.get_or_create("down", usual(), steady_clock::now());
  std::unique_ptr<redis::Fleet> fleet;

  void join(const redis::RedisServer& server) {
    redis::FleetOptions options;
    options.redis.address = server.address();
    options.name_space = "bench";
    fleet = std::make_unique<redis::Fleet>(registry, options);
  }
  void fail() {
    const TimePoint now = steady_clock::now();
    for (int i = 0; i != 10; ++i) {
      if (auto permit = down->try_acquire(now))
        std::move(*permit).record(Outcome::failure(FailureType::timeout, 1ms), now);
    }
  }
};

/// The breaker that all threads of one benchmark share.
CircuitBreaker* shared = nullptr;

void report_allocations(benchmark::State& run, std::uint64_t before) {
  const auto made = static_cast<double>(bench::allocations_of_this_thread() - before);
  run.counters["allocations"] = benchmark::Counter(made, benchmark::Counter::kAvgThreads);
}

void closed(benchmark::State& run) {
  TimePoint now = steady_clock::now();
  (void)shared->try_acquire(now);  // claims the thread's slot
  const std::uint64_t before = bench::allocations_of_this_thread();
  bool refused = false;
  for (auto _ : run) {
    auto permit = shared->try_acquire(now);
    benchmark::DoNotOptimize(permit);
    now += 10ns;
    if (permit) {
      std::move(*permit).record(Outcome::success(10ns), now);
    } else {
      refused = true;
    }
  }
  report_allocations(run, before);
  if (refused) run.SkipWithError("the breaker refused a call");
}

void refused(benchmark::State& run) {
  const std::uint64_t before = bench::allocations_of_this_thread();
  const TimePoint now = steady_clock::now();
  bool permitted = false;
  for (auto _ : run) {
    auto permit = shared->try_acquire(now);
    benchmark::DoNotOptimize(permit);
    permitted |= permit.has_value();
  }
  report_allocations(run, before);
  if (permitted) run.SkipWithError("the breaker permitted a call");
}

/// What Setup may know: a plain function. One for each breaker.
template <CircuitBreaker** breaker>
void use(const benchmark::State&) {
  shared = *breaker;
}
CircuitBreaker* alone_closed = nullptr;
CircuitBreaker* fleet_closed = nullptr;
CircuitBreaker* alone_open = nullptr;
CircuitBreaker* fleet_open = nullptr;

BENCHMARK(closed)->Name("fleet/closed, alone")->Setup(use<&alone_closed>)->ThreadRange(1, 2);
BENCHMARK(closed)->Name("fleet/closed, in a fleet")->Setup(use<&fleet_closed>)->ThreadRange(1, 2);
BENCHMARK(refused)->Name("fleet/open, alone: refused")->Setup(use<&alone_open>)->ThreadRange(1, 2);
BENCHMARK(refused)->Name("fleet/closed, refused by the fleet")->Setup(use<&fleet_open>)->ThreadRange(1, 2);

}  // namespace

int main(int count, char** words) {
  const redis::RedisServer server;
  Process alone, member, second, third;
  alone.fail();
  for (Process* each : {&member, &second, &third}) each->join(server);
  for (Process* each : {&second, &third}) each->fail();
  const auto refuses = [&] {
    auto permit = member.down->try_acquire(steady_clock::now());
    return !permit && permit.rejection().reason == Reason::fleet_open;
  };
  if (!redis::soon(refuses)) {
    std::fputs("the fleet did not open\n", stderr);
    return EXIT_FAILURE;
  }
  alone_closed = alone.closed.get();
  fleet_closed = member.closed.get();
  alone_open = alone.down.get();
  fleet_open = member.down.get();
  benchmark::Initialize(&count, words);
  if (benchmark::ReportUnrecognizedArguments(count, words)) return EXIT_FAILURE;
  benchmark::RunSpecifiedBenchmarks();
  return EXIT_SUCCESS;
}
