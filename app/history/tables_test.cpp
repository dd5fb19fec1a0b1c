#include "app/history/tables.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "app/history/file.hpp"
#include "app/history/manual_history_fixture.hpp"

namespace switchgear::history {
namespace {

using namespace std::chrono_literals;

class TablesTest : public testing::Test {
 protected:
  void write(std::chrono::seconds from, std::chrono::seconds length, std::uint64_t successes) {
    tables.write(Stretch{noon + from, length},
                 Samples{{"payment", sample_of(successes)}, {"search", sample_of(1)}});
  }
  /// `seconds after noon + length: successes` of each sample.
  std::vector<std::string> samples(std::chrono::seconds from = -24h, std::chrono::seconds to = 24h) {
    std::vector<std::string> found;
    for (const CircuitSample& each : tables.read("payment", noon + from, noon + to).samples) {
      const auto since = std::chrono::duration_cast<std::chrono::seconds>(each.from - noon).count();
      found.push_back(std::to_string(since) + "+" + std::to_string(each.length.count()) + ": " +
                      std::to_string(each.successes));
    }
    return found;
  }
  using Texts = std::vector<std::string>;

  ManualClocks clocks;
  OpenedFile file = open_file("", {});
  Tables tables{*file.database, anchor_of(clocks.now)};
};

TEST_F(TablesTest, GiveASampleToEverySpanThatItOverlaps) {
  for (int i = 0; i < 5; ++i) write(10s * i, 10s, static_cast<std::uint64_t>(i));
  EXPECT_EQ(samples(), (Texts{"0+10: 0", "10+10: 1", "20+10: 2", "30+10: 3", "40+10: 4"}));
  EXPECT_EQ(samples(15s, 31s), (Texts{"10+10: 1", "20+10: 2", "30+10: 3"}));
  EXPECT_EQ(samples(20s, 30s), (Texts{"20+10: 2"}));
  EXPECT_EQ(samples(60s, 90s), Texts{});
  EXPECT_EQ(tables.recorded_until(), noon + 50s);
  EXPECT_EQ(tables.circuits(), (Texts{"payment", "search"}));
  EXPECT_TRUE(tables.read("unknown", noon, noon + 1h).samples.empty());
}

TEST_F(TablesTest, ForgetChangesOfLevelWithTheRest) {
  using enum BreakerLevel;
  write(0s, 10s, 1);
  tables.write(level_of("payment", noon + 1s, warning, critical));
  tables.write(level_of("payment", noon + 1h, critical, warning));
  EXPECT_EQ(tables.read("payment", noon, noon + 2h).levels.size(), 2U);
  EXPECT_EQ(tables.read("payment", noon + 2s, noon + 2h).level_at(noon + 1min), critical);
  EXPECT_TRUE(tables.erase_before(noon + 1min, 100));
  const CircuitHistory left = tables.read("payment", noon, noon + 2h);
  ASSERT_EQ(left.levels.size(), 1U);
  EXPECT_EQ(left.level_at(noon), critical) << "the next change knows where it came from";
}

TEST_F(TablesTest, GiveATransitionBackWithAllOfItsEvidence) {
  const LoggedTransition opening = opening_of("pay\"ment\n", clocks.now);
  tables.write(opening);
  const CircuitHistory history = tables.read("pay\"ment\n", noon, noon + 1s);
  ASSERT_EQ(history.transitions.size(), 1U);
  const LoggedTransition& seen = history.transitions.front();
  EXPECT_EQ(seen.breaker, opening.breaker);
  EXPECT_EQ(seen.from, opening.from);
  EXPECT_EQ(seen.to, opening.to);
  EXPECT_EQ(seen.generation, opening.generation);
  EXPECT_EQ(seen.at, opening.at);
  EXPECT_EQ(seen.wall, opening.wall);
  EXPECT_EQ(seen.rule, opening.rule);
  EXPECT_EQ(seen.value, opening.value);
  EXPECT_EQ(seen.threshold, opening.threshold);
  EXPECT_EQ(seen.window.calls, 8U);
  EXPECT_EQ(seen.window.failures, 6U);
  EXPECT_EQ(seen.window.slow, 1U);
  EXPECT_EQ(seen.window.high, 2U);
  EXPECT_EQ(seen.window.consecutive_failures, 3U);
  EXPECT_EQ(seen.window.failure_balance, 4U);
  ASSERT_TRUE(seen.last_failure);
  EXPECT_EQ(seen.last_failure->type, FailureType::timeout);
  EXPECT_EQ(seen.last_failure->at, opening.last_failure->at);
}

TEST_F(TablesTest, AnInstantOfAnEarlierProcessIsDatedByTheClockOfThisOne) {
  tables.write(opening_of("payment", clocks.now));
  const Tables later{*file.database, WallAnchor{TimePoint{5min}, noon + 1h}};
  const auto seen = later.read("payment", noon, noon + 1s).transitions.at(0);
  EXPECT_EQ(seen.wall, noon);
  EXPECT_EQ(seen.at, TimePoint{5min - 1h});
}

TEST_F(TablesTest, KeepCommandsWithWhoAndWhenAndNoMoreOfANameThanAPageCanShow) {
  tables.write(TimedCommand{noon, {"reset", "payment", "10.0.0.3", CommandResult::done}});
  tables.write(
      TimedCommand{noon + 1s, {"force-open", std::string(5000, 'x'), "10.0.0.4", CommandResult::not_found}});
  const auto commands = tables.commands(std::nullopt, noon, noon + 2s, 10);
  ASSERT_EQ(commands.size(), 2U);
  EXPECT_EQ(commands[0].at, noon);
  EXPECT_EQ(commands[0].command.command, "reset");
  EXPECT_EQ(commands[0].command.circuit, "payment");
  EXPECT_EQ(commands[0].command.client, "10.0.0.3");
  EXPECT_EQ(commands[1].command.result, CommandResult::not_found);
  EXPECT_EQ(commands[1].command.circuit.size(), 200U);
  EXPECT_EQ(tables.commands(std::string(5000, 'x'), noon, noon + 2s, 10).size(), 1U);
  EXPECT_EQ(tables.commands("payment", noon, noon + 2s, 10).size(), 1U);
  EXPECT_EQ(tables.commands(std::nullopt, noon, noon + 2s, 1).at(0).at, noon + 1s) << "the newest";
}

TEST_F(TablesTest, GiveBackWhatHappenedToTheInstancesOfAService) {
  const LoggedInstance ejection = ejection_of("shop", clocks.now);
  tables.write(ejection);
  tables.write(ejection_of("search", clocks.now));
  tables.write(LoggedInstance{"shop", "", "panic_began", "0 of 3 instances are healthy: all are used",
                              clocks.now.steady + 1s, clocks.now.wall + 1s});
  const auto seen = tables.instances("shop", noon, noon + 2s, 10);
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].service, "shop");
  EXPECT_EQ(seen[0].instance, ejection.instance);
  EXPECT_EQ(seen[0].what, "ejected");
  EXPECT_EQ(seen[0].text, ejection.text);
  EXPECT_EQ(seen[0].at, ejection.at);
  EXPECT_EQ(seen[0].wall, noon);
  EXPECT_EQ(seen[0].weight, LoggedInstance::Weight::warning);
  EXPECT_EQ(seen[1].instance, "");
  EXPECT_EQ(seen[1].weight, LoggedInstance::Weight::news);
  EXPECT_EQ(tables.instances("shop", noon, noon + 2s, 1).at(0).what, "panic_began") << "the newest";
  EXPECT_EQ(tables.instances("shop", noon, noon + 1s, 10).size(), 1U);
  EXPECT_TRUE(tables.instances("payment", noon, noon + 1h, 10).empty());
}

