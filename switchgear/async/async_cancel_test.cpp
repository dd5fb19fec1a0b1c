// The caller goes away: while it waits, and while an operation runs. Whatever was taken is given back.
#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include "switchgear/async/async_call.hpp"
#include "switchgear/async/async_fixture.hpp"
#include "switchgear/policy/cache.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;
using namespace switchgear::testing;

const error_code refused_connection = asio::error::connection_refused;

class AsyncCancelTest : public ::testing::TestWithParam<asio::cancellation_type> {
 protected:
  [[nodiscard]] CallTotals totals() { return breaker.snapshot(loop.time.now()).totals; }

  template <class P>
  void start(const P& pipeline, const CallOptions& options = {}) {
    async_call<int>(loop.executor(), pipeline, options, dependency.op(),
                    asio::bind_cancellation_slot(signal.slot(), got.handler()), loop.time);
  }
  void cancel() {
    asio::post(loop.io, [this] {
      const int before = got.times;
      signal.emit(GetParam());
      EXPECT_EQ(got.times, before) << "completed inside emit()";
    });
    loop.run();
  }

  Loop loop;
  asio::cancellation_signal signal;
  CircuitBreaker breaker{"payment", opens_after(50), {nullptr, 0, {}, loop.time.now()}};
  Bulkhead bulkhead{"payment", {.max_concurrent = 1, .max_queue = 5, .max_wait = 10s}};
  RateLimiter limiter{"payment", {.rate = 1, .burst = 1, .max_wait = 10s}};
  Retry retry{"payment", tries(3)};
  Dependency dependency{loop.executor()};  // after the policies: goes before them
  Got got;
  Got other;
};

TEST_P(AsyncCancelTest, LeavesTheQueueOfABulkheadAtOnce) {
  const Pipeline pipeline{limiter, bulkhead, breaker};
  async_call<int>(loop.executor(), Pipeline{bulkhead}, dependency.op(), other.handler(), loop.time);
  start(pipeline);
  loop.run();
  ASSERT_EQ(bulkhead.snapshot().waiting, 1U);
  cancel();
  EXPECT_EQ(got.times, 1);
  EXPECT_EQ(got.code, Reason::cancelled);
  EXPECT_EQ(got.code, std::errc::operation_canceled);
  EXPECT_EQ(bulkhead.snapshot().waiting, 0U);
  EXPECT_EQ(bulkhead.snapshot().totals.cancelled, 1U);
  EXPECT_EQ(loop.schedule.pending(), 0U) << "its timer is gone";
  dependency.succeed(0, 1);
  loop.run();
  EXPECT_EQ(bulkhead.snapshot().in_use, 0U);
}

TEST_P(AsyncCancelTest, GivesBackTheTokenItWaitsFor) {
  static_cast<void>(limiter.reserve(loop.time.now()));
  start(Pipeline{limiter, breaker});
  loop.run_for(400ms);
  EXPECT_EQ(limiter.snapshot(loop.time.now()).totals.delayed, 1U);
  cancel();
  EXPECT_EQ(got.code, Reason::cancelled);
  EXPECT_EQ(limiter.snapshot(loop.time.now()).totals.given_back, 1U);
  EXPECT_EQ(totals().calls, 0U);
}

TEST_P(AsyncCancelTest, TriesNoMoreBetweenTwoAttempts) {
  start(Pipeline{bulkhead, retry, breaker});
  loop.run();
  dependency.end(0, refused_connection);
  loop.run_for(50ms);
  cancel();
  EXPECT_EQ(got.code, Reason::cancelled);
  loop.run_for(1h);
  EXPECT_EQ(dependency.running.size(), 1U);
  EXPECT_EQ(got.times, 1);
  EXPECT_EQ(bulkhead.snapshot().in_use, 0U);
}

TEST_P(AsyncCancelTest, CancelsTheOperationInFlightAndIgnoresItsOutcome) {
  start(Pipeline{bulkhead, retry, breaker});
  loop.run();
  cancel();
  EXPECT_EQ(dependency.running[0].cancelled, GetParam());
  EXPECT_EQ(got.code, asio::error::operation_aborted) << "the operation's own outcome";
  EXPECT_EQ(totals().ignored, 1U);
  EXPECT_EQ(totals().failures, 0U);
  EXPECT_EQ(bulkhead.snapshot().in_use, 0U);
  loop.run_for(1h);
  EXPECT_EQ(dependency.running.size(), 1U) << "no further attempt";
}

