// A C++ program as the target of a scenario: its own breaker around its own client, and the admin server.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

#include "app/chaos/breaker_watch.hpp"
#include "app/stage/acting_server.hpp"
#include "switchgear/admin/server.hpp"
#include "switchgear/config/loading_fixture.hpp"
#include "switchgear/http/blocking_client.hpp"
#include "switchgear/registry/breaker_registry.hpp"
#include "switchgear/registry/ticker.hpp"
#include "switchgear/sync/clocks.hpp"
#include "tests/house/program.hpp"

namespace switchgear::chaos {
namespace {

using namespace std::chrono_literals;

/// A port that nothing listens on now.
std::uint16_t free_port() {
  boost::asio::io_context io;
  const boost::asio::ip::tcp::acceptor acceptor{io, {boost::asio::ip::address_v4::loopback(), 0}};
  return acceptor.local_endpoint().port();
}

TEST(ProgramTarget, TheBreakersOfAProgramAreJudgedAsThoseOfTheGateway) {
  const std::uint16_t stock_port = free_port();
  BreakerRegistry registry{{SteadyTime::now(), std::chrono::system_clock::now()}, 1};
  const auto breaker =
      registry.get_or_create("stock", {.consecutive_failures = 5, .open_duration = 500ms}, SteadyTime::now());
  const Ticker ticker{registry, SteadyTime::now};
  http::BlockingClient stock{"http://127.0.0.1:" + std::to_string(stock_port), *breaker};
  boost::asio::io_context io;
  stage::ActingServer orders{io, "orders", 0, [&](const stage::Arrival&) -> stage::Reaction {
                               try {
                                 return {stage::Reaction::Kind::answer, stock.get("/items").status};
                               } catch (const std::exception&) {  // refused, or no answer: an empty list
                                 return {stage::Reaction::Kind::answer, 200};
                               }
                             }};
  orders.start();
  std::thread program{[&] { io.run(); }};
  admin::ServerOptions options;
  options.port = 0;
  admin::Server server{registry, options};
  server.start();

  const config::TemporaryDirectory directory;
  const std::string url = "http://127.0.0.1:";
  const std::string file = directory.write(
      "program.yaml",
      "version: 1\nscenario: stock fails behind our program\nchaos: {enabled: true}\ntarget: {url: \"" + url +
          std::to_string(orders.port()) + "\", admin: \"" + url + std::to_string(server.port()) +
          "\"}\nservices: {stock: {ports: [" + std::to_string(stock_port) +
          "]}}\nload: {rate: 50, path: /orders, duration: 4s}\n"
          "phases: [{at: 1s, for: 1s, errors: 1.0}]\n"
          "expect:\n"
          "  - {breaker: stock, never_opens: true, until: 1s}\n"
          "  - {breaker: stock, opens_within: 1s, after: 1s}\n"
          "  - {breaker: stock, recovers_within: 2s, after: 2s}\n"
          "  - {serves_at_least: 0.9}\n");
  house::Program run{{SWITCHGEAR_BINARY, "chaos", "run", file}};
  EXPECT_EQ(run.wait(100s), 0) << run.output();
  EXPECT_NE(run.output().find("breaker stock: closed → open, consecutive_failures"), std::string::npos)
      << run.output();
  io.stop();
  program.join();
}

/// Breakers of a program, and the admin server before them.
struct Program {
  BreakerRegistry registry{{SteadyTime::now(), std::chrono::system_clock::now()}, 1};
  std::shared_ptr<CircuitBreaker> breaker =
      registry.get_or_create("stock", {.consecutive_failures = 5}, SteadyTime::now());
  admin::Server server;

  explicit Program(std::uint16_t port) : server(registry, options(port)) { server.start(); }
  static admin::ServerOptions options(std::uint16_t port) {
    admin::ServerOptions options;
    options.port = port;
    return options;
  }
};

std::string in_words(const std::vector<Transition>& all) {
  std::string text;
  for (const Transition& each : all) text += each.from + " > " + each.to + ", " + each.rule + "; ";
  return text;
}

TEST(ProgramTarget, TransitionsOfOneInstantAreToldAsTheyFollowedEachOther) {
  Program program{0};
  control::AdminServer where;
  where.url = "http://127.0.0.1:" + std::to_string(program.server.port());
  BreakerWatch watch{where};
  watch.begin(std::chrono::steady_clock::now());
  const TimePoint instant = SteadyTime::now();
  program.breaker->command(Command::force_open, instant);
  program.breaker->command(Command::reset, instant);
  program.breaker->command(Command::disable, instant);
  EXPECT_EQ(in_words(watch.look()),
            "closed > forced_open, operator; forced_open > closed, operator; closed > disabled, operator; ");
}

TEST(ProgramTarget, ATransitionAfterTheProgramWasStartedAgainIsTold) {
  auto program = std::make_unique<Program>(0);
  const std::uint16_t port = program->server.port();
  control::AdminServer where;
  where.url = "http://127.0.0.1:" + std::to_string(port);
  BreakerWatch watch{where};
  watch.begin(std::chrono::steady_clock::now());
  for (const Command each : {Command::force_open, Command::reset, Command::force_open})
    program->breaker->command(each, SteadyTime::now());
  EXPECT_EQ(watch.look().size(), 3U);
  program.reset();
  program = std::make_unique<Program>(port);
  program->breaker->command(Command::disable, SteadyTime::now());
  EXPECT_EQ(in_words(watch.look()), "forced_open > closed, restart; closed > disabled, operator; ");
}

}  // namespace
}  // namespace switchgear::chaos
