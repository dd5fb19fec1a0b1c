// Waits between the steps of a call, the times that end them, and contexts that are destroyed meanwhile.
#include <gtest/gtest.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <memory>
#include <stdexcept>
#include <string>

#include "switchgear/async/async_call.hpp"
#include "switchgear/async/async_fixture.hpp"
#include "switchgear/policy/cache.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;
using namespace switchgear::testing;

const error_code refused_connection = asio::error::connection_refused;

class AsyncWaitTest : public ::testing::Test {
 protected:
  [[nodiscard]] CallTotals totals() { return breaker.snapshot(loop.time.now()).totals; }

  Loop loop;
  CircuitBreaker breaker{"payment", opens_after(2), {nullptr, 0, {}, loop.time.now()}};
  Retry retry{"payment", tries(3)};
  Timeout timeout{"payment", 2s};
  Dependency dependency{loop.executor()};  // after the policies: goes before them
  Got got;
};

TEST_F(AsyncWaitTest, TriesAgainAfterTheDelay) {
  AsyncReport report;
  async_call<int>(loop.executor(), Pipeline{retry, breaker}, AsyncCallOptions{{}, &report}, dependency.op(),
                  got.handler(), loop.time);
  loop.run();
  dependency.end(0, refused_connection);
  loop.run_for(99ms);
  EXPECT_EQ(dependency.running.size(), 1U);
  loop.run_for(1ms);
  ASSERT_EQ(dependency.running.size(), 2U);
  EXPECT_EQ(dependency.running[1].attempt.number, 2U);
  loop.run_for(30ms);
  dependency.succeed(1, 7);
  loop.run();
  EXPECT_EQ(got.value, 7);
  EXPECT_EQ(report.attempts, 2U);
  EXPECT_EQ(report.latency, 30ms);
  EXPECT_EQ(totals().failures, 1U);
  EXPECT_EQ(totals().successes, 1U);
}

TEST_F(AsyncWaitTest, GivesTheLastErrorWhenNoAttemptIsLeft) {
  int attempts = 0;
  const auto throws = [&](const AsyncAttempt& attempt) -> asio::awaitable<int> {
    ++attempts;
    throw std::out_of_range(std::to_string(attempt.number));
    co_return 1;
  };
  Retry patient{"patient", tries(3)};
  const Pipeline pipeline{patient};
  const auto calls = [&]() -> asio::awaitable<void> {
    co_await async_call<int>(pipeline, throws, asio::use_awaitable, loop.time);
  };
  try {
    run_coroutine(loop, calls);
    FAIL() << "nothing thrown";
  } catch (const std::out_of_range& thrown) {
    EXPECT_STREQ(thrown.what(), "3");
  }
  EXPECT_EQ(attempts, 3);
}

TEST_F(AsyncWaitTest, ArmsNoTimerForAWaitOfNothingNorWithoutALimit) {
  RetryOptions at_once = tries(3);
  at_once.base = 0s;
  Retry hasty{"hasty", at_once};
  async_call<int>(loop.executor(), Pipeline{hasty, breaker}, dependency.op(), got.handler(), loop.time);
  loop.run();
  dependency.end(0, refused_connection);
  loop.run();
  ASSERT_EQ(dependency.running.size(), 2U);
  dependency.succeed(1, 7);
  loop.run();
  EXPECT_EQ(got.value, 7);
  EXPECT_EQ(loop.schedule.armed(), 0U);
}

TEST_F(AsyncWaitTest, CancelsAnAttemptWhoseTimeIsOver) {
  AsyncReport report;
  async_call<int>(loop.executor(), Pipeline{breaker, timeout}, AsyncCallOptions{{}, &report}, dependency.op(),
                  got.handler(), loop.time);
  loop.run_for(1999ms);
  ASSERT_EQ(dependency.running.size(), 1U);
  EXPECT_EQ(dependency.running[0].attempt.deadline - loop.time.now(), 1ms);
  EXPECT_FALSE(dependency.running[0].cancelled);
  loop.run_for(1ms);
  EXPECT_EQ(dependency.running[0].cancelled, asio::cancellation_type::terminal);
  EXPECT_EQ(got.code, Reason::timed_out);
  EXPECT_EQ(got.code, std::errc::timed_out);
  ASSERT_TRUE(report.rejection);
  EXPECT_EQ(report.rejection->policy, "payment");
  EXPECT_EQ(report.latency, 2s);
  EXPECT_EQ(totals().failures_by_type[static_cast<std::size_t>(FailureType::timeout)], 1U);
  EXPECT_EQ(loop.schedule.pending(), 0U);
}

