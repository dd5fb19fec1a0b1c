#include "switchgear/async/async_call.hpp"

#include <gtest/gtest.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/system/result.hpp>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "switchgear/async/async_fixture.hpp"
#include "switchgear/policy/cache.hpp"
#include "switchgear/policy/fallback.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;
using namespace switchgear::testing;

const error_code refused_connection = asio::error::connection_refused;

class AsyncCallTest : public ::testing::Test {
 protected:
  [[nodiscard]] CallTotals totals() { return breaker.snapshot(loop.time.now()).totals; }

  Loop loop;
  CircuitBreaker breaker{"payment", opens_after(2), {nullptr, 0, {}, loop.time.now()}};
  Pipeline<CircuitBreaker> guarded{breaker};
  Dependency dependency{loop.executor()};  // after the policies: goes before them
  Got got;
};

// --- tokens

TEST_F(AsyncCallTest, CompletesACallbackWithWhatTheOperationGave) {
  async_call<int>(loop.executor(), guarded, dependency.op(), got.handler(), loop.time);
  loop.run();
  ASSERT_EQ(dependency.running.size(), 1U);
  EXPECT_EQ(dependency.running[0].attempt.number, 1U);
  EXPECT_EQ(dependency.running[0].attempt.deadline, TimePoint::max());
  EXPECT_EQ(got.times, 0);
  dependency.succeed(0, 7);
  loop.run();
  EXPECT_EQ(got.times, 1);
  EXPECT_FALSE(got.code);
  EXPECT_EQ(got.value, 7);
  EXPECT_EQ(totals().successes, 1U);
}

TEST_F(AsyncCallTest, RunsWhereTheHandlerRunsWhenNoExecutorIsGiven) {
  async_call<int>(guarded, dependency.op(), asio::bind_executor(loop.executor(), got.handler()), loop.time);
  loop.run();
  dependency.succeed(0, 7);
  loop.run();
  EXPECT_EQ(got.value, 7);
}

TEST_F(AsyncCallTest, CompletesACoroutineWithTheValue) {
  int value = 0;
  run_coroutine(loop, [&]() -> asio::awaitable<void> {
    const auto twice = [](const AsyncAttempt& attempt) -> asio::awaitable<int> {
      co_await asio::post(asio::use_awaitable);
      co_return static_cast<int>(attempt.number) * 2;
    };
    value = co_await async_call<int>(guarded, twice, asio::use_awaitable, loop.time);
  });
  EXPECT_EQ(value, 2);
  EXPECT_EQ(totals().successes, 1U);
}

TEST_F(AsyncCallTest, AnErrorThatACoroutineReturnsOpensTheBreaker) {
  run_coroutine(loop, [&]() -> asio::awaitable<void> {
    using Pair = std::pair<error_code, int>;
    const auto pair = []() -> asio::awaitable<Pair> { co_return Pair{asio::error::connection_refused, 0}; };
    const Pair first = co_await async_call<Pair>(guarded, pair, asio::use_awaitable, loop.time);
    EXPECT_EQ(first.first, refused_connection);

    // Asio needs a value beside an exception, and a boost::system::result has no default.
    using Reply = std::optional<boost::system::result<int>>;
    const auto picky = Classifier{}.results([](const Reply& reply, Duration latency) {
      return DefaultClassifier{}.of_result(reply.value(), latency);
    });
    const auto fails = []() -> asio::awaitable<Reply> { co_return refused_connection; };
    const auto pipeline = guarded.classified_by(picky);
    const Reply second = co_await async_call<Reply>(pipeline, fails, asio::use_awaitable, loop.time);
    EXPECT_EQ(second.value().error(), refused_connection);
  });
  EXPECT_EQ(totals().failures, 2U);
  EXPECT_EQ(breaker.state(), State::open);
}

TEST_F(AsyncCallTest, CompletesACoroutineWhoseOperationTakesAToken) {
  int value = 0;
  run_coroutine(loop, [&]() -> asio::awaitable<void> {
    asio::steady_timer timer(loop.io, 0s);
    const auto waits = [&](const AsyncAttempt&, auto&& token) {
      return timer.async_wait(std::forward<decltype(token)>(token));
    };
    co_await async_call<void>(guarded, waits, asio::use_awaitable, loop.time);
    value = 3;
  });
  EXPECT_EQ(value, 3);
}

