#include <atomic>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include "switchgear/policy/circuit_breaker.hpp"
#include "switchgear/postgres/server_fixture.hpp"

namespace switchgear::postgres {
namespace {

using namespace std::chrono_literals;

/// A client and its loop, run by the test.
struct Loop {
  explicit Loop(const ClientOptions& options)
      : db(io.get_executor(), shared_server().connection(), options) {}

  void fetch(const Statement& statement) {
    const std::size_t number = begun++;
    db.fetch(statement, [this, number](const std::exception_ptr& failed, const Rows&) {
      ended.push_back(number);
      if (failed) errors.push_back(text_of(failed));
    });
  }
  static std::string text_of(const std::exception_ptr& failed) {
    return thrown_by<std::exception>([&] { std::rethrow_exception(failed); });
  }

  boost::asio::io_context io{1};
  Client db;
  std::size_t begun = 0;
  std::vector<std::size_t> ended;
  std::vector<std::string> errors;
};

TEST(PostgresPool, OpensNoMoreThanItMayAndServesInTheOrderOfArrival) {
  ClientOptions options;
  options.pool.max = 1;
  Loop loop{options};
  for (int i = 0; i < 20; ++i) loop.fetch({"SELECT pg_sleep(0.002)"});
  loop.io.run();
  std::vector<std::size_t> in_order(20);
  for (std::size_t i = 0; i < in_order.size(); ++i) in_order[i] = i;
  EXPECT_EQ(loop.ended, in_order);
  EXPECT_TRUE(loop.errors.empty());
  EXPECT_EQ(loop.db.pool().opened, 1U);
  EXPECT_EQ(loop.db.pool().idle, 1U);
}

TEST(PostgresPool, RefusesTheCallThatFindsTooManyWaiting) {
  ClientOptions options;
  options.pool.max = 1;
  options.pool.max_waiting = 2;
  CircuitBreaker breaker{"db", {.consecutive_failures = 1}};
  Loop loop{options};
  for (int i = 0; i < 4; ++i) loop.fetch({"SELECT pg_sleep(0.02)"});
  loop.io.run();
  ASSERT_EQ(loop.errors.size(), 1U);
  EXPECT_NE(loop.errors[0].find("calls wait for a connection already"), std::string::npos) << loop.errors[0];
  EXPECT_EQ(loop.ended.front(), 3U) << "at once, and the last that came";
  EXPECT_EQ(loop.db.pool().refused, 1U);
}

TEST(PostgresPool, EndsACallThatHasWaitedTooLongWithoutBlamingTheDatabase) {
  ClientOptions options = one_connection();
  options.pool.max_wait = 50ms;
  CircuitBreaker breaker{"db", {.consecutive_failures = 1}};
  BlockingClient db{shared_server().connection(), breaker, options};
  db.fetch({"SELECT 1"});
  std::jthread holds([&] { db.fetch({"SELECT pg_sleep(0.4)"}); });
  EXPECT_TRUE(eventually([&] { return db.pool().active == 1; }));
  const std::string late = thrown_by<Error>([&] { db.fetch({"SELECT 1"}); });
  EXPECT_NE(late.find("no connection became free in 50ms; 1 of 1 are in use"), std::string::npos) << late;
  EXPECT_EQ(breaker.state(), State::closed);
  holds.join();
}

TEST(PostgresPool, ReplacesAConnectionThatIsUsedUp) {
  ClientOptions options = one_connection();
  options.pool.max_uses = 3;
  BlockingClient db{shared_server().connection(), options};
  for (int i = 0; i < 9; ++i) db.fetch({"SELECT 1"});
  EXPECT_EQ(db.pool().opened, 3U);
  EXPECT_EQ(db.pool().recycled, 3U);
}

TEST(PostgresPool, ReplacesAConnectionThatIsTooOld) {
  ClientOptions options = one_connection();
  options.pool.max_age = 0ms;
  BlockingClient db{shared_server().connection(), options};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(db.fetch({"SELECT 1"}).size(), 1U);
  EXPECT_EQ(db.pool().opened, 3U);
}

TEST(PostgresPool, ClosesWhatIsIdleTooLongButForTheFewest) {
  ClientOptions options;
  options.pool.min = 2;
  options.pool.max = 5;
  options.pool.idle_timeout = 0ms;
  Loop loop{options};
  for (int i = 0; i < 5; ++i) loop.fetch({"SELECT pg_sleep(0.05)"});
  loop.io.run();
  EXPECT_EQ(loop.db.pool().opened, 5U);
  loop.db.close_idle();
  loop.io.restart();
  loop.io.run();
  EXPECT_EQ(loop.db.pool().idle, 2U);
  EXPECT_EQ(loop.db.pool().recycled, 3U);
}

TEST(PostgresPool, OpensTheFewestBesideTheFirstCall) {
  ClientOptions options;
  options.pool.min = 3;
  Loop loop{options};
  loop.fetch({"SELECT 1"});
  loop.io.run();
  EXPECT_EQ(loop.db.pool().opened, 3U);
  EXPECT_EQ(loop.db.pool().idle, 3U);
}

TEST(PostgresPool, TakesNoOptionsThatCannotWork) {
  boost::asio::io_context io(1);
  const auto refusal = [&](std::size_t min, std::size_t max) {
    ClientOptions options;
    options.pool.min = min;
    options.pool.max = max;
    return thrown_by<std::invalid_argument>([&] { const Client db(io.get_executor(), "host=db", options); });
  };
  EXPECT_EQ(refusal(0, 0), "PoolOptions::max: 0 connections can carry no statement; use 1 or more");
  EXPECT_EQ(refusal(3, 2), "PoolOptions::min: 3 is more than max, 2");
  EXPECT_EQ(refusal(2, 2), "");
}

}  // namespace
}  // namespace switchgear::postgres
