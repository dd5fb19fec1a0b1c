#include "app/alert/outbox/sqlite_outbox.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "app/alert/channel/message_fixture.hpp"
#include "app/alert/incident/records.hpp"

namespace switchgear::alert {
namespace {

class SqliteOutboxTest : public testing::Test {
 protected:
  SqliteOutboxTest() {
    for (const std::string& statement : SqliteOutbox::tables()) database_.exec(statement);
  }

  SQLite::Database database_{":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
  SqliteOutbox outbox_{[this](const SqliteOutbox::Job& job) {
    SQLite::Transaction transaction{database_};
    job(database_);
    if (full_) throw std::runtime_error{"database or disk is full"};
    transaction.commit();
  }};
  bool full_ = false;
};

Incident incident(const std::string& id) {
  Incident one;
  one.id = id;
  one.rule = "opened";
  one.circuit = "payment";
  one.labels = {{"circuit", "payment"}};
  one.stage = Stage::firing;
  one.since = Moment{Duration{5}};
  one.evidence = {0.5, 0.25, 12, "failure rate"};
  one.acknowledged = Acknowledgement{"127.0.0.1", Moment{Duration{7}}};
  one.told["hook"] = {true, false, 3, Moment{Duration{6}}};
  return one;
}

TEST_F(SqliteOutboxTest, GivesBackWhatItWasGiven) {
  Changes changes;
  changes.put = {incident("1"), incident("2")};
  changes.messages = {message_of(Telling::firing), message_of(Telling::refresh)};
  changes.messages[1].id = "refresh";
  Silence silence;
  silence.id = "s";
  silence.until = Moment{Duration{9}};
  changes.silences = {silence};
  outbox_.commit(changes);
  const OutboxStore::Kept kept = outbox_.load();
  ASSERT_EQ(kept.incidents.size(), 2U);
  EXPECT_EQ(to_text(kept.incidents[0]), to_text(incident("1")));
  ASSERT_EQ(kept.messages.size(), 1U) << "a refresh is not kept";
  EXPECT_EQ(to_text(kept.messages[0]), to_text(changes.messages[0]));
  ASSERT_EQ(kept.silences.size(), 1U);
  EXPECT_EQ(to_text(kept.silences[0]), to_text(silence));
}

TEST_F(SqliteOutboxTest, KeepsMessagesInTheOrderInWhichTheyWereMade) {
  for (const char* id : {"z", "a", "m"}) {
    Changes changes;
    changes.messages = {message_of(Telling::firing)};
    changes.messages[0].id = id;
    outbox_.commit(changes);
  }
  Changes delivered;
  delivered.finished = {"a"};
  outbox_.commit(delivered);
  const auto kept = outbox_.load().messages;
  ASSERT_EQ(kept.size(), 2U);
  EXPECT_EQ(kept[0].id, "z");
  EXPECT_EQ(kept[1].id, "m");
}

TEST_F(SqliteOutboxTest, KeepsNothingOfAChangeThatCouldNotBeKeptWhole) {
  Changes changes;
  changes.put = {incident("1")};
  changes.messages = {message_of(Telling::firing)};
  full_ = true;
  EXPECT_THROW(outbox_.commit(changes), std::runtime_error);
  full_ = false;
  EXPECT_TRUE(outbox_.load().incidents.empty());
  EXPECT_TRUE(outbox_.load().messages.empty());
}

TEST_F(SqliteOutboxTest, PassesOverARowThatItCannotRead) {
  database_.exec("INSERT INTO alert_incidents (id, body) VALUES ('x', '{\"id\": 1}'), ('y', 'not json')");
  Changes changes;
  changes.put = {incident("1")};
  outbox_.commit(changes);
  EXPECT_EQ(outbox_.load().incidents.size(), 1U);
}

}  // namespace
}  // namespace switchgear::alert
