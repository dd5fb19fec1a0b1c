#include "switchgear/pipeline/flights.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace switchgear {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint t0{100s};

Step attempt(unsigned branch, TimePoint until = TimePoint::max()) {
  return {
      .kind = Step::Kind::attempt, .branch = static_cast<std::uint8_t>(branch), .number = 1, .until = until};
}

struct FlightsOfThree : ::testing::Test {
  Flights<3> flights;
  std::vector<unsigned> cancelled;
  void drop(std::uint16_t losers) {
    flights.drop(losers, [&](unsigned branch) { cancelled.push_back(branch); });
  }
  std::optional<Step> cut_off(TimePoint now) {
    return flights.cut_off(now, [&](unsigned branch) { cancelled.push_back(branch); });
  }
};

TEST_F(FlightsOfThree, ReportsAnAttemptThatCameBackInTime) {
  ASSERT_TRUE(flights.try_launch(attempt(0, t0 + 1s), t0));
  EXPECT_EQ(flights.in_the_air(), 1U);
  EXPECT_EQ(flights.next_due(), t0 + 1s);
  EXPECT_EQ(flights.land(0, t0 + 999ms), Landing::in_time);
  EXPECT_EQ(flights.in_the_air(), 0U);
  EXPECT_EQ(flights.next_due(), TimePoint::max());
}

TEST_F(FlightsOfThree, AnAnswerAtTheDeadlineIsTooLateThoughNobodyCutItOff) {
  ASSERT_TRUE(flights.try_launch(attempt(0, t0 + 1s), t0));
  EXPECT_EQ(flights.land(0, t0 + 1s), Landing::too_late);
}

TEST_F(FlightsOfThree, CutsOffOnceAndReportsATimeoutHoweverEarlyTheClockSaysItLanded) {
  ASSERT_TRUE(flights.try_launch(attempt(1, t0 + 1s), t0));
  EXPECT_FALSE(cut_off(t0 + 1s));
  EXPECT_FALSE(cut_off(t0 + 2s));
  EXPECT_EQ(cancelled, std::vector<unsigned>{1});
  EXPECT_EQ(flights.next_due(), TimePoint::max()) << "the rest is the attempt's own doing";
  EXPECT_EQ(flights.land(1, t0), Landing::too_late);
}

TEST_F(FlightsOfThree, LosersAreCancelledAndTheirOutcomesForgotten) {
  ASSERT_TRUE(flights.try_launch(attempt(0), t0));
  ASSERT_TRUE(flights.try_launch(attempt(2), t0));
  drop(0b101);
  EXPECT_EQ(cancelled, (std::vector<unsigned>{0, 2}));
  EXPECT_EQ(flights.land(2, t0), Landing::unwanted);
  EXPECT_FALSE(flights.take_successor(2));
  EXPECT_EQ(flights.in_the_air(), 1U);
}

TEST_F(FlightsOfThree, TheNextRaceWaitsForTheLoserInItsPlace) {
  ASSERT_TRUE(flights.try_launch(attempt(0), t0));
  drop(0b1);
  EXPECT_FALSE(flights.try_launch(attempt(0, t0 + 5s), t0 + 1s));
  EXPECT_EQ(flights.next_due(), t0 + 5s) << "its own time runs already";
  EXPECT_EQ(flights.land(0, t0 + 2s), Landing::unwanted);
  const std::optional<Step> successor = flights.take_successor(0);
  ASSERT_TRUE(successor);
  EXPECT_TRUE(flights.try_launch(*successor, t0 + 2s));
  EXPECT_EQ(flights.started(0), t0 + 2s);
}

TEST_F(FlightsOfThree, ASuccessorWhoseTimeIsOverBeforeItBeganIsATimeout) {
  ASSERT_TRUE(flights.try_launch(attempt(0), t0));
  drop(0b1);
  EXPECT_FALSE(flights.try_launch(attempt(0, t0 + 5s), t0 + 1s));
  const std::optional<Step> overdue = cut_off(t0 + 5s);
  ASSERT_TRUE(overdue);
  EXPECT_EQ(overdue->branch, 0);
  EXPECT_FALSE(cut_off(t0 + 5s));
  EXPECT_EQ(flights.land(0, t0 + 6s), Landing::unwanted);
  EXPECT_FALSE(flights.take_successor(0));
}

TEST_F(FlightsOfThree, DroppingASuccessorLeavesTheLoserInItsPlaceAlone) {
  ASSERT_TRUE(flights.try_launch(attempt(0), t0));
  drop(0b1);
  EXPECT_FALSE(flights.try_launch(attempt(0), t0));
  drop(0b1);
  EXPECT_EQ(cancelled, std::vector<unsigned>{0}) << "the loser has been told once";
  EXPECT_FALSE(flights.take_successor(0));
}

TEST_F(FlightsOfThree, NamesEachAttemptThatLandedWhileTheDriverWasAtWorkOnceAndCancelsItNot) {
  ASSERT_TRUE(flights.try_launch(attempt(0, t0 + 1s), t0));
  ASSERT_TRUE(flights.try_launch(attempt(1, t0 + 1s), t0));
  flights.note_landed(1);
  EXPECT_FALSE(cut_off(t0 + 1s));
  EXPECT_EQ(cancelled, std::vector<unsigned>{0});
  EXPECT_EQ(flights.take_landed(), 1U);
  EXPECT_EQ(flights.take_landed(), std::nullopt);
}

TEST_F(FlightsOfThree, AWaitIsOverAtItsInstantAndNotWhenTheExecutionHasGoneOn) {
  EXPECT_FALSE(flights.wait_is_over(TimePoint::max()));
  flights.wait(t0 + 1s);
  EXPECT_EQ(flights.next_due(), t0 + 1s);
  EXPECT_FALSE(flights.wait_is_over(t0 + 999ms));
  EXPECT_TRUE(flights.wait_is_over(t0 + 1s));
  flights.stop_waiting();
  EXPECT_FALSE(flights.wait_is_over(t0 + 1s));
  EXPECT_EQ(flights.next_due(), TimePoint::max());
}

}  // namespace
}  // namespace switchgear
