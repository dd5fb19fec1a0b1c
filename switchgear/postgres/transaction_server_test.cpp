#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "switchgear/policy/circuit_breaker.hpp"
#include "switchgear/policy/fallback.hpp"
#include "switchgear/policy/retry.hpp"
#include "switchgear/policy/time_limit.hpp"
#include "switchgear/postgres/server_fixture.hpp"

namespace switchgear::postgres {
namespace {

using namespace std::chrono_literals;
using boost::asio::awaitable;

/// A table of its own for each test: `accounts` with 1: 100 and 2: 100.
class PostgresTransactions : public ::testing::Test {
 protected:
  PostgresTransactions() {
    server.sql(
        "DROP TABLE IF EXISTS accounts; CREATE TABLE accounts (id int PRIMARY KEY, balance int NOT NULL); "
        "INSERT INTO accounts VALUES (1, 100), (2, 100)");
  }
  [[nodiscard]] std::string balances() const {
    return server.sql("SELECT string_agg(balance::text, ',' ORDER BY id) FROM accounts");
  }

  house::PostgresServer& server = shared_server();
  CircuitBreaker breaker{"db", {.consecutive_failures = 1}};
  Retry retry{"db", {.max_attempts = 5, .base = 1ms}};
  BlockingClient db{server.connection(), Pipeline{retry, breaker}};
};

const char* const take_ten = "UPDATE accounts SET balance = balance - 10 WHERE id = $1";
const char* const add_ten = "UPDATE accounts SET balance = balance + 10 WHERE id = $1";

TEST_F(PostgresTransactions, TakeEffectTogetherAndGiveWhatTheFunctionGives) {
  const int left = db.transaction([](Transaction& tx) -> awaitable<int> {
    co_await tx.execute({take_ten, 1});
    co_await tx.execute({add_ten, 2});
    const Rows rows = co_await tx.fetch({"SELECT balance FROM accounts WHERE id = 1"});
    co_return rows.front()[0].as<int>();
  });
  EXPECT_EQ(left, 90);
  EXPECT_EQ(balances(), "90,110");
}

TEST_F(PostgresTransactions, AreRolledBackByAnExceptionThatReachesTheCallerUntouched) {
  struct NotEnough {
    int missing;
  };
  int runs = 0;
  try {
    db.transaction([&](Transaction& tx) -> awaitable<void> {
      ++runs;
      co_await tx.execute({take_ten, 1});
      throw NotEnough{7};
    });
    ADD_FAILURE() << "it was committed";
  } catch (const NotEnough& thrown) {
    EXPECT_EQ(thrown.missing, 7);
  }
  EXPECT_EQ(runs, 1) << "the caller's own exception is no reason to run it again";
  EXPECT_EQ(balances(), "100,100");
  EXPECT_EQ(breaker.state(), State::closed) << "and no failure of the database";
  EXPECT_EQ(db.pool().opened, 1U) << "the connection is kept";
}

TEST_F(PostgresTransactions, AreRunAgainAfterASerializationFailure) {
  int runs = 0;
  const TransactionOptions serializable{.isolation = Isolation::serializable};
  db.transaction(
      [&](Transaction& tx) -> awaitable<void> {
        co_await tx.fetch({"SELECT balance FROM accounts WHERE id = 1"});
        if (++runs < 3) server.sql("UPDATE accounts SET balance = balance + 1 WHERE id = 1");  // in its way
        co_await tx.execute({take_ten, 1});
      },
      serializable);
  EXPECT_EQ(runs, 3);
  EXPECT_EQ(balances(), "92,100");
  EXPECT_EQ(totals(breaker).failures, 0U);
}

TEST_F(PostgresTransactions, AreNotDisturbedByAMigrationOrByLostPreparedStatements) {
  const Statement all{"SELECT * FROM accounts WHERE id = $1", 1};
  BlockingClient plain{server.connection()};  // without a Retry
  int runs = 0;
  const auto read_first = [&](Transaction& tx) -> awaitable<std::size_t> {
    ++runs;
    const Rows rows = co_await tx.fetch(all);
    co_await tx.execute({"SET LOCAL work_mem = '1MB'"});
    co_return rows.columns();
  };
  const auto read_later = [&](Transaction& tx) -> awaitable<std::size_t> {
    ++runs;
    co_await tx.execute({take_ten, 1});
    co_return (co_await tx.fetch(all)).columns();
  };
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(plain.transaction(read_first), 2U);
    EXPECT_EQ(db.transaction(read_later), 2U);
  }
  runs = 0;
  server.sql("ALTER TABLE accounts ADD COLUMN owner text");
  EXPECT_EQ(plain.transaction(read_first), 3U);
  EXPECT_EQ(runs, 1) << "nothing had been done, so the function hears nothing of it";
  runs = 0;
  EXPECT_EQ(db.transaction(read_later), 3U);
  EXPECT_EQ(runs, 2) << "what it had done was rolled back, and the Retry ran it again";
  EXPECT_EQ(balances(), "50,100");
  for (int i = 0; i < 4; ++i) EXPECT_EQ(plain.transaction(read_first), 3U);
  plain.execute({"DEALLOCATE ALL"});
  runs = 0;
  EXPECT_EQ(plain.transaction(read_first), 3U);
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(totals(breaker).failures, 0U);
}

TEST_F(PostgresTransactions, OfAllConnectionsMeetAMigrationOnce) {
  namespace asio = boost::asio;
  const Statement all{"SELECT * FROM accounts WHERE id = 1"};
  asio::io_context io(1);
  ClientOptions options;
  options.prepare_at = 1;
  Client bare{io.get_executor(), server.connection(), options};
  std::string failed;
  const auto run = [&](int transactions) {
    int arrived = 0;
    failed.clear();
    const auto read = [&](Transaction& tx) -> awaitable<void> {
      co_await tx.execute({"SELECT 1"});
      for (++arrived; arrived < transactions;) co_await asio::post(io, asio::use_awaitable);
      co_await tx.fetch(all);
    };
    for (int i = 0; i < transactions; ++i) {
      asio::co_spawn(io, bare.transaction(read), [&](const std::exception_ptr& thrown) {
        if (thrown) failed += thrown_by<Error>([&] { std::rethrow_exception(thrown); });
      });
    }
    io.restart();
    io.run();
    return failed;
  };
  EXPECT_EQ(run(2), "");
  ASSERT_EQ(bare.pool().opened, 2U);
  server.sql("ALTER TABLE accounts ADD COLUMN owner text");
  EXPECT_EQ(run(1), "cached plan must not change result type (SQLSTATE 0A000)") << "without a Retry";
  EXPECT_EQ(run(2), "") << "neither this connection nor the other one";
  ASSERT_EQ(bare.pool().opened, 2U);
}

TEST_F(PostgresTransactions, AreRunAgainAfterADeadlock) {
  server.sql("ALTER SYSTEM SET deadlock_timeout = '20ms'; ");
  server.sql("SELECT pg_reload_conf()");
  std::atomic<int> runs{0};
  std::atomic<bool> both{false};
  std::atomic<int> locked{0};
  const auto transfer = [&](int first, int second) {
    BlockingClient own{server.connection(), Pipeline{retry, breaker}};
    own.transaction([&](Transaction& tx) -> awaitable<void> {
      ++runs;
      co_await tx.execute({take_ten, first});
      if (!both) {
        ++locked;
        while (locked < 2) {
          boost::asio::steady_timer moment{co_await boost::asio::this_coro::executor, 1ms};
          co_await moment.async_wait(boost::asio::use_awaitable);
        }
        both = true;
      }
      co_await tx.execute({add_ten, second});
    });
  };
  std::jthread other([&] { transfer(2, 1); });
  transfer(1, 2);
  other.join();
  EXPECT_EQ(runs, 3) << "one of the two once more";
  EXPECT_EQ(balances(), "100,100");
  EXPECT_EQ(totals(breaker).failures, 0U);
}

TEST_F(PostgresTransactions, ThatBreakAreNeverRunAgain) {
  int runs = 0;
  try {
    db.transaction([&](Transaction& tx) -> awaitable<void> {
      ++runs;
      co_await tx.execute({take_ten, 1});
      const Rows own = co_await tx.fetch({"SELECT pg_backend_pid()"});
      server.sql("SELECT pg_terminate_backend(" + own.front()[0].as<std::string>() + ")");
      co_await tx.execute({add_ten, 2});
    });
    ADD_FAILURE() << "it was committed";
  } catch (const Error& error) {
    EXPECT_TRUE(error.code() == Errc::server || error.code() == Errc::lost) << error.what();
  }
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(balances(), "100,100");
  EXPECT_EQ(breaker.state(), State::open) << "a broken connection is a failure";
}

TEST_F(PostgresTransactions, WhoseCommitIsNotAnsweredSaySo) {
  server.sql(
      "CREATE OR REPLACE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS "
      "$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$");
  server.sql(
      "CREATE CONSTRAINT TRIGGER die_at_commit AFTER UPDATE ON accounts DEFERRABLE INITIALLY DEFERRED "
      "FOR EACH ROW EXECUTE FUNCTION die()");
  int runs = 0;
  try {
    db.transaction([&](Transaction& tx) -> awaitable<void> {
      ++runs;
      co_await tx.execute({take_ten, 1});
    });
    ADD_FAILURE() << "it was committed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Errc::commit_unknown) << error.what();
    EXPECT_TRUE(error.may_have_run());
  }
  EXPECT_EQ(runs, 1);
}

TEST_F(PostgresTransactions, ThatAreNotCommittedAlthoughTheFunctionReturnedSaySo) {
  const auto swallow = [](Transaction& tx) -> awaitable<void> {
    co_await tx.execute({take_ten, 1});
    try {
      co_await tx.execute({"INSERT INTO accounts VALUES (1, 0)"});
    } catch (const Error&) {
    }
  };
  try {
    db.transaction(swallow);
    ADD_FAILURE() << "it was committed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Errc::rolled_back) << error.what();
  }
  EXPECT_EQ(balances(), "100,100");
}

TEST_F(PostgresTransactions, GoOnBehindASavepoint) {
  db.transaction([](Transaction& tx) -> awaitable<void> {
    co_await tx.execute({take_ten, 1});
    co_await tx.execute({"SAVEPOINT before"});
    bool failed = false;
    try {
      co_await tx.execute({"INSERT INTO accounts VALUES (1, 0)"});
    } catch (const Error&) {
      failed = true;
    }
    if (failed) co_await tx.execute({"ROLLBACK TO before"});
  });
  EXPECT_EQ(balances(), "90,100");
}

TEST_F(PostgresTransactions, AreRolledBackAtTheServerWhenTheirTimeIsOver) {
  int runs = 0;
  const TransactionOptions short_time{.timeout = 100ms};
  const auto hang = [&](Transaction& tx) -> awaitable<void> {
    ++runs;
    co_await tx.execute({take_ten, 1});
    co_await tx.execute({"SELECT pg_sleep(60)"});
  };
  EXPECT_THROW(db.transaction(hang, short_time), Rejected);
  EXPECT_EQ(runs, 1);
  EXPECT_TRUE(eventually([&] { return db.pool().recovering == 0; }));
  server.wait_for(
      "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND state <> 'idle' "
      "AND pid <> pg_backend_pid()",
      "0");
  EXPECT_EQ(balances(), "100,100");
  breaker.command(Command::reset, std::chrono::steady_clock::now());
  EXPECT_EQ(db.fetch({"SELECT 1"}).size(), 1U);
  EXPECT_EQ(db.pool().opened, 1U) << "the connection is kept";
  EXPECT_EQ(db.pool().cancelled, 1U);
}

TEST_F(PostgresTransactions, AreNotRepeatedWhenAnAttemptRanOutOfTime) {
  Timeout timeout{"attempt", 100ms};
  BlockingClient limited{server.connection(), Pipeline{retry, timeout}};
  int runs = 0;
  const auto hang = [&](Transaction& tx) -> awaitable<void> {
    ++runs;
    co_await tx.execute({"SELECT pg_sleep(60)"});
  };
  try {
    limited.transaction(hang);
    ADD_FAILURE() << "it was committed";
  } catch (const Rejected& rejected) {
    EXPECT_EQ(rejected.reason(), Reason::timed_out);
  }
  EXPECT_EQ(runs, 1);
}

TEST_F(PostgresTransactions, AreNotMadeUpByAFallback) {
  auto empty = Fallback<Rows>::value("db", Rows{});
  breaker.command(Command::force_open, std::chrono::steady_clock::now());
  BlockingClient made_up{server.connection(), Pipeline{empty, breaker}};
  EXPECT_TRUE(made_up.fetch({"SELECT 1"}).empty()) << "that is what the fallback is for";
  const auto nothing = [](Transaction& tx) -> awaitable<void> { co_await tx.execute({"SELECT 1"}); };
  EXPECT_NE(thrown_by<Error>([&] { made_up.transaction(nothing); }), "");
  Batch batch;
  batch.add({"SELECT 1"});
  EXPECT_NE(thrown_by<Error>([&] { made_up.run(batch); }), "");
}

TEST_F(PostgresTransactions, TakeOneStatementAtATime) {
  const auto twice = [](Transaction& tx) -> awaitable<void> {
    boost::asio::co_spawn(co_await boost::asio::this_coro::executor, tx.execute({"SELECT pg_sleep(0.05)"}),
                          [](const std::exception_ptr&, std::uint64_t) {});
    boost::asio::steady_timer moment{co_await boost::asio::this_coro::executor, 5ms};
    co_await moment.async_wait(boost::asio::use_awaitable);
    co_await tx.execute({"SELECT 1"});
  };
  try {
    db.transaction(twice);
    ADD_FAILURE() << "both ran";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Errc::busy) << error.what();
  }
}

TEST_F(PostgresTransactions, KeepABatchInside) {
  const auto two = db.transaction([](Transaction& tx) -> awaitable<std::vector<Rows>> {
    Batch batch;
    batch.add({take_ten, 1}).add({add_ten, 2});
    co_return co_await tx.run(batch);
  });
  EXPECT_EQ(two.size(), 2U);
  EXPECT_EQ(balances(), "90,110");
}

TEST_F(PostgresTransactions, OnlyReadIfTheySaySo) {
  const TransactionOptions reading{.access = Access::read_only};
  const auto write = [](Transaction& tx) -> awaitable<void> { co_await tx.execute({take_ten, 1}); };
  try {
    db.transaction(write, reading);
    ADD_FAILURE() << "it wrote";
  } catch (const Error& error) {
    EXPECT_EQ(error.sqlstate(), "25006");
  }
}

}  // namespace
}  // namespace switchgear::postgres
