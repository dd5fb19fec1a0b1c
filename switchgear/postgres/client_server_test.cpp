#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "switchgear/policy/circuit_breaker.hpp"
#include "switchgear/policy/fallback.hpp"
#include "switchgear/postgres/server_fixture.hpp"

namespace switchgear::postgres {
namespace {

using namespace std::chrono_literals;

boost::asio::awaitable<void> ask(Client& db) {
  const Rows rows = co_await db.fetch({"SELECT $1::int + 1 AS sum, 'Ada' AS name", 41});
  EXPECT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows.front()["sum"].as<int>(), 42);
  EXPECT_EQ(rows.front()["name"].as<std::string>(), "Ada");
  EXPECT_EQ(rows.report.attempts, 1U);
}

TEST(PostgresClient, ConnectsQueriesAndAnswersBehindABreaker) {
  CircuitBreaker breaker{"db", {.consecutive_failures = 3}};
  boost::asio::io_context io(1);
  Client db{io.get_executor(), shared_server().connection(), breaker};
  std::exception_ptr failed;
  boost::asio::co_spawn(io, ask(db), [&](const std::exception_ptr& thrown) { failed = thrown; });
  io.run();
  EXPECT_FALSE(failed);
  EXPECT_EQ(totals(breaker).successes, 1U);
}

TEST(PostgresClient, ReadsEachTypeThatItWrites) {
  using std::chrono::system_clock;
  BlockingClient db{shared_server().connection()};
  const std::vector<std::byte> bytes{std::byte{0}, std::byte{255}, std::byte{'a'}};
  const system_clock::time_point time =
      std::chrono::floor<std::chrono::microseconds>(system_clock::time_point(1'777'899'721'250'123us));
  const Rows rows =
      db.fetch({"SELECT $1::int8, $2::float8, $3::bool, $4::text, $5::bytea, $6::timestamptz, "
                "$7::text, $8::int[]",
                INT64_MIN, 0.1, true, "žluť'\"\\", bytes, time, nullptr, std::vector<int>{1, 2}});
  const Row row = rows.front();
  EXPECT_EQ(row[0].as<std::int64_t>(), INT64_MIN);
  EXPECT_EQ(row[1].as<double>(), 0.1);
  EXPECT_TRUE(row[2].as<bool>());
  EXPECT_EQ(row[3].as<std::string_view>(), "žluť'\"\\");
  EXPECT_EQ(row[4].as<std::vector<std::byte>>(), bytes);
  EXPECT_EQ(row[5].as<system_clock::time_point>(), time);
  EXPECT_TRUE(row[6].is_null());
  EXPECT_EQ(row[6].as<std::optional<int>>(), std::nullopt);
  EXPECT_EQ(row[7].text(), "{1,2}");
}

TEST(PostgresClient, ReadsTimesOfOtherZonesAndDates) {
  using std::chrono::system_clock;
  BlockingClient db{shared_server().connection("options='-c timezone=America/St_Johns'")};
  const Rows rows =
      db.fetch({"SELECT '2026-05-04 12:00+00'::timestamptz, '1970-01-02'::date, "
                "'1970-01-01 00:00:00.5'::timestamp, 'infinity'::timestamptz"});
  const Row row = rows.front();
  EXPECT_TRUE(row[0].text().ends_with("-02:30")) << row[0].text();
  EXPECT_EQ(row[0].as<system_clock::time_point>(),
            std::chrono::sys_days{std::chrono::year{2026} / 5 / 4} + std::chrono::hours{12});
  EXPECT_EQ(row[1].as<system_clock::time_point>().time_since_epoch(), std::chrono::hours{24});
  EXPECT_EQ(row[2].as<system_clock::time_point>().time_since_epoch(), 500ms);
  EXPECT_THROW((void)row[3].as<system_clock::time_point>(), Error);
}

TEST(PostgresClient, SaysWhatIsWrongWithAValueThatIsRead) {
  BlockingClient db{shared_server().connection()};
  const Rows rows = db.fetch({"SELECT 300 AS big, 'x' AS letter, NULL::int AS nothing"});
  const Row row = rows.front();
  EXPECT_EQ(thrown_by<Error>([&] { (void)row["big"].as<std::int8_t>(); }),
            "column 'big': '300' does not fit");
  EXPECT_EQ(thrown_by<Error>([&] { (void)row["letter"].as<int>(); }),
            "column 'letter': 'x' is not a whole number of 64 bits");
  EXPECT_EQ(thrown_by<Error>([&] { (void)row["nothing"].as<int>(); }),
            "column 'nothing' is NULL; read it as a std::optional if it may be");
  EXPECT_EQ(thrown_by<Error>([&] { (void)row["Big"]; }), "the rows have no column 'Big'");
  EXPECT_EQ(thrown_by<Error>([&] { (void)row[3]; }),
            "column 3 was read, and the rows have 3, counted from 0");
}

TEST(PostgresClient, NeverMakesAParameterPartOfTheText) {
  BlockingClient db{shared_server().connection()};
  const std::string attack = "'; DROP TABLE users; --";
  EXPECT_EQ(db.fetch({"SELECT $1::text", attack}).front()[0].as<std::string>(), attack);
  EXPECT_EQ(thrown_by<Error>([&] { db.fetch({"SELECT 1; SELECT 2"}); }),
            "cannot insert multiple commands into a prepared statement (SQLSTATE 42601)");
}

TEST(PostgresClient, TellsHowManyRowsWereChanged) {
  BlockingClient db{shared_server().connection()};
  db.execute({"CREATE TABLE changed (id int PRIMARY KEY)"});
  EXPECT_EQ(db.execute({"INSERT INTO changed SELECT generate_series(1, 5)"}), 5U);
  EXPECT_EQ(db.execute({"DELETE FROM changed WHERE id = ANY($1)", std::vector<int>{2, 3, 9}}), 2U);
  const Rows rows = db.fetch({"SELECT id FROM changed ORDER BY id"});
  std::vector<int> left;
  for (const Row row : rows) left.push_back(row[0].as<int>());
  EXPECT_EQ(left, (std::vector<int>{1, 4, 5}));
  EXPECT_EQ((rows[1].as<int>()), std::tuple{4});
}

TEST(PostgresClient, TakesNoViolatedConstraintAndNoSyntaxErrorForAFailureOfTheDatabase) {
  CircuitBreaker breaker{"db", {.consecutive_failures = 1}};
  BlockingClient db{shared_server().connection(), breaker};
  db.execute({"CREATE TABLE unique_ids (id int CONSTRAINT one_each PRIMARY KEY)"});
  db.execute({"INSERT INTO unique_ids VALUES (1)"});
  try {
    db.execute({"INSERT INTO unique_ids VALUES ($1)", 1});
    ADD_FAILURE() << "the second 1 was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.sqlstate(), "23505");
    EXPECT_EQ(error.report().constraint, "one_each");
    EXPECT_EQ(error.code(), Errc::server);
    EXPECT_FALSE(error.may_have_run());
    EXPECT_STREQ(error.what(),
                 "duplicate key value violates unique constraint \"one_each\" (SQLSTATE 23505)");
  }
  EXPECT_NE(thrown_by<Error>([&] { db.fetch({"SELEKT 1"}); }), "");
  EXPECT_NE(thrown_by<Error>([&] { db.fetch({"SELECT * FROM no_such_table"}); }), "");
  EXPECT_NE(thrown_by<Error>([&] { db.fetch({"SELECT 1/$1::int", 0}); }), "");
  EXPECT_EQ(breaker.state(), State::closed);
  EXPECT_EQ(totals(breaker).failures, 0U);
  EXPECT_EQ(db.pool().opened, 1U) << "an error of the server is no reason to open another connection";
}

TEST(PostgresClient, PreparesAStatementThatComesAgain) {
  BlockingClient db{shared_server().connection(), one_connection()};
  const auto prepared = [&] {
    return db.fetch(Statement{"SELECT count(*) FROM pg_prepared_statements"}.prepared(Prepared::never))
        .front()[0]
        .as<int>();
  };
  for (int i = 1; i <= 5; ++i) {
    EXPECT_EQ(db.fetch({"SELECT $1::int * 2", i}).front()[0].as<int>(), 2 * i);
    EXPECT_EQ(prepared(), i < 3 ? 0 : 1);
  }
}

TEST(PostgresClient, PreparesNoMoreThanItMay) {
  ClientOptions options = one_connection();
  options.prepare_at = 1;
  options.max_prepared = 3;
  BlockingClient db{shared_server().connection(), options};
  for (int i = 0; i < 10; ++i) db.fetch({"SELECT " + std::to_string(i)});
  EXPECT_EQ(db.fetch(Statement{"SELECT count(*) FROM pg_prepared_statements"}.prepared(Prepared::never))
                .front()[0]
                .as<int>(),
            3);
}

TEST(PostgresClient, GoesOnWhenAPreparedStatementIsNotThereOrFitsTheTableNoMore) {
  ClientOptions options = one_connection();
  options.prepare_at = 1;
  BlockingClient db{shared_server().connection(), options};
  db.execute({"CREATE TABLE shape (id int)"});
  db.execute({"INSERT INTO shape VALUES (1)"});
  EXPECT_EQ(db.fetch({"SELECT * FROM shape"}).columns(), 1U);
  db.execute({"ALTER TABLE shape ADD COLUMN name text"});
  EXPECT_EQ(db.fetch({"SELECT * FROM shape"}).columns(), 2U);
  db.fetch({"SELECT * FROM shape"});
  db.execute({"DEALLOCATE ALL"});
  EXPECT_EQ(db.fetch({"SELECT * FROM shape"}).columns(), 2U);
}

TEST(PostgresClient, MakesABatchInOneRoundTripAllOrNothing) {
  BlockingClient db{shared_server().connection(), one_connection()};
  db.execute({"CREATE TABLE lines (id int PRIMARY KEY)"});
  Batch good;
  for (int i = 0; i < 100; ++i) good.add({"INSERT INTO lines VALUES ($1)", i});
  good.add({"SELECT count(*) FROM lines"});
  const std::vector<Rows> results = db.run(good);
  ASSERT_EQ(results.size(), 101U);
  EXPECT_EQ(results[7].affected(), 1U);
  EXPECT_EQ(results[100].front()[0].as<int>(), 100);

  Batch bad;
  bad.add({"INSERT INTO lines VALUES (1000)"}).add({"INSERT INTO lines VALUES ($1)", 7}).add({"SELECT 1"});
  EXPECT_EQ(
      thrown_by<Error>([&] { db.run(bad); }),
      "statement 2 of 3: duplicate key value violates unique constraint \"lines_pkey\" (SQLSTATE 23505)");
  EXPECT_EQ(db.fetch({"SELECT count(*) FROM lines"}).front()[0].as<int>(), 100);
  EXPECT_TRUE(db.run(Batch{}).empty());
  EXPECT_EQ(db.pool().opened, 1U);
}

TEST(PostgresClient, ReadsTheResultsOfABatchWhileItStillSends) {
  BlockingClient db{shared_server().connection()};
  const std::string large(20'000, 'x');
  Batch batch;  // more in both directions than sockets hold
  for (int i = 0; i < 1000; ++i) batch.add({"SELECT $1::text", large});
  const std::vector<Rows> results = db.run(batch);
  ASSERT_EQ(results.size(), 1000U);
  EXPECT_EQ(results.back().front()[0].text().size(), large.size());
}

TEST(PostgresClient, RefusesCopyAndGoesOn) {
  BlockingClient db{shared_server().connection(), one_connection()};
  EXPECT_EQ(thrown_by<Error>([&] { db.execute({"COPY (SELECT 1) TO STDOUT"}); }),
            "COPY is not supported; insert rows with a Batch");
  EXPECT_EQ(db.fetch({"SELECT 1"}).size(), 1U);
}

TEST(PostgresClient, AnswersAReadFromItsLastGoodRows) {
  auto last = Fallback<Rows>::cached("prices", {.max_stale = 1min});
  CircuitBreaker breaker{"db", {.consecutive_failures = 1}};
  BlockingClient db{shared_server().connection(), Pipeline{last, breaker}};
  const Statement prices = Statement{"SELECT 7 AS price"}.read();
  EXPECT_EQ(db.fetch(prices).report.source, Source::call);
  breaker.command(Command::force_open, std::chrono::steady_clock::now());
  const Rows remembered = db.fetch(prices);
  EXPECT_EQ(remembered.report.source, Source::fallback);
  EXPECT_EQ(remembered.front()["price"].as<int>(), 7);
  EXPECT_THROW(db.fetch({"SELECT 7 AS price"}), DatabaseUnavailable) << "it did not say read()";
}

TEST(PostgresClient, CallsBackAndReturnsWhenTheLastCallHasEnded) {
  boost::asio::io_context io(1);
  int sum = 0;
  {
    Client db{io.get_executor(), shared_server().connection()};
    for (int i = 1; i <= 20; ++i) {
      db.fetch({"SELECT $1::int", i}, [&](const std::exception_ptr& failed, const Rows& rows) {
        EXPECT_FALSE(failed);
        sum += rows.front()[0].as<int>();
      });
    }
  }
  io.run();
  EXPECT_EQ(sum, 210);
}

TEST(PostgresClient, GivesEverythingBackWhenItsContextIsDestroyed) {
  Rows kept;
  {
    boost::asio::io_context io(1);
    Client db{io.get_executor(), shared_server().connection()};
    db.fetch({"SELECT pg_sleep(60)"}, [](const std::exception_ptr&, const Rows&) { ADD_FAILURE(); });
    db.fetch({"SELECT 5"}, [&](const std::exception_ptr&, const Rows& rows) {
      kept = rows;
      io.stop();
    });
    io.run();
  }
  EXPECT_EQ(kept.front()[0].as<int>(), 5);
}

TEST(PostgresClient, MayBeUsedFromManyThreads) {
  ClientOptions options;
  options.pool.max = 4;
  BlockingClient db{shared_server().connection(), options};
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i)
        if (db.fetch({"SELECT $1::int", t * 100 + i}).front()[0].as<int>() == t * 100 + i) ++good;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 400);
  EXPECT_LE(db.pool().opened, 4U);
}

}  // namespace
}  // namespace switchgear::postgres
