#include "switchgear/pipeline/layers.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "switchgear/pipeline/standard_order.hpp"
#include "switchgear/policy/cache.hpp"
#include "switchgear/policy/fallback.hpp"
#include "switchgear/sync/call.hpp"
#include "switchgear/sync/partial.hpp"
#include "switchgear/testing/manual_time.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;

/// Through the blocking driver, which is how a user meets values.
class ValueLayersTest : public ::testing::Test {
 protected:
  static CircuitBreakerOptions opens_after(std::uint32_t failures) {
    CircuitBreakerOptions options;
    options.consecutive_failures = failures;
    return options;
  }
  auto fetch(std::string answer) {
    return [this, answer = std::move(answer)] {
      ++calls;
      return answer;
    };
  }
  auto failing(const char* why) {
    return [this, why]() -> std::string {
      ++calls;
      throw std::runtime_error(why);
    };
  }
  template <class P, class F>
  std::string get(const P& pipeline, F&& f) {
    return *try_call(pipeline, options, f, time);
  }

  class Woken final : public Waker {
   public:
    void wake() noexcept override {}
  } waker;
  testing::ManualTime time;
  CallReport report;
  CallOptions options{.key = "item", .payload = "GET /item", .report = &report};
  int calls = 0;
  CircuitBreaker breaker{"payment", opens_after(3), {nullptr, 0, {}, time.now()}};
  Cache<std::string> cache{"prices", {.ttl = 5s, .max_entries = 10}};
};

TEST_F(ValueLayersTest, AnAnswerYoungerThanTtlNeedsNoCall) {
  const Pipeline pipeline{cache, breaker};
  EXPECT_EQ(get(pipeline, fetch("a")), "a");
  time.advance(4s);
  EXPECT_EQ(get(pipeline, fetch("b")), "a");
  EXPECT_EQ(report.source, Source::cache);
  EXPECT_EQ(report.age, 4s);
  EXPECT_EQ(report.attempts, 0U);
  time.advance(1s);
  EXPECT_EQ(get(pipeline, fetch("c")), "c");
  EXPECT_EQ(report.source, Source::call);
  EXPECT_EQ(calls, 2);
}

TEST_F(ValueLayersTest, FailuresAreNotRemembered) {
  const Pipeline pipeline{cache, breaker};
  EXPECT_THROW(get(pipeline, failing("down")), std::runtime_error);
  EXPECT_EQ(get(pipeline, fetch("up")), "up");
}

/// A value that refuses to be copied when told to.
struct Fragile {
  explicit Fragile(bool& b) : broken(&b) {}
  Fragile(const Fragile& other) : broken(other.broken) {
    if (*broken) throw std::bad_alloc();
  }
  Fragile(Fragile&&) noexcept = default;
  bool* broken;
};

TEST_F(ValueLayersTest, AnAnswerThatCannotBeCopiedIsNotRememberedNorGiven) {
  Cache<Fragile> fragile{"prices", {.ttl = 5s, .max_entries = 10}};
  const Pipeline pipeline{fragile};
  bool broken = true;
  const auto make = [&] { return ++calls, Fragile{broken}; };
  EXPECT_TRUE(try_call(pipeline, options, make, time));
  broken = false;
  EXPECT_TRUE(try_call(pipeline, options, make, time));
  EXPECT_EQ(calls, 2) << "nothing was remembered";
  broken = true;
  EXPECT_TRUE(try_call(pipeline, options, make, time));
  EXPECT_EQ(calls, 3) << "what is remembered cannot be given";
}

TEST_F(ValueLayersTest, CallsWithoutAKeyPassTheCache) {
  const Pipeline pipeline{cache};
  options.key = {};
  EXPECT_EQ(get(pipeline, fetch("a")), "a");
  EXPECT_EQ(get(pipeline, fetch("b")), "b");
}

TEST_F(ValueLayersTest, UserTwoNeverGetsTheDataOfUserOneFromACachedFallback) {
  auto last = Fallback<std::string>::cached("users", {.max_stale = 10min});
  Retry retry{"users", {.max_attempts = 2, .base = 0ns}, 1};
  bool down = false;
  const auto user = guard(Pipeline{last, retry}, [&](int id) {
    if (down) throw std::runtime_error("down");
    return "user " + std::to_string(id);
  });
  EXPECT_EQ(user(1), "user 1");
  down = true;
  for (const int id : {1, 2}) EXPECT_THROW(user(id), FallbackError) << id;
  EXPECT_EQ(last.counters().remembered, 0U);
  try {
    user(2);
  } catch (const FallbackError& error) {
    EXPECT_EQ(error.failure().fallback.code, FallbackErrc::no_key);
    EXPECT_STREQ(error.what(),
                 "fallback 'users': the call has no key, so no answer was remembered for it; the call: "
                 "exception: down");
  }
}

