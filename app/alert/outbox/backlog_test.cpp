#include "app/alert/outbox/backlog.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace switchgear::alert {
namespace {

using Ids = std::vector<std::string>;

Message message(const std::string& id, Telling telling = Telling::firing) {
  Message one;
  one.id = id;
  one.telling = telling;
  return one;
}

/// An incident in that stage, and a message of the same id about it.
Changes changes(const std::string& id, Stage stage = Stage::firing) {
  Changes changes;
  Incident incident;
  incident.id = id;
  incident.stage = stage;
  changes.put = {incident};
  changes.messages = {message(id)};
  return changes;
}

Ids ready(Backlog& backlog) {
  Ids ids;
  for (const Message& each : backlog.take_ready()) ids.push_back(each.id);
  return ids;
}

template <class Record>
Ids ids_of(const std::vector<Record>& records) {
  Ids ids;
  for (const Record& each : records) ids.push_back(each.id);
  return ids;
}

TEST(Backlog, ReleasesAMessageOnceItIsKept) {
  Backlog backlog;
  backlog.add(changes("a"));
  EXPECT_EQ(ready(backlog), Ids{});
  const auto batch = backlog.next();
  ASSERT_TRUE(batch);
  backlog.add(changes("b"));
  EXPECT_FALSE(backlog.next()) << "a write is under way";
  backlog.ended(true);
  EXPECT_EQ(ready(backlog), Ids{"a"});
  EXPECT_EQ(ids_of(backlog.next()->messages), Ids{"b"});
  backlog.ended(true);
  EXPECT_EQ(ready(backlog), Ids{"b"});
  EXPECT_FALSE(backlog.next());
}

TEST(Backlog, WritesAgainWhatCouldNotBeWrittenTogetherWithWhatCameSince) {
  Backlog backlog;
  Changes first = changes("a");
  first.removed = {"old"};
  backlog.add(first);
  ASSERT_TRUE(backlog.next());
  backlog.add(changes("a", Stage::resolved));
  backlog.ended(false);
  EXPECT_TRUE(backlog.failing());
  backlog.add(changes("b"));
  const auto batch = backlog.next();
  ASSERT_TRUE(batch);
  EXPECT_EQ(ids_of(batch->put), (Ids{"a", "b"}));
  EXPECT_EQ(batch->put[0].stage, Stage::resolved) << "the later record";
  EXPECT_EQ(batch->removed, Ids{"old"});
  EXPECT_EQ(ids_of(batch->messages), (Ids{"a", "a", "b"}));
  backlog.ended(true);
  EXPECT_FALSE(backlog.failing());
  EXPECT_FALSE(backlog.next());
}

TEST(Backlog, ReleasesMessagesAtOnceWhileTheStoreFails) {
  Backlog backlog;
  backlog.add(changes("a"));
  ASSERT_TRUE(backlog.next());
  backlog.add(changes("b"));
  backlog.ended(false);
  EXPECT_EQ(ready(backlog), (Ids{"a", "b"}));
  ASSERT_TRUE(backlog.next());
  backlog.add(changes("c"));
  EXPECT_EQ(ready(backlog), Ids{"c"}) << "though a write is under way";
  backlog.ended(true);
  EXPECT_EQ(ready(backlog), Ids{}) << "each once";
}

TEST(Backlog, DoesNotKeepAMessageThatWasDeliveredMeanwhile) {
  Backlog backlog;
  backlog.add(changes("a"));
  ASSERT_TRUE(backlog.next());
  backlog.ended(false);
  backlog.finished("a");
  const auto batch = backlog.next();
  EXPECT_EQ(ids_of(batch->messages), Ids{});
  EXPECT_EQ(batch->finished, Ids{"a"}) << "the write that seemed to fail may have kept it";
  EXPECT_EQ(ids_of(batch->put), Ids{"a"});
}

TEST(Backlog, DoesNotKeepRefreshesButLeavesThemInTheirOrder) {
  Backlog backlog;
  Changes refresh;
  refresh.messages = {message("r1", Telling::refresh)};
  backlog.add(refresh);
  EXPECT_FALSE(backlog.next()) << "nothing to write";
  EXPECT_EQ(ready(backlog), Ids{"r1"});
  backlog.add(changes("a"));
  const auto batch = backlog.next();
  refresh.messages = {message("r2", Telling::refresh)};
  backlog.add(refresh);
  EXPECT_EQ(ready(backlog), Ids{});
  backlog.ended(true);
  EXPECT_EQ(ready(backlog), (Ids{"a", "r2"}));
}

TEST(Backlog, HasAllThatIsNotKnownToBeKept) {
  Backlog backlog;
  backlog.add(changes("a"));
  ASSERT_TRUE(backlog.next());
  backlog.add(changes("b"));
  EXPECT_EQ(ids_of(backlog.rest().put), (Ids{"a", "b"}));
  backlog.ended(true);
  EXPECT_EQ(ids_of(backlog.rest().put), Ids{"b"});
}

}  // namespace
}  // namespace switchgear::alert