TEST_F(AsyncWaitTest, WaitsForTheOperationItHasCancelled) {
  dependency.deaf = true;
  async_call<int>(loop.executor(), Pipeline{breaker, timeout}, dependency.op(), got.handler(), loop.time);
  loop.run_for(5s);
  EXPECT_EQ(got.times, 0) << "until then it may use its caller's memory";
  dependency.succeed(0, 7);
  loop.run();
  EXPECT_EQ(got.code, Reason::timed_out) << "too late";
  EXPECT_EQ(totals().failures, 1U);
}

TEST_F(AsyncWaitTest, TakesAResultThatComesAtItsDeadlineForTooLate) {
  async_call<int>(loop.executor(), Pipeline{breaker, timeout}, dependency.op(), got.handler(), loop.time);
  loop.run();
  dependency.succeed(0, 7);  // its handler waits in the context while time goes by
  loop.schedule.advance(2s);
  loop.run();
  EXPECT_EQ(got.code, Reason::timed_out);
}

TEST_F(AsyncWaitTest, TimesOutACoroutineThatWaits) {
  error_code seen;
  const auto waits = [&]() -> asio::awaitable<int> {
    try {
      co_await dependency(AsyncAttempt{}, asio::use_awaitable);
    } catch (const boost::system::system_error& thrown) {
      seen = thrown.code();
      throw;
    }
    co_return 1;
  };
  const Pipeline pipeline{breaker, timeout};
  const auto calls = [&]() -> asio::awaitable<void> {
    co_await async_call<int>(pipeline, waits, asio::use_awaitable, loop.time);
  };
  try {
    run_coroutine(loop, calls);
    FAIL() << "not timed out";
  } catch (const Rejected& rejected) {
    EXPECT_EQ(rejected.reason(), Reason::timed_out);
  }
  EXPECT_EQ(seen, asio::error::operation_aborted);
}

TEST_F(AsyncWaitTest, TriesAgainAfterATimeoutWithinItsDeadline) {
  Deadline deadline{"checkout", 5s};
  const Pipeline pipeline{deadline, retry, timeout};
  AsyncReport report;
  async_call<int>(loop.executor(), pipeline, AsyncCallOptions{{}, &report}, dependency.op(), got.handler(),
                  loop.time);
  loop.run_for(4200ms);
  ASSERT_EQ(dependency.running.size(), 3U);
  EXPECT_EQ(dependency.running[2].attempt.deadline - loop.time.now(), 800ms) << "the deadline is nearer";
  loop.run_for(800ms);
  EXPECT_EQ(got.code, Reason::timed_out);
  EXPECT_EQ(report.rejection->policy, "checkout");
}

TEST_F(AsyncWaitTest, InheritsTheDeadlineOfWhoeverItIsMadeFor) {
  const TimePoint parent = loop.time.now() + 500ms;
  async_call<int>(loop.executor(), Pipeline{retry, timeout}, CallOptions{.deadline = parent}, dependency.op(),
                  got.handler(), loop.time);
  loop.run();
  ASSERT_EQ(dependency.running.size(), 1U);
  EXPECT_EQ(dependency.running[0].attempt.deadline, parent);
  loop.run_for(500ms);
  EXPECT_EQ(got.code, std::errc::timed_out);
}

TEST_F(AsyncWaitTest, WaitsInTheQueueOfABulkhead) {
  Bulkhead bulkhead{"payment", {.max_concurrent = 1, .max_queue = 1, .max_wait = 1s}};
  const Pipeline pipeline{bulkhead};
  Got second;
  Got third;
  Got late;
  async_call<int>(loop.executor(), pipeline, dependency.op(), got.handler(), loop.time);
  async_call<int>(loop.executor(), pipeline, dependency.op(), second.handler(), loop.time);
  async_call<int>(loop.executor(), pipeline, dependency.op(), third.handler(), loop.time);
  loop.run();
  EXPECT_EQ(third.code, Reason::bulkhead_full);
  EXPECT_EQ(dependency.running.size(), 1U);
  dependency.succeed(0, 1);
  loop.run();
  ASSERT_EQ(dependency.running.size(), 2U) << "the slot was passed on, and the waiter woken";
  async_call<int>(loop.executor(), pipeline, dependency.op(), late.handler(), loop.time);
  loop.run_for(1s);
  EXPECT_EQ(late.code, Reason::queue_timeout);
  dependency.succeed(1, 2);
  loop.run();
  EXPECT_EQ(second.value, 2);
  EXPECT_EQ(bulkhead.snapshot().in_use, 0U);
  EXPECT_EQ(bulkhead.snapshot().waiting, 0U);
}