TEST_F(AsyncCallTest, KeepsAFuture) {
  std::future<int> future =
      async_call<int>(loop.executor(), guarded, dependency.op(), asio::use_future, loop.time);
  loop.run();
  dependency.succeed(0, 7);
  loop.run();
  ASSERT_EQ(future.wait_for(0s), std::future_status::ready);
  EXPECT_EQ(future.get(), 7);
}

TEST_F(AsyncCallTest, WaitsForADeferredCallToBeStarted) {
  auto deferred = async_call<int>(loop.executor(), guarded, dependency.op(), asio::deferred, loop.time);
  loop.run();
  EXPECT_TRUE(dependency.running.empty());
  std::move(deferred)(got.handler());
  loop.run();
  ASSERT_EQ(dependency.running.size(), 1U);
  dependency.succeed(0, 7);
  loop.run();
  EXPECT_EQ(got.value, 7);
}

TEST_F(AsyncCallTest, GivesATupleWithoutThrowing) {
  error_code seen;
  run_coroutine(loop, [&]() -> asio::awaitable<void> {
    breaker.command(Command::force_open, loop.time.now());
    auto [code, value] =
        co_await async_call<int>(guarded, dependency.op(), asio::as_tuple(asio::use_awaitable), loop.time);
    EXPECT_EQ(value, 0);
    seen = code;
  });
  EXPECT_EQ(seen, Reason::forced_open);
}

TEST_F(AsyncCallTest, PassesMoveOnlyValues) {
  int value = 0;
  run_coroutine(loop, [&]() -> asio::awaitable<void> {
    const auto make = []() -> asio::awaitable<std::unique_ptr<int>> { co_return std::make_unique<int>(7); };
    std::unique_ptr<int> made =
        co_await async_call<std::unique_ptr<int>>(guarded, make, asio::use_awaitable, loop.time);
    value = *made;
  });
  EXPECT_EQ(value, 7);
}

TEST_F(AsyncCallTest, NeverCompletesInsideTheInitiatingFunction) {
  breaker.command(Command::force_open, loop.time.now());
  asio::post(loop.io, [&] {  // where the call could be refused, and complete, at once
    async_call<int>(loop.executor(), guarded, dependency.op(), got.handler(), loop.time);
    EXPECT_EQ(got.times, 0);
  });
  loop.run();
  EXPECT_EQ(got.times, 1);
  EXPECT_EQ(got.code, Reason::forced_open);
}

TEST_F(AsyncCallTest, CompletesLaterAlsoWhenTheOperationBreaksTheRuleAndCompletesAtOnce) {
  const auto at_once = [](const AsyncAttempt&, auto token) { std::move(token)(error_code{}, 7); };
  asio::post(loop.io, [&] {
    async_call<int>(loop.executor(), guarded, at_once, got.handler(), loop.time);
    EXPECT_EQ(got.times, 0);
  });
  loop.run();
  EXPECT_EQ(got.value, 7);
}

// --- rejections

TEST_F(AsyncCallTest, GivesARejectionAsAnErrorCode) {
  for (int failure = 0; failure < 2; ++failure) {
    async_call<int>(loop.executor(), guarded, dependency.op(), got.handler(), loop.time);
    loop.run();
    dependency.end(dependency.running.size() - 1, refused_connection);
    loop.run();
    EXPECT_EQ(got.code, refused_connection) << "the operation's own";
  }
  AsyncReport report;
  loop.run_for(10s);
  async_call<int>(loop.executor(), guarded, AsyncCallOptions{{}, &report}, dependency.op(), got.handler(),
                  loop.time);
  loop.run();
  EXPECT_EQ(dependency.running.size(), 2U) << "no attempt was made";
  EXPECT_EQ(got.code, Reason::open);
  EXPECT_EQ(got.code.message(), "rejected: open");
  ASSERT_TRUE(report.rejection);
  EXPECT_EQ(report.rejection->policy, "payment");
  EXPECT_EQ(report.rejection->retry_after, 20s);
  EXPECT_EQ(report.attempts, 0U);
}

