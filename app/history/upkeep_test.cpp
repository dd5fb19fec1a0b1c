#include "app/history/upkeep.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "app/history/manual_history_fixture.hpp"

namespace switchgear::history {
namespace {

using namespace std::chrono_literals;

class UpkeepTest : public testing::Test {
 protected:
  /// Records one stretch after the other for so long, with upkeep after each, as History does.
  void record_for(Duration length, std::size_t circuits = 1) {
    Samples samples;
    for (std::size_t i = 0; i < circuits; ++i)
      samples["circuit " + std::to_string(i)] = sample_of(i + 1, i % 3);
    const auto end = clocks.now.wall + length;
    while (clocks.now.wall < end) {
      const Stretch stretch{std::chrono::floor<std::chrono::seconds>(clocks.now.wall), 10s};
      clocks.pass(10s);
      store.write([&](SQLite::Database&) { store.tables().write(stretch, samples); });
      upkeep.run(clocks.now);
    }
  }
  std::vector<CircuitSample> samples(const std::string& circuit = "circuit 0") {
    CircuitHistory found;
    store.read([&](const Tables& tables) { found = tables.read(circuit, noon - 24h, clocks.now.wall); });
    return found.samples;
  }

  Folder folder;
  TextLog log;
  ManualClocks clocks;
  Store store{folder.file(), {}, anchor_of(clocks.now), log.log};
  HistoryOptions options;
  Upkeep upkeep{options, store, log.log, clocks.now.steady};
};

TEST_F(UpkeepTest, KeepsTheLastHourAsItWasAndMinutesOfWhatIsOlder) {
  record_for(3h);
  const auto all = samples();
  ASSERT_EQ(all.size(), 120U + 360U);
  std::uint64_t calls = 0;
  auto end = noon;
  for (const CircuitSample& each : all) {
    EXPECT_EQ(each.from, end) << "no gap";
    end += each.length;
    EXPECT_EQ(each.length, each.from < noon + 2h ? 60s : 10s);
    calls += each.successes;
  }
  EXPECT_EQ(end, noon + 3h);
  EXPECT_EQ(calls, 3U * 360);
}

TEST_F(UpkeepTest, WhatIsOlderThanKeepLeaves) {
  record_for(26h);
  const auto all = samples();
  EXPECT_EQ(all.front().from, noon + 2h);
  EXPECT_EQ(all.size(), 23U * 60 + 360);
}

TEST_F(UpkeepTest, AClockThatIsWrongForAMomentDoesNotEmptyTheHistory) {
  record_for(3h);
  clocks.set_wall(24h * 365);
  upkeep.clock_was_set(clocks.now.steady);
  upkeep.run(clocks.pass(5min));
  clocks.set_wall(-24h * 365);
  upkeep.clock_was_set(clocks.now.steady);
  upkeep.run(clocks.pass(5min));
  EXPECT_EQ(samples().front().from, noon);
}

TEST_F(UpkeepTest, MergesAlthoughManyRestartsHaveLeftShortStretches) {
  for (int i = 0; i < 700; ++i) {
    const Stretch alone{std::chrono::floor<std::chrono::seconds>(clocks.now.wall), 10s};
    store.write([&](SQLite::Database&) {
      store.tables().write(alone, Samples{{"circuit 0", sample_of(1)}});
    });
    clocks.pass(1min);
  }
  const auto began = clocks.now.wall;
  record_for(2h);
  for (const CircuitSample& each : samples()) {
    if (each.from >= began && each.from < began + 1h) {
      EXPECT_EQ(each.length, 60s);
    }
  }
}

TEST_F(UpkeepTest, AGapStaysAGap) {
  record_for(25s);
  clocks.set_wall(20s);
  record_for(3h);
  for (const CircuitSample& each : samples()) {
    EXPECT_FALSE(each.from < noon + 40s && each.from + each.length > noon + 40s)
        << "nothing covers what was not recorded";
  }
}

class SmallHistory : public UpkeepTest {
 protected:
  static HistoryOptions small() {
    HistoryOptions options;
    options.max_size = std::uint64_t{8} * 1024 * 1024;
    return options;
  }
  std::uint64_t bytes_on_disk() {
    std::uint64_t sum = 0;
    for (const auto& entry : std::filesystem::directory_iterator{folder.path()}) sum += entry.file_size();
    return sum;
  }
  SmallHistory() { upkeep_of_small_.run(clocks.now); }

  Upkeep upkeep_of_small_{small(), store, log.log, clocks.now.steady};
};

TEST_F(SmallHistory, NeverNeedsMoreThanMaxSizeAndTheOldestLeave) {
  Samples many;
  for (int i = 0; i < 2000; ++i) many["circuit " + std::to_string(i)] = sample_of(1000, 10);
  std::uint64_t most = 0;
  for (int i = 0; i < 400; ++i) {
    const Stretch stretch{std::chrono::floor<std::chrono::seconds>(clocks.now.wall), 10s};
    clocks.pass(10s);
    store.write([&](SQLite::Database&) { store.tables().write(stretch, many); });
    upkeep_of_small_.run(clocks.now);
    most = std::max(most, bytes_on_disk());
  }
  EXPECT_LE(most, small().max_size);
  EXPECT_GT(most, small().max_size / 2) << "it is used";
  const auto all = samples("circuit 7");
  ASSERT_FALSE(all.empty());
  EXPECT_GT(all.front().from, noon);
  EXPECT_EQ(all.back().from + all.back().length, clocks.now.wall) << "the newest are there";
  const std::string text = log.text();
  EXPECT_NE(
      text.find("has its max_size of 8 MiB; the oldest leave before keep, now those from before 2026-03-01T"),
      std::string::npos)
      << text;
  EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 2) << "once an hour";
}

/// The promise is 2% of a core; this machine needs about a tenth of that, so that other work beside the test
/// does not matter. Time of the thread alone.
TEST_F(UpkeepTest, AThousandCircuitsCostLessThanAFiftiethOfACore) {
  record_for(1h + 2min, 10);
  const auto cpu = [] {
    timespec spent{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
    return std::chrono::seconds{spent.tv_sec} + std::chrono::nanoseconds{spent.tv_nsec};
  };
  constexpr Duration recorded = 30min;
  const auto before = cpu();
  record_for(recorded, 1000);
  EXPECT_LE(cpu() - before, recorded / 50);
}

}  // namespace
}  // namespace switchgear::history
