// Health checks of agents.
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <string>

#include "switchgear/a2a/agent_health.hpp"
#include "tests/a2a/agent_peer.hpp"

namespace switchgear::a2a {
namespace {

namespace asio = boost::asio;
using Request = switchgear::wire::Message;

health::WatchOptions often() {
  health::WatchOptions options = agent_watch();
  options.interval = 5ms;
  options.timeout = 2s;
  return options;
}

bool run_until(asio::io_context& io, const std::function<bool()>& holds) {
  const auto until = std::chrono::steady_clock::now() + 20s;
  while (!holds() && std::chrono::steady_clock::now() < until) io.run_one_for(10ms);
  return holds();
}

TEST(AgentHealth, HasTheUsualFigures) {
  const health::WatchOptions usual = agent_watch();
  EXPECT_EQ(usual.interval, 30s);
  EXPECT_EQ(usual.timeout, 10s);
  EXPECT_EQ(usual.rows.unhealthy, 3U);
  EXPECT_TRUE(validate(usual).empty());
}

TEST(AgentHealth, FollowsTheAgentAndItsBreaker) {
  PlayedAgent agent([](const Request&) { return rpc_error(-32603); }, "ETag: \"1\"\r\n");
  asio::io_context io(1);
  Client client(io.get_executor(), agent.url());
  CircuitBreaker breaker{"planner", opens_after(100)};
  std::string story;
  AgentHealthChecker checker(client, &breaker, often(), [&](const AgentHealth& now) {
    story += std::string(to_string(now.status)) + " ";
  });
  EXPECT_EQ(checker.health().status, AgentStatus::unknown);
  EXPECT_FALSE(checker.health().last_check);
  checker.start();
  ASSERT_TRUE(run_until(io, [&] { return checker.health().status == AgentStatus::healthy; }));
  EXPECT_TRUE(checker.health().last_check);
  EXPECT_EQ(checker.health().consecutive_failures, 0U);
  agent.set_card("HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\n\r\n");
  const int before = agent.cards();
  ASSERT_TRUE(run_until(io, [&] { return agent.cards() > before + 2; }));
  EXPECT_EQ(checker.health().status, AgentStatus::healthy) << "not modified is healthy";

  agent.set_card("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n");
  ASSERT_TRUE(run_until(io, [&] { return checker.health().consecutive_failures >= 3; }));
  EXPECT_EQ(breaker.state(), State::open) << "three bad checks open it, though no call has failed";
  EXPECT_EQ(checker.health().status, AgentStatus::circuit_open);
  EXPECT_NE(checker.health().why.find("the card is answered with 500"), std::string::npos)
      << checker.health().why;
  EXPECT_EQ(agent.asked(), 0) << "no check sends a message";

  agent.set_card("");
  ASSERT_TRUE(run_until(io, [&] { return checker.health().status == AgentStatus::healthy; }));
  EXPECT_EQ(story, "healthy circuit_open healthy ");
  breaker.command(Command::reset, std::chrono::steady_clock::now());
  const TimePoint later = std::chrono::steady_clock::now() + 1h;
  breaker.advise({later, later});
  EXPECT_EQ(checker.health().status, AgentStatus::circuit_open) << "its fleet says so";
  breaker.command(Command::metrics_only, std::chrono::steady_clock::now());
  EXPECT_EQ(checker.health().status, AgentStatus::healthy) << "no call is refused";
  checker.stop();
}

TEST(AgentHealth, SaysWhyAnAgentIsUnhealthy) {
  asio::io_context io(1);
  const switchgear::wire::DeafPort deaf;
  Client client(io.get_executor(), "http://127.0.0.1:" + std::to_string(deaf.port()));
  AgentHealthChecker checker(client, nullptr, often());
  checker.start();
  ASSERT_TRUE(run_until(io, [&] { return checker.health().consecutive_failures >= 3; }));
  EXPECT_EQ(checker.health().status, AgentStatus::unhealthy);
  EXPECT_NE(checker.health().why.find("Connection refused"), std::string::npos) << checker.health().why;
  checker.stop();
}

}  // namespace
}  // namespace switchgear::a2a