TEST_F(ValueLayersTest, AKeyMadeOfTheArgumentsGivesEachUserHisOwnLastAnswer) {
  auto last = Fallback<std::string>::cached("users", {.max_stale = 10min});
  bool down = false;
  const auto user = guard(Pipeline{last}, [&](const Attempt&, int id, const std::string& language) {
                      if (down) throw std::runtime_error("down");
                      return language + " user " + std::to_string(id);
                    }).key([](int id, const std::string& language) { return language + std::to_string(id); });
  EXPECT_EQ(user(1, "en"), "en user 1");
  EXPECT_EQ(user(2, "en"), "en user 2");
  down = true;
  EXPECT_EQ(user(1, "en"), "en user 1");
  EXPECT_EQ(user(2, "en"), "en user 2");
  EXPECT_THROW(user(1, "fr"), FallbackError);
  EXPECT_EQ(last.counters().remembered, 2U);
}

TEST_F(ValueLayersTest, AKeyIsTextOrANumberOrAFunctionOfBoth) {
  auto count = [this](auto&&...) { return std::to_string(++calls); };
  const auto by_number = guard(Pipeline{cache}, count).key([](int id) { return id; });
  EXPECT_EQ(by_number(1), "1");
  EXPECT_EQ(by_number(2), "2");
  EXPECT_EQ(by_number(1), "1") << "remembered";
  const auto all_the_same = guard(Pipeline{cache}, count).key("rates").deadline(1min);
  EXPECT_EQ(all_the_same(), "3");
  EXPECT_EQ(all_the_same(), "3");
  const auto some = guard(Pipeline{cache}, count).key([](std::string_view text) { return text; });
  EXPECT_EQ(some("eur"), "4");
  EXPECT_EQ(some("eur"), "4");
  EXPECT_EQ(some(""), "5") << "an empty key is none";
  EXPECT_EQ(some(""), "6");
}

TEST_F(ValueLayersTest, NoCallOfABatchGetsTheAnswerToAnother) {
  const CallOptions all{.key = "q"};
  const auto shard = [this](std::uint32_t index) { return ++calls, "shard " + std::to_string(index); };
  for (int round = 0; round < 2; ++round) {
    const auto batch = call_partial(Pipeline{cache}, all, 3, 1.0, shard);
    ASSERT_EQ(batch.answers.size(), 3U);
    for (const auto& item : batch.answers) EXPECT_EQ(item.value, "shard " + std::to_string(item.index));
  }
  EXPECT_EQ(calls, 3) << "the second batch came from memory";
}

/// Never moves: a guarded call starts at its epoch.
struct Frozen {
  [[nodiscard]] static TimePoint now() noexcept { return TimePoint{} + 1h; }
};

TEST_F(ValueLayersTest, AGuardedCallInheritsADeadlineOrHasSoLongOfItsOwn) {
  const auto deadline = [](const Attempt& attempt) { return attempt.deadline; };
  EXPECT_EQ(guard<Frozen>(Pipeline{}, deadline)(), TimePoint::max());
  EXPECT_EQ(guard<Frozen>(Pipeline{}, deadline).deadline(2s)(), TimePoint{} + 1h + 2s);
  EXPECT_EQ(guard<Frozen>(Pipeline{}, deadline).deadline(TimePoint{} + 2h)(), TimePoint{} + 2h);
  EXPECT_EQ(guard<Frozen>(Pipeline{}, deadline).deadline(TimePoint{} + 2h).deadline(5h)(), TimePoint{} + 2h);
}

TEST_F(ValueLayersTest, AGuardedFunctionThatIsTooSlowForItsOwnDeadlineIsAFailureUnderALongerTimeout) {
  testing::ManualTime clock;
  Timeout timeout{"prices", 1s};
  const auto slow = [&] { clock.advance(3s); };
  const Pipeline pipeline{breaker, timeout};
  EXPECT_THROW(guard(pipeline, slow).time(clock).deadline(500ms)(), Rejected);
  EXPECT_EQ(breaker.snapshot(clock.now()).totals.failures, 1U);
  EXPECT_THROW(guard(pipeline, slow).time(clock).deadline(clock.now() + 500ms)(), Rejected);
  EXPECT_EQ(breaker.snapshot(clock.now()).totals.ignored, 1U) << "the caller's";
}

