// Who may connect, through what: passwords, TLS, sockets, pgbouncer.
#include <filesystem>
#include <fstream>
#include <string>

#include "switchgear/policy/circuit_breaker.hpp"
#include "switchgear/policy/retry.hpp"
#include "switchgear/postgres/server_fixture.hpp"
#include "tests/house/certificates.hpp"

namespace switchgear::postgres {
namespace {

using namespace std::chrono_literals;
using boost::asio::awaitable;

std::string contents(const std::string& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(PostgresAccess, ThroughASocketInAFolder) {
  const house::PostgresServer& server = shared_server();
  BlockingClient db{"host=" + server.folder().path().string() + " port=" + std::to_string(server.port()) +
                    " user=shop dbname=postgres"};
  EXPECT_TRUE(db.fetch({"SELECT inet_server_addr()"}).front()[0].is_null());
}

TEST(PostgresAccess, WithAWrongPasswordIsAFailureThatIsNotRepeated) {
  house::PostgresServer server;
  server.sql("CREATE ROLE ada LOGIN PASSWORD 'right'");
  server.folder().write("data/pg_hba.conf",
                        "host all ada 127.0.0.1/32 scram-sha-256\nhost all all all trust\n");
  server.sql("SELECT pg_reload_conf()");
  CircuitBreaker breaker{"db", {.consecutive_failures = 100}};
  Retry retry{"db", {.max_attempts = 5, .base = 1ms}};
  BlockingClient right{server.connection("user=ada password=right")};
  EXPECT_TRUE(eventually([&] { return thrown_by<Error>([&] { right.fetch({"SELECT 1"}); }).empty(); }));
  BlockingClient wrong{server.connection("user=ada password=wrong"), Pipeline{retry, breaker}};
  try {
    wrong.fetch({"SELECT 1"});
    ADD_FAILURE() << "it was let in";
  } catch (const DatabaseUnavailable& refused) {
    EXPECT_EQ(refused.sqlstate(), "28P01");
    EXPECT_EQ(std::string(refused.what()).find("wrong"), std::string::npos) << refused.what();
  }
  EXPECT_EQ(totals(breaker).failures, 1U);
}

TEST(PostgresAccess, ByTlsOnlyToTheServerThatTheCertificateNames) {
  const house::Certificates certificates;
  const house::ServerFolder keys;
  const auto certificate = keys.write("server.pem", contents(certificates.file("server.pem")));
  const auto key = keys.write("server.key", contents(certificates.file("server.key")));
  const house::PostgresServer server(
      {"ssl=on", "ssl_cert_file=" + certificate.string(), "ssl_key_file=" + key.string()});
  const auto with = [&](const std::string& host, const std::string& authority) {
    return "host=" + host + " hostaddr=127.0.0.1 port=" + std::to_string(server.port()) +
           " user=shop dbname=postgres sslmode=verify-full sslrootcert=" + certificates.file(authority);
  };
  BlockingClient good{with("localhost", "ca.pem")};
  EXPECT_TRUE(good.fetch({"SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"}).front()[0].as<bool>());
  const Statement slow = Statement{"SELECT pg_sleep(60)"}.timeout(100ms);
  EXPECT_THROW(good.fetch(slow), Rejected);
  EXPECT_EQ(good.fetch({"SELECT repeat('x', 1000000)"}).front()[0].text().size(), 1'000'000U);

  BlockingClient elsewhere{with("elsewhere.test", "ca.pem")};
  const std::string other = thrown_by<DatabaseUnavailable>([&] { elsewhere.fetch({"SELECT 1"}); });
  EXPECT_NE(other.find("does not match host name \"elsewhere.test\""), std::string::npos) << other;
  BlockingClient stranger{with("localhost", "stranger.pem")};
  const std::string unknown = thrown_by<DatabaseUnavailable>([&] { stranger.fetch({"SELECT 1"}); });
  EXPECT_NE(unknown.find("certificate verify failed"), std::string::npos) << unknown;
}

class ThroughPgBouncer : public ::testing::TestWithParam<const char*> {};

TEST_P(ThroughPgBouncer, EverythingWorks) {
  const house::PgBouncer bouncer(shared_server(), GetParam());
  ClientOptions options;
  if (std::string(GetParam()) == "transaction") options.prepare_at = 0;
  BlockingClient db{bouncer.connection(), options};
  for (int i = 0; i < 10; ++i) EXPECT_EQ(db.fetch({"SELECT $1::int", i}).front()[0].as<int>(), i);

  const int two = db.transaction([](Transaction& tx) -> awaitable<int> {
    const Rows first = co_await tx.fetch({"SELECT pg_backend_pid()"});
    const Rows second = co_await tx.fetch({"SELECT pg_backend_pid()"});
    EXPECT_EQ(first.front()[0].as<int>(), second.front()[0].as<int>());
    co_return 2;
  });
  EXPECT_EQ(two, 2);

  Batch batch;
  batch.add({"SELECT 1"}).add({"SELECT 2"});
  EXPECT_EQ(db.run(batch).size(), 2U);

  EXPECT_THROW(db.fetch(Statement{"SELECT pg_sleep(61)"}.timeout(100ms)), Rejected);
  shared_server().wait_for(
      "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(61)%' AND state = 'active' AND pid "
      "<> "
      "pg_backend_pid()",
      "0");
  EXPECT_EQ(db.fetch({"SELECT 3"}).front()[0].as<int>(), 3);
}

INSTANTIATE_TEST_SUITE_P(Modes, ThroughPgBouncer, ::testing::Values("session", "transaction"),
                         [](const auto& mode) { return std::string(mode.param); });

TEST(PostgresAccess, ThroughPgBouncerADatabaseThatIsDownIsAFailure) {
  house::PostgresServer server;
  const house::PgBouncer bouncer(server, "session");
  CircuitBreaker breaker{"db", {.consecutive_failures = 1}};
  BlockingClient db{bouncer.connection(), breaker};
  db.fetch({"SELECT 1"});
  server.stop();
  const std::string down = thrown_by<Error>([&] { db.fetch({"SELECT 1"}); });
  EXPECT_NE(down.find("(SQLSTATE 08P01)"), std::string::npos) << down;
  EXPECT_EQ(breaker.state(), State::open);
}

}  // namespace
}  // namespace switchgear::postgres
