// Cards and redirects that would lead callers past the gateway, and the health check that asks for a card.
#include <gtest/gtest.h>

#include <atomic>
#include <boost/json/parse.hpp>
#include <string>
#include <vector>

#include "tests/a2a/agent_peer.hpp"
#include "tests/a2a/gateway_peer.hpp"

namespace switchgear::a2a {
namespace {

using switchgear::wire::eventually;
using switchgear::wire::ok;
using switchgear::wire::Upstream;

const std::string card_path = "/planner/.well-known/agent-card.json";

std::string redirect(const std::string& location, const std::string& status = "302 Found") {
  return "HTTP/1.1 " + status + "\r\nLocation: " + location + "\r\nContent-Length: 5\r\n\r\nmoved";
}

TEST(AgentCards, AreNotFetchedFromElsewhereByARedirect) {
  PlayedAgent agent([](const Request&) { return rpc_result(completed); });
  const GatewayProcess gateway(once(agent.url()));
  Counts counts(gateway);
  struct Row {
    std::string location;
    unsigned status;
    std::string to, verdict;
  };
  const std::vector<Row> rows{
      {"http://thief.example/card.json", 502, "", "failure"},
      {"https://thief.example/card.json", 502, "", "failure"},
      {"//thief.example/card.json", 502, "", "failure"},
      {"http://thief.example:80@test/card.json", 502, "", "failure"},
      {"javascript:alert(1)", 502, "", "failure"},
      {"/x%2f..%2fbilling", 502, "", "failure"},
      {"http://thief.example/a\r\nLocation: /card.json", 502, "", "failure"},
      {agent.url() + "/v2/card.json?x=1", 302, "http://test/planner/v2/card.json?x=1", "ignored"},
      {"/v2/card.json", 302, "http://test/planner/v2/card.json", "ignored"},
      {"other.json", 302, "http://test/planner/.well-known/other.json", "ignored"},
      {"../card.json", 302, "http://test/planner/card.json", "ignored"},
      {"http://test/card.json", 302, "http://test/planner/card.json", "ignored"},
      {"https://test/card.json", 302, "http://test/planner/card.json", "ignored"},
      {"http://test/planner/card.json", 302, "http://test/planner/card.json", "ignored"},
  };
  for (const std::string& status : {std::string("302 Found"), std::string("308 Permanent Redirect")}) {
    for (const Row& row : rows) {
      agent.set_card(redirect(row.location, status));
      const Request got = gateway.get(card_path);
      EXPECT_EQ(got.status(), row.status == 302 ? static_cast<unsigned>(std::stoi(status)) : row.status)
          << row.location;
      EXPECT_EQ(got.field("location"), row.to) << row.location;
      EXPECT_EQ(counts.verdict(), row.verdict) << row.location;
      if (row.status != 502) continue;
      EXPECT_NE(got.body.find("redirect does not lead through the gateway"), std::string::npos) << got.body;
    }
  }
}

TEST(AgentCards, TakeNoMessageToAnotherHost) {
  std::string answer;
  PlayedAgent agent([&](const Request&) { return answer; });
  const GatewayProcess gateway(once(agent.url()));
  Counts counts(gateway);
  answer = redirect("http://thief.example/rpc", "307 Temporary Redirect");
  const Request refused = post(gateway, send_message);
  EXPECT_EQ(refused.status(), 502U);
  EXPECT_FALSE(refused.has("location"));
  EXPECT_NE(refused.body.find("http://thief.example/rpc is of another origin"), std::string::npos)
      << refused.body;
  EXPECT_EQ(counts.verdict(), "ignored") << "as the client takes a redirect, which it does not follow";
  answer = redirect("/v2/rpc", "307 Temporary Redirect");
  const Request led = post(gateway, send_message);
  EXPECT_EQ(led.status(), 307U);
  EXPECT_EQ(led.field("location"), "http://gw.example/planner/v2/rpc");
  EXPECT_EQ(led.body, "moved");
  EXPECT_EQ(counts.verdict(), "ignored");
}

TEST(AgentCards, KeepTheSdksClientFromAnotherHost) {
  std::atomic<int> stolen{0};
  PlayedAgent thief([&](const Request&) {
    ++stolen;
    return rpc_result(completed);
  });
  PlayedAgent agent([&](const Request&) { return redirect(thief.rpc(), "307 Temporary Redirect"); });
  const GatewayProcess gateway(once(agent.url()));
  const std::string url = "http://127.0.0.1:" + std::to_string(gateway.port()) + card_path;
  for (const bool by_card : {true, false}) {
    agent.set_card(by_card ? redirect(thief.url() + "/.well-known/agent-card.json")
                           : card_of({{"JSONRPC", agent.rpc()}}));
    house::Program client({NODE, std::string(HERE) + "/client_v1.mjs", url});
    EXPECT_NE(client.wait(30s).value_or(0), 0) << client.output();
    EXPECT_EQ(thief.cards(), 0) << by_card;
    EXPECT_EQ(stolen, 0) << by_card;
  }
  EXPECT_GE(agent.asked(), 1);
}

TEST(AgentCards, HaveNoOtherSpellingOfAnAddress) {
  std::string url;
  PlayedAgent agent([&](const Request& request) {
    const std::string card = card_of({{"JSONRPC", url + "/rpc"}});
    if (request.body.starts_with("["))
      return ok_json(R"([{"jsonrpc":"2.0","id":1,"result":)" + task_json("x") +
                     R"(},{"jsonrpc":"2.0","id":2,"result":)" + card + "}]");
    if (request.target() == "/card.txt") return ok(card, "Content-Type: text/plain\r\n");
    if (request.target() == "/card") return ok(card);
    return ok_json(R"({"SupportedInterfaces":[{"url":"http://thief.example/"}]})");
  });
  url = agent.url();
  const GatewayProcess gateway(once(agent.url()));
  agent.set_card(
      R"({"URL":"http://thief.example/","SupportedInterfaces":[{"url":"http://thief.example/"}],)" +
      card_of({{"JSONRPC", url + "/rpc"}}).substr(1));
  const Request card = gateway.get(card_path);
  EXPECT_EQ(card.status(), 200U);
  EXPECT_EQ(card.body.find("thief"), std::string::npos) << card.body;
  for (const char* const path : {"/planner/card.txt", "/planner/card"}) {
    const Request own = gateway.get(path);
    EXPECT_EQ(own.status(), 200U) << path;
    EXPECT_EQ(own.body.find(url), std::string::npos) << path << own.body;
    EXPECT_NE(own.body.find("/planner/rpc\""), std::string::npos) << path << own.body;
  }
  EXPECT_EQ(gateway.get("/planner/odd.json").status(), 502U) << "a card in another spelling";
  const Request list =
      post(gateway, "[" + get_task + R"(,{"jsonrpc":"2.0","id":2,"method":"GetExtendedAgentCard"}])");
  EXPECT_EQ(list.body.find(url), std::string::npos) << list.body;
  EXPECT_NE(list.body.find("/planner/rpc\""), std::string::npos) << list.body;
  EXPECT_NE(list.body.find(R"({"jsonrpc":"2.0","id":1,"result":{"id":"t")"), std::string::npos) << list.body;
}

/// What the health check of an agent with this answer comes to.
std::string health_of(const std::string& answer) {
  const Upstream agent{Upstream::answering([&](const Request&) { return answer; })};
  const GatewayProcess gateway(once("http://127.0.0.1:" + std::to_string(agent.port()),
                                    ", agent: {origins: [\"http://planner.example\"]}, "
                                    "health_check: {a2a: {}, interval: 10ms, timeout: 60s, unhealthy: 2}"));
  std::string status;
  EXPECT_TRUE(eventually([&] {
    const auto all = boost::json::parse(gateway.admin("GET", "/status").body).at("health_checks").as_array();
    if (all.empty()) return false;
    status = std::string(all.at(0).at("status").as_string());
    return status != "unknown";
  }));
  return status;
}

TEST(AgentCards, AreWhatAHealthCheckAsksFor) {
  const std::string good = card_of({{"JSONRPC", "http://planner.example/rpc"}});
  const std::vector<std::pair<std::string, std::string>> rows{
      {ok_json(good), "healthy"},
      {ok_json(good.substr(0, good.size() - 1) + R"(,"x":")" + std::string(100'000, 'x') + "\"}"), "healthy"},
      {ok("<html>down for maintenance</html>", "Content-Type: text/html\r\n"), "unhealthy"},
      {ok_json("{}"), "unhealthy"},
      {"HTTP/1.1 204 No Content\r\n\r\n", "unhealthy"},
      {ok_json(card_of({})), "unhealthy"},
      {ok_json(card_of({{"GRPC", "http://planner.example/rpc"}})), "unhealthy"},
      {ok_json(card_of({{"JSONRPC", "http://thief.example/rpc"}})), "unhealthy"},
      {redirect("/card.json"), "unhealthy"},
  };
  for (const auto& [answer, status] : rows) EXPECT_EQ(health_of(answer), status) << answer.substr(0, 200);
}

}  // namespace
}  // namespace switchgear::a2a
