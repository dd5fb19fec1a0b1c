#include "switchgear/admin/server.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>
#include <deque>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "switchgear/admin/answer_record_fixture.hpp"
#include "switchgear/admin/program_fixture.hpp"
#include "switchgear/admin/raw_client_fixture.hpp"

namespace switchgear::admin {
namespace {

using namespace std::chrono_literals;

class AdminServer : public testing::Test {
 protected:
  void SetUp() override {
    options.port = 0;
    options.clock = [this] { return TimePoint{Duration{clock.load()}}; };
  }

  std::uint16_t start() {
    server.emplace(breakers.registry, options, program_of(breakers));
    server->start();
    return server->port();
  }

  /// The JSON at `path`; null for an answer that is not 200.
  boost::json::value get(std::string_view path) {
    RawClient client{server->port()};
    client.send(request("GET " + std::string{path}, "Connection: close\r\n"));
    const std::string answer = client.read_to_end();
    record_raw_answer("GET " + std::string{path}, answer);
    if (!answer.starts_with("HTTP/1.1 200 ")) return nullptr;
    return boost::json::parse(answer.substr(answer.find("\r\n\r\n") + 4));
  }

  static std::string request(std::string_view first_line, std::string_view further = "") {
    return std::string{first_line} + " HTTP/1.1\r\nHost: localhost\r\n" + std::string{further} + "\r\n";
  }

  /// Asks until the answer is the wanted one; every question is a wait on the network, so nothing spins.
  template <class Wanted>
  bool eventually(std::string_view path, Wanted wanted) {
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (std::chrono::steady_clock::now() < deadline) {
      if (wanted(get(path))) return true;
    }
    return false;
  }

  /// The addresses of the event stream's clients that were disconnected since the last time.
  std::vector<std::string> slow_clients() {
    std::vector<std::string> clients;
    for (auto batch = events.read(); !batch.empty(); batch = events.read()) {
      for (const auto& event : batch.events) {
        if (const auto* slow = std::get_if<LoggedSlowClient>(event.get())) clients.push_back(slow->client);
      }
    }
    return clients;
  }