TEST_F(TablesTest, MergeIntoOneStretchWithTheSumAndTheLastState) {
  for (int i = 0; i < 6; ++i) write(10s * i, 10s, 2);
  tables.merge({{noon, 10s}, {noon + 10s, 10s}, {noon + 20s, 10s}});
  EXPECT_EQ(samples(), (Texts{"0+30: 6", "30+10: 2", "40+10: 2", "50+10: 2"}));
}

TEST_F(TablesTest, NewerSamplesReplaceOlderOnesOfTheSameTime) {
  write(0s, 60s, 1);
  write(60s, 60s, 2);
  write(120s, 60s, 3);
  write(90s, 10s, 7);
  EXPECT_EQ(samples(), (Texts{"0+60: 1", "60+30: 2", "90+10: 7", "120+60: 3"}))
      << "one reached into it, and is cut";
  write(100s, 40s, 8);
  EXPECT_EQ(samples(), (Texts{"0+60: 1", "60+30: 2", "90+10: 7", "100+40: 8"}));
}

TEST_F(TablesTest, EraseTheOldestOfEveryKindAndCircuitsWithoutHistory) {
  for (int i = 0; i < 6; ++i) write(10s * i, 10s, 2);
  tables.write(opening_of("gone", clocks.now));
  tables.write(TimedCommand{noon, {"reset", "payment", "10.0.0.3", CommandResult::done}});
  tables.write(ejection_of("payment", {clocks.now.steady, noon - 1min}));
  EXPECT_EQ(tables.oldest(), noon - 1min);
  EXPECT_FALSE(tables.erase_before(noon + 40s, 2)) << "there is more";
  EXPECT_EQ(samples().front(), "20+10: 2");
  EXPECT_TRUE(tables.erase_before(noon + 40s, 100));
  EXPECT_EQ(samples(), (Texts{"40+10: 2", "50+10: 2"}));
  EXPECT_TRUE(tables.commands(std::nullopt, noon, noon + 1h, 10).empty());
  EXPECT_TRUE(tables.instances("payment", noon - 1h, noon + 1h, 10).empty());
  EXPECT_EQ(tables.circuits(), (Texts{"gone", "payment", "search"})) << "seen within the hour";
  tables.write(Stretch{noon + 2h, 10s}, Samples{{"payment", sample_of(1)}});
  EXPECT_TRUE(tables.erase_before(noon + 2h, 100));
  EXPECT_EQ(tables.circuits(), (Texts{"payment"}));
}

}  // namespace
}  // namespace switchgear::history