TEST_F(AsyncCallTest, ThrowsRejectedIntoACoroutineWhoseOperationIsOne) {
  breaker.command(Command::force_open, loop.time.now());
  const auto never = []() -> asio::awaitable<int> { co_return 1; };
  const auto calls = [&]() -> asio::awaitable<void> {
    co_await async_call<int>(guarded, never, asio::use_awaitable, loop.time);
  };
  try {
    run_coroutine(loop, calls);
    FAIL() << "not refused";
  } catch (const Rejected& rejected) {
    EXPECT_EQ(rejected.policy(), "payment");
    EXPECT_EQ(rejected.reason(), Reason::forced_open);
  }
}

TEST_F(AsyncCallTest, GivesTheRejectionAsAValueToWhoeverAsksForOne) {
  breaker.command(Command::force_open, loop.time.now());
  std::optional<Rejection> refused;
  run_coroutine(loop, [&]() -> asio::awaitable<void> {
    const auto never = []() -> asio::awaitable<int> { co_return 1; };
    const Result<int> answer = co_await async_try_call<int>(guarded, never, asio::use_awaitable, loop.time);
    if (!answer) refused = answer.rejection();
  });
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->policy, "payment");

  bool ran = false;
  async_try_call<int>(
      loop.executor(), guarded, dependency.op(),
      [&](error_code code, const Result<int>& answer) {
        ran = true;
        EXPECT_FALSE(code);
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.rejection().reason, Reason::forced_open);
      },
      loop.time);
  loop.run();
  EXPECT_TRUE(ran);
}

// --- failures

TEST_F(AsyncCallTest, GivesTheRejectionAsAValueOfACallForNothingToo) {
  bool admitted = false;
  run_coroutine(loop, [&]() -> asio::awaitable<void> {
    const auto nothing = []() -> asio::awaitable<void> { co_return; };
    admitted = (co_await async_try_call<void>(guarded, nothing, asio::use_awaitable, loop.time)).has_value();
    breaker.command(Command::force_open, loop.time.now());
    const auto refused = co_await async_try_call<void>(guarded, nothing, asio::use_awaitable, loop.time);
    EXPECT_EQ(refused.rejection().reason, Reason::forced_open);
  });
  EXPECT_TRUE(admitted);
}

TEST_F(AsyncCallTest, HandsOverWhatAClassifierThrows) {
  Bulkhead bulkhead{"payment", {.max_concurrent = 1}};
  const auto undecided = Pipeline{bulkhead, breaker}.classified_by(
      Classifier{}.results([](int) -> bool { throw std::runtime_error("cannot say"); }));
  std::exception_ptr thrown;
  const auto answers = []() -> asio::awaitable<int> { co_return 1; };
  async_call<int>(
      loop.executor(), undecided, answers, [&](std::exception_ptr given, int) { thrown = given; }, loop.time);
  loop.run();
  ASSERT_TRUE(thrown);
  EXPECT_THROW(std::rethrow_exception(thrown), std::runtime_error);
  async_call<int>(loop.executor(), undecided, dependency.op(), got.handler(), loop.time);
  loop.run();
  dependency.succeed(0, 7);
  loop.run();
  EXPECT_EQ(got.code, AsyncErrc::exception);
  EXPECT_EQ(bulkhead.snapshot().in_use, 0U);
  EXPECT_EQ(totals().ignored, 2U);
}

TEST_F(AsyncCallTest, KeepsTheValueThatCameWithAnError) {
  async_call<int>(loop.executor(), guarded, dependency.op(), got.handler(), loop.time);
  loop.run();
  dependency.end(0, asio::error::eof, 42);
  loop.run();
  EXPECT_EQ(got.code, asio::error::eof);
  EXPECT_EQ(got.value, 42) << "a read says how far it came";
}

