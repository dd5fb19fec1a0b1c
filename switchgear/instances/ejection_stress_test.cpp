// Many threads on one service's instances, with exact counts. Run under ThreadSanitizer too (./dev check).
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <barrier>
#include <optional>
#include <thread>
#include <vector>

#include "switchgear/core/random.hpp"
#include "switchgear/instances/ejection_fixture.hpp"

namespace switchgear::instances {
namespace {

using namespace std::chrono_literals;
using Kind = InstanceEvent::Kind;

constexpr int threads = 8;

template <class F>
void in_threads(F f) {
  std::vector<std::thread> running;
  running.reserve(threads);
  for (int i = 0; i < threads; ++i) running.emplace_back(f, i);
  for (std::thread& thread : running) thread.join();
}

TEST(EjectionStress, EveryEndIsInTheIntervalExactlyOnce) {
  EjectionOptions options;
  options.consecutive_5xx.reset();
  options.consecutive_gateway.reset();
  options.consecutive_local.reset();
  options.failure_percentage->minimum_hosts = 1'000'000;
  TestService service{options, 3};
  constexpr int calls = 20'000;
  in_threads([&](int thread) {
    for (int i = 0; i < calls; ++i) service.answer(static_cast<std::size_t>(i % 3), thread == 0 ? 500 : 200);
  });
  EndRate::Interval sum;
  for (const InstanceSnapshot& instance : service.ejection.snapshot().instances) {
    sum.calls += instance.interval.calls;
    sum.successes += instance.interval.successes;
    EXPECT_EQ(instance.in_flight, 0U);
  }
  EXPECT_EQ(sum.calls, static_cast<std::uint32_t>(threads * calls));
  EXPECT_EQ(sum.successes, static_cast<std::uint32_t>((threads - 1) * calls));
}

// take() while threads add: the sum over all intervals is the sum of all ends.
TEST(EjectionStress, NoEndIsLostOrCountedTwiceBetweenTwoIntervals) {
  EndRate rate;
  constexpr std::uint32_t calls = 50'000;
  std::atomic<int> running{threads - 1};
  EndRate::Interval sum;
  in_threads([&](int thread) {
    if (thread > 0) {
      for (std::uint32_t i = 0; i < calls; ++i) rate.add(0, i % 4 != 0);
      --running;
      return;
    }
    const auto take = [&] {
      const EndRate::Interval taken = rate.take();
      EXPECT_LE(taken.successes, taken.calls);
      sum.calls += taken.calls;
      sum.successes += taken.successes;
    };
    while (running > 0) {
      take();
      std::this_thread::yield();
    }
    take();
  });
  EXPECT_EQ(sum.calls, (threads - 1) * calls);
  EXPECT_EQ(sum.successes, (threads - 1) * calls / 4 * 3);
}

// Each race: every thread ends one failed call. When the rule wants that many, there is exactly one ejection;
// when it wants one more, there is none.
TEST(EjectionStress, TheLastOfTheFailuresEjectsExactlyOnceWhateverTheRace) {
  for (const std::uint32_t count : {std::uint32_t{threads}, std::uint32_t{threads + 1}}) {
    EjectionOptions options = only_5xx(count);
    options.base = options.max = 1s;
    TestService service{options, 2};
    constexpr int races = 2'000;
    std::size_t told = 0;
    int wrong = 0;
    std::barrier start{threads};
    std::barrier finish{threads, [&]() noexcept {
                          const std::size_t expected = count == threads ? 1 : 0;
                          if (service.recorder.events.size() - told != expected) ++wrong;
                          if (service.at(0).ejected() != (expected == 1)) ++wrong;
                          service.answer(0, 200);
                          service.pass(1s);
                          told = service.recorder.events.size();
                        }};
    in_threads([&](int) {
      for (int i = 0; i < races; ++i) {
        start.arrive_and_wait();
        service.ejection.record(service.call(0), CallEnd::answered(500), service.now);
        finish.arrive_and_wait();
      }
    });
    EXPECT_EQ(wrong, 0);
  }
}

// The thread that ends a call of an earlier generation is held up at no particular point; the count of the
// later one must stay exact all the same.
TEST(EjectionStress, NoFailureOfAnEarlierGenerationReachesTheNext) {
  EndsInARow row;
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  in_threads([&](int thread) {
    if (thread > 0) {
      // Ends of calls that began in generation 0, until it is over and long after.
      while (!stop) row.add(0, CallEnd::answered(500), LocalErrors::as_5xx);
      return;
    }
    std::this_thread::sleep_for(1ms);
    for (std::uint16_t generation = 2; generation < 60'000;
         generation = static_cast<std::uint16_t>(generation + 2)) {
      row.begin(generation);
      row.add(generation, CallEnd::answered(503), LocalErrors::as_5xx);
      if (row.get() != EndsInARow::Counts{1, 1, 0}) ++wrong;
    }
    stop = true;
  });
  EXPECT_EQ(wrong, 0);
}

// Everything at once. At the end of all, and whenever a listener is told, no more are out than may be.
TEST(EjectionStress, TheLimitHoldsWhileThreadsCallTickCheckAndChangeTheInstances) {
  class Watch final : public InstanceListener {
   public:
    void on_instance_event(const InstanceEvent& event) noexcept override {
      ++told;
      if (event.kind == Kind::ejected) ++ejected;
      if (event.kind == Kind::returned) ++returned;
      if (event.ejected * 2 > event.instances) ++above_limit;
    }
    std::atomic<std::uint64_t> told{0}, ejected{0}, returned{0}, above_limit{0};
  };
  EjectionOptions options = only_5xx(2);
  options.failure_percentage = FailurePercentageRule{0.5, 1, 10, 1.0, 1.0};
  options.local_errors = LocalErrors::apart;
  options.consecutive_local = ConsecutiveRule{3};
  options.max_ejected = 0.5;
  options.panic = 0.6;
  options.interval = 1ms;
  options.base = 100us;
  options.max = 300us;
  Watch watch;
  std::atomic<Duration::rep> clock{std::chrono::nanoseconds{1h}.count()};
  const auto now = [&] { return time_of(clock.fetch_add(200)); };
  Ejection ejection{"payment", options, 1, now(), &watch};
  std::vector<std::shared_ptr<Instance>> instances;
  for (int i = 0; i < 6; ++i) instances.push_back(ejection.add(std::to_string(i), now()));
  in_threads([&](int thread) {
    Random random{static_cast<std::uint64_t>(thread) + 1};
    std::array<std::optional<InstanceCall>, 4> held;
    for (int i = 0; i < 20'000; ++i) {
      std::optional<InstanceCall>& place = held[random.next() % held.size()];
      const double dice = random.uniform();
      if (place && dice < 0.9) {
        const auto end = dice < 0.2 ? CallEnd::local_error() : CallEnd::answered(dice < 0.5 ? 503 : 200);
        ejection.record(std::move(*place), end, now());
        place.reset();
      } else if (place) {
        place.reset();
      } else {
        place.emplace(instances[random.next() % instances.size()]);
      }
      if (thread == 0) ejection.tick(now());
      if (thread == 1 && i % 50 == 0) {
        // One that stays out of `instances`: the handles there must go on working.
        if (i % 100 == 0) {
          ejection.add("coming and going", now());
        } else {
          ejection.remove("coming and going", now());
        }
      }
      if (thread == 2 && i % 20 == 0) {
        const auto health = i % 40 == 0 ? Ejection::Health::bad : Ejection::Health::good;
        ejection.on_health(*instances[0], health, now());
      }
      if (thread == 3 && i % 20 == 0) {
        const EjectionSnapshot seen = ejection.snapshot();
        std::size_t out = 0;
        for (const InstanceSnapshot& instance : seen.instances) out += instance.ejected ? 1 : 0;
        if (out * 2 > seen.instances.size()) ++watch.above_limit;
      }
    }
  });
  EXPECT_EQ(watch.above_limit, 0U);
  EXPECT_GT(watch.ejected, 100U);
  const EjectionSnapshot end = ejection.snapshot();
  std::uint64_t out = 0;
  for (const InstanceSnapshot& instance : end.instances) {
    out += instance.ejected ? 1 : 0;
    EXPECT_EQ(instance.in_flight, 0U) << "a call was lost";
  }
  EXPECT_EQ(watch.ejected - watch.returned, out);
  EXPECT_EQ(watch.told, end.events);
}

}  // namespace
}  // namespace switchgear::instances
