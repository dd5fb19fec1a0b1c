// What listeners hear of one call's policies, through the blocking driver.

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "switchgear/pipeline/standard_order.hpp"
#include "switchgear/policy/cache.hpp"
#include "switchgear/policy/fallback.hpp"
#include "switchgear/sync/call.hpp"
#include "switchgear/testing/manual_time.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;

/// Writes down every event in a line.
class Diary final : public EventSink {
 public:
  void on_retry(const RetryEvent& e) override {
    add(e, "retry " + std::to_string(e.retry) + " in " + ms(e.delay) + " after " +
               std::string{to_string(e.type)});
  }
  void on_gave_up(const GaveUpEvent& e) override {
    add(e, "gave up after " + std::to_string(e.attempts) + ": " + std::string{to_string(e.reason)});
  }
  void on_hedge(const HedgeEvent& e) override {
    add(e, "hedge " + std::to_string(e.hedge) + " after " + ms(e.waited) + (e.sent ? "" : ", refused"));
  }
  void on_timeout(const TimeoutEvent& e) override { add(e, "timed out after " + ms(e.length)); }
  void on_fallback(const FallbackEvent& e) override {
    constexpr const char* results[] = {"answered", "queued", "failed"};
    add(e, std::string{to_string(e.way)} + " " + results[static_cast<int>(e.result)] + " for " +
               e.cause->text() + (e.age > 0ms ? ", " + ms(e.age) + " old" : ""));
  }
  void on_cache(const CacheEvent& e) override {
    add(e, std::string{to_string(e.result)} + " of " + std::string{e.key} +
               (e.age > 0ms ? ", " + ms(e.age) + " old" : ""));
  }
  void on_rejected(const RejectedEvent& e) override { add(e, to_string(e.rejection)); }

  /// What is new since it was last asked.
  std::vector<std::string> read() { return std::exchange(lines_, {}); }
  TimePoint at{};  ///< of the last event

 private:
  static std::string ms(Duration length) { return std::to_string(length / 1ms) + "ms"; }
  void add(const PolicyEvent& e, const std::string& what) {
    at = e.at;
    lines_.push_back(std::string{to_string(e.kind)} + " " + std::string{e.policy} + ": " + what);
  }
  std::vector<std::string> lines_;
};

using Lines = std::vector<std::string>;

class ListenersTest : public ::testing::Test {
 protected:
  template <class Policy>
  void hear(Policy& policy) {
    policy.events().subscribe(diary, Interest::everything);
  }
  template <class P, class F>
  std::string get(P&& pipeline, F&& f, const CallOptions& options = {.key = "item", .payload = "GET /item"}) {
    try {
      const auto answer = try_call(pipeline, options, f, time);
      return answer ? *answer : to_string(answer.rejection());
    } catch (const std::exception& error) {
      return error.what();
    }
  }
  auto failing() {
    return []() -> std::string { throw std::runtime_error("no route"); };
  }

  testing::ManualTime time;
  std::shared_ptr<Diary> diary = std::make_shared<Diary>();
};

TEST_F(ListenersTest, HearOfEveryRetryAndOfItsEnd) {
  Retry retry{"shop", {.max_attempts = 3, .jitter = Jitter::none}};
  hear(retry);
  EXPECT_EQ(get(Pipeline{retry}, failing()), "no route");
  EXPECT_EQ(diary->read(), (Lines{"retry shop: retry 1 in 100ms after exception",
                                  "retry shop: retry 2 in 200ms after exception",
                                  "retry shop: gave up after 3: attempts_used_up"}));
  EXPECT_EQ(diary->at, time.now());
  EXPECT_EQ(get(Pipeline{retry}, [] { return std::string{"fine"}; }), "fine");
  EXPECT_TRUE(diary->read().empty());
}

TEST_F(ListenersTest, HearOfAnAttemptThatWasCutOffAndOfTheDeadlineThatLetNoneBegin) {
  Timeout timeout{"attempt", 1s};
  Deadline deadline{"whole", 1500ms};
  Retry retry{"shop", {.max_attempts = 5, .base = 500ms, .jitter = Jitter::none}};
  hear(timeout);
  hear(deadline);
  const Pipeline pipeline{deadline, retry, timeout};
  (void)get(pipeline, [&] {
    time.advance(1s);
    return std::string{"late"};
  });
  EXPECT_EQ(diary->read(), (Lines{"timeout attempt: timed out after 1000ms"}))
      << "the second attempt would begin at the deadline: the retry makes none";
  EXPECT_EQ(timeout.snapshot().totals.timed_out, 1U);
  EXPECT_EQ(deadline.snapshot().totals.timed_out, 0U);

  const auto slower = [&] {
    time.advance(2s);
    return std::string{"late"};
  };
  (void)get(Pipeline{deadline}, slower);
  EXPECT_EQ(diary->read(), (Lines{"deadline whole: timed out after 1500ms"}));
  Chaos slow{"slow", {.enabled = true, .delay = {1, 2s, 2s}}};
  (void)get(Pipeline{deadline, slow}, failing());
  EXPECT_TRUE(diary->read().empty()) << "chaos was it";
}

TEST_F(ListenersTest, HearOfTheDeadlineThatIsOverBeforeAnAttemptBegins) {
  Deadline deadline{"whole", 1s};
  hear(deadline);
  Bulkhead bulkhead{"slots", {.max_concurrent = 1, .max_queue = 1, .max_wait = 5s}};
  auto taken = bulkhead.try_acquire();
  EXPECT_EQ(get(Pipeline{deadline, bulkhead}, failing()),
            to_string(Rejection{Reason::queue_timeout, "slots", {}}));
  EXPECT_TRUE(diary->read().empty()) << "it was the bulkhead's queue in which the time ran out";
}

