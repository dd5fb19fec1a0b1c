// A database that dies, hangs, is full, moves, or has no room.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "switchgear/core/rejected.hpp"
#include "switchgear/policy/circuit_breaker.hpp"
#include "switchgear/policy/retry.hpp"
#include "switchgear/policy/time_limit.hpp"
#include "switchgear/postgres/server_fixture.hpp"

namespace switchgear::postgres {
namespace {

using namespace std::chrono_literals;
using boost::asio::awaitable;
using house::PostgresServer;

const char* const sleepers =
    "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND state = 'active' AND pid <> "
    "pg_backend_pid()";

pid_t backend_of(BlockingClient& db) {
  return static_cast<pid_t>(db.fetch({"SELECT pg_backend_pid()"}).front()[0].as<int>());
}

TEST(PostgresFaults, ASlowStatementIsCancelledAtTheServerAndItsConnectionKept) {
  const PostgresServer& server = shared_server();
  CircuitBreaker breaker{"db", {.consecutive_failures = 1}};
  Timeout timeout{"db", 100ms};
  BlockingClient db{server.connection(), Pipeline{breaker, timeout}, one_connection()};
  const auto began = std::chrono::steady_clock::now();
  try {
    db.fetch({"SELECT pg_sleep(60)"});
    ADD_FAILURE() << "it was waited for";
  } catch (const Rejected& rejected) {
    EXPECT_EQ(rejected.reason(), Reason::timed_out);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);
  EXPECT_EQ(breaker.state(), State::open);
  EXPECT_TRUE(eventually([&] { return db.pool().recovering == 0; }));
  server.wait_for(sleepers, "0");
  breaker.command(Command::reset, std::chrono::steady_clock::now());
  EXPECT_EQ(db.fetch({"SELECT 1"}).size(), 1U) << "the cancellation does not meet the next statement";
  EXPECT_EQ(db.pool().opened, 1U);
  EXPECT_EQ(db.pool().cancelled, 1U);
}

TEST(PostgresFaults, ADatabaseThatHangsOpensTheBreakerHoweverLongThePipelinesTimeoutIs) {
  ClientOptions options = one_connection();
  options.timeout = 50ms;
  const Statement slow = {"SELECT pg_sleep(60)"};
  for (const Duration length : {Duration{50ms}, Duration{10s}}) {
    CircuitBreaker breaker{"db", {.consecutive_failures = 2}};
    Timeout timeout{"db", length};
    BlockingClient db{shared_server().connection(), Pipeline{breaker, timeout}, options};
    const Statement hurried = Statement(slow).deadline(std::chrono::steady_clock::now() + 20ms);
    EXPECT_NE(thrown_by<Rejected>([&] { db.fetch(hurried); }), "");
    EXPECT_EQ(totals(breaker).ignored, 1U) << "the caller would not wait as long as the client";
    EXPECT_NE(thrown_by<Rejected>([&] { db.fetch(slow); }), "");
    EXPECT_NE(
        thrown_by<Rejected>([&] {
          db.transaction([&](Transaction& tx) -> boost::asio::awaitable<void> { co_await tx.fetch(slow); });
        }),
        "");
    EXPECT_EQ(breaker.state(), State::open);
  }
}

TEST(PostgresFaults, ACancellationByTheCallerIsOneAtTheServer) {
  const PostgresServer& server = shared_server();
  boost::asio::io_context io(1);
  Client db{io.get_executor(), server.connection(), one_connection()};
  boost::asio::cancellation_signal cancel;
  std::exception_ptr ended;
  db.fetch({"SELECT pg_sleep(60)"},
           boost::asio::bind_cancellation_slot(
               cancel.slot(), [&](const std::exception_ptr& failed, const Rows&) { ended = failed; }));
  while (server.sql(sleepers) == "0") io.run_for(5ms);
  cancel.emit(boost::asio::cancellation_type::terminal);
  io.run();
  EXPECT_TRUE(ended);
  EXPECT_EQ(db.pool().cancelled, 1U);
  EXPECT_EQ(db.pool().idle, 1U);
  EXPECT_EQ(server.sql(sleepers), "0");
}

TEST(PostgresFaults, ABatchIsCancelledToo) {
  BlockingClient db{shared_server().connection(), one_connection()};
  Batch batch;
  batch.add({"SELECT 1"}).add({"SELECT pg_sleep(60)"}).add({"SELECT 2"}).timeout(100ms);
  EXPECT_THROW(db.run(batch), Rejected);
  EXPECT_EQ(db.fetch({"SELECT 3"}).front()[0].as<int>(), 3);
  EXPECT_EQ(db.pool().opened, 1U);
}

TEST(PostgresFaults, AStatementThatMayHaveRunIsNotRepeatedButAReadIs) {
  Retry retry{"db", {.max_attempts = 3, .base = 1ms}};
  Timeout timeout{"db", 200ms};
  const PostgresServer& server = shared_server();
  server.sql("CREATE SEQUENCE attempts");
  BlockingClient db{server.connection(), Pipeline{retry, timeout}};
  const char* const slow = "SELECT nextval('attempts'), pg_sleep(60)";
  EXPECT_THROW(db.fetch({slow}), Rejected);
  EXPECT_EQ(server.sql("SELECT last_value FROM attempts"), "1");
  EXPECT_THROW(db.fetch(Statement{slow}.read()), Rejected);
  EXPECT_EQ(server.sql("SELECT last_value FROM attempts"), "4");
}

TEST(PostgresFaults, ASessionThatTheServerEndedWhileItWasIdleIsReplacedUnnoticed) {
  CircuitBreaker breaker{"db", {.consecutive_failures = 1}};
  BlockingClient db{shared_server().connection(), breaker, one_connection()};
  const pid_t first = backend_of(db);
  shared_server().sql("SELECT pg_terminate_backend(" + std::to_string(first) + ")");
  shared_server().wait_for("SELECT count(*) FROM pg_stat_activity WHERE pid = " + std::to_string(first), "0");
  EXPECT_NE(backend_of(db), first);
  EXPECT_EQ(totals(breaker).failures, 0U);
  EXPECT_EQ(db.pool().recycled, 1U);
}

TEST(PostgresFaults, ASessionThatIsEndedInTheMiddleIsAFailure) {
  CircuitBreaker breaker{"db", {.consecutive_failures = 1}};
  BlockingClient db{shared_server().connection(), breaker};
  try {
    db.fetch({"SELECT pg_terminate_backend(pg_backend_pid())"});
    ADD_FAILURE() << "it went on";
  } catch (const Error& error) {
    EXPECT_EQ(error.sqlstate(), "57P01") << error.what();
    EXPECT_TRUE(error.may_have_run());
  }
  EXPECT_EQ(breaker.state(), State::open);
  EXPECT_EQ(db.pool().broken, 1U);
}

TEST(PostgresFaults, ASessionThatHangsIsFoundBeforeItIsUsed) {
  ClientOptions options = one_connection();
  options.pool.check_after = 0ms;
  options.pool.check_timeout = 100ms;
  CircuitBreaker breaker{"db", {.consecutive_failures = 1}};
  BlockingClient db{shared_server().connection(), breaker, options};
  const pid_t first = backend_of(db);
  ASSERT_EQ(kill(first, SIGSTOP), 0);
  EXPECT_NE(backend_of(db), first);
  kill(first, SIGCONT);
  EXPECT_EQ(totals(breaker).failures, 0U);
  EXPECT_EQ(db.pool().recycled, 1U);
}

TEST(PostgresFaults, ACrashOpensTheBreakerAndARecoveryClosesIt) {
  PostgresServer server;
  CircuitBreaker breaker{"db", {.consecutive_failures = 2, .open_duration = 50ms}};
  BlockingClient db{server.connection(), breaker, one_connection()};
  const pid_t backend = backend_of(db);
  ASSERT_EQ(kill(backend, SIGKILL), 0);  // the server ends all sessions, and recovers
  int failed = 0;
  bool answered = false;
  const auto until = std::chrono::steady_clock::now() + soon;
  while (!answered && std::chrono::steady_clock::now() < until) {
    try {
      answered = db.fetch({"SELECT 1"}).size() == 1;
    } catch (const Error&) {
      ++failed;
    }
  }
  EXPECT_TRUE(answered) << "after " << failed << " errors";
  EXPECT_TRUE(eventually([&] {
    if (breaker.state() == State::closed) return true;
    thrown_by<Error>([&] { db.fetch({"SELECT 1"}); });
    return false;
  }));
}

TEST(PostgresFaults, ADatabaseThatIsDownIsUnavailableUntilItIsBack) {
  PostgresServer server;
  CircuitBreaker breaker{"db", {.consecutive_failures = 2, .open_duration = 200ms, .jitter = 0}};
  BlockingClient db{server.connection(), breaker};
  db.fetch({"SELECT 1"});
  server.stop();
  const std::string down = thrown_by<DatabaseUnavailable>([&] { db.fetch({"SELECT 1"}); });
  EXPECT_NE(down.find("database '127.0.0.1:" + std::to_string(server.port()) +
                      "/postgres' is unavailable: 127.0.0.1:" + std::to_string(server.port())),
            std::string::npos)
      << down;
  EXPECT_NE(down.find("Connection refused"), std::string::npos) << down;
  thrown_by<DatabaseUnavailable>([&] { db.fetch({"SELECT 1"}); });
  EXPECT_EQ(breaker.state(), State::open);
  try {
    db.fetch({"SELECT 1"});
    ADD_FAILURE() << "it was answered";
  } catch (const DatabaseUnavailable& unavailable) {
    EXPECT_EQ(unavailable.code(), Reason::open) << unavailable.what();
    EXPECT_TRUE(unavailable.retry_after());
    EXPECT_NE(std::string(unavailable.what()).find("breaker 'db' is open; retry in"), std::string::npos);
  }
  server.start();
  EXPECT_TRUE(eventually([&] { return thrown_by<Error>([&] { db.fetch({"SELECT 1"}); }).empty(); }));
  EXPECT_TRUE(eventually([&] {
    thrown_by<Error>([&] { db.fetch({"SELECT 1"}); });
    return breaker.state() == State::closed;
  }));
}

TEST(PostgresFaults, ARetryOutlivesARestart) {
  PostgresServer server;
  Retry retry{"db", {.max_attempts = 500, .base = 100ms, .max_delay = 100ms}};
  BlockingClient db{server.connection(), Pipeline{retry}};
  const Statement question = Statement{"SELECT pg_backend_pid()"}.read();
  const int first = db.fetch(question).front()[0].as<int>();
  server.crash();
  std::jthread restart([&](const std::stop_token& over) {
    server.start();
    std::mutex mutex;  // the server would end with the thread that has started it
    std::unique_lock lock(mutex);
    std::condition_variable_any().wait(lock, over, [] { return false; });
  });
  // Each is answered: by the session that has not noticed yet, or after the restart.
  EXPECT_TRUE(eventually([&] { return db.fetch(question).front()[0].as<int>() != first; }));
}

TEST(PostgresFaults, ALimitOfConnectionsIsAFailureWithItsSqlstate) {
  const PostgresServer& server = shared_server();
  server.sql("CREATE ROLE narrow LOGIN CONNECTION LIMIT 1");
  CircuitBreaker breaker{"db", {.consecutive_failures = 1}};
  BlockingClient first{server.connection("user=narrow")};
  first.fetch({"SELECT 1"});
  BlockingClient second{server.connection("user=narrow"), breaker};
  try {
    second.fetch({"SELECT 1"});
    ADD_FAILURE() << "the server took both";
  } catch (const DatabaseUnavailable& unavailable) {
    EXPECT_EQ(unavailable.sqlstate(), "53300") << unavailable.what();
  }
  EXPECT_EQ(breaker.state(), State::open);
}

TEST(PostgresFaults, AFullDiskIsAFailure) {
  PostgresServer server;
  const std::string tiny = server.folder().path() / "tiny";
  std::filesystem::create_directory(tiny);
  if (mount("tmpfs", tiny.c_str(), "tmpfs", 0, "size=1m") != 0)
    GTEST_SKIP() << "needs the right to mount a small file system";
  house::give_to_servers(tiny);
  CircuitBreaker breaker{"db", {.consecutive_failures = 1}};
  {
    BlockingClient db{server.connection(), breaker};
    server.sql("CREATE TABLESPACE tiny LOCATION '" + tiny + "'");
    server.sql("CREATE TABLE filling (line text) TABLESPACE tiny");
    try {
      db.execute({"INSERT INTO filling SELECT repeat('x', 1000) FROM generate_series(1, 5000)"});
      ADD_FAILURE() << "it fitted";
    } catch (const Error& error) {
      EXPECT_EQ(error.sqlstate(), "53100") << error.what();
    }
    EXPECT_EQ(breaker.state(), State::open);
  }
  server.stop();
  umount2(tiny.c_str(), MNT_DETACH);
}

TEST(PostgresFaults, AWriterFindsTheServerThatTakesWrites) {
  PostgresServer first;
  PostgresServer second({}, PostgresServer::Role::standby);
  const std::string both = "host=127.0.0.1,127.0.0.1 port=" + std::to_string(second.port()) + ',' +
                           std::to_string(first.port()) +
                           " user=shop dbname=postgres target_session_attrs=read-write";
  CircuitBreaker breaker{"db", {.consecutive_failures = 100}};
  BlockingClient db{both, breaker};
  const auto port = [&] { return db.fetch({"SELECT inet_server_port()"}).front()[0].as<int>(); };
  EXPECT_EQ(port(), first.port());
  first.stop();
  EXPECT_NE(thrown_by<DatabaseUnavailable>(port).find("read-only"), std::string::npos);
  second.sql("SELECT pg_promote()");
  int found = 0;
  EXPECT_TRUE(eventually([&] {
    thrown_by<Error>([&] { found = port(); });
    return found != 0;
  }));
  EXPECT_EQ(found, second.port());
}

TEST(PostgresFaults, AServerThatTakesWritesNoMoreIsLeft) {
  PostgresServer server;
  server.sql("CREATE TABLE written (id int)");
  BlockingClient db{server.connection("target_session_attrs=read-write")};
  db.execute({"INSERT INTO written VALUES (1)"});
  server.sql("ALTER SYSTEM SET default_transaction_read_only = on");
  server.sql("SELECT pg_reload_conf()");
  EXPECT_TRUE(eventually([&] {
    const std::string refused = thrown_by<Error>([&] { db.execute({"INSERT INTO written VALUES (2)"}); });
    return refused.find("(SQLSTATE 25006)") != std::string::npos;
  }));
  EXPECT_EQ(db.pool().broken, 1U);
  EXPECT_NE(thrown_by<DatabaseUnavailable>([&] { db.fetch({"SELECT 1"}); }), "");
}

TEST(PostgresFaults, AnAddressThatDoesNotAnswerLeavesTimeForTheNext) {
  const int silent = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);  // connects, and never speaks
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  ASSERT_EQ(bind(silent, reinterpret_cast<sockaddr*>(&address), length), 0);
  ASSERT_EQ(listen(silent, 8), 0);
  ASSERT_EQ(getsockname(silent, reinterpret_cast<sockaddr*>(&address), &length), 0);
  ClientOptions options;
  options.pool.connect_timeout = 1s;
  BlockingClient db{"host=localhost,127.0.0.1 port=" + std::to_string(ntohs(address.sin_port)) + ',' +
                        std::to_string(shared_server().port()) + " user=shop dbname=postgres",
                    options};
  EXPECT_EQ(db.fetch({"SELECT 1"}).size(), 1U);
  close(silent);
}

TEST(PostgresFaults, AReadIsAnsweredByTheReplicaWhileTheDatabaseIsUnavailable) {
  PostgresServer server;
  PostgresServer replica({}, PostgresServer::Role::standby);
  CircuitBreaker breaker{"db", {.consecutive_failures = 1, .open_duration = 60s}};
  CircuitBreaker of_replica{"replica", {.consecutive_failures = 1, .open_duration = 60s}};
  BlockingClient db{server.connection(), breaker};
  db.use_replica(replica.connection(), Pipeline{of_replica});
  const Statement question = Statement{"SELECT inet_server_port()"}.read();
  EXPECT_EQ(db.fetch(question).front()[0].as<int>(), server.port());
  server.stop();
  for (int i = 0; i < 2; ++i) {  // unreachable, and then refused by the breaker
    const Rows rows = db.fetch(question);
    EXPECT_EQ(rows.front()[0].as<int>(), replica.port());
    EXPECT_TRUE(rows.from_replica);
  }
  EXPECT_EQ(breaker.state(), State::open);
  EXPECT_THROW(db.fetch({"SELECT 1"}), DatabaseUnavailable) << "it did not say read()";
  replica.stop();
  for (int i = 0; i < 2; ++i) {
    const std::string both = thrown_by<DatabaseUnavailable>([&] { db.fetch(question); });
    EXPECT_NE(both.find("breaker 'db' is open"), std::string::npos) << both;
  }
  EXPECT_EQ(of_replica.state(), State::open);
}

TEST(PostgresFaults, AnUnknownNameIsUnavailable) {
  BlockingClient db{"host=no.such.name.invalid dbname=shop"};
  const std::string unknown = thrown_by<DatabaseUnavailable>([&] { db.fetch({"SELECT 1"}); });
  EXPECT_NE(unknown.find("no.such.name.invalid: "), std::string::npos) << unknown;
}

}  // namespace
}  // namespace switchgear::postgres