  ManualBreakers breakers;
  std::atomic<Duration::rep> clock{breakers.now.time_since_epoch().count()};
  ServerOptions options;
  EventQueue::Reader events{breakers.events};
  std::optional<Server> server;
};

TEST_F(AdminServer, AnswersOnThePortTheSystemChose) {
  breakers.add("payment");
  start();
  EXPECT_EQ(get("/circuit-breakers/payment").at("state"), "closed");
}

TEST_F(AdminServer, KeepsAConnectionAndAnswersHeadWithoutABody) {
  RawClient client{start()};
  client.send(request("HEAD /health"));
  const std::string head = client.read_until("\r\n\r\n");
  EXPECT_NE(head.find("HTTP/1.1 200 OK"), std::string::npos);
  EXPECT_NE(head.find("Content-Length: "), std::string::npos);
  EXPECT_EQ(head.find("Content-Length: 0"), std::string::npos) << "the length is that of a GET";
  client.send(request("GET /livez"));
  EXPECT_TRUE(client.read_until("alive").starts_with("HTTP/1.1 200 OK")) << "nothing of a body stood between";
}

TEST_F(AdminServer, RefusesWhatItCannotReadAndSaysWhy) {
  const std::uint16_t port = start();
  struct Row {
    std::string sent;
    std::string_view status;
  };
  const std::vector<Row> table{
      {"nonsense\r\n\r\n", "400 Bad Request"},
      {request("GET /health", "X-Long: " + std::string(20'000, 'a') + "\r\n"), "431 "},
      {request("GET /health?" + std::string(9'000, 'a'), "X-Long: " + std::string(9'000, 'a') + "\r\n"),
       "431 "},
      {request("POST /reload", "Authorization: Bearer\r\n s3cret\r\n"), "400 "},
      {request("POST /reload", "X-Own: a\r\n\tb\r\n"), "400 "},
      {request("POST /reload", "Content-Length: 2\r\nContent-Length: 2\r\n") + "{}", "400 "},
      {request("POST /reload", "Transfer-Encoding: gzip, chunked\r\n") + "0\r\n\r\n", "400 "},
      {request("POST /reload", "Content-Length: 70000\r\n"), "413 "},
      {request("POST /reload", "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n") + "0\r\n\r\n", "400 "},
      {request("POST /reload", "Transfer-Encoding: chunked\r\n") + "11170\r\n" + std::string(70'000, 'a'),
       "413 "},
  };
  for (const Row& row : table) {
    RawClient client{port};
    client.send(row.sent);
    const std::string answer = client.read_to_end();
    record_raw_answer(row.sent.substr(0, row.sent.find(" HTTP/")), answer);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::string{row.status})) << answer;
    EXPECT_NE(answer.find("application/problem+json"), std::string::npos) << answer;
    EXPECT_NE(answer.find("Connection: close"), std::string::npos) << answer;
  }
}

TEST_F(AdminServer, AsksForTheBodyOfAClientThatWaitsForIt) {
  RawClient client{start()};
  client.send(request("POST /reload", "Content-Length: 2\r\nExpect: 100-continue\r\n"));
  EXPECT_TRUE(client.read_until("\r\n\r\n").starts_with("HTTP/1.1 100 Continue"));
  client.send("{}");
  EXPECT_TRUE(client.read_until("\r\n\r\n").starts_with("HTTP/1.1 501 "));
}

TEST_F(AdminServer, ClosesAnIdleConnection) {
  options.limits.idle_timeout = 50ms;
  RawClient client{start()};
  EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(AdminServer, DoesNotWaitForARequestThatDripsIn) {
  options.limits.request_timeout = 50ms;
  RawClient client{start()};
  client.send("GET /health HTTP/1.1\r\nHost: loc");
  EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(AdminServer, AnswersEveryProbeThough300ClientsHoldHalfARequest) {
  const std::uint16_t port = start();
  std::deque<RawClient> held;
  for (int i = 0; i < 300; ++i) held.emplace_back(port).send("GET /livez HTTP/1.1\r\nHost: loc");
  for (int i = 0; i < 60; ++i) {
    RawClient probe{port};
    probe.send(request("GET /livez"));
    ASSERT_NE(probe.read_until("alive").find("200 OK"), std::string::npos) << i;
  }
}

TEST_F(AdminServer, AnswersEveryProbeThoughItsClientsTakeNoAnswer) {
  for (int i = 0; i < 200; ++i) breakers.add("breaker " + std::to_string(i));
  options.limits.connections = 4;
  const std::uint16_t port = start();
  std::deque<RawClient> held;
  for (int i = 0; i < 4; ++i) {
    std::string many;
    for (int j = 0; j < 100; ++j) many += request("GET /circuit-breakers");
    held.emplace_back(port, 4096).send(many);
  }
  for (int i = 0; i < 20; ++i) {
    RawClient probe{port};
    probe.send(request("GET /livez"));
    ASSERT_NE(probe.read_until("alive").find("200 OK"), std::string::npos) << i;
  }
}

TEST_F(AdminServer, ClosesTheConnectionThatHasWaitedLongestForOneMoreThanItsLimit) {
  options.limits.connections = 2;
  const std::uint16_t port = start();
  std::deque<RawClient> held;
  for (int i = 0; i < 2; ++i) {
    held.emplace_back(port).send(request("GET /livez"));
    held.back().read_until("}\n");
  }
  RawClient third{port};
  third.send(request("GET /metrics"));
  EXPECT_NE(third.read_until("switchgear_admin_connections_closed_for_others_total 1\n"), "");
  EXPECT_EQ(held.front().read_to_end(), "") << "closed";
  held.back().send(request("GET /livez"));
  EXPECT_NE(held.back().read_until("alive").find("200 OK"), std::string::npos);
}

TEST_F(AdminServer, LeavesAnEventStreamItsConnectionWhateverOthersNeed) {
  options.limits.connections = 2;
  const std::uint16_t port = start();
  RawClient stream{port};
  stream.send(request("GET /events"));
  stream.read_until("event: snapshot");
  for (int i = 0; i < 5; ++i) {
    RawClient probe{port};
    probe.send(request("GET /livez"));
    EXPECT_NE(probe.read_until("alive").find("200 OK"), std::string::npos);
  }
  breakers.add("payment");
  EXPECT_NE(stream.read_until("payment"), "");
}

TEST_F(AdminServer, StreamsASnapshotThenTransitionsAtOnce) {
  options.limits.events_interval = 1h;  // so that what comes, comes at once and not with the next tick
  breakers.add("payment");
  RawClient client{start()};
  client.send(request("GET /events"));
  const std::string head = client.read_until("\r\n\r\n");
  EXPECT_NE(head.find("Content-Type: text/event-stream"), std::string::npos);
  EXPECT_NE(head.find("Cache-Control: no-store"), std::string::npos);
  EXPECT_NE(head.find("Content-Security-Policy: "), std::string::npos);
  const std::string snapshot = client.read_until("\n\n");
  EXPECT_TRUE(snapshot.starts_with("retry: 1000\nid: 1\nevent: snapshot\n")) << snapshot;
  breakers.fail("payment", 4);
  const std::string transition = client.read_until("\n\n");
  EXPECT_NE(transition.find("event: transition\n"), std::string::npos) << transition;
  EXPECT_NE(transition.find(R"("to":"open")"), std::string::npos) << transition;
  EXPECT_NE(client.read_until("\n\n").find("event: delta\n"), std::string::npos);
}

TEST_F(AdminServer, KeepsAQuietStreamAliveWithComments) {
  options.limits.events_heartbeat = 20ms;
  RawClient client{start()};
  client.send(request("GET /events"));
  client.read_until("event: snapshot\n");
  client.read_until(": heartbeat\n\n");
  EXPECT_EQ(client.read_until("\n\n"), ": heartbeat\n\n") << "and nothing but comments";
}

TEST_F(AdminServer, TakesNoMoreStreamsThanItsLimitAndForgetsThoseThatLeft) {
  options.limits.events_clients = 1;
  const std::uint16_t port = start();
  {
    RawClient first{port};
    first.send(request("GET /events"));
    first.read_until("event: snapshot\n");
    RawClient second{port};
    second.send(request("GET /events"));
    const std::string refused = second.read_to_end();
    record_raw_answer("GET /events", refused);
    EXPECT_TRUE(refused.starts_with("HTTP/1.1 503 "));
  }
  EXPECT_TRUE(eventually("/status", [](const boost::json::value& status) {
    return status.at("admin").at("events_clients") == 0U;
  }));
}

TEST_F(AdminServer, CountsAndReportsAStreamThatItDropsBecauseItsClientDoesNotRead) {
  options.limits.events_queued = std::size_t{64} * 1024;
  options.limits.events_interval = 1ms;
  options.limits.write_timeout = 100ms;
  const std::uint16_t port = start();
  for (int i = 0; i < 200; ++i) breakers.add("breaker " + std::string(200, 'x') + std::to_string(i));
  RawClient slow{port, 4096};
  slow.send(request("GET /events"));
  slow.read_until("event: snapshot\n");
  const bool gone = eventually("/status", [&](const boost::json::value& status) {
    for (const auto& breaker : breakers.registry.all()) breakers.succeed(breaker->name(), 1);
    return status.at("admin").at("events_clients") == 0U;
  });
  EXPECT_TRUE(gone);
  EXPECT_EQ(get("/status").at("admin").at("events_dropped"), 1U);
  server->stop();
  EXPECT_EQ(slow_clients(), std::vector<std::string>{"127.0.0.1"});
}

TEST_F(AdminServer, CountsAStreamWhoseClientReadsNothingThoughLittleWaitsForIt) {
  options.limits.events_interval = 1h;  // the snapshot alone is more than the kernel takes
  options.limits.write_timeout = 100ms;
  for (int i = 0; i < 300; ++i) breakers.add(std::string(20'000, 'x') + std::to_string(i));
  const std::uint16_t port = start();
  RawClient silent{port, 4096};
  silent.send(request("GET /events"));
  EXPECT_TRUE(eventually("/status", [](const boost::json::value& status) {
    return status.at("admin").at("events_dropped") == 1U && status.at("admin").at("events_clients") == 0U;
  }));
  server->stop();
  EXPECT_EQ(slow_clients().size(), 1U);
}

TEST_F(AdminServer, DoesNotCountAStreamWhoseClientLeft) {
  const std::uint16_t port = start();
  {
    RawClient leaves{port};
    leaves.send(request("GET /events"));
    leaves.read_until("event: snapshot\n");
  }
  EXPECT_TRUE(eventually("/status", [](const boost::json::value& status) {
    return status.at("admin").at("events_clients") == 0U;
  }));
  EXPECT_EQ(get("/status").at("admin").at("events_dropped"), 0U);
}

TEST_F(AdminServer, StopsWithConnectionsOpenAndStreamsRunning) {
  const std::uint16_t port = start();
  RawClient stream{port};
  stream.send(request("GET /events"));
  stream.read_until("event: snapshot\n");
  RawClient idle{port};
  server->stop();
  server->stop();
  breakers.fail("payment", 4);
  EXPECT_EQ(breakers.add("payment").state(), State::open) << "a transition without a listener goes on";
  server.reset();
  stream.read_to_end();
  EXPECT_EQ(idle.read_to_end(), "");
}

TEST_F(AdminServer, RunsOnAnExecutorOfTheProgram) {
  boost::asio::io_context context;
  server.emplace(context.get_executor(), breakers.registry, options);  // with nothing of the program's
  server->start();
  std::jthread loop{[&] { context.run(); }};
  breakers.fail("payment", 4);
  const boost::json::value seen = get("/circuit-breakers/payment");
  EXPECT_EQ(seen.at("state"), "open");
  EXPECT_EQ(seen.at("transitions").at(0).at("rule"), "failure_rate") << "its own log";
  RawClient stream{server->port()};
  stream.send(request("GET /events"));
  stream.read_until("event: snapshot");
  breakers.registry.command("payment", Command::reset, breakers.now);
  EXPECT_NE(stream.read_until("event: transition"), "");
  server.reset();
  stream.read_to_end();
  loop.join();
  EXPECT_TRUE(context.stopped()) << "it leaves no work behind";
}

TEST_F(AdminServer, CanBeStoppedThoughItsExecutorDoesNotRun) {
  boost::asio::io_context context;
  server.emplace(context.get_executor(), breakers.registry, options);
  server->start();
  RawClient client{server->port()};
  client.send(request("GET /health"));
  breakers.fail("payment", 4);
  server.reset();
  context.run();
  client.read_to_end();
}

TEST_F(AdminServer, StopsWhileThreadsOfItsExecutorAnswer) {
  for (int turn = 0; turn < 5; ++turn) {
    boost::asio::io_context context;
    auto name = std::make_unique<std::string>("of a program that ends");
    std::atomic<int> answered{0};
    Program program;
    program.policies = [&name] { return std::map<std::string, std::string>{{*name, *name}}; };
    server.emplace(context.get_executor(), breakers.registry, options, program);
    server->start();
    const std::uint16_t port = server->port();
    std::vector<std::jthread> threads;
    for (int i = 0; i < 2; ++i) threads.emplace_back([&] { context.run(); });
    for (int i = 0; i < 2; ++i) {
      threads.emplace_back([&] {
        try {
          RawClient client{port};
          while (client.send(request("GET /status"))) {
            (void)client.read_until("\r\n\r\n");
            ++answered;
          }
        } catch (const std::exception& error) {  // the server ends in the middle of an answer
          EXPECT_GE(answered, 20) << error.what();
        }
      });
    }
    while (answered < 20) breakers.fail("payment", 1);
    server.reset();
    name.reset();
  }
}

TEST_F(AdminServer, ShowsTheMetricsOfItsProgramBesideItsOwn) {
  Program program;
  program.metrics = [](telemetry::MetricFamilies& to) { to.gauge("shop_load_ratio", "Load.", {}, 0.25); };
  server.emplace(breakers.registry, options, program);
  server->start();
  RawClient client{server->port()};
  client.send(request("GET /metrics", "Connection: close\r\n"));
  const std::string text = client.read_to_end();
  EXPECT_NE(text.find("\nshop_load_ratio 0.25\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\nswitchgear_admin_requests_total 1\n"), std::string::npos) << text;
}

TEST_F(AdminServer, HearsOfTransitionsWhileItIsStillBeingMade) {
  boost::asio::io_context context;
  auto work = boost::asio::make_work_guard(context);
  CircuitBreaker& payment = breakers.add("payment");
  std::atomic<bool> ended{false};
  std::jthread calls{[&] {
    while (!ended) {
      payment.command(Command::force_open, breakers.now);
      payment.command(Command::reset, breakers.now);
    }
  }};
  std::jthread loop{[&] { context.run(); }};
  for (int turn = 0; turn < 100; ++turn) {
    server.emplace(context.get_executor(), breakers.registry, options, program_of(breakers));
    server->start();
  }
  server.reset();
  ended = true;
  work.reset();
}

TEST_F(AdminServer, NeedNotBeStarted) {
  server.emplace(breakers.registry, options);
  EXPECT_NE(server->port(), 0);
  server.reset();
  EXPECT_FALSE(server.has_value());
}

TEST_F(AdminServer, NamesTheEndpointItCannotHave) {
  const std::uint16_t port = start();
  ServerOptions same = options;
  same.port = port;
  try {
    const Server second{breakers.registry, same};
    FAIL() << "two servers on one port";
  } catch (const std::system_error& error) {
    EXPECT_NE(std::string{error.what()}.find("127.0.0.1:" + std::to_string(port)), std::string::npos)
        << error.what();
  }
}

TEST_F(AdminServer, TakesNoTokenThatComesBehindTheBody) {
  options.token = "s3cret";
  RawClient client{start()};
  client.send(request("POST /reload", "Transfer-Encoding: chunked\r\nConnection: close\r\n") +
              "0\r\nAuthorization: Bearer s3cret\r\n\r\n");
  EXPECT_TRUE(client.read_to_end().starts_with("HTTP/1.1 401 "))
      << "a proxy in front looked at the header only";
}

TEST_F(AdminServer, TakesAHeadThatDripsInAndTheNextOneOfTheConnection) {
  RawClient client{start()};
  const std::string two = request("GET /livez") + request("GET /livez", "X-Own: 1\r\n");
  for (const char c : two) client.send({&c, 1});
  EXPECT_TRUE(client.read_until("alive").starts_with("HTTP/1.1 200 OK"));
  EXPECT_NE(client.read_until("alive").find("HTTP/1.1 200 OK"), std::string::npos);
}

TEST_F(AdminServer, TakesAHeadOf16KiBAndNotAByteMore) {
  const std::uint16_t port = start();
  const auto answer_to = [&](std::size_t size) {
    const std::size_t rest = request("GET /livez", "Connection: close\r\nX-Own: \r\n").size();
    RawClient client{port};
    client.send(
        request("GET /livez", "Connection: close\r\nX-Own: " + std::string(size - rest, 'a') + "\r\n"));
    return client.read_to_end().substr(0, 12);
  };
  EXPECT_EQ(answer_to(16 * 1024), "HTTP/1.1 200");
  EXPECT_EQ(answer_to(16 * 1024 + 1), "HTTP/1.1 431");
}

}  // namespace
}  // namespace switchgear::admin
