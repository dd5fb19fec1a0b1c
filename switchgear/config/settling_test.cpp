#include "switchgear/config/settling.hpp"

#include <gtest/gtest.h>

namespace switchgear::config {
namespace {

using namespace std::chrono_literals;

FileStamp written(int version) { return {.seconds = version, .size = 1, .inode = 1}; }

class SettlingTest : public testing::Test {
 protected:
  bool look(int version) { return settling_.look(written(version), now_); }

  TimePoint now_{1h};
  Settling settling_{written(0), 100ms};
};

TEST_F(SettlingTest, SaysNothingOfAFileThatStaysAsItWas) {
  EXPECT_FALSE(look(0));
  EXPECT_FALSE(settling_.due());
}

TEST_F(SettlingTest, WaitsUntilTheWriterIsDone) {
  EXPECT_FALSE(look(1));
  EXPECT_EQ(settling_.due(), now_ + 100ms);
  now_ += 60ms;
  EXPECT_FALSE(look(2));
  now_ += 60ms;
  EXPECT_FALSE(look(2)) << "60 ms after the last step";
  now_ += 40ms;
  EXPECT_TRUE(look(2));
  now_ += 1h;
  EXPECT_FALSE(look(2)) << "once";
  EXPECT_FALSE(settling_.due());
}

TEST_F(SettlingTest, WaitsForAWriterThatIsKnownToHaveTheFileOpen) {
  EXPECT_FALSE(settling_.look(written(1), now_, Settling::Writer::at_work));
  EXPECT_EQ(settling_.due(), now_ + 10s);
  now_ += 1s;
  EXPECT_FALSE(settling_.look(written(2), now_)) << "it has closed it just now";
  now_ += 100ms;
  EXPECT_TRUE(settling_.look(written(2), now_));
  EXPECT_FALSE(settling_.look(written(3), now_, Settling::Writer::at_work));
  now_ += 10s;
  EXPECT_TRUE(settling_.look(written(3), now_, Settling::Writer::at_work)) << "not for ever";
}

TEST_F(SettlingTest, DoesNotMistakeTheGapOfARenameForADeletedFile) {
  EXPECT_FALSE(settling_.look({}, now_));
  now_ += 50ms;
  EXPECT_FALSE(look(0));
  now_ += 100ms;
  EXPECT_FALSE(look(0)) << "the same file is back: nothing has changed";
  EXPECT_FALSE(settling_.due());
}

TEST_F(SettlingTest, TellsOfADeletedFileAndOfItsReturn) {
  EXPECT_FALSE(settling_.look({}, now_));
  now_ += 100ms;
  EXPECT_TRUE(settling_.look({}, now_));
  EXPECT_FALSE(look(0));
  now_ += 100ms;
  EXPECT_TRUE(look(0));
}

TEST_F(SettlingTest, ReadsAFileThatNeverComesToRestAllTheSame) {
  int reads = 0;
  for (int version = 1; version <= 200; ++version) {
    now_ += 50ms;
    reads += look(version) ? 1 : 0;
  }
  EXPECT_EQ(reads, 4) << "in 10 s, every 2 s and a look";
}

}  // namespace
}  // namespace switchgear::config