TEST_F(AsyncCallTest, LetsTheOperationsOwnExceptionPass) {
  const auto throws = []() -> asio::awaitable<int> {
    throw std::out_of_range("mine");
    co_return 1;
  };
  const auto calls = [&]() -> asio::awaitable<void> {
    co_await async_call<int>(guarded, throws, asio::use_awaitable, loop.time);
  };
  EXPECT_THROW(run_coroutine(loop, calls), std::out_of_range);
  EXPECT_EQ(totals().failures, 1U);

  std::exception_ptr thrown;
  async_call<int>(
      loop.executor(), guarded, throws, [&](std::exception_ptr exception, int) { thrown = exception; },
      loop.time);
  loop.run();
  ASSERT_TRUE(thrown) << "a callback gets it too";
  EXPECT_THROW(std::rethrow_exception(thrown), std::out_of_range);
}

TEST_F(AsyncCallTest, JudgesASystemErrorOfBoostsByItsCode) {
  error_code code;
  const auto throws = [&]() -> asio::awaitable<void> { throw boost::system::system_error(code); };
  const auto call_once = [&] {
    async_call<void>(
        loop.executor(), guarded, throws, [](std::exception_ptr) {}, loop.time);
    loop.run();
  };
  code = asio::error::operation_aborted;
  call_once();
  EXPECT_EQ(totals().ignored, 1U);
  code = refused_connection;
  call_once();
  EXPECT_EQ(totals().failures, 1U);
  EXPECT_EQ(totals().failures_by_type[static_cast<std::size_t>(FailureType::connection_error)], 1U);
}

TEST_F(AsyncCallTest, JudgesNamedExceptionsAsTheClassifierSays) {
  const auto picky = guarded.classified_by(Classifier{}.failures_are<std::runtime_error>());
  const auto aborted = []() -> asio::awaitable<void> {
    throw boost::system::system_error(asio::error::operation_aborted);
    co_return;
  };
  async_call<void>(
      loop.executor(), picky, aborted, [](std::exception_ptr) {}, loop.time);
  loop.run();
  EXPECT_EQ(totals().failures, 1U) << "a boost::system::system_error is a std::runtime_error";
  const auto other = []() -> asio::awaitable<void> {
    throw std::logic_error("not named");
    co_return;
  };
  async_call<void>(
      loop.executor(), picky, other, [](std::exception_ptr) {}, loop.time);
  loop.run();
  EXPECT_EQ(totals().ignored, 1U);
}

TEST_F(AsyncCallTest, FindsACodeForWhatAnOperationWithATokenThrowsAtOnce) {
  const auto throws = [](const AsyncAttempt& attempt, auto&&) {
    if (attempt.number == 1) throw boost::system::system_error(refused_connection);
    throw std::logic_error("no code");
  };
  async_call<int>(loop.executor(), guarded, throws, got.handler(), loop.time);
  loop.run();
  EXPECT_EQ(got.code, refused_connection);
  const auto without_code = [](const AsyncAttempt&, auto&&) { throw std::logic_error("no code"); };
  async_call<int>(loop.executor(), guarded, without_code, got.handler(), loop.time);
  loop.run();
  EXPECT_EQ(got.code, make_error_code(AsyncErrc::exception));
  EXPECT_EQ(totals().failures, 2U);
}

TEST_F(AsyncCallTest, KeepsBothCausesWhenTheFallbackFailsToo) {
  auto fallback = Fallback<int>::fail("payment", "come back tomorrow");
  const Pipeline pipeline{fallback, breaker};
  AsyncReport report;
  async_call<int>(loop.executor(), pipeline, AsyncCallOptions{{}, &report}, dependency.op(), got.handler(),
                  loop.time);
  loop.run();
  dependency.end(0, refused_connection);
  loop.run();
  EXPECT_EQ(got.code, make_error_code(FallbackErrc::told_to_fail));
  ASSERT_TRUE(report.failure);
  EXPECT_EQ(report.failure->message, "come back tomorrow");
  EXPECT_EQ(report.failure->primary.code, std::errc::connection_refused);

  const auto throws = []() -> asio::awaitable<int> {
    throw std::out_of_range("mine");
    co_return 1;
  };
  const auto calls = [&]() -> asio::awaitable<void> {
    co_await async_call<int>(pipeline, throws, asio::use_awaitable, loop.time);
  };
  EXPECT_THROW(run_coroutine(loop, calls), FallbackError);

  breaker.command(Command::force_open, loop.time.now());
  EXPECT_THROW(run_coroutine(loop, calls), FallbackError) << "of a refusal too";
  async_call<int>(loop.executor(), pipeline, dependency.op(), got.handler(), loop.time);
  loop.run();
  EXPECT_EQ(got.code, make_error_code(FallbackErrc::told_to_fail));
}

