#include "switchgear/registry/keyed_breakers.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "switchgear/core/random.hpp"
#include "switchgear/registry/breaker_registry.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint start{1h};

CircuitBreakerOptions fragile() {
  CircuitBreakerOptions options;
  options.consecutive_failures = 1;
  options.open_duration = 1s;
  return options;
}

void use(CircuitBreaker& breaker, TimePoint now, Verdict verdict = Verdict::success) {
  auto permit = breaker.try_acquire(now);
  ASSERT_TRUE(permit);
  std::move(*permit).record(verdict, now);
}

/// A registry whose keyed breakers are used and counted in one line.
struct Tenants {
  explicit Tenants(Duration max_idle, std::size_t max_keyed = 100) : registry{{}, 1, {max_idle, max_keyed}} {}

  std::shared_ptr<CircuitBreaker> get(std::string_view tenant, TimePoint now) {
    return registry.get_or_create_keyed(tenant, fragile(), now);
  }
  void call(std::string_view tenant, TimePoint now, Verdict verdict = Verdict::success) {
    use(*get(tenant, now), now, verdict);
  }
  [[nodiscard]] std::string names() const {
    std::string list;
    for (const auto& each : registry.all()) list += each->name();
    return list;
  }

  BreakerRegistry registry;
};

TEST(KeyedBreakers, RetireWithoutACallForMaxIdle) {
  Tenants tenants{10s};
  tenants.call("a", start);
  tenants.call("b", start + 5s);
  EXPECT_EQ(tenants.registry.retire_idle(start + 10s - 1ns), 0U);
  EXPECT_EQ(tenants.registry.retire_idle(start + 10s), 1U);
  EXPECT_EQ(tenants.names(), "b");
  EXPECT_EQ(tenants.registry.find("a"), nullptr);
}

