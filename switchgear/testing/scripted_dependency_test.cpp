#include "switchgear/testing/scripted_dependency.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <optional>
#include <string>
#include <thread>

#include "switchgear/testing/manual_time.hpp"
#include "switchgear/testing/seeded_chaos.hpp"

namespace switchgear::testing {
namespace {

using namespace std::chrono_literals;

TEST(ScriptedDependency, PlaysItsStepsInOrder) {
  ScriptedDependency<int> stock;
  stock.answers(7, 10ms, 2).fails(FailureType::timeout, 2s).throws(std::out_of_range{"shelf 9"}, 1ms);
  ManualTime time;
  const TimePoint began = time.now();
  for (int i = 0; i < 2; ++i) {
    auto call = stock.next();
    time.advance(call.latency());
    EXPECT_EQ(call.outcome.verdict, Verdict::success);
    EXPECT_EQ(std::move(call).get(), 7);
  }
  auto late = stock.next();
  time.advance(late.latency());
  EXPECT_EQ(late.number, 3U);
  EXPECT_EQ(late.outcome.verdict, Verdict::failure);
  std::optional<FailureType> told;
  try {
    (void)std::move(late).get();
  } catch (const ScriptedFailure& failure) {
    told = failure.type();
  }
  EXPECT_EQ(told, FailureType::timeout) << "a failed call has no value";
  auto thrown = stock.next();
  EXPECT_EQ(thrown.outcome.type, FailureType::exception);
  EXPECT_THROW((void)std::move(thrown).get(), std::out_of_range);
  EXPECT_EQ(time.now() - began, 2s + 20ms);
  EXPECT_EQ(stock.calls(), 4U);
  EXPECT_EQ(stock.left(), 0U);
}

TEST(ScriptedDependency, RefusesTheCallThatIsNotInItsScript) {
  ScriptedDependency<int> stock;
  EXPECT_THROW((void)stock.next(), std::logic_error);
  stock.answers(1);
  (void)stock.next();
  EXPECT_THROW((void)stock.next(), std::logic_error);
  EXPECT_EQ(stock.calls(), 1U);
}

TEST(ScriptedDependency, RepeatsItsLastStepOrAllOfThem) {
  ScriptedDependency<int> last;
  last.answers(1).answers(2).at_the_end(AtTheEnd::repeat_last);
  ScriptedDependency<int> all;
  all.answers(1).answers(2, 0ns, 2).at_the_end(AtTheEnd::repeat_all);
  std::string seen_last;
  std::string seen_all;
  for (int i = 0; i < 6; ++i) {
    seen_last += std::to_string(last.next().get());
    seen_all += std::to_string(all.next().get());
  }
  EXPECT_EQ(seen_last, "122222");
  EXPECT_EQ(seen_all, "122122");
  last.rewind();
  EXPECT_EQ(last.next().get(), 1);
}

TEST(ScriptedDependency, HandsOutOutcomesOfAnyKind) {
  Outcome busy = Outcome::failure(FailureType::http_error, 1ms);
  busy.retry_after = 3s;
  ScriptedDependency<std::string> web;
  web.ends(busy, "429");
  const auto call = web.next();
  EXPECT_EQ(call.outcome.retry_after, Duration{3s});
  EXPECT_EQ(call.value, "429");
}

TEST(ScriptedDependency, GivesEveryCallOnceToManyThreads) {
  constexpr std::uint64_t calls = 4'000;
  ScriptedDependency<int> stock;
  stock.answers(1, 0ns, calls / 2).fails(FailureType::timeout, 0ns, calls / 2);
  std::atomic<std::uint64_t> successes{0};
  std::atomic<std::uint64_t> numbers{0};
  {
    std::vector<std::jthread> workers;
    for (int t = 0; t < 4; ++t) {
      workers.emplace_back([&] {
        for (std::uint64_t i = 0; i < calls / 4; ++i) {
          const auto call = stock.next();
          numbers += call.number;
          if (call.outcome.verdict == Verdict::success) ++successes;
        }
      });
    }
  }
  EXPECT_EQ(successes, calls / 2);
  EXPECT_EQ(numbers, calls * (calls + 1) / 2);
}

ScriptedCall<int> answer() {
  ScriptedDependency<int> stock;
  stock.answers(7, 10ms);
  return stock.next();
}

TEST(SeededChaos, MakesACallLateOrFailInsteadOfAnswering) {
  using Kind = Chaos::Injection::Kind;
  EXPECT_EQ(afflicted(answer(), {}, 2s).get(), 7);
  auto late = afflicted(answer(), {Kind::delay, 5ms, {}}, 2s);
  EXPECT_EQ(late.latency(), Duration{15ms});
  EXPECT_EQ(std::move(late).get(), 7);
  const auto failed = afflicted(answer(), {Kind::fail, {}, FailureType::http_error}, 2s);
  EXPECT_EQ(failed.outcome.type, FailureType::http_error);
  EXPECT_FALSE(failed.value);
  const auto timed_out = afflicted(answer(), {Kind::timeout, {}, FailureType::timeout}, 2s);
  EXPECT_EQ(timed_out.outcome.type, FailureType::timeout);
  EXPECT_EQ(timed_out.latency(), Duration{2s});
  EXPECT_EQ(afflicted(answer(), {Kind::abort, {}, {}}, 2s).outcome.type, FailureType::connection_error);
}

TEST(SeededChaos, BefallsItsShareOfCallsAndTheSameOnesForTheSameSeed) {
  const ChaosOptions options = failing_dependency(0.3, 50ms);
  EXPECT_TRUE(validate(options).empty());
  Chaos one{"stock", options, 42};
  Chaos same{"stock", options, 42};
  int befallen = 0;
  for (int i = 0; i < 10'000; ++i) {
    const auto injection = one.next();
    EXPECT_EQ(injection, same.next());
    if (injection) ++befallen;
  }
  EXPECT_NEAR(befallen, 3'000, 150);
}

TEST(SeededChaos, TakesItsSeedFromTheEnvironment) {
  ::unsetenv("SWITCHGEAR_SEED");
  EXPECT_EQ(seed_from_environment(42), 42U);
  ::setenv("SWITCHGEAR_SEED", "7", 1);
  EXPECT_EQ(seed_from_environment(42), 7U);
  ::setenv("SWITCHGEAR_SEED", "7x", 1);
  EXPECT_THROW((void)seed_from_environment(42), std::invalid_argument);
  ::unsetenv("SWITCHGEAR_SEED");
}

}  // namespace
}  // namespace switchgear::testing
