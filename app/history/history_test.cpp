#include "app/history/history.hpp"

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Exception.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <optional>
#include <string>

#include "app/history/history_metrics.hpp"
#include "app/history/manual_history_fixture.hpp"

namespace switchgear::history {
namespace {

using namespace std::chrono_literals;

/// A running history of breakers in real time.
class HistoryTest : public testing::Test {
 protected:
  HistoryTest() { policies.events().subscribe(events); }

  void begin(std::vector<std::string> tables = {}) {
    history.emplace(options, Sources{policies, durations}, events, std::move(tables), log.log);
  }
  std::shared_ptr<CircuitBreaker> breaker(const std::string& name) {
    return policies.breakers().get_or_create(name, ManualBreakers::sensitive(),
                                             std::chrono::steady_clock::now());
  }
  CircuitHistory past_of(const std::string& name) {
    const WallAnchor::Wall now{std::chrono::system_clock::now()};
    return history->read(name, now - 1h, now + 1h);
  }
  std::int64_t number(const char* query) {
    std::int64_t found = 0;
    history->run([&](SQLite::Database& database) { found = database.execAndGet(query).getInt64(); }).get();
    return found;
  }

  Folder folder;
  TextLog log;
  PolicyRegistry policies{{std::chrono::steady_clock::now(), std::chrono::system_clock::now()}, 1};
  CallDurations durations;
  std::shared_ptr<EventQueue> events = std::make_shared<EventQueue>();
  HistoryOptions options{.file = folder.file()};
  std::optional<History> history;
};

TEST_F(HistoryTest, ShowsATransitionAsSoonAsItHasHappened) {
  begin();
  breaker("payment")->command(Command::force_open, std::chrono::steady_clock::now());
  const auto seen = past_of("payment").transitions;
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].to, State::forced_open);
}

TEST_F(HistoryTest, ShowsWhatHappenedToAnInstanceAsSoonAsItHasHappened) {
  begin();
  events->publish(ejection_of(
      "shop", {std::chrono::steady_clock::now(), WallAnchor::Wall{std::chrono::system_clock::now()}}));
  const WallAnchor::Wall now{std::chrono::system_clock::now()};
  ASSERT_EQ(history->instances("shop", now - 1h, now + 1h).size(), 1U);
  EXPECT_TRUE(history->instances("search", now - 1h, now + 1h).empty());
  history.reset();
  begin();
  EXPECT_EQ(history->instances("shop", now - 1h, now + 1h).at(0).what, "ejected")
      << "the next process knows it";
}

TEST_F(HistoryTest, KnowsWhatOperatorsCommanded) {
  begin();
  events->publish(LoggedCommand{"force-open", "payment", "10.0.0.3", CommandResult::done});
  const WallAnchor::Wall now{std::chrono::system_clock::now()};
  const auto commands = history->commands("payment", now - 1h, now + 1h);
  ASSERT_EQ(commands.size(), 1U);
  EXPECT_EQ(commands[0].command.client, "10.0.0.3");
  EXPECT_TRUE(history->commands("search", now - 1h, now + 1h).empty());
}

TEST_F(HistoryTest, AClientThatIsRefusedAgainAndAgainDoesNotFillIt) {
  begin();
  for (std::uint64_t i = 0; i < 500; ++i)
    events->publish(LoggedCommand{"reset", "payment", "10.0.0.66", CommandResult::unauthorized});
  events->publish(LoggedCommand{"reset", "payment", "10.0.0.3", CommandResult::done});
  const WallAnchor::Wall now{std::chrono::system_clock::now()};
  const auto commands = history->commands(std::nullopt, now - 1h, now + 1h);
  EXPECT_EQ(commands.size(), History::most_refusals + 1);
  EXPECT_EQ(commands.back().command.client, "10.0.0.3");
}

TEST_F(HistoryTest, DoesNotHoldUpTheEndWhileTheDiskHangs) {
  begin();
  std::promise<void> disk;
  const auto hanging = history->run([&disk](SQLite::Database&) { disk.get_future().wait(); });
  EXPECT_FALSE(history->finish(1ms));
  disk.set_value();
  EXPECT_TRUE(history->finish(60s));
  EXPECT_EQ(hanging.wait_for(60s), std::future_status::ready);
}

