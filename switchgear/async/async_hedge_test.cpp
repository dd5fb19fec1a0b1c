// Several attempts at once.
#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>

#include "switchgear/async/async_call.hpp"
#include "switchgear/async/async_fixture.hpp"

namespace switchgear {
namespace {

/// A user's policy: has each call made twice, whatever came of it.
struct OnceMore {};

}  // namespace

template <>
class Layer<OnceMore> : public NeverWaits {
 public:
  Gate enter(OnceMore&, Call&, TimePoint) noexcept { return Gate::go; }
  Turn leave(OnceMore&, Call& call, Ending&, TimePoint now) noexcept {
    call.until = now;
    return std::exchange(made_, true) ? Turn::outward : Turn::again;
  }

 private:
  bool made_ = false;
};

namespace {

using namespace std::chrono_literals;
using namespace switchgear::testing;

const error_code refused_connection = asio::error::connection_refused;

class AsyncHedgeTest : public ::testing::Test {
 protected:
  [[nodiscard]] CallTotals totals() { return breaker.snapshot(loop.time.now()).totals; }
  template <class P>
  void start(const P& pipeline, const AsyncCallOptions& options = {}) {
    async_call<int>(loop.executor(), pipeline, options, dependency.op(), got.handler(), loop.time);
  }

  Loop loop;
  CircuitBreaker breaker{"payment", opens_after(50), {nullptr, 0, {}, loop.time.now()}};
  Hedge hedge{"payment", {.delay = Duration{50ms}, .max_hedges = 2}};
  Retry retry{"payment", tries(3)};
  Timeout timeout{"payment", 1s};
  Dependency dependency{loop.executor()};  // after the policies: goes before them
  Got got;
};

TEST_F(AsyncHedgeTest, SendsASecondAttemptBesideASlowOne) {
  start(Pipeline{hedge, breaker});
  loop.run_for(49ms);
  EXPECT_EQ(dependency.running.size(), 1U);
  loop.run_for(1ms);
  ASSERT_EQ(dependency.running.size(), 2U);
  EXPECT_EQ(dependency.running[1].attempt.number, 2U);
  dependency.succeed(0, 7);
  loop.run();
  EXPECT_EQ(got.value, 7);
  EXPECT_EQ(dependency.running[1].cancelled, asio::cancellation_type::terminal);
  EXPECT_EQ(totals().successes, 1U);
  EXPECT_EQ(totals().ignored, 1U) << "the loser's";
  EXPECT_EQ(totals().failures, 0U);
}

TEST_F(AsyncHedgeTest, TellsTheOperationWhyTheAttemptIsMade) {
  start(Pipeline{retry, hedge});
  loop.run_for(50ms);
  ASSERT_EQ(dependency.running.size(), 2U);
  dependency.end(0, refused_connection);
  dependency.end(1, refused_connection);
  loop.run_for(150ms);
  ASSERT_EQ(dependency.running.size(), 4U);
  using Told = std::pair<std::uint32_t, AttemptKind>;
  std::vector<Told> told;
  for (const auto& running : dependency.running)
    told.emplace_back(running.attempt.number, running.attempt.kind);
  EXPECT_EQ(told, (std::vector<Told>{{1, AttemptKind::first},
                                     {2, AttemptKind::hedge},
                                     {3, AttemptKind::retry},
                                     {4, AttemptKind::hedge}}));
  dependency.succeed(2, 3);
  loop.run();
  EXPECT_EQ(got.value, 3);
}

TEST_F(AsyncHedgeTest, MayAskAnotherReplicaTheSecondTime) {
  Dependency replica{loop.executor()};
  const auto read = [&](const AsyncAttempt& attempt, auto token) {
    return (attempt.kind == AttemptKind::hedge ? replica : dependency)(attempt, std::move(token));
  };
  async_call<int>(loop.executor(), Pipeline{hedge, breaker}, {}, read, got.handler(), loop.time);
  loop.run_for(50ms);
  ASSERT_EQ(replica.running.size(), 1U);
  replica.succeed(0, 8);
  loop.run();
  EXPECT_EQ(got.value, 8);
  EXPECT_EQ(dependency.running.size(), 1U);
  EXPECT_EQ(dependency.running[0].cancelled, asio::cancellation_type::terminal);
}

TEST_F(AsyncHedgeTest, GivesTheFirstSuccessWhoeverHasIt) {
  start(Pipeline{hedge, breaker});
  loop.run_for(100ms);
  ASSERT_EQ(dependency.running.size(), 3U);
  dependency.end(0, refused_connection);
  loop.run();
  EXPECT_EQ(got.times, 0) << "a failure waits for the others";
  dependency.succeed(2, 3);
  loop.run();
  EXPECT_EQ(got.value, 3);
  EXPECT_EQ(dependency.running[1].cancelled, asio::cancellation_type::terminal);
}

TEST_F(AsyncHedgeTest, WaitsForLosersThatAreDeaf) {
  dependency.deaf = true;
  start(Pipeline{hedge, breaker});
  loop.run_for(50ms);
  dependency.succeed(0, 7);
  loop.run_for(1s);
  EXPECT_EQ(got.times, 0) << "the operation may use its caller's frame";
  dependency.succeed(1, 8);
  loop.run();
  EXPECT_EQ(got.value, 7) << "what came late is swallowed";
  EXPECT_EQ(totals().successes, 1U);
  EXPECT_EQ(totals().ignored, 1U);
}

TEST_F(AsyncHedgeTest, LeavesThemBehindWhenToldTo) {
  dependency.deaf = true;
  start(Pipeline{hedge, breaker}, {{}, nullptr, Stragglers::left_behind});
  loop.run_for(50ms);
  dependency.succeed(0, 7);
  loop.run();
  EXPECT_EQ(got.value, 7);
  dependency.succeed(1, 8);
  loop.run();
  EXPECT_EQ(got.times, 1);
  EXPECT_EQ(got.value, 7);
}

TEST_F(AsyncHedgeTest, GivesTheLastFailureWhenAllHaveFailed) {
  start(Pipeline{hedge, breaker});
  loop.run_for(100ms);
  dependency.end(1, asio::error::eof);
  loop.run();
  dependency.end(0, asio::error::timed_out);
  loop.run();
  dependency.end(2, refused_connection);
  loop.run();
  EXPECT_EQ(got.code, refused_connection);
  EXPECT_EQ(totals().failures, 3U);
}

TEST_F(AsyncHedgeTest, SpendsTheBudgetAndGoesOnAloneWithoutIt) {
  RetryBudget budget{"payment", {.ratio = 0.0, .min_per_second = 0}};
  Hedge poor{"payment", {.delay = Duration{50ms}, .max_hedges = 1}, &budget};
  start(Pipeline{poor, breaker});
  loop.run_for(1s);
  ASSERT_EQ(dependency.running.size(), 1U);
  EXPECT_EQ(poor.totals().refused, 1U);
  dependency.succeed(0, 7);
  loop.run();
  EXPECT_EQ(got.value, 7);
}

TEST_F(AsyncHedgeTest, SendsNoneForACallThatMustNotBeMadeTwice) {
  start(Pipeline{hedge, breaker}, CallOptions{.repeatable = Repeatable::no});
  loop.run_for(1s);
  EXPECT_EQ(dependency.running.size(), 1U);
  dependency.succeed(0, 7);
  loop.run();
  EXPECT_EQ(got.value, 7);
}

TEST_F(AsyncHedgeTest, TimesOutEachAttemptByItself) {
  start(Pipeline{hedge, breaker, timeout});
  loop.run_for(1s);
  ASSERT_EQ(dependency.running.size(), 3U);
  EXPECT_TRUE(dependency.running[0].cancelled);
  EXPECT_FALSE(dependency.running[1].cancelled);
  loop.run_for(100ms);
  EXPECT_EQ(got.code, Reason::timed_out);
  EXPECT_EQ(totals().failures, 3U);
}

TEST_F(AsyncHedgeTest, RacesAgainWithTheLosersOfTheLastRaceStillOnTheirWay) {
  dependency.deaf = true;
  OnceMore once_more;
  start(Pipeline{once_more, hedge, breaker});
  loop.run_for(50ms);
  dependency.succeed(1, 1);  // branch 1 settles; branch 0 does not go away
  loop.run_for(99ms);
  ASSERT_EQ(dependency.running.size(), 3U)
      << "branch 0 of the next race waits for its place; a hedge does not";
  dependency.succeed(0, 5);  // the loser of the first race goes
  loop.run();
  ASSERT_EQ(dependency.running.size(), 4U);
  EXPECT_EQ(got.times, 0) << "and its result is dropped";
  dependency.succeed(3, 9);
  loop.run();
  dependency.succeed(2, 1);
  loop.run_for(1s);
  for (std::size_t late = 4; late < dependency.running.size(); ++late) dependency.succeed(late, 2);
  loop.run();
  EXPECT_EQ(got.value, 9);
}

TEST_F(AsyncHedgeTest, IsCancelledAsAWhole) {
  asio::cancellation_signal signal;
  async_call<int>(loop.executor(), Pipeline{hedge, breaker}, dependency.op(),
                  asio::bind_cancellation_slot(signal.slot(), got.handler()), loop.time);
  loop.run_for(50ms);
  ASSERT_EQ(dependency.running.size(), 2U);
  asio::post(loop.io, [&] { signal.emit(asio::cancellation_type::partial); });
  loop.run();
  EXPECT_EQ(dependency.running[0].cancelled, asio::cancellation_type::partial);
  EXPECT_EQ(dependency.running[1].cancelled, asio::cancellation_type::partial);
  EXPECT_EQ(got.code, Reason::cancelled);
  EXPECT_EQ(totals().ignored, 2U);
}

TEST_F(AsyncHedgeTest, AwaitsCoroutinesSideBySide) {
  const auto op = [&](const AsyncAttempt& attempt) -> asio::awaitable<int> {
    const int value = co_await dependency(attempt, asio::use_awaitable);
    co_return value;
  };
  std::exception_ptr thrown;
  int value = 0;
  async_call<int>(
      loop.executor(), Pipeline{hedge, breaker}, op,
      [&](std::exception_ptr exception, int result) {
        thrown = exception;
        value = result;
      },
      loop.time);
  loop.run_for(50ms);
  ASSERT_EQ(dependency.running.size(), 2U);
  dependency.succeed(1, 7);
  loop.run();
  EXPECT_FALSE(thrown);
  EXPECT_EQ(value, 7);
  EXPECT_TRUE(dependency.running[0].cancelled);
  EXPECT_EQ(totals().ignored, 1U);
}

}  // namespace
}  // namespace switchgear
