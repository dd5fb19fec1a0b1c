#include "switchgear/postgres/statement.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "switchgear/postgres/connection/prepared_statements.hpp"
#include "switchgear/postgres/connection/server_report.hpp"
#include "switchgear/postgres/connection/target.hpp"

namespace switchgear::postgres {
namespace {

std::string text(const Parameter& parameter) { return {parameter.data(), parameter.size()}; }

TEST(PostgresParameters, AreWrittenAsTheServerReadsThem) {
  EXPECT_EQ(text(Parameter(-7)), "-7");
  EXPECT_EQ(text(Parameter(18446744073709551615ULL)), "18446744073709551615");
  EXPECT_EQ(text(Parameter(0.1)), "0.1");
  EXPECT_EQ(text(Parameter(true)), "t");
  EXPECT_EQ(text(Parameter("it's")), "it's");
  EXPECT_EQ(Parameter(nullptr).data(), nullptr);
  EXPECT_EQ(Parameter(std::optional<int>()).data(), nullptr);
  EXPECT_EQ(text(Parameter(std::optional<int>(3))), "3");
  EXPECT_EQ(text(Parameter(std::vector<int>{1, 2})), R"({"1","2"})");
  EXPECT_EQ(text(Parameter(std::vector<int>{})), "{}");
  EXPECT_EQ(text(Parameter(std::vector<std::string>{R"(a"b\c)", "{x}", "NULL", ""})),
            R"({"a\"b\\c","{x}","NULL",""})");
  EXPECT_EQ(text(Parameter(std::vector<std::optional<int>>{1, std::nullopt})), R"({"1",NULL})");
}

TEST(PostgresParameters, OfTimesAreInUtcToTheMicrosecond) {
  using namespace std::chrono;
  const system_clock::time_point time = sys_days{2026y / May / 4} + 13h + 2min + 1s + 250ms;
  EXPECT_EQ(text(Parameter(time)), "2026-05-04 13:02:01.250000+00");
  EXPECT_EQ(text(Parameter(system_clock::time_point(-1ns))), "1969-12-31 23:59:59.999999+00");
}

TEST(PostgresParameters, ThatPostgresCannotStoreAreRefused) {
  EXPECT_THROW(Parameter(std::string("a\0b", 3)), std::invalid_argument);
  EXPECT_THROW(Parameter(std::vector<std::vector<int>>{{1}}), std::invalid_argument);
}

TEST(PostgresStatements, WithAZeroByteInTheirTextAreRefusedBeforeAnythingIsSent) {
  try {
    const Statement cut(std::string("DELETE FROM t\0 WHERE id = 1", 28));
    ADD_FAILURE() << "the condition would be lost";
  } catch (const std::invalid_argument& refused) {
    EXPECT_STREQ(
        refused.what(),
        "the text of a statement has a zero byte at position 13, where PostgreSQL would take it to end; "
        "pass values as parameters");
  }
}

TEST(PostgresStatements, HaveAKeyOnlyIfTheyRead) {
  EXPECT_EQ(Statement("SELECT $1", 1).key(), "");
  const std::string key = Statement("SELECT $1, $2", "a", "bc").read().key();
  EXPECT_NE(key, "");
  EXPECT_NE(key, Statement("SELECT $1, $2", "ab", "c").read().key());
  EXPECT_NE(key, Statement("SELECT $1, $2", "a", nullptr).read().key());
  EXPECT_NE(Statement("SELECT $1", "").read().key(), Statement("SELECT $1", nullptr).read().key());
  EXPECT_EQ(Statement("SELECT 1").read().key("one").key(), "one");
  const std::vector<std::byte> bytes{std::byte{'a'}};
  EXPECT_NE(Statement("SELECT $1", bytes).read().key(), Statement("SELECT $1", "a").read().key())
      << "the server reads bytes in another way";
}

TEST(PostgresStatements, AreRepeatedIfTheyReadOrSaySo) {
  EXPECT_FALSE(Statement("SELECT 1").is_repeatable());
  EXPECT_TRUE(Statement("SELECT 1").read().is_repeatable());
  EXPECT_FALSE(Statement("SELECT 1").read().repeatable(Repeatable::no).is_repeatable());
  EXPECT_TRUE(Statement("DELETE FROM t").repeatable(Repeatable::yes).is_repeatable());
  Batch batch;
  batch.add(Statement("SELECT 1").read());
  EXPECT_TRUE(batch.is_repeatable());
  batch.add({"DELETE FROM t"});
  EXPECT_FALSE(batch.is_repeatable());
}

TEST(PreparedStatementsOfAConnection, AreMadeAtTheirNthUse) {
  PreparedStatements prepared(3, 10, std::make_shared<SchemaAge>());
  EXPECT_EQ(prepared.use("a").name, "");
  EXPECT_EQ(prepared.use("a").name, "");
  const PreparedStatements::Use third = prepared.use("a");
  EXPECT_TRUE(third.is_new);
  EXPECT_NE(third.name, "");
  const PreparedStatements::Use fourth = prepared.use("a");
  EXPECT_FALSE(fourth.is_new);
  EXPECT_EQ(fourth.name, third.name);
  prepared.forget("a");
  EXPECT_EQ(prepared.use("a").name, "");
}

TEST(PreparedStatementsOfAConnection, MakeRoomByTheLeastRecentlyUsed) {
  PreparedStatements prepared(1, 2, std::make_shared<SchemaAge>());
  const std::string a = prepared.use("a").name;
  const std::string b = prepared.use("b").name;
  EXPECT_EQ(prepared.use("a").makes_room, "");
  EXPECT_EQ(prepared.use("c").makes_room, b);
  EXPECT_EQ(prepared.use("b").makes_room, a);
}

TEST(PreparedStatementsOfAConnection, CanBeTurnedOff) {
  PreparedStatements never(0, 10, std::make_shared<SchemaAge>());
  for (int i = 0; i < 10; ++i) EXPECT_EQ(never.use("a").name, "");
}

TEST(PreparedStatementsOfAConnection, AreForgottenByTheWholePoolWhenTheTablesHaveChanged) {
  const auto schema = std::make_shared<SchemaAge>();
  PreparedStatements one(1, 10, schema), other(1, 10, schema);
  const std::string a = one.use("a").name, b = one.use("b").name;
  EXPECT_FALSE(other.use("a").name.empty());
  EXPECT_FALSE(other.use("b").name.empty());
  one.note_outdated();
  const std::string dropped = one.take_forgotten();
  EXPECT_TRUE(dropped == "DEALLOCATE " + a + "; DEALLOCATE " + b ||
              dropped == "DEALLOCATE " + b + "; DEALLOCATE " + a)
      << dropped;
  EXPECT_EQ(one.take_forgotten(), "");
  EXPECT_TRUE(other.use("a").is_new);
  EXPECT_NE(other.take_forgotten(), "");
  one.note_lost();
  EXPECT_EQ(one.take_forgotten(), "") << "the server has none of them";
}

TEST(PostgresRefusals, HaveTheirSqlstateInAnyLanguage) {
  const ServerReport english = report_of_refusal(
      "connection to server at \"db\" (10.0.0.5), port 5432 failed: FATAL:  53300: sorry, too many clients "
      "already\nLOCATION:  InitProcess, proc.c:361\n");
  EXPECT_EQ(english.sqlstate, "53300");
  EXPECT_EQ(english.message, "sorry, too many clients already (SQLSTATE 53300)");
  EXPECT_EQ(report_of_refusal("… fehlgeschlagen: FATAL:  28P01: Passwort-Authentifizierung\n").sqlstate,
            "28P01");
}

TEST(PostgresRefusals, OfNoServerHaveNone) {
  const ServerReport report = report_of_refusal(
      "connection to server at \"127.0.0.1\", port 1 failed: Connection refused\n\tIs the server running?\n");
  EXPECT_EQ(report.sqlstate, "");
  EXPECT_EQ(report.message, "Connection refused");
}

TEST(PostgresConnectionStrings, AreNamedWithoutUserAndPassword) {
  EXPECT_EQ(ConnectionString("postgresql://ada:secret@db:5433/shop").label(), "db:5433/shop");
  EXPECT_EQ(ConnectionString("host=a,b port=1,2 dbname=shop password=secret").label(), "a:1,b:2/shop");
  EXPECT_EQ(ConnectionString("host=a,b port=7 dbname=shop").label(), "a:7,b:7/shop");
}

TEST(PostgresConnectionStrings, ThatCannotBeReadAreRefusedWithTheReason) {
  const auto refusal = [](const char* text) -> std::string {
    try {
      const ConnectionString read(text);
    } catch (const std::invalid_argument& why) {
      return why.what();
    }
    return "accepted";
  };
  EXPECT_NE(refusal("host=a hots=b").find("invalid connection option \"hots\""), std::string::npos);
  EXPECT_NE(refusal("service=shop").find("set PGSERVICE"), std::string::npos);
  EXPECT_NE(refusal("host=a,b port=1,2,3").find("2 hosts and 3 ports"), std::string::npos);
  EXPECT_NE(refusal("host=a,b hostaddr=10.0.0.1").find("2 hosts and 1 addresses"), std::string::npos);
}

}  // namespace
}  // namespace switchgear::postgres