TEST_F(AsyncCallTest, TryCallKeepsTheOperationsOwnErrorWhenTheFallbackFailsToo) {
  auto fallback = Fallback<int>::fail("payment", "come back tomorrow");
  const Pipeline pipeline{fallback, breaker};
  CallReport report;
  const CallOptions options{.report = &report};
  error_code seen;
  std::optional<Reason> refused;
  const auto handler = [&](error_code code, Result<int> result) {
    seen = code;
    refused.reset();
    if (!code && !result) refused = result.rejection().reason;
  };
  async_try_call<int>(loop.executor(), pipeline, options, dependency.op(), handler, loop.time);
  loop.run();
  dependency.end(0, refused_connection);
  loop.run();
  EXPECT_EQ(seen, refused_connection);
  EXPECT_EQ(report.failure->message, "come back tomorrow");

  const auto throws = []() -> asio::awaitable<int> {
    throw std::out_of_range("mine");
    co_return 1;
  };
  const auto calls = [&]() -> asio::awaitable<void> {
    static_cast<void>(
        co_await async_try_call<int>(pipeline, options, throws, asio::use_awaitable, loop.time));
  };
  EXPECT_THROW(run_coroutine(loop, calls), std::out_of_range);

  breaker.command(Command::force_open, loop.time.now());
  async_try_call<int>(loop.executor(), pipeline, options, dependency.op(), handler, loop.time);
  loop.run();
  EXPECT_FALSE(seen);
  EXPECT_EQ(refused, Reason::forced_open);
  EXPECT_EQ(report.failure->primary.rejection->reason, Reason::forced_open);
}

TEST_F(AsyncCallTest, UserTwoNeverGetsTheDataOfUserOneFromMemory) {
  auto last = Fallback<int>::cached("users", {});
  Cache<int> cache{"users", {.ttl = std::chrono::seconds{5}}};
  const Pipeline pipeline{last, cache};
  const auto load = [&](std::string_view key, error_code code, int user) {
    Got one;
    async_call<int>(loop.executor(), pipeline, CallOptions{.key = key}, dependency.op(), one.handler(),
                    loop.time);
    loop.run();
    dependency.end(dependency.running.size() - 1, code, user);
    loop.run();
    EXPECT_EQ(one.times, 1);
    return one;
  };
  EXPECT_EQ(load("", {}, 1).value, 1);
  EXPECT_EQ(load("", {}, 2).value, 2) << "not the cache's answer to user 1";
  EXPECT_EQ(load("", asio::error::connection_reset, 0).code, make_error_code(FallbackErrc::no_key));
  EXPECT_EQ(cache.size() + last.counters().remembered, 0U);

  EXPECT_EQ(load("user 1", {}, 1).value, 1);
  EXPECT_EQ(load("user 2", {}, 2).value, 2);
  loop.run_for(std::chrono::seconds{6});
  EXPECT_EQ(load("user 2", asio::error::connection_reset, 0).value, 2) << "its own last answer";
}

TEST_F(AsyncCallTest, AnswersFromTheFallback) {
  auto fallback = Fallback<int>::value("payment", 99);
  AsyncReport report;
  async_call<int>(loop.executor(), Pipeline{fallback, breaker}, AsyncCallOptions{{}, &report},
                  dependency.op(), got.handler(), loop.time);
  loop.run();
  dependency.end(0, refused_connection);
  loop.run();
  EXPECT_FALSE(got.code);
  EXPECT_EQ(got.value, 99);
  EXPECT_EQ(report.source, Source::fallback);
  EXPECT_EQ(report.attempts, 1U);
}

}  // namespace
}  // namespace switchgear
