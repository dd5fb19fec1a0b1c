// Breakers by value under threads, and their memory.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "switchgear/core/random.hpp"
#include "switchgear/policy/breakers_by_value.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint start{1h};
constexpr int threads = 4;

template <class Work>
void on_each_thread(Work work) {
  std::vector<std::jthread> workers;
  for (int t = 0; t < threads; ++t) workers.emplace_back([&work, t] { work(t); });
}

// Values change from quiet to awake while other threads' calls are under way.
TEST(BreakersByValueStress, CountEveryCallOfEveryThreadOnce) {
  constexpr int values = 8;
  constexpr int calls = 200;  // of a thread and value
  CircuitBreakerOptions options;
  options.failure_rate = 1.0;
  options.window = CountWindowOptions{1'000};
  options.minimum_calls = 1'000;
  for (int round = 0; round < 20; ++round) {
    BreakersByValue by_value{"v", options, {.max = 100}};
    on_each_thread([&](int) {
      for (int i = 0; i < calls; ++i) {
        for (int v = 0; v < values; ++v) {
          auto permit = by_value.try_acquire(std::to_string(v), start);
          ASSERT_TRUE(permit);
          if (i % 40 == 20 + v) std::this_thread::yield();
          std::move(*permit).record(i % 20 == 19 ? Verdict::failure : Verdict::success, start);
        }
      }
    });
    for (int v = 0; v < values; ++v) {
      const BreakerSnapshot seen = by_value.find(std::to_string(v), start).value();
      EXPECT_EQ(seen.window.calls, static_cast<std::uint64_t>(threads * calls));
      EXPECT_EQ(seen.window.failures, static_cast<std::uint64_t>(threads * calls / 20));
    }
  }
}

class Counted final : public ValueCallSink {
 public:
  void on_value_call(const ValueCall&) noexcept override { calls.fetch_add(1, std::memory_order_relaxed); }
  std::atomic<std::uint64_t> calls{0};
};

TEST(BreakersByValueStress, TellOfCallsThoughListenersComeAndGo) {
  constexpr std::uint64_t calls = 20'000;  // of a thread
  BreakersByValue by_value{"v", CircuitBreakerOptions{.failure_rate = 0.5}, {.max = 100}};
  const auto stays = std::make_shared<Counted>();
  on_each_thread([&](int t) {
    if (t == 0) {
      for (int i = 0; i < 2'000; ++i) {
        by_value.tell_calls(std::make_shared<Counted>());
        by_value.tell_calls(nullptr);
      }
      return;
    }
    for (std::uint64_t i = 0; i < calls; ++i) {
      auto permit = by_value.try_acquire(std::to_string(i % 8), start);
      if (permit) std::move(*permit).record(Verdict::success, start);
    }
  });
  by_value.tell_calls(stays);
  on_each_thread([&](int) {
    for (std::uint64_t i = 0; i < calls; ++i) {
      auto permit = by_value.try_acquire(i % 3 == 0 ? "" : std::to_string(i % 8), start);
      if (permit) std::move(*permit).record(i % 5 == 0 ? Verdict::failure : Verdict::success, start);
    }
  });
  EXPECT_EQ(stays->calls.load(), calls * threads);
}

TEST(BreakersByValueStress, NeverHoldMoreThanMaxNorLoseOneThatIsOpen) {
  constexpr std::size_t most = 2'000;
  CircuitBreakerOptions options;
  options.consecutive_failures = 1;
  options.open_duration = 1h;
  options.max_open_duration = 1h;
  BreakersByValue by_value{"v", options, {.max = most, .idle = 1s}};
  std::atomic<std::int64_t> ticks{0};
  std::atomic<int> lost{0};
  std::atomic<std::uint64_t> rejected{0};
  on_each_thread([&](int t) {
    Random random{static_cast<std::uint64_t>(t) + 1};
    const auto now = [&] { return start + 1us * ticks.fetch_add(100, std::memory_order_relaxed); };
    for (int i = 0; i < 20'000; ++i) {
      const bool bad = i % 100 == 0;
      const std::string value = bad ? "bad" + std::to_string(t) + "-" + std::to_string(i)
                                    : "v" + std::to_string(random.next() % 100'000);
      if (auto permit = by_value.try_acquire(value, now()))
        std::move(*permit).record(bad ? Verdict::failure : Verdict::success, now());
      if (i % 100 == 50) {  // the one before must be open, whatever came meanwhile
        const std::string before = "bad" + std::to_string(t) + "-" + std::to_string(i - 50);
        if (by_value.try_acquire(before, now())) {
          lost.fetch_add(1);
        } else {
          rejected.fetch_add(1);
        }
      }
      if (i % 1'000 == 0) by_value.retire_idle(now());
      if (i % 500 == 0) {
        EXPECT_LE(by_value.counts().values, most);
        (void)by_value.opened(20, now());
      }
    }
  });
  EXPECT_EQ(lost, 0);
  const ByValueCounts counts = by_value.counts();
  EXPECT_EQ(counts.open, static_cast<std::size_t>(threads * 200));
  EXPECT_EQ(counts.rejected, rejected);
  EXPECT_EQ(counts.values, counts.made - counts.retired - counts.evicted);
  by_value.retire_idle(start + 1min + 1us * ticks.load());
  EXPECT_EQ(by_value.counts().values, counts.open) << "only those that are open do not retire";
  by_value.retire_idle(start + 3h);
  EXPECT_EQ(by_value.counts().values, 0U);
  EXPECT_EQ(by_value.counts().open, 0U);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SWITCHGEAR_HEAP_IS_WATCHED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SWITCHGEAR_HEAP_IS_WATCHED
#endif
#endif

#ifdef SWITCHGEAR_HEAP_IS_WATCHED
constexpr std::size_t many = 20'000;
constexpr bool measures = false;
#else
constexpr std::size_t many = 1'000'000;
constexpr bool measures = true;
#endif

std::size_t resident_bytes() {
  std::ifstream statm{"/proc/self/statm"};
  std::size_t all = 0;
  std::size_t resident = 0;
  statm >> all >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

// docs/policies/breakers-by-value.md has the figures.
TEST(BreakersByValueStress, AMillionIdleValuesTakeLessThanAGibibyte) {
  CircuitBreakerOptions options;
  options.failure_rate = 0.5;
  for (const bool time : {false, true}) {
    if (time) options.window = TimeWindowOptions{10s, 10};
    const std::size_t before = resident_bytes();
    BreakersByValue by_value{"payment/x-tenant", options, {.max = many}};
    for (std::size_t i = 0; i < many; ++i) {
      const std::string tenant = "tenant-" + std::to_string(1'000'000'000 + i);
      for (int call = 0; call < 2; ++call) {
        if (auto permit = by_value.try_acquire(tenant, start))
          std::move(*permit).record(Verdict::success, start);
      }
    }
    EXPECT_EQ(by_value.counts().values, many);
    if (!measures) continue;
    const std::size_t grown = resident_bytes() - std::min(before, resident_bytes());
    EXPECT_LE(grown / many, 1'024U);
    EXPECT_LE(grown, std::size_t{1} << 30U);
    RecordProperty(time ? "time_window_bytes" : "count_window_bytes", static_cast<int>(grown / many));
    std::printf("%s window: %zu bytes for each of %zu values\n", time ? "time" : "count", grown / many, many);
  }
}

/// A value that failed, and one that did not, for each of `many`.
void fail_by_the_million(const char* window_kind, const WindowOptions& window) {
  CircuitBreakerOptions options;
  options.failure_rate = 0.5;
  options.window = window;
  const std::size_t before = resident_bytes();
  BreakersByValue by_value{"payment/x-tenant", options, {.max = many}};
  const auto call_all = [&](const std::string& prefix, const Outcome& outcome) {
    for (std::size_t i = 0; i < many; ++i) {
      if (auto permit = by_value.try_acquire(prefix + std::to_string(1'000'000'000 + i), start))
        std::move(*permit).record(outcome, start);
    }
  };
  call_all("tenant-", Outcome::failure(FailureType::http_error, 1ms));
  call_all("quiet-", Outcome::success(1ms));
  EXPECT_EQ(by_value.counts().uncovered, 0U);
  EXPECT_EQ(by_value.counts().values, many);
  if (!measures) return;
  const std::size_t grown = resident_bytes() - std::min(before, resident_bytes());
  EXPECT_LE(grown / many, 1'024U);
  std::printf("%s window: %zu bytes for each of %zu values, %zu of them with a whole breaker\n", window_kind,
              grown / many, many, by_value.most_whole());
}

TEST(BreakersByValueStress, AMillionValuesWithAFailureEachTakeLessThanAGibibyte) {
  fail_by_the_million("count", CountWindowOptions{});
}

TEST(BreakersByValueStress, AMillionValuesWithAFailureInATimeWindowTakeLessThanAGibibyte) {
  fail_by_the_million("time", TimeWindowOptions{10s, 10});
}

}  // namespace
}  // namespace switchgear
