#include "switchgear/sync/call.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "switchgear/policy/cache.hpp"
#include "switchgear/policy/fallback.hpp"
#include "switchgear/sync/partial.hpp"
#include "switchgear/testing/manual_time.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;

CircuitBreakerOptions twice() {
  CircuitBreakerOptions options;
  options.consecutive_failures = 2;
  options.open_duration = 1h;
  options.max_open_duration = 1h;
  return options;
}

class CallTest : public ::testing::Test {
 protected:
  [[nodiscard]] CallTotals totals() const { return breaker.snapshot(SteadyTime::now()).totals; }
  void open() { breaker.command(Command::force_open, SteadyTime::now()); }

  CircuitBreaker breaker{"payment", twice(), {nullptr, 0, {}, SteadyTime::now()}};
};

TEST_F(CallTest, ReturnsWhatTheFunctionReturns) {
  EXPECT_EQ(call(breaker, [] { return std::string("paid"); }), "paid");
  EXPECT_EQ(*call(breaker, [] { return std::make_unique<int>(7); }), 7) << "move-only results pass";
  int called = 0;
  call(breaker, [&] { ++called; });
  EXPECT_EQ(called, 1);
  EXPECT_EQ(totals().successes, 3U);
}

TEST_F(CallTest, LetsTheCallersOwnExceptionPassAndCountsAFailure) {
  for (int i = 0; i < 2; ++i) {
    EXPECT_THROW(call(breaker, []() -> int { throw std::out_of_range("mine"); }), std::out_of_range);
  }
  EXPECT_EQ(totals().failures, 2U);
  EXPECT_EQ(breaker.state(), State::open);
}

TEST_F(CallTest, ACallThatReturnsAnErrorInAPairOpensTheBreaker) {
  using Reply = std::pair<std::error_code, int>;
  const auto refused = [] { return Reply{make_error_code(std::errc::connection_refused), 0}; };
  for (int i = 0; i < 2; ++i) EXPECT_EQ(call(breaker, refused).first, std::errc::connection_refused);
  EXPECT_EQ(totals().failures, 2U);
  EXPECT_EQ(breaker.state(), State::open);
}

TEST_F(CallTest, ThrowsRejectedWithNameReasonAndWait) {
  EXPECT_THROW(call(breaker, []() -> int { throw 1; }), int);
  EXPECT_THROW(call(breaker, []() -> int { throw 1; }), int);
  bool called = false;
  try {
    call(breaker, [&] { called = true; });
    FAIL() << "not refused";
  } catch (const Rejected& rejected) {
    EXPECT_EQ(rejected.policy(), "payment");
    EXPECT_EQ(rejected.reason(), Reason::open);
    ASSERT_TRUE(rejected.retry_after());
    EXPECT_GT(*rejected.retry_after(), 59min);
    EXPECT_EQ(rejected.code(), make_error_code(Reason::open));
    EXPECT_EQ(rejected.code().message(), "rejected: open");
    EXPECT_EQ(std::string(rejected.what()).rfind("breaker 'payment' is open; retry in ", 0), 0U)
        << rejected.what();
    EXPECT_EQ(std::string(rejected.what()).find("rejected"), std::string::npos) << rejected.what();
  }
  EXPECT_FALSE(called);
}

TEST_F(CallTest, GivesTheRejectionAsAValueToWhoeverAsksForOne) {
  open();
  const auto refused = try_call(breaker, [] { return 1; });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.rejection().reason, Reason::forced_open);
}

RetryOptions a_second_apart() {
  RetryOptions options;
  options.max_attempts = 3;
  options.backoff = Backoff::fixed;
  options.base = 1s;
  options.jitter = Jitter::none;
  return options;
}

/// Calls in manual time: what the function says it takes, it takes.
class ManualCallTest : public ::testing::Test {
 protected:
  /// Fails `failures` times, each after `takes`, then returns the number of its attempt.
  auto failing(unsigned failures, Duration takes = 0s) {
    return [this, failures, takes](const Attempt& attempt) {
      started.push_back(time.now() - begin);
      time.advance(takes);
      if (attempt.number <= failures) throw std::runtime_error("attempt " + std::to_string(attempt.number));
      return attempt.number;
    };
  }

