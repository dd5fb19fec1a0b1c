#include "switchgear/observe/transition_log.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace switchgear {
namespace {

using namespace std::chrono_literals;

Transition transition(std::string_view breaker, std::uint64_t generation, TimePoint at = TimePoint{1h}) {
  Transition made;
  made.breaker = breaker;
  made.generation = generation;
  made.at = at;
  made.from = generation % 2 == 1 ? State::closed : State::open;
  made.to = generation % 2 == 1 ? State::open : State::half_open;
  made.rule = Rule::failure_rate;
  made.value = 0.75;
  made.threshold = 0.5;
  return made;
}

TEST(TransitionLog, OutlivesTheStringsItWasGiven) {
  TransitionLog log;
  {
    std::string name = "a name too long for the small string optimisation";
    log.on_transition(transition(name, 1));
    name.assign(name.size(), 'x');
  }
  const auto last = log.last("a name too long for the small string optimisation");
  ASSERT_TRUE(last);
  EXPECT_EQ(last->breaker, "a name too long for the small string optimisation");
  EXPECT_EQ(last->rule, Rule::failure_rate);
  EXPECT_EQ(last->value, 0.75);
  EXPECT_EQ(last->threshold, 0.5);
}

TEST(TransitionLog, KeepsOnlyTheLastOnesOfEachBreaker) {
  TransitionLog log{3};
  for (std::uint64_t generation = 1; generation <= 10; ++generation)
    log.on_transition(transition("busy", generation));
  log.on_transition(transition("quiet", 1));
  const auto busy = log.of("busy");
  ASSERT_EQ(busy.size(), 3U);
  EXPECT_EQ(busy[0].generation, 10U) << "newest first";
  EXPECT_EQ(busy[2].generation, 8U);
  EXPECT_EQ(log.of("quiet").size(), 1U) << "a busy breaker takes no other's room";
}

TEST(TransitionLog, CountsEvenWhatItNoLongerKeeps) {
  TransitionLog log{1};
  for (std::uint64_t generation = 1; generation <= 10; ++generation)
    log.on_transition(transition("busy", generation));
  const auto counts = log.counts("busy");
  EXPECT_EQ(counts[static_cast<std::size_t>(State::closed)][static_cast<std::size_t>(State::open)], 5U);
  EXPECT_EQ(counts[static_cast<std::size_t>(State::open)][static_cast<std::size_t>(State::half_open)], 5U);
}

TEST(TransitionLog, PutsEventsThatOvertookEachOtherBackIntoOrder) {
  TransitionLog log;
  log.on_transition(transition("payment", 1));
  log.on_transition(transition("payment", 3));
  log.on_transition(transition("payment", 2));
  EXPECT_EQ(log.last("payment")->generation, 3U);
  EXPECT_EQ(log.of("payment")[1].generation, 2U);
}

TEST(TransitionLog, TakesALaterLowerGenerationForAReplacedBreaker) {
  TransitionLog log;
  log.on_transition(transition("payment", 7, TimePoint{1h}));
  log.on_transition(transition("payment", 1, TimePoint{2h}));
  EXPECT_EQ(log.last("payment")->generation, 1U);
}

TEST(TransitionLog, SaysWhenEachBreakerOpenedLast) {
  TransitionLog log;
  Transition opens = transition("payment", 1);
  opens.wall = WallAnchor::Wall{5s};
  log.on_transition(opens);
  log.on_transition(transition("payment", 2));
  Transition relapses = transition("payment", 3);
  relapses.from = State::half_open;
  relapses.wall = WallAnchor::Wall{9s};
  log.on_transition(relapses);
  log.on_transition(transition("stays closed", 2));
  const auto openings = log.last_openings();
  ASSERT_EQ(openings.size(), 1U);
  EXPECT_EQ(openings[0].breaker, "payment");
  EXPECT_EQ(openings[0].at, WallAnchor::Wall{5s}) << "a relapse is not an opening of its own";
}

TEST(TransitionLog, DoesNotTakeMinusOneForAllTheMemoryThereIs) {
  EXPECT_THROW(TransitionLog{static_cast<std::size_t>(-1)}, std::invalid_argument);
}

TEST(TransitionLog, ForgetsBreakersThatAreGone) {
  TransitionLog log;
  log.on_transition(transition("gone", 1));
  log.on_transition(transition("stays", 1));
  const std::vector<std::string> names{"other", "stays"};
  log.keep_only(names);
  EXPECT_FALSE(log.last("gone"));
  EXPECT_TRUE(log.last("stays"));
}

TEST(TransitionLog, KeepsEveryTransitionOnceAndInOrderUnderThreads) {
  constexpr int threads = 4;
  constexpr std::uint64_t each = 500;
  TransitionLog log{each};
  {
    std::vector<std::jthread> workers;
    for (int t = 0; t < threads; ++t) {
      workers.emplace_back([&log, name = "breaker-" + std::to_string(t)] {
        for (std::uint64_t generation = 1; generation <= each; ++generation)
          log.on_transition(transition(name, generation));
      });
    }
  }
  for (int t = 0; t < threads; ++t) {
    const auto all = log.of("breaker-" + std::to_string(t));
    ASSERT_EQ(all.size(), each);
    for (std::uint64_t i = 0; i < each; ++i) EXPECT_EQ(all[i].generation, each - i);
  }
}

}  // namespace
}  // namespace switchgear
