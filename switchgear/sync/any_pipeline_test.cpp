#include "switchgear/sync/any_pipeline.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "switchgear/pipeline/standard_order.hpp"
#include "switchgear/policy/fallback.hpp"
#include "switchgear/testing/manual_time.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;

CircuitBreakerOptions after(std::uint32_t failures) {
  CircuitBreakerOptions options;
  options.consecutive_failures = failures;
  return options;
}

TEST(Own, ThePipelineKeepsItsPoliciesAliveAndSoDoItsCopies) {
  auto breaker = std::make_shared<CircuitBreaker>("payment", after(1));
  const std::weak_ptr<CircuitBreaker> watched = breaker;
  Retry retry{"payment", RetryOptions{}};
  {
    auto pipeline = std::make_unique<Pipeline<Owned<CircuitBreaker>, Retry>>(own(std::move(breaker)), retry);
    const auto copy = *pipeline;
    pipeline.reset();
    EXPECT_EQ(*try_call(copy, [] { return 3; }), 3);
    EXPECT_FALSE(watched.expired());
  }
  EXPECT_TRUE(watched.expired());
}

TEST(Own, MakesAPolicyInPlaceAndTakesUniquePointers) {
  const Pipeline pipeline{own<CircuitBreaker>("payment", after(1)),
                          own(std::make_unique<Timeout>("payment", 1s))};
  EXPECT_THROW(call(pipeline, []() -> int { throw std::runtime_error("down"); }), std::runtime_error);
  EXPECT_FALSE(try_call(pipeline, [] { return 1; })) << "the breaker has opened";
  EXPECT_THROW(static_cast<void>(own(std::shared_ptr<Retry>{})), std::invalid_argument);
}

TEST(Own, StandsInTheStandardOrderToo) {
  Retry retry{"payment", {.max_attempts = 2}};
  const auto owned = own<CircuitBreaker>("payment", after(9));
  int calls = 0;
  const auto failing = [&]() -> int {
    ++calls;
    throw std::runtime_error("down");
  };
  EXPECT_THROW(call(standard_pipeline(owned, retry), failing), std::runtime_error);
  EXPECT_EQ(owned->snapshot(SteadyTime::now()).totals.failures, 2U) << "the retry is outside";
  EXPECT_EQ(calls, 2);
}

TEST(AnyPipeline, IsMadeOfAnyPipelineAndCalledLikeOne) {
  Retry retry{"payment", {.max_attempts = 2}};
  AnyPipeline<int> any = Pipeline{retry};
  EXPECT_EQ(call(any, [] { return 3; }), 3);
  EXPECT_EQ(*try_call(any, [](const Attempt& attempt) { return static_cast<int>(attempt.number); }), 1);
  CallReport report;
  int calls = 0;
  CallOptions options;
  options.report = &report;
  EXPECT_EQ(call(any, options,
                 [&] {
                   if (++calls == 1) throw std::runtime_error("once");
                   return calls;
                 }),
            2);
  EXPECT_EQ(report.attempts, 2U);
  any = Pipeline{own<CircuitBreaker>("payment", after(1))};
  EXPECT_THROW(call(any, []() -> int { throw std::runtime_error("down"); }), std::runtime_error);
  EXPECT_EQ(try_call(any, [] { return 1; }).rejection().reason, Reason::open);
  EXPECT_THROW(call(any, [] { return 1; }), Rejected);
}

TEST(AnyPipeline, OfCallsWithoutAnAnswerAndOfFallbacks) {
  Retry retry{"payment", RetryOptions{}};
  const AnyPipeline<void> nothing = Pipeline{retry};
  int calls = 0;
  call(nothing, [&] { ++calls; });
  EXPECT_EQ(calls, 1);
  auto last = Fallback<std::string>::value("payment", "last known");
  const AnyPipeline<std::string> any = Pipeline{last, retry};
  EXPECT_EQ(call(any, []() -> std::string { throw std::runtime_error("down"); }), "last known");
}

TEST(AnyPipeline, RunsInManualTimeAndUnderGuard) {
  testing::ManualTime time;
  Retry retry{"payment", {.max_attempts = 3, .base = 1s, .jitter = Jitter::none}};
  const AnyPipeline<int, testing::ManualTime> any = Pipeline{retry};
  int calls = 0;
  auto guarded = guard<testing::ManualTime>(any, [&](int from) {
                   if (++calls < 3) throw std::runtime_error("down");
                   return from + calls;
                 }).time(time);
  const TimePoint began = time.now();
  EXPECT_EQ(guarded(10), 13);
  EXPECT_GE(time.now() - began, 2s) << "it has waited twice, and nobody slept";
}

TEST(Guard, StopsAndReports) {
  CircuitBreaker breaker{"payment", after(9)};
  std::stop_source stop;
  std::vector<std::uint32_t> attempts;
  auto charge = guard(breaker,
                      [](int cents) {
                        if (cents < 0) throw std::invalid_argument("cents");
                        return cents;
                      })
                    .stop(stop.get_token())
                    .report([&](const CallReport& report) { attempts.push_back(report.attempts); });
  EXPECT_EQ(charge(3), 3);
  EXPECT_THROW(charge(-1), std::invalid_argument);
  stop.request_stop();
  EXPECT_THROW(charge(3), Rejected);
  EXPECT_EQ(attempts, (std::vector<std::uint32_t>{1, 1, 0})) << "whether it answers, throws or is refused";
}

TEST(SinglePolicies, AreShortcutsForAPipelineOfOne) {
  Timeout timeout{"t", 1s};
  Bulkhead bulkhead{"b", {.max_concurrent = 1}};
  auto fallback = Fallback<int>::value("f", 9);
  EXPECT_EQ(call(timeout, [] { return 1; }), 1);
  EXPECT_EQ(*try_call(bulkhead, [] { return 2; }), 2);
  EXPECT_EQ(call(fallback, []() -> int { throw std::runtime_error("down"); }), 9);
  EXPECT_EQ(guard(bulkhead, [](int x) { return x; })(4), 4);
}

}  // namespace
}  // namespace switchgear