TEST_F(ListenersTest, HearOfRefusalsOfEveryLimit) {
  Bulkhead bulkhead{"slots", {.max_concurrent = 1}};
  RateLimiter limiter{"tokens", {.rate = 1, .burst = 1}};
  AdaptiveLimit adaptive{"adaptive", {.initial = 1, .min_limit = 1, .max_limit = 1}};
  hear(bulkhead);
  hear(limiter);
  hear(adaptive);
  AdmissionControl admission{"admission", {.max_rejection = 1}};
  hear(admission);
  std::vector<AdmissionControl::Permit> running;
  while (running.size() < 100'000) running.push_back(*admission.try_acquire(time.now()));
  for (auto& each : running) std::move(each).record(Verdict::failure, time.now());
  const auto slot = bulkhead.try_acquire(time.now());
  const auto token = limiter.reserve(time.now());
  const auto permit = adaptive.try_acquire(time.now());
  ASSERT_TRUE(slot && token && permit);
  (void)get(Pipeline{bulkhead}, failing());
  (void)get(Pipeline{limiter}, failing());
  (void)get(Pipeline{adaptive}, failing());
  (void)get(Pipeline{admission}, failing());
  EXPECT_EQ(
      diary->read(),
      (Lines{"bulkhead slots: " + to_string(Rejection{Reason::bulkhead_full, "slots", {}}),
             "rate_limiter tokens: " + to_string(Rejection{Reason::rate_limited, "tokens", 1s}),
             "adaptive_limit adaptive: " + to_string(Rejection{Reason::concurrency_limit, "adaptive", {}}),
             "admission admission: " + to_string(Rejection{Reason::throttled, "admission", {}})}));
  EXPECT_EQ(diary->at, time.now());
}

TEST_F(ListenersTest, HearHowACacheAnswered) {
  Cache<std::string> cache{"prices", {.ttl = 5s}};
  hear(cache);
  const auto fetch = [] { return std::string{"7"}; };
  (void)get(Pipeline{cache}, fetch);
  time.advance(2s);
  (void)get(Pipeline{cache}, fetch);
  time.advance(4s);
  (void)get(Pipeline{cache}, fetch);
  EXPECT_EQ(diary->read(), (Lines{"cache prices: miss of item", "cache prices: hit of item, 2000ms old",
                                  "cache prices: stale of item, 6000ms old", "cache prices: miss of item"}));
  EXPECT_EQ(cache.snapshot().totals.hits, 1U);
  EXPECT_EQ(cache.snapshot().totals.misses, 2U);
}

TEST_F(ListenersTest, HearWhatAFallbackGaveAndWhy) {
  auto last = Fallback<std::string>::cached("last", {.max_stale = 1min});
  hear(last);
  (void)get(Pipeline{last}, failing());
  (void)get(Pipeline{last}, [] { return std::string{"7"}; });
  time.advance(3s);
  EXPECT_EQ(get(Pipeline{last}, failing()), "7");
  EXPECT_EQ(diary->read(), (Lines{"fallback last: cached failed for exception: no route",
                                  "fallback last: cached answered for exception: no route, 3000ms old"}));
  CallQueue queue{"later", {.max = 1}};
  auto later = Fallback<std::string>::queue("later", queue);
  hear(later);
  (void)get(Pipeline{later}, failing());
  (void)get(Pipeline{later}, failing());
  EXPECT_EQ(diary->read(), (Lines{"fallback later: queue queued for exception: no route",
                                  "fallback later: queue failed for exception: no route"}));
}

TEST_F(ListenersTest, OfABreakerMayHearItsRefusalsAsThoseOfAnyPolicy) {
  CircuitBreaker breaker{"payment", {.consecutive_failures = 1}, {diary.get(), 0, {}, time.now()}};
  (void)get(Pipeline{breaker}, failing());
  (void)get(Pipeline{breaker}, failing());
  EXPECT_EQ(diary->read(), (Lines{"circuit_breaker payment: breaker 'payment' is open; retry in 30s"}));
}

TEST_F(ListenersTest, ThatThrowHarmNeitherTheCallNorOtherListeners) {
  struct Throwing final : EventSink {
    void on_retry(const RetryEvent&) override { throw std::runtime_error("a listener's own trouble"); }
  };
  Retry retry{"shop", {.max_attempts = 2, .jitter = Jitter::none}};
  retry.events().subscribe(std::make_shared<Throwing>(), Interest::retries);
  hear(retry);
  int calls = 0;
  EXPECT_EQ(get(Pipeline{retry}, [&]() -> std::string { return ++calls == 1 ? failing()() : "fine"; }),
            "fine");
  EXPECT_EQ(diary->read(), (Lines{"retry shop: retry 1 in 100ms after exception"}));
}

TEST_F(ListenersTest, MayUseThePolicyThatTellsThem) {
  struct Patient final : EventSink {
    explicit Patient(Retry& its_retry) : retry(its_retry) {}
    void on_gave_up(const GaveUpEvent&) override {
      RetryOptions more = retry.options();
      ++more.max_attempts;
      retry.set_options(more);
    }
    Retry& retry;
  };
  Retry retry{"shop", {.max_attempts = 1}};
  retry.events().subscribe(std::make_shared<Patient>(retry), Interest::retries);
  (void)get(Pipeline{retry}, failing());
  EXPECT_EQ(retry.options().max_attempts, 2U);
}

}  // namespace
}  // namespace switchgear