TEST_F(HistoryTest, ANewOneGoesOnWhereTheLastOneEnded) {
  for (int i = 1; i <= 3; ++i) {
    begin();
    breaker("payment")->command(i % 2 == 1 ? Command::force_open : Command::reset,
                                std::chrono::steady_clock::now());
    history.reset();
    begin();
    EXPECT_EQ(past_of("payment").transitions.size(), static_cast<std::size_t>(i));
    history.reset();
  }
  EXPECT_EQ(log.text(), "");
}

TEST_F(HistoryTest, OthersKeepTheirTablesInTheSameFile) {
  begin({"CREATE TABLE IF NOT EXISTS letters(text TEXT)"});
  history->run([](SQLite::Database& database) { database.exec("INSERT INTO letters VALUES('one')"); }).get();
  auto failed = history->run([](SQLite::Database& database) {
    database.exec("INSERT INTO letters VALUES('two')");
    throw std::runtime_error{"the second thought"};
  });
  EXPECT_THROW(failed.get(), std::runtime_error);
  EXPECT_EQ(number("SELECT count(*) FROM letters"), 1) << "all or nothing";
  history.reset();
  begin({"CREATE TABLE IF NOT EXISTS letters(text TEXT)"});
  EXPECT_EQ(number("SELECT count(*) FROM letters"), 1);
}

TEST_F(HistoryTest, WithoutAFileItIsKeptInMemory) {
  options.file.clear();
  begin();
  breaker("payment")->command(Command::force_open, std::chrono::steady_clock::now());
  EXPECT_EQ(past_of("payment").transitions.size(), 1U);
  EXPECT_TRUE(history->counts().in_memory);
  history.reset();
  begin();
  EXPECT_EQ(past_of("payment").transitions.size(), 0U);
}

TEST_F(HistoryTest, AFileThatCannotBeUsedIsSaidToBeSoAndMemoryTakesItsPlace) {
  options.file = folder.file("missing/history.db");
  begin();
  breaker("payment")->command(Command::force_open, std::chrono::steady_clock::now());
  EXPECT_EQ(past_of("payment").transitions.size(), 1U);
  EXPECT_EQ(
      log.text(),
      "error history: " + options.file +
          " cannot be used: unable to open database file; the history is kept in memory, and the file is "
          "tried again and again\n");
}

TEST_F(HistoryTest, AFileThatCannotBeWrittenIsSaidToBeSoUntilItCan) {
  begin();
  const auto pages = [this](const char* most) {
    history->run([most](SQLite::Database& database) { database.exec(most); }).get();
  };
  const auto problem = [this] { return history_json(history->standing()).at("problem"); };
  pages("PRAGMA max_page_count = 1");  // as large as it is: refused as on a full disk
  const auto payment = breaker("payment");
  const auto until = std::chrono::steady_clock::now() + 60s;
  while (problem().is_null() && std::chrono::steady_clock::now() < until) {
    payment->command(Command::force_open, std::chrono::steady_clock::now());
    payment->command(Command::reset, std::chrono::steady_clock::now());
    (void)past_of("payment");
  }
  EXPECT_EQ(problem(), "it cannot be written: database or disk is full");
  EXPECT_EQ(history->standing().problem, "") << "and it is in use";
  pages("PRAGMA max_page_count = 100000");
  while (!problem().is_null() && std::chrono::steady_clock::now() < until) (void)history->circuits();
  EXPECT_TRUE(problem().is_null());
}