TEST_F(ValueLayersTest, AValueStandsInForAFailureAndForARefusal) {
  auto fallback = Fallback<std::string>::value("prices", "unknown");
  const Pipeline pipeline{fallback, breaker};
  EXPECT_EQ(get(pipeline, failing("down")), "unknown");
  EXPECT_EQ(report.source, Source::fallback);
  EXPECT_EQ(report.attempts, 1U);
  breaker.command(Command::force_open, time.now());
  EXPECT_EQ(get(pipeline, fetch("a")), "unknown");
  EXPECT_EQ(report.attempts, 0U);
  EXPECT_EQ(calls, 1);
}

TEST_F(ValueLayersTest, AFunctionIsToldTheCause) {
  std::string seen;
  auto fallback = Fallback<std::string>::function("prices", [&](const Cause& cause) {
    seen = cause.text();
    return std::string("guess");
  });
  const Pipeline pipeline{fallback, breaker};
  EXPECT_EQ(get(pipeline, failing("no route")), "guess");
  EXPECT_EQ(seen, "exception: no route");
  breaker.command(Command::force_open, time.now());
  EXPECT_EQ(get(pipeline, fetch("a")), "guess");
  EXPECT_EQ(seen, "breaker 'payment' is held open by an operator");
}

TEST_F(ValueLayersTest, ARememberedAnswerComesWithItsAgeAndNotBeyondMaxStale) {
  auto fallback = Fallback<std::string>::cached("prices", {.max_stale = 10min});
  const Pipeline pipeline{fallback};
  EXPECT_EQ(get(pipeline, fetch("a")), "a");
  time.advance(10min);
  EXPECT_EQ(get(pipeline, failing("down")), "a");
  EXPECT_EQ(report.age, 10min);
  EXPECT_EQ(report.source, Source::fallback);
  time.advance(1ns);
  EXPECT_THROW(get(pipeline, failing("down")), std::runtime_error);
  EXPECT_EQ(report.failure->fallback.code, FallbackErrc::nothing_remembered);
}

TEST_F(ValueLayersTest, KeepsBothCausesWhenTheFallbackFailsToo) {
  auto fallback = Fallback<std::string>::function(
      "prices", [](const Cause&) -> std::string { throw std::runtime_error("nothing here either"); });
  const Pipeline pipeline{fallback, breaker};
  try {
    call(pipeline, failing("down"));
    FAIL() << "nothing was thrown";
  } catch (const FallbackError& thrown) {
    EXPECT_EQ(thrown.failure().primary.text(), "exception: down");
    EXPECT_EQ(thrown.failure().fallback.text(), "exception: nothing here either");
  }
}

TEST_F(ValueLayersTest, KeepsBothCausesOfARefusalToo) {
  auto fallback = Fallback<std::string>::fail("prices", "no prices today");
  const Pipeline pipeline{fallback, breaker};
  breaker.command(Command::force_open, time.now());
  try {
    call(pipeline, fetch("a"));
    FAIL() << "nothing was thrown";
  } catch (const FallbackError& thrown) {
    EXPECT_EQ(thrown.failure().primary.text(), "breaker 'payment' is held open by an operator");
    EXPECT_NE(std::string(thrown.what()).find("no prices today"), std::string::npos) << thrown.what();
  }
}

TEST_F(ValueLayersTest, TryCallReturnsTheRefusalWhenTheFallbackFailsToo) {
  breaker.command(Command::force_open, time.now());
  auto remembered = Fallback<std::string>::cached("prices");
  auto fails = Fallback<std::string>::fail("prices", "no prices today");
  auto throws = Fallback<std::string>::function(
      "prices", [](const Cause&) -> std::string { throw std::runtime_error("nothing here either"); });
  CallQueue queue{"orders", {.max = 1}};
  static_cast<void>(queue.try_push("another", time.now()));
  auto full = Fallback<std::string>::queue("orders", queue);
  for (Fallback<std::string>* fallback : {&remembered, &fails, &throws, &full}) {
    const auto refused = try_call(Pipeline{*fallback, breaker}, options, fetch("a"), time);
    ASSERT_FALSE(refused) << to_string(fallback->kind());
    EXPECT_EQ(refused.rejection().reason, Reason::forced_open);
    ASSERT_NE(report.failure, nullptr);
    EXPECT_EQ(report.failure->primary.rejection->policy, "payment");
    EXPECT_EQ(report.failure->name, fallback->name());
    EXPECT_FALSE(try_call(Pipeline{*fallback, breaker}, {.key = "item"}, fetch("a"), time))
        << "without a report too";
  }
  EXPECT_EQ(calls, 0);
}