TEST_P(AsyncCancelTest, WaitsForAnOperationThatIsDeafAndGivesItsValue) {
  dependency.deaf = true;
  start(Pipeline{retry, breaker});
  loop.run();
  cancel();
  EXPECT_EQ(got.times, 0);
  dependency.succeed(0, 7);
  loop.run();
  EXPECT_FALSE(got.code);
  EXPECT_EQ(got.value, 7);
  EXPECT_EQ(totals().ignored, 1U) << "the policies do not count its result";
}

TEST_P(AsyncCancelTest, LeavesTheCallOfAnotherForTheSameKey) {
  Cache<int> cache{"rates", {}};
  const Pipeline pipeline{cache, breaker};
  async_call<int>(loop.executor(), pipeline, CallOptions{.key = "EUR"}, dependency.op(), other.handler(),
                  loop.time);
  start(pipeline, {.key = "EUR"});
  loop.run();
  cancel();
  EXPECT_EQ(got.code, Reason::cancelled);
  dependency.succeed(0, 7);
  loop.run();
  EXPECT_EQ(other.value, 7);
}

TEST_P(AsyncCancelTest, AFollowerMakesTheCallWhenItsLeaderGoesAway) {
  Cache<int> cache{"rates", {}};
  const Pipeline pipeline{cache, breaker};
  start(pipeline, {.key = "EUR"});
  async_call<int>(loop.executor(), pipeline, CallOptions{.key = "EUR"}, dependency.op(), other.handler(),
                  loop.time);
  loop.run();
  EXPECT_EQ(dependency.running.size(), 1U);
  cancel();
  ASSERT_EQ(dependency.running.size(), 2U);
  dependency.succeed(1, 7);
  loop.run();
  EXPECT_EQ(other.value, 7);
}

TEST_P(AsyncCancelTest, IsNotEvenBegunWhenItComesFirst) {
  start(Pipeline{limiter, breaker});  // begins when the context runs
  signal.emit(GetParam());
  loop.run();
  EXPECT_EQ(got.code, Reason::cancelled);
  EXPECT_TRUE(dependency.running.empty());
  EXPECT_EQ(limiter.snapshot(loop.time.now()).totals.admitted, 0U);
}

TEST_P(AsyncCancelTest, MeansNothingOnceTheCallHasCompleted) {
  start(Pipeline{breaker});
  loop.run();
  dependency.succeed(0, 7);
  loop.run();
  EXPECT_EQ(got.value, 7);
  cancel();
  EXPECT_EQ(got.times, 1);
}

TEST_P(AsyncCancelTest, CanComeFromTheOperationItself) {
  async_call<int>(
      loop.executor(), Pipeline{breaker},
      [&](const AsyncAttempt& attempt, auto&& token) {
        signal.emit(GetParam());  // before there is anything to cancel
        return dependency(attempt, std::forward<decltype(token)>(token));
      },
      asio::bind_cancellation_slot(signal.slot(), got.handler()), loop.time);
  loop.run();
  EXPECT_EQ(got.code, asio::error::operation_aborted);
  EXPECT_EQ(totals().ignored, 1U);
}

INSTANTIATE_TEST_SUITE_P(OfEveryType, AsyncCancelTest,
                         ::testing::Values(asio::cancellation_type::terminal,
                                           asio::cancellation_type::partial, asio::cancellation_type::total));

TEST(AsyncCancel, ReachesTheOperationOfACoroutineThatIsCancelled) {
  Loop loop;
  Dependency dependency{loop.executor()};
  CircuitBreaker breaker{"payment", opens_after(5), {nullptr, 0, {}, loop.time.now()}};
  const Pipeline pipeline{breaker};
  asio::cancellation_signal signal;
  error_code seen;
  const auto op = [&](const AsyncAttempt& attempt) -> asio::awaitable<int> {
    const int value = co_await dependency(attempt, asio::use_awaitable);
    co_return value;
  };
  const auto calls = [&]() -> asio::awaitable<void> {
    try {
      co_await async_call<int>(pipeline, op, asio::use_awaitable, loop.time);
    } catch (const boost::system::system_error& thrown) {
      seen = thrown.code();
    }
  };
  asio::co_spawn(loop.executor(), calls, asio::bind_cancellation_slot(signal.slot(), asio::detached));
  loop.run();
  ASSERT_EQ(dependency.running.size(), 1U);
  asio::post(loop.io, [&] { signal.emit(asio::cancellation_type::terminal); });
  loop.run();
  EXPECT_EQ(seen, asio::error::operation_aborted);
  EXPECT_EQ(breaker.snapshot(loop.time.now()).totals.ignored, 1U);
}

}  // namespace
}  // namespace switchgear