TEST_F(HistoryTest, AFileThatCouldNotBeOpenedIsTriedAgainAndGetsWhatWasKeptInMemory) {
  options.file = folder.file("missing/history.db");
  begin({"CREATE TABLE IF NOT EXISTS letters(text TEXT UNIQUE)"});
  breaker("payment")->command(Command::force_open, std::chrono::steady_clock::now());
  history->run([](SQLite::Database& database) { database.exec("INSERT INTO letters VALUES('one')"); }).get();
  ASSERT_EQ(past_of("payment").transitions.size(), 1U);
  EXPECT_EQ(history->standing().file, options.file);
  EXPECT_EQ(history->standing().problem, "unable to open database file");
  std::filesystem::create_directory(folder.path() / "missing");
  const auto until = std::chrono::steady_clock::now() + 60s;
  while (!history->standing().problem.empty() && std::chrono::steady_clock::now() < until)
    (void)history->circuits();  // answered by its thread
  EXPECT_EQ(history->standing().problem, "");
  EXPECT_TRUE(log.has(options.file + " can be used now; what was kept in memory is in it")) << log.text();
  EXPECT_FALSE(history->counts().in_memory);
  EXPECT_EQ(past_of("payment").transitions.size(), 1U);
  history.reset();
  begin();
  EXPECT_EQ(past_of("payment").transitions.size(), 1U);
  EXPECT_EQ(number("SELECT count(*) FROM letters"), 1);
}

TEST_F(HistoryTest, AFileThatIsFoundBrokenWhileItIsUsedIsReplaced) {
  begin();
  auto found_broken = history->run([](SQLite::Database&) { throw SQLite::Exception("broken", 11); });
  EXPECT_THROW(found_broken.get(), SQLite::Exception);
  breaker("payment")->command(Command::force_open, std::chrono::steady_clock::now());
  EXPECT_EQ(past_of("payment").transitions.size(), 1U);
}

TEST_F(HistoryTest, AFileThatIsRemovedOrReplacedWhileItIsUsedIsFollowed) {
  begin();
  breaker("payment")->command(Command::force_open, std::chrono::steady_clock::now());
  EXPECT_EQ(past_of("payment").transitions.size(), 1U);
  const std::string backup = options.file + ".backup";
  { (void)open_file(backup, {}); }
  std::filesystem::remove(options.file);
  breaker("payment")->command(Command::force_close, std::chrono::steady_clock::now());
  EXPECT_EQ(past_of("payment").transitions.size(), 1U) << "a new file has begun";
  EXPECT_TRUE(std::filesystem::exists(options.file));
  std::filesystem::rename(backup, options.file);
  breaker("payment")->command(Command::force_open, std::chrono::steady_clock::now());
  EXPECT_EQ(past_of("payment").transitions.size(), 1U);
  history.reset();
  EXPECT_FALSE(std::filesystem::exists(options.file + "-wal"));
  const std::string said = "another program has removed or replaced " + options.file;
  const std::size_t first = log.text().find(said);
  ASSERT_NE(first, std::string::npos) << log.text();
  EXPECT_NE(log.text().find(said, first + 1), std::string::npos) << log.text();
}

TEST_F(HistoryTest, AThreadThatHangsHoldsUpOneReaderForTwoSecondsAndOthersNotAtAll) {
  begin();
  std::promise<void> disk_is_back;
  auto hanging = history->run([&](SQLite::Database&) { disk_is_back.get_future().wait(); });
  EXPECT_THROW((void)past_of("payment"), Busy);
  const auto before = std::chrono::steady_clock::now();
  for (int i = 0; i < 100; ++i) EXPECT_THROW((void)history->circuits(), Busy);
  EXPECT_LT(std::chrono::steady_clock::now() - before, History::patience);
  disk_is_back.set_value();
  hanging.get();
  history->run([](SQLite::Database&) {}).get();
  EXPECT_NO_THROW((void)history->circuits());
}

TEST_F(HistoryTest, RecordsSamplesWhileTimePasses) {
  options.resolution = 1s;
  begin();
  std::move(*breaker("payment")->try_acquire(std::chrono::steady_clock::now()))
      .record(Outcome::success(4ms), std::chrono::steady_clock::now());
  const auto end = std::chrono::steady_clock::now() + 30s;
  std::uint64_t calls = 0;
  while (calls == 0 && std::chrono::steady_clock::now() < end) {
    calls = 0;
    for (const CircuitSample& each : past_of("payment").samples) calls += each.successes;
  }
  EXPECT_EQ(calls, 1U);
}

}  // namespace
}  // namespace switchgear::history