TEST_F(ValueLayersTest, TryCallThrowsTheFunctionsOwnExceptionWhenTheFallbackFailsToo) {
  auto fallback = Fallback<std::string>::fail("prices", "no prices today");
  const Pipeline pipeline{fallback, breaker};
  const auto fetch = []() -> std::string { throw std::out_of_range("mine"); };
  EXPECT_THROW((void)try_call(pipeline, options, fetch, time), std::out_of_range);
  EXPECT_EQ(report.failure->message, "no prices today");
  EXPECT_EQ(report.failure->primary.text(), "exception: mine");
}

TEST_F(ValueLayersTest, TryCallReturnsTheTimeoutWhenTheFallbackFailsToo) {
  auto fallback = Fallback<std::string>::fail("prices", "no prices today");
  Timeout limit{"prices", 1s};
  const auto late = [&] { return time.advance(2s), std::string("late"); };
  const auto timed_out = try_call(Pipeline{fallback, limit}, options, late, time);
  ASSERT_FALSE(timed_out);
  EXPECT_EQ(timed_out.rejection().reason, Reason::timed_out);
  EXPECT_EQ(report.failure->message, "no prices today");
}

TEST_F(ValueLayersTest, CausesOfAnEarlierAttemptAreNotThoseOfALaterRefusal) {
  auto fallback = Fallback<std::string>::fail("prices", "no prices today");
  Retry retry{"prices", {.max_attempts = 2, .jitter = Jitter::none}};
  CircuitBreaker once{"once", opens_after(1), {nullptr, 0, {}, time.now()}};
  const auto refused = try_call(Pipeline{retry, once, fallback}, options, failing("down"), time);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.rejection().reason, Reason::open);
  EXPECT_EQ(report.failure, nullptr);
}

TEST_F(ValueLayersTest, ALeaderWhoseOwnTimeIsOverLeavesTheCallToTheNext) {
  const Pipeline pipeline{cache};
  const CallOptions hurried{.deadline = time.now() + 1s, .key = "item"};
  Cache<std::string>::Ticket follower;
  const auto late = try_call(
      pipeline, hurried,
      [&] {
        EXPECT_EQ(cache.join("item", follower, &waker, time.now()), Cache<std::string>::Role::follower);
        time.advance(2s);
        return std::string("late");
      },
      time);
  EXPECT_FALSE(late);
  EXPECT_EQ(cache.poll(follower, time.now()).state, Cache<std::string>::Poll::leads);
}

TEST_F(ValueLayersTest, StoresACallForLater) {
  CallQueue queue{"orders", {.max = 1}};
  auto fallback = Fallback<std::string>::queue("orders", queue);
  const Pipeline pipeline{fallback, breaker};
  const auto stored = try_call(pipeline, options, failing("down"), time);
  ASSERT_FALSE(stored);
  EXPECT_EQ(stored.rejection().reason, Reason::queued);
  ASSERT_TRUE(report.queued_as);
  EXPECT_EQ(queue.size(), 1U);
  EXPECT_THROW((void)try_call(pipeline, options, failing("down"), time), std::runtime_error);
  EXPECT_EQ(report.failure->fallback.code, FallbackErrc::queue_full);
}

TEST_F(ValueLayersTest, ACancelledCallGetsNoFallback) {
  auto fallback = Fallback<std::string>::value("prices", "unknown");
  const Pipeline pipeline{fallback, breaker};
  const auto cancelled = []() -> std::string {
    throw std::system_error(make_error_code(std::errc::operation_canceled));
  };
  EXPECT_THROW(get(pipeline, cancelled), std::system_error);
}

TEST_F(ValueLayersTest, ARetryOutsideAFallbackSeesASuccess) {
  auto fallback = Fallback<std::string>::value("prices", "unknown");
  Retry retry{"prices", {.max_attempts = 3}};
  const Pipeline pipeline{retry, fallback};
  EXPECT_EQ(get(pipeline, failing("down")), "unknown");
  EXPECT_EQ(calls, 1);
}

