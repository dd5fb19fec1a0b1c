#include "app/experiment/stop_record.hpp"

#include <SQLiteCpp/Database.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "app/experiment/splits.hpp"

namespace switchgear::experiment {
namespace {

using namespace std::chrono_literals;

/// A history whose thread runs jobs when it is told to, and may fail.
class Disk {
 public:
  Disk() {
    for (const std::string& each : StopRecord::tables()) database_.exec(each);
  }
  [[nodiscard]] std::unique_ptr<StopRecord> record() {
    return std::make_unique<StopRecord>([this](std::function<void(SQLite::Database&)> job) {
      waiting_.emplace_back([this, job = std::move(job)] {
        if (broken) throw std::runtime_error{"no space left"};
        job(database_);
      });
      return waiting_.back().get_future();
    });
  }
  void work() {
    std::vector<std::packaged_task<void()>> now;
    now.swap(waiting_);
    for (auto& each : now) each();
  }
  bool broken = false;

 private:
  SQLite::Database database_{":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
  std::vector<std::packaged_task<void()>> waiting_;
};

/// One process with one split.
struct Process {
  explicit Process(double share = 0.3) {
    SplitSubject subject;
    subject.service = "shop";
    subject.policy = "now";
    subject.options = {"candidate", share, "x-user", 10s};
    split = std::make_shared<Split>(std::move(subject));
    splits.hold();
  }
  void begin(Disk& disk) {
    splits.keep(
        disk.record(), [this] { return readable; }, now);
    look(disk);
  }
  void look(Disk& disk) {
    disk.work();
    now += 1s;
    splits.advance(now);
    disk.work();
    now += 1s;
    splits.advance(now);
  }
  void restart() {
    split = std::make_shared<Split>(split->subject());
    splits.restarted("shop", now);
  }
  [[nodiscard]] bool divides() const { return split->choose("anyone").counts; }
  [[nodiscard]] std::string stopped() const { return to_string(splits.all(now).at(0).halt); }

  TimePoint now{1h};
  bool readable = true;
  BreakerRegistry registry{{now, std::chrono::system_clock::time_point{24h * 20'000}}, 1};
  std::shared_ptr<Split> split;
  Splits splits{[this] { return Splits::Live{{"shop", split}}; }, registry, nullptr};
};

TEST(StopRecord, ASplitThatWasStoppedStaysStoppedInTheNextProcess) {
  Disk disk;
  {
    Process first;
    first.begin(disk);
    ASSERT_TRUE(first.divides());
    first.splits.stop("shop", first.now);
    first.look(disk);
  }
  Process second;
  EXPECT_FALSE(second.divides()) << "not before it is known";
  second.begin(disk);
  EXPECT_FALSE(second.divides());
  EXPECT_EQ(second.stopped(), "operator");
  EXPECT_EQ(second.splits.stop("shop", second.now), Splits::Stopped::before);
  second.restart();
  second.look(disk);
  EXPECT_TRUE(second.divides());
  Process third;
  third.begin(disk);
  EXPECT_TRUE(third.divides()) << "an operator has begun it anew";
  EXPECT_EQ(third.stopped(), "none");
}

TEST(StopRecord, AnotherSplitOfTheSameServiceBegins) {
  Disk disk;
  {
    Process first;
    first.begin(disk);
    first.splits.stop("shop", first.now);
    first.look(disk);
  }
  {
    Process other{0.2};
    other.begin(disk);
    EXPECT_TRUE(other.divides());
    other.look(disk);
  }
  Process again;
  again.begin(disk);
  EXPECT_TRUE(again.divides()) << "the stop was forgotten with its split";
}

TEST(StopRecord, TheCandidateWaitsUntilItsRecordCanBeRead) {
  Disk disk;
  Process process;
  process.readable = false;
  process.begin(disk);
  EXPECT_FALSE(process.divides());
  EXPECT_EQ(process.stopped(), "start");
  disk.broken = true;
  process.readable = true;
  process.look(disk);
  EXPECT_FALSE(process.divides());
  disk.broken = false;
  process.look(disk);
  process.look(disk);
  EXPECT_TRUE(process.divides());
  EXPECT_EQ(process.stopped(), "none");
}

TEST(StopRecord, WritesAStopLaterIfTheDiskIsFull) {
  Disk disk;
  Process first;
  first.begin(disk);
  disk.broken = true;
  first.splits.stop("shop", first.now);
  first.look(disk);
  disk.broken = false;
  first.look(disk);
  first.look(disk);
  Process second;
  second.begin(disk);
  EXPECT_EQ(second.stopped(), "operator");
}

TEST(StopRecord, WithoutOneEverySplitBegins) {
  Process process;
  EXPECT_FALSE(process.divides());
  process.splits.keep_nothing();
  process.splits.advance(process.now);
  EXPECT_TRUE(process.divides());
  EXPECT_EQ(process.stopped(), "none");
}

}  // namespace
}  // namespace switchgear::experiment