TEST_F(AsyncWaitTest, WaitsForItsToken) {
  RateLimiter limiter{"payment", {.rate = 10, .burst = 1, .max_wait = 1s}};
  const Pipeline pipeline{limiter};
  Got second;
  async_call<int>(loop.executor(), pipeline, dependency.op(), got.handler(), loop.time);
  async_call<int>(loop.executor(), pipeline, dependency.op(), second.handler(), loop.time);
  loop.run_for(99ms);
  EXPECT_EQ(dependency.running.size(), 1U);
  loop.run_for(1ms);
  EXPECT_EQ(dependency.running.size(), 2U);
  dependency.succeed(0, 1);
  dependency.succeed(1, 2);
  loop.run();
  EXPECT_EQ(second.value, 2);
}

TEST_F(AsyncWaitTest, SharesOneCallPerKey) {
  Cache<int> cache{"rates", {.ttl = 5s}};
  const Pipeline pipeline{cache, breaker};
  const CallOptions options{.key = "EUR"};
  Got second;
  Got third;
  AsyncReport report;
  async_call<int>(loop.executor(), pipeline, options, dependency.op(), got.handler(), loop.time);
  async_call<int>(loop.executor(), pipeline, options, dependency.op(), second.handler(), loop.time);
  loop.run();
  ASSERT_EQ(dependency.running.size(), 1U);
  dependency.succeed(0, 7);
  loop.run_for(1s);
  EXPECT_EQ(got.value, 7);
  EXPECT_EQ(second.value, 7);
  async_call<int>(loop.executor(), pipeline, AsyncCallOptions{{.key = "EUR"}, &report}, dependency.op(),
                  third.handler(), loop.time);
  loop.run();
  EXPECT_EQ(third.value, 7);
  EXPECT_EQ(report.source, Source::cache);
  EXPECT_EQ(report.age, 1s);
}

TEST_F(AsyncWaitTest, SharesTheLeadersFailureInTheWordsOfEach) {
  Cache<int> cache{"rates", {.ttl = 5s}};
  const Pipeline pipeline{cache};
  const CallOptions options{.key = "EUR"};
  std::exception_ptr thrown;
  const auto never = []() -> asio::awaitable<int> { co_return 1; };
  async_call<int>(loop.executor(), pipeline, options, dependency.op(), got.handler(), loop.time);
  async_call<int>(
      loop.executor(), pipeline, options, never,
      [&](std::exception_ptr exception, int) { thrown = exception; }, loop.time);
  loop.run();
  dependency.end(0, refused_connection);
  loop.run();
  EXPECT_EQ(got.code, refused_connection);
  ASSERT_TRUE(thrown);
  try {
    std::rethrow_exception(thrown);
  } catch (const boost::system::system_error& error) {
    EXPECT_EQ(error.code(), refused_connection);
  }
}

// --- lifetime

TEST(AsyncLifetime, ADestroyedContextGivesEverythingBackAndCallsNobody) {
  ManualSchedule schedule;
  const ManualAsioTime time{schedule};
  Bulkhead bulkhead{"payment", {.max_concurrent = 1, .max_queue = 5, .max_wait = 1s}};
  CircuitBreaker breaker{"payment", opens_after(2), {nullptr, 0, {}, time.now()}};
  Cache<int> cache{"rates", {.ttl = 5s}};
  const auto alive = std::make_shared<int>(1);
  int called = 0;
  {
    asio::io_context io;
    const auto waits = [alive]() -> asio::awaitable<int> {
      asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::hours{1});
      co_await timer.async_wait(asio::use_awaitable);
      co_return *alive;
    };
    const Pipeline pipeline{cache, bulkhead, breaker};
    const auto handler = [&called, alive](std::exception_ptr, int) { ++called; };
    // One makes the call, one waits for its answer without a limit, one for a slot; with real timers.
    async_call<int>(io.get_executor(), pipeline, CallOptions{.key = "EUR"}, waits, handler);
    async_call<int>(io.get_executor(), pipeline, CallOptions{.key = "EUR"}, waits, handler);
    async_call<int>(io.get_executor(), pipeline, CallOptions{.key = "USD"}, waits, handler);
    io.poll();
    EXPECT_EQ(bulkhead.snapshot().in_use, 1U);
    EXPECT_EQ(bulkhead.snapshot().waiting, 1U);
  }
  EXPECT_EQ(called, 0);
  EXPECT_EQ(alive.use_count(), 1);
  EXPECT_EQ(bulkhead.snapshot().in_use, 0U);
  EXPECT_EQ(bulkhead.snapshot().waiting, 0U);
  const CallTotals totals = breaker.snapshot(time.now()).totals;
  EXPECT_EQ(totals.calls, 1U);
  EXPECT_EQ(totals.ignored, 1U);
}

}  // namespace
}  // namespace switchgear