  testing::ManualTime time;
  const TimePoint begin = time.now();
  std::vector<Duration> started;
  CallReport report;
  CallOptions options{.report = &report};
  Retry retry{"payment", a_second_apart()};
  Timeout timeout{"payment", 5s};
  CircuitBreaker breaker{"payment", twice(), {nullptr, 0, {}, time.now()}};
};

TEST_F(ManualCallTest, TellsTheLatencyItMeasuredAndHowOftenItTried) {
  const Pipeline pipeline{retry};
  EXPECT_EQ(*try_call(pipeline, options, failing(2, 3s), time), 3U);
  EXPECT_EQ(report.latency, 3s);
  EXPECT_EQ(report.attempts, 3U);
  EXPECT_EQ(started, (std::vector<Duration>{0s, 4s, 8s}));
}

TEST_F(ManualCallTest, ThrowsWhatTheLastAttemptThrew) {
  const Pipeline pipeline{retry};
  try {
    (void)try_call(pipeline, options, failing(9), time);
    FAIL() << "nothing was thrown";
  } catch (const std::runtime_error& thrown) {
    EXPECT_STREQ(thrown.what(), "attempt 3");
  }
}

TEST_F(ManualCallTest, DropsAResultThatCameAfterItsTime) {
  const Pipeline pipeline{breaker, timeout};
  const auto late = try_call(pipeline, options, failing(0, 5s), time);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.rejection().reason, Reason::timed_out);
  EXPECT_EQ(late.rejection().policy, "payment");
  EXPECT_EQ(breaker.snapshot(time.now()).totals.failures_by_type[0], 1U);
  EXPECT_EQ(make_error_code(Reason::timed_out), std::errc::timed_out);
}

TEST_F(ManualCallTest, HandsTheFunctionItsDeadline) {
  const Pipeline pipeline{timeout};
  options.deadline = time.now() + 2s;
  EXPECT_EQ(*try_call(
                pipeline, options, [](const Attempt& attempt) { return attempt.deadline; }, time),
            time.now() + 2s);
}

/// Manual time in which a stop is requested as soon as there is a wait.
struct StopsTheFirstWait {
  testing::ManualTime& time;
  std::stop_source& stop;

  [[nodiscard]] TimePoint now() const noexcept { return time.now(); }
  template <class Parking>
  void wait(Parking&, TimePoint) const {
    stop.request_stop();
  }
};

TEST_F(ManualCallTest, EndsWhenToldToStopBetweenAttempts) {
  const Pipeline pipeline{retry, breaker};
  std::stop_source stop;
  options.stop = stop.get_token();
  StopsTheFirstWait waits{time, stop};
  const auto stopped = try_call(pipeline, options, failing(9), waits);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.rejection().reason, Reason::cancelled);
  EXPECT_EQ(report.attempts, 1U);
  EXPECT_EQ(breaker.snapshot(time.now()).totals.failures, 1U);
}

TEST_F(ManualCallTest, DoesNotBeginWhenToldToStopBefore) {
  const Pipeline pipeline{retry, breaker};
  std::stop_source stop;
  stop.request_stop();
  options.stop = stop.get_token();
  report.attempts = 9;
  const auto stopped = try_call(pipeline, options, failing(0), time);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.rejection().reason, Reason::cancelled);
  EXPECT_EQ(stopped.rejection().policy, "caller");
  EXPECT_TRUE(started.empty());
  EXPECT_EQ(report.attempts, 0U);
  EXPECT_EQ(breaker.snapshot(time.now()).totals.calls, 0U);
}

