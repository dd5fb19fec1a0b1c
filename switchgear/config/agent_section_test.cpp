#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <variant>
#include <vector>

#include "switchgear/config/loading_fixture.hpp"

namespace switchgear::config {
namespace {

std::string service(const std::string& more) {
  return "version: 1\npolicies: {p: {preset: core}}\nservices:\n  s: {url: \"http://a\", policy: p, routes: "
         "[{prefix: /s/}], " +
         more + "}\n";
}

TEST(AgentSection, EveryKeyArrives) {
  const Service read =
      config_of(service("kind: a2a, agent: {duplicates: message_id, failed_states: [failed, rejected],"
                        " origins: [\"https://Planner.example\", \"http://planner:9000\"]}"))
          .services.at("s");
  ASSERT_TRUE(read.agent);
  EXPECT_TRUE(read.agent->tells_duplicates);
  EXPECT_EQ(read.agent->failed_states, (std::vector<std::string>{"failed", "rejected"}));
  EXPECT_EQ(read.agent->origins,
            (std::vector<std::string>{"https://planner.example", "http://planner:9000"}));
  const Service plain = config_of(service("kind: a2a")).services.at("s");
  EXPECT_EQ(plain.agent, AgentOptions{});
  EXPECT_FALSE(config_of(service("kind: http")).services.at("s").agent);
  EXPECT_FALSE(config_of(service("capacity: 1")).services.at("s").agent);
}

TEST(AgentSection, AHealthCheckOfAnAgentAsksForItsCard) {
  using namespace std::chrono_literals;
  const auto check = [](const std::string& text) {
    return *config_of(service("health_check: " + text)).services.at("s").health_check;
  };
  const health::CheckOptions usual = check("{a2a: {}}");
  const auto* const http = std::get_if<health::HttpCheck>(&usual.how);
  ASSERT_NE(http, nullptr);
  EXPECT_EQ(http->path, "/.well-known/agent-card.json");
  EXPECT_EQ(usual.watch.interval, 30s);
  EXPECT_EQ(usual.watch.timeout, 10s);
  EXPECT_EQ(usual.watch.rows, (HealthRows{3, 1}));
  const health::CheckOptions own = check("{a2a: {path: /a/card.json}, interval: 5s, unhealthy: 2}");
  EXPECT_EQ(std::get<health::HttpCheck>(own.how).path, "/a/card.json");
  EXPECT_EQ(own.watch.interval, 5s);
  EXPECT_EQ(own.watch.rows, (HealthRows{2, 1}));
  EXPECT_EQ(errors_of(service("health_check: {a2a: {}, tcp: {}}")),
            std::vector<std::string>{
                "f.yaml:4:60: services.s.health_check: has a2a and tcp; expected one of them"});
}

TEST(AgentSection, LocatesWhatIsWrong) {
  using Errors = std::vector<std::string>;
  EXPECT_EQ(errors_of(service("agent: {}")),
            Errors{"f.yaml:4:60: services.s.agent: is about an agent; write kind: a2a beside it"});
  EXPECT_EQ(errors_of(service("kind: a2b")).size(), 1U);
  EXPECT_EQ(errors_of(service("kind: a2a, agent: {duplicates: yes}")).size(), 1U);
  EXPECT_EQ(errors_of(service("kind: a2a, agent: {failed_states: [done]}")).size(), 1U);
  EXPECT_EQ(errors_of(service("kind: a2a, agent: {failed_states: [failed, failed]}")).size(), 1U);
  EXPECT_EQ(errors_of(service("kind: a2a, agent: {origins: [planner]}")).size(), 1U);
  EXPECT_EQ(errors_of(service("kind: a2a, agent: {retries: 3}")).size(), 1U);
}

}  // namespace
}  // namespace switchgear::config
