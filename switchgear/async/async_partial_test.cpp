#include "switchgear/async/async_partial.hpp"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <stdexcept>

#include "switchgear/async/async_fixture.hpp"
#include "switchgear/policy/cache.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;
using namespace switchgear::testing;

class AsyncPartialTest : public ::testing::Test {
 protected:
  /// The attempts of call i are the dependency's, in the order in which they begin.
  [[nodiscard]] auto op() {
    return [this](std::uint32_t index, const AsyncAttempt& attempt, auto&& token) {
      order.push_back(index);
      return dependency(attempt, std::forward<decltype(token)>(token));
    };
  }
  [[nodiscard]] auto handler() {
    return [this](error_code given, PartialAnswers<int> answers) {
      ++times;
      code = given;
      batch = std::move(answers);
    };
  }
  void start(std::uint32_t calls, double ratio) {
    async_partial<int>(loop.executor(), pipeline, calls, ratio, op(), handler(), loop.time);
    loop.run();
  }
  void end(std::size_t index, error_code result, int value = 0) {
    dependency.end(index, result, value);
    loop.run();
  }

  Loop loop;
  Bulkhead bulkhead{"batch", {.max_concurrent = 4}};
  Pipeline<Bulkhead> pipeline{bulkhead};
  Dependency dependency{loop.executor()};  // after the policies: goes before them
  std::vector<std::uint32_t> order;
  int times = 0;
  error_code code;
  PartialAnswers<int> batch;
};

TEST_F(AsyncPartialTest, GivesNoCallOfABatchTheAnswerToAnother) {
  Cache<int> cache{"shards", {}};
  async_partial<int>(loop.executor(), Pipeline{cache}, AsyncCallOptions{{.key = "q"}}, 3, 1.0, op(),
                     handler(), loop.time);
  loop.run();
  ASSERT_EQ(dependency.running.size(), 3U) << "three shards, three calls";
  for (int i = 0; i < 3; ++i) end(static_cast<std::size_t>(i), {}, i);
  EXPECT_EQ(times, 1);
  EXPECT_EQ(batch.answers.size(), 3U);
  EXPECT_EQ(cache.size(), 3U);
}

TEST_F(AsyncPartialTest, MakesAllCallsAtOnceAndAcceptsAtTheEarliestCertainMoment) {
  start(4, 0.5);
  ASSERT_EQ(dependency.running.size(), 4U);
  EXPECT_EQ(order, (std::vector<std::uint32_t>{0, 1, 2, 3}));
  end(3, {}, 30);
  EXPECT_EQ(times, 0);
  end(1, {}, 10);
  EXPECT_EQ(times, 1);
  EXPECT_FALSE(code);
  EXPECT_EQ(batch.decision, Partial::Decision::accepted);
  ASSERT_EQ(batch.answers.size(), 2U);
  EXPECT_EQ(batch.answers[0].index, 3U);
  EXPECT_EQ(batch.answers[1].value, 10);
  EXPECT_EQ(batch.made, 4U);
  EXPECT_TRUE(dependency.running[0].cancelled);
  EXPECT_TRUE(dependency.running[2].cancelled);
  EXPECT_EQ(bulkhead.snapshot().in_use, 0U);
}

TEST_F(AsyncPartialTest, HandsEveryCallTheDeadlineOfWhoeverAsks) {
  const TimePoint parent = loop.time.now() + 2s;
  async_partial<int>(loop.executor(), pipeline, CallOptions{.deadline = parent}, 2, 0.5, op(), handler(),
                     loop.time);
  loop.run();
  ASSERT_EQ(dependency.running.size(), 2U);
  for (const auto& running : dependency.running) EXPECT_EQ(running.attempt.deadline, parent);
  loop.run_for(2s);
  EXPECT_EQ(times, 1);
  EXPECT_EQ(batch.decision, Partial::Decision::impossible);
  EXPECT_EQ(bulkhead.snapshot().in_use, 0U);
}

TEST_F(AsyncPartialTest, GivesUpAsSoonAsItIsImpossible) {
  start(4, 0.75);
  end(0, asio::error::connection_refused);
  EXPECT_EQ(times, 0);
  end(2, asio::error::connection_refused);
  EXPECT_EQ(times, 1);
  EXPECT_FALSE(code);
  EXPECT_EQ(batch.decision, Partial::Decision::impossible);
  EXPECT_TRUE(dependency.running[1].cancelled);
}

TEST_F(AsyncPartialTest, CountsARefusalAsNoSuccess) {
  start(6, 1.0);  // two find no slot
  EXPECT_EQ(batch.decision, Partial::Decision::impossible);
  EXPECT_EQ(times, 1);
}

TEST_F(AsyncPartialTest, WaitsForTheCallsItHasCancelled) {
  dependency.deaf = true;
  start(2, 0.5);
  end(0, {}, 1);
  EXPECT_EQ(times, 0);
  end(1, {}, 2);
  EXPECT_EQ(times, 1);
  EXPECT_EQ(batch.answers.size(), 1U) << "what comes after the decision is not part of it";
}

TEST_F(AsyncPartialTest, NeedsNoCallWhenNoSuccessIsNeeded) {
  asio::post(loop.io, [&] {
    async_partial<int>(loop.executor(), pipeline, 3, 0.0, op(), handler(), loop.time);
    EXPECT_EQ(times, 0) << "never inside the initiating function";
  });
  loop.run();
  EXPECT_EQ(times, 1);
  EXPECT_EQ(batch.decision, Partial::Decision::accepted);
  EXPECT_EQ(batch.made, 0U);
  EXPECT_TRUE(dependency.running.empty());
}

TEST_F(AsyncPartialTest, IsCancelledAsAWhole) {
  asio::cancellation_signal signal;
  async_partial<int>(loop.executor(), pipeline, 3, 1.0, op(),
                     asio::bind_cancellation_slot(signal.slot(), handler()), loop.time);
  loop.run();
  asio::post(loop.io, [&] { signal.emit(asio::cancellation_type::terminal); });
  loop.run();
  EXPECT_EQ(times, 1);
  EXPECT_EQ(code, Reason::cancelled);
  EXPECT_EQ(bulkhead.snapshot().in_use, 0U);
}

TEST_F(AsyncPartialTest, SwallowsTheExceptionsOfCoroutines) {
  const auto ask = [](std::uint32_t index, const AsyncAttempt&) -> asio::awaitable<int> {
    if (index == 1) throw std::out_of_range("mine");
    co_return static_cast<int>(index) * 10;
  };
  PartialAnswers<int> answers;
  run_coroutine(loop, [&]() -> asio::awaitable<void> {
    answers =
        co_await async_partial<int>(loop.executor(), pipeline, 3, 0.6, ask, asio::use_awaitable, loop.time);
  });
  EXPECT_EQ(answers.decision, Partial::Decision::accepted);
  ASSERT_EQ(answers.answers.size(), 2U);
  EXPECT_EQ(answers.answers[1].value, 20);
}

TEST_F(AsyncPartialTest, RefusesARatioThatIsNone) {
  EXPECT_THROW(async_partial<int>(loop.executor(), pipeline, 3, 1.5, op(), handler(), loop.time),
               std::invalid_argument);
}

}  // namespace
}  // namespace switchgear