TEST_F(ManualCallTest, WhatComesAfterItWasToldToStopIsTheCallersAlone) {
  auto fallback = Fallback<int>::value("payment", 9);
  const Pipeline plain{breaker};
  const Pipeline rich{fallback, retry, breaker, timeout};
  const auto each = [&](const auto& pipeline) {
    std::stop_source stop;
    const CallOptions stoppable{.stop = stop.get_token()};
    const auto gives_up = [&](const Attempt& attempt) -> int {
      stop.request_stop();
      time.advance(7s);  // beyond the timeout
      EXPECT_TRUE(attempt.stop.stop_requested());
      throw std::runtime_error("gave up");
    };
    EXPECT_THROW((void)try_call(pipeline, stoppable, gives_up, time), std::runtime_error);
    stop = std::stop_source{};
    const CallOptions another{.stop = stop.get_token()};
    const auto finishes = [&] { return stop.request_stop() ? 7 : 0; };
    EXPECT_EQ(*try_call(pipeline, another, finishes, time), 7);
  };
  each(plain);
  each(rich);
  const CallTotals totals = breaker.snapshot(time.now()).totals;
  EXPECT_EQ(totals.ignored, 4U);
  EXPECT_EQ(totals.calls, 4U);
}

TEST_F(ManualCallTest, CountsWhatTheUserCallsAFailure) {
  const auto picky = Classifier{}.failures_are<std::runtime_error>().ignoring<std::underflow_error>().results(
      [](int value) { return value >= 0; });
  const auto pipeline = Pipeline{breaker}.classified_by(picky);
  const auto run = [&](auto&& f) { return try_call(pipeline, options, f, time); };
  EXPECT_THROW((void)run([]() -> int { throw std::logic_error("not listed"); }), std::logic_error);
  EXPECT_THROW((void)run([]() -> int { throw std::underflow_error("excepted"); }), std::underflow_error);
  EXPECT_EQ(breaker.snapshot(time.now()).totals.ignored, 2U);
  EXPECT_EQ(*run([] { return -1; }), -1) << "a failure that is a value is returned";
  EXPECT_THROW((void)run([]() -> int { throw std::range_error("listed"); }), std::range_error);
  EXPECT_EQ(breaker.snapshot(time.now()).totals.failures, 2U);
}

TEST_F(ManualCallTest, ARefusalFurtherInsideIsNobodysFailure) {
  CircuitBreaker inner{"inner", twice(), {nullptr, 0, {}, time.now()}};
  inner.command(Command::force_open, time.now());
  const Pipeline outside{retry, breaker};
  EXPECT_THROW((void)try_call(
                   outside, options, [&] { return call(inner, [] { return 1; }); }, time),
               Rejected);
  EXPECT_EQ(breaker.snapshot(time.now()).totals.ignored, 1U);
  EXPECT_EQ(report.attempts, 1U);
}

TEST_F(ManualCallTest, RetriesAnErrorCodeThatIsTransient) {
  const Pipeline pipeline{retry, breaker};
  int calls = 0;
  const auto reset_once = [&] {
    return ++calls == 1 ? make_error_code(std::errc::connection_reset) : std::error_code{};
  };
  EXPECT_EQ(*try_call(pipeline, options, reset_once, time), std::error_code{});
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(breaker.snapshot(time.now()).totals.failures_by_type[1], 1U);
}

TEST_F(ManualCallTest, AWrappedFunctionIsCalledLikeItself) {
  const auto add = guard(Pipeline{breaker}, [](int a, int& b) { return b += a; });
  int sum = 1;
  EXPECT_EQ(add(2, sum), 3);
  EXPECT_EQ(sum, 3);
  EXPECT_EQ(breaker.snapshot(time.now()).totals.successes, 1U);
}

TEST_F(ManualCallTest, AWrappedFunctionIsToldItsAttemptWhenItAsks) {
  const auto left = guard(Pipeline{breaker, timeout}, [](const Attempt& attempt, Duration reserve) {
    return attempt.deadline - SteadyTime::now() - reserve;
  });
  EXPECT_LE(left(1s), 4s);
  const auto number = guard(Pipeline{breaker}, [](const Attempt& attempt) { return attempt.number; });
  EXPECT_EQ(number(), 1U);
  const auto arguments = guard(Pipeline{breaker}, [](auto&&... all) { return sizeof...(all); });
  EXPECT_EQ(arguments(1, 2), 2U) << "what can be called with the arguments alone is";
}

struct Till {
  int content = 0;
  int put(int coins) { return content += coins; }
};

