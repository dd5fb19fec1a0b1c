// The policies that keep answers, under eight threads at once: every call gets one answer, and what is kept,
// shared, stored and drawn adds up.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "switchgear/core/random.hpp"
#include "switchgear/pipeline/standard_order.hpp"
#include "switchgear/policy/cache.hpp"
#include "switchgear/policy/call_queue.hpp"
#include "switchgear/policy/fallback.hpp"
#include "switchgear/sync/call.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t seed = 20'261'121;
constexpr int threads = 8;
constexpr int calls_each = 600;

CircuitBreakerOptions nervous() {
  CircuitBreakerOptions options;
  options.consecutive_failures = 5;
  options.open_duration = 1ms;
  options.max_open_duration = 1ms;
  return options;
}
RetryOptions quick() {
  RetryOptions options;
  options.base = 10us;
  options.max_delay = 100us;
  return options;
}
ChaosOptions some_of_everything() {
  ChaosOptions options;
  options.enabled = true;
  options.fail = {0.1, FailureType::http_error};
  options.delay = {0.05, 0us, 200us};
  options.timeout = {0.02};
  options.abort = {0.05};
  return options;
}

struct Stack {
  CallQueue queue{"queue", {.max = 20}};
  Fallback<int> later = Fallback<int>::queue("later", queue);
  Fallback<int> remembered = Fallback<int>::cached("remembered", {.max_stale = 500us, .max_entries = 3});
  Cache<int> cache{"cache", {.ttl = 50us, .max_entries = 3}};
  AdaptiveLimit adaptive{"adaptive limit", {.initial = 6, .min_limit = 2, .max_limit = 8}};
  AdmissionControl admission{"admission", {.success_rate = 0.5, .max_rejection = 0.3}, seed};
  Bulkhead bulkhead{"bulkhead", {.max_concurrent = 3, .max_queue = 3, .max_wait = 1ms}};
  Deadline deadline{"deadline", 5ms};
  RetryBudget budget{"budget", {.ratio = 0.5}};
  Retry retry{"retry", quick(), seed, &budget};
  CircuitBreaker breaker{"breaker", nervous()};
  Timeout timeout{"timeout", 2ms};
  Chaos chaos{"chaos", some_of_everything(), seed};
};

struct Told {
  std::atomic<std::uint64_t> by_call{0};
  std::atomic<std::uint64_t> by_cache{0};
  std::atomic<std::uint64_t> by_fallback{0};
  std::atomic<std::uint64_t> stored{0};
  std::atomic<std::uint64_t> both_failed{0};
  std::atomic<std::uint64_t> attempts{0};  ///< that reached the function

  [[nodiscard]] bool saw_too_little() const { return by_call == 0 || stored == 0; }
  [[nodiscard]] std::uint64_t all() const { return by_call + by_cache + by_fallback + stored + both_failed; }
};

void both_failed(const CallReport& report, Told& told) {
  EXPECT_EQ(report.failure->fallback.code, FallbackErrc::queue_full);
  ++told.both_failed;
}

template <class P>
void one_call(const P& pipeline, Random& random, Told& told) {
  const std::string key{"abcd"[random.next() % 4]};
  CallReport report;
  const CallOptions options{.key = key, .payload = key, .report = &report};
  const bool fails = random.next() % 4 == 0;
  try {
    const auto answer = try_call(pipeline, options, [&] {
      ++told.attempts;
      std::this_thread::yield();
      if (fails) throw std::runtime_error("down");
      return static_cast<int>(key[0]);
    });
    if (!answer && report.failure != nullptr) return both_failed(report, told);
    if (!answer) {
      EXPECT_EQ(answer.rejection().reason, Reason::queued);
      EXPECT_TRUE(report.queued_as);
      ++told.stored;
      return;
    }
    EXPECT_EQ(*answer, static_cast<int>(key[0])) << "another key's";
    switch (report.source) {
      case Source::call:
        ++told.by_call;
        break;
      case Source::cache:
        ++told.by_cache;
        break;
      case Source::fallback:
        ++told.by_fallback;
        break;
    }
  } catch (const std::runtime_error&) {
    ASSERT_NE(report.failure, nullptr);
    both_failed(report, told);
  }
}

TEST(ValueStress, EightThreadsGetOneAnswerACallAndEverythingAddsUp) {
  Stack s;
  const Pipeline pipeline{s.later,    s.remembered, s.cache,   s.admission, s.adaptive, s.bulkhead,
                          s.deadline, s.retry,      s.breaker, s.timeout,   s.chaos};
  Told told;
  std::set<std::uint64_t> made;  // by one handler at a time
  std::atomic<bool> calling{true};
  std::atomic<std::uint64_t> calls{0};
  const auto patience = std::chrono::steady_clock::now() + 60s;
  std::latch go{threads + 1};
  std::vector<std::thread> callers;
  for (int t = 0; t < threads; ++t) {
    callers.emplace_back([&, t] {
      Random random{seed + static_cast<std::uint64_t>(t)};
      go.arrive_and_wait();
      // On a busy machine all of these may come too late, or be refused: then it makes more.
      for (int i = 0;
           i < calls_each || (told.saw_too_little() && std::chrono::steady_clock::now() < patience); ++i) {
        one_call(pipeline, random, told);
        ++calls;
      }
    });
  }
  std::thread drainer{[&] {
    Random random{seed};
    const auto handler = [&](const QueuedCall& stored) {
      if (stored.handed_out < 3 && random.next() % 4 == 0)
        return random.next() % 2 == 0 ? Drained::later : Drained::again;
      EXPECT_TRUE(made.insert(stored.id).second) << "made twice";
      return Drained::done;
    };
    go.arrive_and_wait();
    while (calling || s.queue.size() != 0) {
      s.queue.drain(handler);
      std::this_thread::yield();
    }
  }};
  for (std::thread& caller : callers) caller.join();
  calling = false;
  drainer.join();

  SCOPED_TRACE("seed " + std::to_string(seed));
  EXPECT_EQ(told.all(), calls);
  EXPECT_EQ(told.stored, s.later.counters().queued);
  EXPECT_EQ(told.both_failed, s.later.counters().failed);
  EXPECT_EQ(told.by_fallback, s.remembered.counters().answered);
  EXPECT_EQ(told.by_cache, s.cache.counters().hits + s.cache.counters().shared);
  EXPECT_EQ(made.size(), told.stored);
  EXPECT_EQ(s.queue.counters().done, told.stored);
  EXPECT_EQ(s.bulkhead.snapshot().in_use, 0U);
  EXPECT_EQ(s.bulkhead.snapshot().waiting, 0U);
  EXPECT_EQ(s.adaptive.snapshot().in_flight, 0U);
  const CallTotals breaker = s.breaker.snapshot(SteadyTime::now()).totals;
  EXPECT_EQ(breaker.calls, breaker.successes + breaker.failures + breaker.ignored);
  const Chaos::Totals chaos = s.chaos.totals();
  EXPECT_EQ(chaos.drawn, breaker.calls) << "each call that the breaker admits meets it";
  EXPECT_LE(told.attempts, chaos.of(Chaos::Injection::Kind::none) + chaos.of(Chaos::Injection::Kind::delay));
  EXPECT_EQ(s.budget.snapshot(SteadyTime::now()).totals.granted, s.retry.totals().retries);
  EXPECT_FALSE(told.saw_too_little());
}

}  // namespace
}  // namespace switchgear
