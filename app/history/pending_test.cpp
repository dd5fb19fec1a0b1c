#include "app/history/pending.hpp"

#include <gtest/gtest.h>

#include "app/history/manual_history_fixture.hpp"

namespace switchgear::history {
namespace {

using namespace std::chrono_literals;

class PendingTest : public testing::Test {
 protected:
  CircuitHistory payment() {
    CircuitHistory history;
    history.circuit = "payment";
    pending.add_to(history, noon - 24h, noon + 24h * 10);
    return history;
  }

  ManualClocks clocks;
  Pending pending;
};

TEST_F(PendingTest, KeepsEveryCountOfADayWithoutADisk) {
  for (int i = 0; i < 8640; ++i)
    pending.add(Stretch{noon + 10s * i, 10s}, Samples{{"payment", sample_of(3)}});
  const auto samples = payment().samples;
  EXPECT_LE(samples.size(), Pending::most_stretches);
  std::uint64_t calls = 0;
  auto end = noon;
  for (const CircuitSample& each : samples) {
    EXPECT_EQ(each.from, end);
    end += each.length;
    calls += each.successes;
  }
  EXPECT_EQ(end, noon + 24h);
  EXPECT_EQ(calls, 3U * 8640);
  EXPECT_EQ(pending.take_lost(), 0U);
}

TEST_F(PendingTest, ShowsCommandsThatTheDiskDoesNotTake) {
  for (const char* circuit : {"payment", "search"})
    pending.add(TimedCommand{noon, {"reset", circuit, "10.0.0.3", CommandResult::done}});
  std::vector<TimedCommand> found;
  pending.add_to(found, "search", noon, noon + 1s);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].command.circuit, "search");
  pending.add_to(found, std::nullopt, noon, noon + 1s);
  EXPECT_EQ(found.size(), 3U);
  pending.add_to(found, std::nullopt, noon + 1s, noon + 2s);
  EXPECT_EQ(found.size(), 3U);
}

TEST_F(PendingTest, ShowsInstancesThatTheDiskDoesNotTakeAndCountsThoseThatAreTooMany) {
  for (std::size_t i = 0; i < Pending::most_instances + 3; ++i)
    pending.add(ejection_of(i % 2 == 0 ? "shop" : "search", clocks.pass(1ms)));
  EXPECT_FALSE(pending.empty());
  std::vector<LoggedInstance> found;
  pending.add_to(found, "shop", noon, noon + 1h);
  EXPECT_EQ(found.size(), Pending::most_instances / 2);
  EXPECT_EQ(pending.take_lost(), 3U);
  pending.clear();
  EXPECT_TRUE(pending.empty());
}

TEST_F(PendingTest, StretchesWithGapsBetweenThemAreNotAddedUp) {
  for (int i = 0; i < 20; ++i) pending.add(Stretch{noon + 60s * i, 10s}, Samples{{"payment", sample_of(1)}});
  EXPECT_EQ(payment().samples.size(), Pending::most_stretches);
  EXPECT_EQ(pending.take_lost(), 8U) << "so the oldest are lost, and counted";
}

TEST_F(PendingTest, IsBoundedByTheNumberOfSamplesToo) {
  Samples many;
  for (int i = 0; i < 25'000; ++i) many["circuit " + std::to_string(i)] = sample_of(1);
  for (int i = 0; i < 5; ++i) pending.add(Stretch{noon + 10s * i, 10s}, many);
  CircuitHistory one;
  one.circuit = "circuit 7";
  pending.add_to(one, noon, noon + 1h);
  EXPECT_LE(one.samples.size(), 2U);
  std::uint64_t calls = 0;
  for (const CircuitSample& each : one.samples) calls += each.successes;
  EXPECT_EQ(calls, 5U);
}

TEST_F(PendingTest, DropsTheOldestTransitionsAndCountsThem) {
  for (std::size_t i = 0; i < Pending::most_transitions + 5; ++i)
    pending.add(opening_of("payment", clocks.pass(1ms)));
  EXPECT_EQ(payment().transitions.size(), Pending::most_transitions);
  EXPECT_EQ(pending.take_lost(), 5U);
  EXPECT_EQ(pending.take_lost(), 0U);
}

}  // namespace
}  // namespace switchgear::history