TEST_F(ManualCallTest, AWrappedMemberFunctionIsCalledWithItsObject) {
  const auto put = guard(Pipeline{breaker}, &Till::put);
  Till till;
  EXPECT_EQ(put(till, 2), 2);
  EXPECT_EQ(put(&till, 3), 5);
}

TEST_F(ManualCallTest, AWrappedFunctionMayKeepAStateOfItsOwn) {
  auto count = guard(breaker, [calls = std::make_unique<int>(0)]() mutable { return ++*calls; });
  EXPECT_EQ(count(), 1);
  auto moved = std::move(count);
  EXPECT_EQ(moved(), 2);
  static_assert(!std::is_invocable_v<decltype(moved)&, int>);
}

/// Moved by copying, which may throw.
struct OldFashioned {
  explicit OldFashioned(int number) : value(number) {}
  OldFashioned(const OldFashioned& other) : value(other.value) {
    if (value < 0) throw std::runtime_error("cannot be copied");
  }
  OldFashioned* operator&() = delete;
  int value;
};

TEST_F(CallTest, ReturnsWhatCanOnlyBeCopiedAndLetsTheCopyThrow) {
  EXPECT_EQ(call(breaker, [] { return OldFashioned(7); }).value, 7);
  EXPECT_EQ(call(breaker, [] { return std::pair<const std::string, int>("paid", 7); }).first, "paid");
  const auto result = try_call(breaker, [] { return OldFashioned(7); });
  EXPECT_EQ(result->value, 7);
  EXPECT_THROW(call(breaker, [] { return OldFashioned(-1); }), std::runtime_error);
  EXPECT_EQ(totals().failures, 1U) << "as if the function had thrown it";
}

TEST_F(CallTest, GivesACopyOfWhatAReferenceRefersTo) {
  int owed = 7;
  int paid = call(breaker, [&]() -> int& { return owed; });
  EXPECT_EQ(paid--, 7);
  EXPECT_EQ(owed, 7);
}

TEST_F(CallTest, MayBeMadeWithinACallThroughTheSamePolicies) {
  Bulkhead bulkhead{"payment", {.max_concurrent = 2}};
  const Pipeline pipeline{bulkhead, breaker};
  const auto one = [] { return 1; };
  const auto two = [&] { return 1 + call(pipeline, one); };
  const auto three = [&] { return 1 + call(pipeline, two); };
  EXPECT_EQ(call(pipeline, two), 2);
  EXPECT_THROW(call(pipeline, three), Rejected) << "no third slot, and no thread that waits for itself";
  EXPECT_EQ(bulkhead.snapshot().in_use, 0U);
  EXPECT_EQ(totals().ignored, 2U);
  EXPECT_EQ(totals().failures, 0U);
}

TEST(BlockingCall, WaitsInTheQueueUntilASlotIsFree) {
  Bulkhead bulkhead{"payment", {.max_concurrent = 1, .max_queue = 1, .max_wait = 30s}};
  const Pipeline pipeline{bulkhead};
  auto held = bulkhead.try_acquire();
  std::thread waiting([&] { EXPECT_EQ(call(pipeline, [] { return 7; }), 7); });
  while (bulkhead.snapshot().waiting == 0) std::this_thread::yield();
  { const auto free = *std::move(held); }
  waiting.join();
  EXPECT_EQ(bulkhead.snapshot().in_use, 0U);
}

TEST(BlockingCall, LeavesTheQueueWhenToldToStop) {
  Bulkhead bulkhead{"payment", {.max_concurrent = 1, .max_queue = 1, .max_wait = 30s}};
  const Pipeline pipeline{bulkhead};
  const auto held = bulkhead.try_slot();
  std::jthread waiting([&](const std::stop_token& stop) {
    const auto stopped = try_call(pipeline, CallOptions{.stop = stop}, [] { return 7; });
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.rejection().reason, Reason::cancelled);
  });
  while (bulkhead.snapshot().waiting == 0) std::this_thread::yield();
  waiting.request_stop();
  waiting.join();
  EXPECT_EQ(bulkhead.snapshot().waiting, 0U);
  EXPECT_EQ(bulkhead.snapshot().totals.cancelled, 1U);
}

