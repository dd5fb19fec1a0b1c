// A client of one database: breaker, retry, parameters, and a transaction. A violated constraint is an answer
// of the database; it is not a failure.
//
// Run with a connection string: example_postgres "host=/var/run/postgresql dbname=shop".
#include <boost/asio.hpp>
#include <cstdio>
#include <exception>
#include <string>

#include "switchgear/policy/circuit_breaker.hpp"
#include "switchgear/policy/retry.hpp"
#include "switchgear/postgres/client.hpp"

namespace {

namespace asio = boost::asio;
namespace postgres = switchgear::postgres;
using namespace switchgear;
using namespace std::chrono_literals;

// --- the forty lines

asio::awaitable<int> sell(postgres::Client& db, std::string sku, int count) {
  const auto take = [&](postgres::Transaction& tx) -> asio::awaitable<int> {
    co_await tx.execute({"INSERT INTO sold (sku, count) VALUES ($1, $2)", sku, count});
    const postgres::Rows left =
        co_await tx.fetch({"UPDATE stock SET count = count - $2 WHERE sku = $1 RETURNING count", sku, count});
    co_return left.front()["count"].as<int>();
  };
  co_return co_await db.transaction(take);  // both or neither
}

asio::awaitable<void> shop(std::string where) {
  CircuitBreaker breaker{"db", {.consecutive_failures = 3}};
  Retry retry{"db", {.max_attempts = 3, .base = 1ms}};
  const auto executor = co_await asio::this_coro::executor;
  postgres::Client db{executor, where, Pipeline{retry, breaker}};

  postgres::Batch tables;  // one round trip
  tables.add({"CREATE TABLE stock (sku text PRIMARY KEY, count int CONSTRAINT enough CHECK (count >= 0))"});
  tables.add({"CREATE TABLE sold (sku text, count int)"});
  tables.add({"INSERT INTO stock VALUES ('apples', 5), ('it''s a pear', 1)"});
  co_await db.run(tables);

  std::printf("apples left: %d\n", co_await sell(db, "apples", 3));
  try {
    co_await sell(db, "apples", 3);
  } catch (const postgres::Error& error) {
    std::printf("refused by '%s', SQLSTATE %s\n", error.report().constraint.c_str(),
                error.sqlstate().c_str());
  }
  for (const char* const sku : {"apples", "it's a pear"}) {
    const postgres::Rows rows =
        co_await db.fetch(postgres::Statement{"SELECT count FROM stock WHERE sku = $1", sku}.read());
    std::printf("%s: %d\n", sku, rows.front()["count"].as<int>());
  }
  std::printf("the breaker is %s\n", std::string(to_string(breaker.state())).c_str());

  breaker.command(Command::force_open, std::chrono::steady_clock::now());
  try {
    co_await db.fetch({"SELECT 1"});
  } catch (const postgres::DatabaseUnavailable& unavailable) {
    std::printf("unavailable: %s\n", unavailable.code().message().c_str());
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  asio::io_context io(1);
  std::exception_ptr failed;
  asio::co_spawn(io, shop(argv[1]), [&](const std::exception_ptr& thrown) { failed = thrown; });
  io.run();
  if (failed) std::rethrow_exception(failed);
}
