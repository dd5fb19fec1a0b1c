// What a history costs: processor time for each sample of many circuits, and the size of the file.
// usage: history_cost CIRCUITS SAMPLES
#include <spdlog/sinks/null_sink.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "app/history/recorder.hpp"
#include "app/history/sampler.hpp"
#include "app/history/store.hpp"
#include "app/history/upkeep.hpp"

namespace {

using namespace switchgear;
using namespace switchgear::history;
using namespace std::chrono_literals;

[[nodiscard]] double processor_seconds() {
  timespec spent{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) / 1e9;
}

/// Breakers that are all called between two samples.
struct Circuits {
  explicit Circuits(int count) {
    CircuitBreakerOptions options;
    options.failure_rate = 0.5;
    for (int i = 0; i < count; ++i) {
      const std::string name = "service-" + std::to_string(i);
      breakers.push_back(policies.breakers().get_or_create(name, options, now));
      took.push_back(durations.of(name));
    }
  }
  void call() {
    for (std::size_t i = 0; i < breakers.size(); ++i) {
      for (int call = 0; call < 20; ++call) {
        auto permit = breakers[i]->try_acquire(now);
        const Duration latency = std::chrono::microseconds{300 << (call % 8)};
        if (!permit) continue;
        if (call == 7) {
          std::move(*permit).record(Outcome::failure(FailureType::timeout, latency), now);
          took[i]->failure.record(latency);
        } else {
          std::move(*permit).record(Outcome::success(latency), now);
          took[i]->success.record(latency);
        }
      }
    }
  }

  TimePoint now{1h};
  PolicyRegistry policies{{now, std::chrono::sys_days{std::chrono::year{2026} / 3 / 1}}, 1};
  CallDurations durations;
  std::vector<std::shared_ptr<CircuitBreaker>> breakers;
  std::vector<std::shared_ptr<CircuitDurations>> took;
};

int measure(int count, int samples) {
  const auto folder = std::filesystem::temp_directory_path() / ("history-cost-" + std::to_string(::getpid()));
  std::filesystem::create_directory(folder);
  spdlog::logger log{"cost", std::make_shared<spdlog::sinks::null_sink_mt>()};
  Circuits circuits{count};
  Reading now{circuits.now, circuits.policies.breakers().anchor().wall};
  double spent = 0;
  {
    Store store{folder / "history.db", {}, circuits.policies.breakers().anchor(), log};
    Recorder recorder{store, log};
    Upkeep upkeep{{}, store, log, now.steady};
    Sampler sampler{{circuits.policies, circuits.durations}};
    for (int i = 0; i < samples; ++i) {
      circuits.call();
      const double before = processor_seconds();
      const Stretch stretch{std::chrono::floor<std::chrono::seconds>(now.wall), 10s};
      now.steady += 10s;
      now.wall += 10s;
      recorder.add(stretch, sampler.take(now.steady));
      recorder.flush(now.steady);
      upkeep.run(now);
      spent += processor_seconds() - before;
    }
  }
  std::uintmax_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator{folder}) bytes += entry.file_size();
  std::filesystem::remove_all(folder);
  const double each = spent / samples;
  std::printf("%d circuits: %.1f ms of processor time a sample, %.3f %% of one core at a resolution of 10s\n",
              count, each * 1e3, each / 10 * 100);
  std::printf("%d samples, the oldest merged by the minute: %.1f MiB\n", samples,
              static_cast<double>(bytes) / 1024 / 1024);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const int count = argc == 3 ? std::atoi(argv[1]) : 0;
  const int samples = argc == 3 ? std::atoi(argv[2]) : 0;
  if (count <= 0 || samples <= 0) {
    std::fprintf(stderr, "usage: history_cost CIRCUITS SAMPLES\n");
    return 2;
  }
  return measure(count, samples);
}