TEST(BlockingCall, IsNotMadeThroughAPolicyThatKeepsAnswersOfAnotherType) {
  using Keeping = Execution<Cache<std::string>, Optional<Fallback<std::string>>, CircuitBreaker>;
  static_assert(Keeping::takes<std::string>);
  EXPECT_FALSE(Keeping::takes<const char*>) << "call() would write one over the other";
}

TEST(CallPartial, StopsAsSoonAsEnoughHaveSucceededOrTooFewCan) {
  const Pipeline<> pipeline;
  const auto half = [](std::uint32_t index) {
    if (index % 2 == 1) throw std::runtime_error("odd");
    return index * 10;
  };
  const auto enough = call_partial(pipeline, 10, 0.3, half);
  EXPECT_EQ(enough.decision, Partial::Decision::accepted);
  ASSERT_EQ(enough.answers.size(), 3U);
  EXPECT_EQ(enough.answers[2].index, 4U);
  EXPECT_EQ(enough.answers[2].value, 40U);
  EXPECT_EQ(enough.made, 5U);
  const auto too_few = call_partial(pipeline, 10, 0.9, half);
  EXPECT_EQ(too_few.decision, Partial::Decision::impossible);
  EXPECT_EQ(too_few.made, 4U);
}

TEST(CallPartial, HandsEveryCallTheDeadlineOfWhoeverAsks) {
  const TimePoint parent = SteadyTime::now() + 1h;
  int told = 0;
  const auto listens = [&](std::uint32_t, const Attempt& attempt) {
    if (attempt.deadline == parent) ++told;
    return 1;
  };
  const CallOptions options{.deadline = parent};
  EXPECT_EQ(call_partial(Pipeline<>{}, options, 4, 1.0, listens).decision, Partial::Decision::accepted);
  EXPECT_EQ(told, 4);
  const CallOptions over{.deadline = SteadyTime::now() - 1ms};
  EXPECT_EQ(call_partial(Pipeline<>{}, over, 4, 0.5, listens).decision, Partial::Decision::impossible);
  EXPECT_EQ(told, 4) << "the function is not called after the deadline";
}

TEST(CallPartial, BeginsNoFurtherCallWhenToldToStopAndDecidesNothing) {
  std::stop_source stop;
  const auto stops_at_two = [&](std::uint32_t index) {
    if (index == 2) stop.request_stop();
    return index;
  };
  const CallOptions options{.stop = stop.get_token()};
  const auto batch = call_partial(Pipeline<>{}, options, 10, 0.5, stops_at_two);
  EXPECT_EQ(batch.decision, Partial::Decision::undecided);
  EXPECT_EQ(batch.made, 3U);
  EXPECT_EQ(batch.answers.size(), 2U);
}

/// One reading of each, between two of the steady clock: a pause of this thread widens the bounds.
struct Readings {
  TimePoint before = SteadyTime::now();
  TimePoint tsc = TscTime::now();
  TimePoint coarse = CoarseTime::now();
  TimePoint after = SteadyTime::now();
};

TEST(Clocks, NeverRunBackwardsAndAgreeOnHowLongThingsTake) {
  const Readings first;
  TimePoint last = first.tsc;
  while (SteadyTime::now() - first.after < 50ms) {
    const TimePoint now = TscTime::now();
    ASSERT_GE(now, last);
    last = now;
  }
  const Readings second;
  const Duration least = second.before - first.after - 10ms;
  const Duration most = second.after - first.before + 10ms;
  EXPECT_GE(second.tsc - first.tsc, least);
  EXPECT_LE(second.tsc - first.tsc, most);
  EXPECT_GE(second.coarse - first.coarse, least);
  EXPECT_LE(second.coarse - first.coarse, most);
}

TEST(Clocks, TellTheSameTimeSoThatOneMayReplaceAnother) {
  const Readings now;
  EXPECT_GE(now.tsc, now.before - 10ms);
  EXPECT_LE(now.tsc, now.after + 10ms);
  EXPECT_GE(now.coarse, now.before - 10ms);
  EXPECT_LE(now.coarse, now.after + 10ms);
}

}  // namespace
}  // namespace switchgear
