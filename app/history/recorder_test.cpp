#include "app/history/recorder.hpp"

#include <gtest/gtest.h>

#include "app/history/manual_history_fixture.hpp"

namespace switchgear::history {
namespace {

using namespace std::chrono_literals;

/// A disk that is full or not: SQLite refuses to let the file grow, as it does when the disk is full.
class RecorderTest : public testing::Test {
 protected:
  void fill_the_disk() {
    store.write(
        [](SQLite::Database& database) { database.exec("PRAGMA max_page_count = 1"); });  // as large as it is
  }
  void make_room() {
    store.write([](SQLite::Database& database) { database.exec("PRAGMA max_page_count = 100000"); });
  }
  /// More than the file has room for.
  void record_much() {
    for (int i = 0; i < 1000; ++i) recorder.add(opening_of("payment", clocks.pass(1ms)));
  }
  std::size_t transitions() {
    CircuitHistory found;
    store.read([&](const Tables& tables) { found = tables.read("payment", noon - 24h, noon + 24h * 10); });
    return found.transitions.size();
  }

  Folder folder;
  TextLog log;
  ManualClocks clocks;
  Store store{folder.file(), {}, anchor_of(clocks.now), log.log};
  Recorder recorder{store, log.log};
};

TEST_F(RecorderTest, WritesOnceAllThatWaits) {
  record_much();
  recorder.flush(clocks.now.steady);
  EXPECT_EQ(transitions(), 1000U);
  EXPECT_EQ(recorder.written(), 1U);
  EXPECT_EQ(log.text(), "");
}

TEST_F(RecorderTest, SaysOnceThatTheDiskIsFullAndGoesOnWhenItIsNot) {
  fill_the_disk();
  record_much();
  for (int i = 0; i < 20; ++i) recorder.flush(clocks.pass(30s).steady);
  EXPECT_EQ(log.taken(),
            "error history: " + folder.file() +
                " cannot be written: database or disk is full; what is new is kept in memory until it "
                "can\n");
  EXPECT_EQ(transitions(), 0U) << "all or nothing";
  make_room();
  recorder.flush(clocks.pass(30s).steady);
  EXPECT_EQ(transitions(), 1000U);
  EXPECT_EQ(log.taken(), "info history: " + folder.file() + " can be written again; 0 lines were lost\n");
  EXPECT_FALSE(recorder.failing());
}

TEST_F(RecorderTest, RemindsOnceAnHour) {
  fill_the_disk();
  record_much();
  for (int i = 0; i < 3 * 120; ++i) recorder.flush(clocks.pass(30s).steady);
  const std::string text = log.text();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
}

TEST_F(RecorderTest, ADiskThatComesAndGoesIsNotALineEachTime) {
  for (int i = 0; i < 20; ++i) {
    fill_the_disk();
    record_much();
    recorder.flush(clocks.pass(1s).steady);
    make_room();
    recorder.flush(clocks.pass(1s).steady);
  }
  const std::string text = log.text();
  EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 3) << text;
  EXPECT_EQ(transitions(), 20'000U);
}

TEST_F(RecorderTest, TriesAgainLaterAndLater) {
  fill_the_disk();
  record_much();
  std::vector<int> tries;
  for (int second = 0; second < 120; ++second) {
    const auto before = recorder.failures();
    recorder.flush(clocks.now.steady);
    if (recorder.failures() != before) tries.push_back(second);
    clocks.pass(1s);
  }
  EXPECT_EQ(tries, (std::vector<int>{0, 1, 3, 7, 15, 31, 61, 91}));
}

TEST_F(RecorderTest, CountsWhatWaitedTooLong) {
  fill_the_disk();
  for (int i = 0; i < 11; ++i) record_much();
  recorder.flush(clocks.now.steady);
  EXPECT_EQ(recorder.lost(), 1000U);
  make_room();
  recorder.flush(clocks.pass(1min).steady);
  EXPECT_TRUE(log.has("can be written again; 1000 lines were lost"));
  EXPECT_EQ(transitions(), 10'000U);
}

}  // namespace
}  // namespace switchgear::history