TEST(KeyedBreakers, RetireAlsoWhenOnlyNewKeysKeepComing) {
  Tenants tenants{10s};
  for (int i = 0; i < 1'000; ++i) tenants.call("t" + std::to_string(i), start + i * 1s);
  EXPECT_LE(tenants.registry.all().size(), 11U);
}

TEST(KeyedBreakers, AskedForAgainAfterRetiringStartAnew) {
  Tenants tenants{10s};
  tenants.call("a", start);
  ASSERT_EQ(tenants.registry.retire_idle(start + 1min), 1U);
  const auto again = tenants.get("a", start + 1min);
  EXPECT_EQ(again->state(), State::closed);
  EXPECT_EQ(again->snapshot(start + 1min).totals.calls, 0U);
}

TEST(KeyedBreakers, StayWhateverTheirAgeUnlessPlainlyClosed) {
  Tenants tenants{1s, 1};
  tenants.call("opened", start, Verdict::failure);
  for (const auto& [name, command] : {std::pair{"forced", Command::force_open},
                                      {"disabled", Command::disable},
                                      {"metrics", Command::metrics_only}}) {
    (void)tenants.get(name, start);
    ASSERT_TRUE(tenants.registry.command(name, command, start));
  }
  EXPECT_EQ(tenants.registry.retire_idle(start + 24h), 0U);
  for (int i = 0; i < 300; ++i) tenants.call("new", start + 24h + i * 1h);
  for (const char* name : {"opened", "forced", "disabled", "metrics"}) {
    EXPECT_NE(tenants.registry.find(name), nullptr) << name;
  }
  tenants.registry.reset_all(start + 1000h);
  EXPECT_EQ(tenants.registry.retire_idle(start + 1000h + 1s), 5U);
}

TEST(KeyedBreakers, AreNotRetiredFromUnderWhoeverHoldsThem) {
  Tenants tenants{1s, 1};
  const auto held = tenants.get("held", start);
  tenants.registry.retire_idle(start + 1h);
  for (int i = 0; i < 10; ++i) tenants.call("t" + std::to_string(i), start + 1h);
  EXPECT_EQ(tenants.get("held", start + 1h), held) << "a key never has two breakers in use";
}

TEST(KeyedBreakers, UsedByAHolderAfterTheyWereAskedForCountAsUsedThen) {
  Tenants tenants{10s};
  {
    const auto held = tenants.get("a", start);
    use(*held, start + 8s);
  }
  EXPECT_EQ(tenants.registry.retire_idle(start + 12s), 0U);
  EXPECT_EQ(tenants.registry.retire_idle(start + 18s), 1U);
}

TEST(KeyedBreakers, AboveTheBoundTheOneUsedLeastRecentlyGoes) {
  Tenants tenants{1h, 3};
  tenants.call("a", start);
  tenants.call("b", start + 1s);
  tenants.call("c", start + 2s);
  tenants.call("a", start + 3s);
  tenants.call("d", start + 4s);
  EXPECT_EQ(tenants.names(), "acd");
  tenants.call("e", start + 5s);
  EXPECT_EQ(tenants.names(), "ade");
}

TEST(KeyedBreakers, ExceedTheBoundOnlyByThoseThatMayNotGo) {
  Tenants tenants{1h, 2};
  for (const char* name : {"a", "b", "c"}) tenants.call(name, start, Verdict::failure);
  EXPECT_EQ(tenants.names(), "abc");
  for (const char* name : {"d", "e", "f"}) tenants.call(name, start);
  EXPECT_EQ(tenants.names(), "abcf");
}

TEST(KeyedBreakers, KeepToTheBoundUnderAFloodOfKeys) {
  constexpr std::size_t bound = 1'000;
  Tenants tenants{1h, bound};
  tenants.call("broken", start, Verdict::failure);
  for (int i = 0; i < 20'000; ++i) tenants.call("t" + std::to_string(i), start + i * 1ms);
  EXPECT_EQ(tenants.registry.all().size(), bound);
  EXPECT_NE(tenants.registry.find("broken"), nullptr);
}

TEST(KeyedBreakers, AskedForByNameBecomeNamedAndStay) {
  Tenants tenants{1s};
  const auto* const keyed = tenants.get("a", start).get();
  EXPECT_EQ(tenants.registry.get_or_create("a", fragile(), start).get(), keyed);
  EXPECT_EQ(tenants.registry.retire_idle(start + 1h), 0U);
  EXPECT_EQ(tenants.get("a", start + 1h).get(), keyed);
}

TEST(KeyedBreakers, StayThroughAReloadThatDoesNotNameThem) {
  Tenants tenants{1h};
  const auto a = tenants.get("a", start);
  const auto b = tenants.get("b", start);
  const AppliedOptions done = tenants.registry.apply({{"b", fragile()}, {"c", fragile()}}, start);
  EXPECT_EQ(done.kept, std::vector<std::string>{"b"});
  EXPECT_EQ(done.added, std::vector<std::string>{"c"});
  EXPECT_TRUE(done.removed.empty());
  EXPECT_EQ(tenants.registry.find("a"), a);
  EXPECT_EQ(tenants.registry.find("b"), b);
  EXPECT_EQ(tenants.names(), "abc");
}

TEST(KeyedBreakers, RefuseLimitsThatMakeNoSense) {
  EXPECT_EQ(validate(KeyedLimits{}).size(), 0U);
  EXPECT_EQ(validate(KeyedLimits{0s, 0}).size(), 2U);
  EXPECT_THROW((BreakerRegistry{{}, 1, {0s, 1}}), std::invalid_argument);
}

// Callers of many keys, each key in use by several threads at once, against limits that keep retiring them.
TEST(KeyedBreakers, InUseAreNeverDoubledNorLostFromManyThreads) {
  constexpr std::size_t keys = 32;
  constexpr int threads = 4;
  constexpr int rounds = 4'000;
  Tenants tenants{1us, 4};
  std::array<std::atomic<CircuitBreaker*>, keys> in_use{};
  std::array<std::atomic<int>, keys> holders{};
  std::array<std::atomic<int>, keys> gates{};  // makes "take and note" one step, for the check alone
  std::atomic<std::uint64_t> ticks{0};
  std::atomic<int> doubled{0};
  const auto now = [&] { return start + Duration{static_cast<Duration::rep>(ticks.fetch_add(100))}; };
  const auto at_gate = [&](std::size_t key, auto step) {
    while (gates[key].exchange(1, std::memory_order_acquire) != 0) std::this_thread::yield();
    step();
    gates[key].store(0, std::memory_order_release);
  };
  {
    std::vector<std::jthread> workers;
    for (int t = 0; t < threads; ++t) {
      workers.emplace_back([&, t] {
        Random random{static_cast<std::uint64_t>(t) + 1};
        for (int i = 0; i < rounds; ++i) {
          const std::size_t key = random.next() % keys;
          std::shared_ptr<CircuitBreaker> breaker;
          at_gate(key, [&] {
            breaker = tenants.get("t" + std::to_string(key), now());
            CircuitBreaker* const other = in_use[key].exchange(breaker.get());
            if (holders[key].fetch_add(1) > 0 && other != breaker.get()) doubled.fetch_add(1);
          });
          if (auto permit = breaker->try_acquire(now())) {
            std::move(*permit).record(random.uniform() < 0.1 ? Verdict::failure : Verdict::success, now());
          }
          if (i % 16 == 0) tenants.registry.retire_idle(now());
          if (i % 64 == 0) (void)tenants.registry.snapshots(now());
          at_gate(key, [&] {
            holders[key].fetch_sub(1);
            breaker.reset();
          });
        }
      });
    }
  }
  EXPECT_EQ(doubled, 0);
  tenants.registry.reset_all(now());
  tenants.registry.retire_idle(now() + 1h);
  tenants.registry.retire_idle(now() + 2h);
  EXPECT_EQ(tenants.names(), "");
}

// An opening that happened just before its last holder left must be seen by a thread that would retire it.
TEST(KeyedBreakers, OpenedByTheirLastHolderAreNotRetired) {
  Tenants tenants{1ns, 1};
  std::atomic<int> lost{0};
  std::atomic<bool> done{false};
  {
    const std::jthread sweeper{[&] {
      while (!done.load(std::memory_order_relaxed)) tenants.registry.retire_idle(start + 1000h);
    }};
    for (int i = 0; i < 2'000; ++i) {
      const std::string name = "t" + std::to_string(i);
      tenants.call(name, start, Verdict::failure);
      if (tenants.registry.find(name) == nullptr) lost.fetch_add(1);
      tenants.registry.command(name, Command::reset, start);
    }
    done = true;
  }
  EXPECT_EQ(lost, 0);
}

}  // namespace
}  // namespace switchgear