TEST_F(ValueLayersTest, ABreakerAroundAFallbackHearsOfNoFailure) {
  auto fallback = Fallback<std::string>::value("prices", "unknown");
  const Pipeline pipeline{breaker, fallback};
  EXPECT_EQ(get(pipeline, failing("down")), "unknown");
  EXPECT_EQ(breaker.snapshot(time.now()).totals.ignored, 1U);
}

TEST_F(ValueLayersTest, ATimeoutGetsAFallbackThatKnowsWhoseTimeItWas) {
  Timeout timeout{"prices", 1s};
  std::string seen;
  auto fallback = Fallback<std::string>::function("prices", [&](const Cause& cause) {
    seen = cause.text();
    return std::string("guess");
  });
  const Pipeline pipeline{fallback, timeout};
  EXPECT_EQ(get(pipeline, [&] { return time.advance(2s), std::string("late"); }), "guess");
  EXPECT_EQ(seen, "time limit 'prices' ended before the call did");
}

TEST_F(ValueLayersTest, ChaosSaysSoAndCallsNobody) {
  ChaosOptions harm;
  harm.enabled = true;
  harm.fail.probability = 1;
  Chaos chaos{"drill", harm, 1};
  const Pipeline pipeline{breaker, chaos};
  const auto harmed = try_call(pipeline, options, fetch("a"), time);
  ASSERT_FALSE(harmed);
  EXPECT_EQ(harmed.rejection().reason, Reason::chaos);
  EXPECT_TRUE(report.chaos);
  EXPECT_EQ(calls, 0);
  EXPECT_EQ(breaker.snapshot(time.now()).totals.failures, 1U);
}

TEST_F(ValueLayersTest, ChaosForcesABreakerOpenForEveryone) {
  ChaosOptions harm;
  harm.enabled = true;
  harm.force_open.probability = 1;
  Chaos chaos{"drill", harm, 1, &breaker};
  const auto refused = try_call(Pipeline{breaker, chaos}, options, fetch("a"), time);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.rejection().reason, Reason::forced_open);
  EXPECT_EQ(breaker.state(), State::forced_open);
}

TEST_F(ValueLayersTest, ChaosDelaysAndTimesOutWithinTheLimit) {
  ChaosOptions slow;
  slow.enabled = true;
  slow.delay = {1, 300ms, 300ms};
  Chaos delay{"drill", slow, 1};
  const TimePoint begin = time.now();
  EXPECT_EQ(get(Pipeline{delay}, fetch("a")), "a");
  EXPECT_EQ(time.now() - begin, 300ms);

  ChaosOptions never;
  never.enabled = true;
  never.timeout.probability = 1;
  Chaos times_out{"drill", never, 1};
  Timeout timeout{"prices", 2s};
  const auto harmed = try_call(Pipeline{breaker, timeout, times_out}, options, fetch("a"), time);
  ASSERT_FALSE(harmed);
  EXPECT_EQ(time.now() - begin, 2300ms);
  EXPECT_EQ(breaker.snapshot(time.now()).totals.failures_by_type[0], 1U);
}

TEST_F(ValueLayersTest, TheStandardOrderIsTheSameWhateverTheOrderOfNaming) {
  auto fallback = Fallback<std::string>::value("prices", "unknown");
  const Timeout timeout{"prices", 1s};
  const Deadline deadline{"prices", 3s};
  Retry retry{"prices", {}};
  Bulkhead bulkhead{"prices", {.max_concurrent = 1}};
  RateLimiter limiter{"prices", {}};
  const auto one = standard_pipeline(timeout, breaker, retry, deadline, bulkhead, limiter, cache, fallback);
  static_assert(std::is_same_v<std::remove_const_t<decltype(one)>,
                               Pipeline<Fallback<std::string>, Cache<std::string>, RateLimiter, Bulkhead,
                                        const Deadline, Retry, CircuitBreaker, const Timeout>>);
  Timeout limit{"prices", 1s};
  const auto other = standard_pipeline(&limiter, &limit, &fallback, &breaker);
  static_assert(std::is_same_v<std::remove_const_t<decltype(other)>,
                               Pipeline<Optional<Fallback<std::string>>, Optional<RateLimiter>,
                                        Optional<CircuitBreaker>, Optional<Timeout>>>);
  EXPECT_EQ(get(one, fetch("a")), "a");
  EXPECT_EQ(get(other, failing("down")), "unknown");
}

}  // namespace
}  // namespace switchgear
