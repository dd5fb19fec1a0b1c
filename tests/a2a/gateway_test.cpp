// The gateway in front of agents (`kind: a2a`): verdicts, retries, cards; with the official SDK's clients and
// agents.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "switchgear/policy/retry.hpp"
#include "tests/a2a/agent_peer.hpp"
#include "tests/a2a/gateway_peer.hpp"

namespace switchgear::a2a {
namespace {

using switchgear::wire::DeafPort;
using switchgear::wire::eventually;
using switchgear::wire::ok;

std::string url_of(const GatewayProcess& gateway) {
  return "http://127.0.0.1:" + std::to_string(gateway.port());
}

std::string said_by_client(const std::string& script, const std::vector<std::string>& words) {
  std::vector<std::string> all{NODE, std::string(HERE) + "/" + script};
  all.insert(all.end(), words.begin(), words.end());
  house::Program program(all);
  EXPECT_TRUE(program.read_until("end.", 30s)) << program.output();
  return program.output();
}

TEST(AgentGateway, StandsBetweenTheSdksClientsAndAgents) {
  struct Row {
    const char* agent;
    const char* client;
    std::vector<std::string> more;
    std::string card, completed, error;
  };
  const std::vector<Row> rows{
      {"agent_v1.mjs", "client_v1.mjs", {}, "/planner/rpc", "TASK_STATE_COMPLETED", "TaskNotFoundError"},
      {"agent_v1.mjs",
       "client_v1.mjs",
       {"rest"},
       "/planner/rest",
       "TASK_STATE_COMPLETED",
       "TaskNotFoundError"},
      {"agent_v03.mjs", "client_v03.mjs", {}, "/planner/rpc", "completed", "TaskNotFoundJSONRPCError"}};
  for (const Row& row : rows) {
    const SdkAgent agent(row.agent);
    const GatewayProcess gateway(
        in_front_of("url: \"" + agent.url() + "\"", ", circuit_breaker: {consecutive_failures: 1}"));
    std::vector<std::string> words{url_of(gateway) + "/planner/.well-known/agent-card.json"};
    words.insert(words.end(), row.more.begin(), row.more.end());
    const std::string said = said_by_client(row.client, words);
    EXPECT_NE(said.find(url_of(gateway) + row.card), std::string::npos) << said;
    EXPECT_EQ(said.find(agent.url()), std::string::npos)
        << "the agent's own address is in the card: " << said;
    EXPECT_NE(said.find("\nmessage hello, world\n"), std::string::npos) << said;
    EXPECT_NE(said.find("\ntask " + row.completed + " part 0;part 1;\n"), std::string::npos) << said;
    EXPECT_NE(said.find("\nstream part 0;part 1;part 2;\n"), std::string::npos) << said;
    EXPECT_NE(said.find("\nerror " + row.error + "\n"), std::string::npos) << said;
    EXPECT_EQ(gateway.state("planner"), "closed") << "a task that is not there is its caller's affair";
  }
}

TEST(AgentGateway, ReadsErrorsInTheBody) {
  std::atomic<int> code{-32001};
  PlayedAgent agent([&](const Request&) { return rpc_error(code); });
  const GatewayProcess gateway(in_front_of(agent, ", circuit_breaker: {consecutive_failures: 2}"));
  for (int i = 0; i != 3; ++i) EXPECT_EQ(post(gateway, get_task).status(), 200U);
  EXPECT_EQ(gateway.state("planner"), "closed");
  EXPECT_EQ(agent.asked(), 3) << "nor is it asked again";
  code = -32603;
  EXPECT_NE(post(gateway, send_message).body.find("-32603"), std::string::npos)
      << "the caller gets the agent's own answer";
  EXPECT_EQ(post(gateway, send_message).status(), 200U);
  EXPECT_EQ(gateway.state("planner"), "open");
  EXPECT_EQ(post(gateway, send_message).status(), 503U);
  EXPECT_EQ(agent.asked(), 5);
}

TEST(AgentGateway, RepeatsWhatReadsAndNoMessage) {
  std::atomic<int> bad{1};
  PlayedAgent agent([&](const Request&) { return bad-- > 0 ? rpc_error(-32603) : rpc_result(completed); });
  const GatewayProcess gateway(in_front_of(agent));
  EXPECT_NE(post(gateway, get_task).body.find("COMPLETED"), std::string::npos);
  EXPECT_EQ(agent.asked(), 2);
  bad = 1;
  EXPECT_NE(post(gateway, send_message).body.find("-32603"), std::string::npos);
  EXPECT_EQ(agent.asked(), 3);
  bad = 1;
  EXPECT_NE(post(gateway, "{}", "/planner/rest/tasks/t:cancel").body.find("COMPLETED"), std::string::npos);
  EXPECT_EQ(agent.asked(), 5);
}

TEST(AgentGateway, RepeatsAMessageThatTheAgentHasRefused) {
  std::atomic<int> bad{1};
  PlayedAgent agent([&](const Request&) {
    return bad-- > 0 ? std::string("HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n")
                     : rpc_result(completed);
  });
  const GatewayProcess gateway(in_front_of(agent));
  EXPECT_NE(post(gateway, send_message).body.find("COMPLETED"), std::string::npos);
  EXPECT_EQ(agent.asked(), 2);
}

TEST(AgentGateway, SendsNoSecondCopyBesideAMessageThatIsRepeated) {
  std::atomic<int> asked{0};
  PlayedAgent agent([&](const Request&) {
    if (++asked == 1) return std::string("HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n");
    std::this_thread::sleep_for(300ms);
    return rpc_result(completed);
  });
  const GatewayProcess gateway(in_front_of(agent, ", hedge: {delay: 20ms}"));
  EXPECT_NE(post(gateway, send_message).body.find("COMPLETED"), std::string::npos);
  EXPECT_EQ(asked, 2);
  EXPECT_NE(post(gateway, get_task).body.find("COMPLETED"), std::string::npos);
  EXPECT_EQ(asked, 4) << "what reads is still hedged";
}

TEST(AgentGateway, RepeatsAMessageThatReachedNobody) {
  PlayedAgent agent([&](const Request&) { return rpc_result(completed); });
  const DeafPort deaf;
  const GatewayProcess gateway(
      in_front_of("upstreams: [{url: \"http://127.0.0.1:" + std::to_string(deaf.port()) +
                  "\", weight: 1000}, {url: \"" + agent.url() + "\"}]"));
  for (int i = 0; i != 5; ++i) EXPECT_EQ(post(gateway, send_message).status(), 200U);
  EXPECT_EQ(agent.asked(), 5);
}

TEST(AgentGateway, RepeatsAMessageToAnAgentThatTellsDuplicates) {
  std::atomic<int> bad{2};
  PlayedAgent agent([&](const Request&) { return bad-- > 0 ? rpc_error(-32603) : rpc_result(completed); });
  const GatewayProcess gateway(in_front_of(agent, "", ", agent: {duplicates: message_id}"));
  EXPECT_NE(post(gateway, send_message).body.find("COMPLETED"), std::string::npos);
  EXPECT_EQ(agent.asked(), 3);
}

TEST(AgentGateway, MakesAStoredCallUntilTheAgentsAnswerIsGood) {
  std::atomic<int> bad{2};
  std::atomic<bool> fails{false};
  PlayedAgent agent([&](const Request&) {
    if (bad-- > 0) return rpc_error(-32603);
    return rpc_result(fails ? R"({"task":)" + task_json("TASK_STATE_FAILED") + "}" : completed);
  });
  const GatewayProcess gateway(in_front_of(
      agent,
      ", circuit_breaker: {consecutive_failures: 1, open_duration: 100ms}, fallback: {queue: {max: 10}}",
      ", agent: {failed_states: [failed]}"));
  const auto store = [&] {
    EXPECT_EQ(gateway.admin("POST", "/circuit-breakers/planner/force-open").status(), 200U);
    EXPECT_EQ(post(gateway, send_message).status(), 202U);
    EXPECT_EQ(gateway.admin("POST", "/circuit-breakers/planner/reset").status(), 200U);
    EXPECT_TRUE(switchgear::wire::eventually([&] {
      return gateway.admin("GET", "/metrics")
                 .body.find("switchgear_fallback_queue_waiting{service=\"planner\"} 0") != std::string::npos;
    }));
  };
  store();
  EXPECT_EQ(agent.asked(), 3);
  fails = true;
  store();
  EXPECT_EQ(agent.asked(), 4) << "its task is over: another message would begin another";
}

TEST(AgentGateway, ReadsRequestsInChunksAndPassesOnThoseThatAreTooLong) {
  std::atomic<int> bad{0};
  std::atomic<bool> as_sent{false};
  std::string sent;
  PlayedAgent agent([&](const Request& request) {
    as_sent = request.body == sent;
    return bad-- > 0 ? rpc_error(-32603) : rpc_result(completed);
  });
  const GatewayProcess gateway(in_front_of(agent));
  const auto post_in_chunks = [&](const std::string& body) {
    sent = body;
    Socket client = Socket::connect(gateway.port());
    EXPECT_TRUE(
        client.send("POST /planner/rpc HTTP/1.1\r\nHost: gw.example\r\nTransfer-Encoding: chunked\r\n\r\n"));
    for (std::size_t at = 0; at < body.size(); at += 5000) {
      const std::string chunk = body.substr(at, 5000);
      char size[16];
      (void)std::snprintf(size, sizeof size, "%zx\r\n", chunk.size());
      EXPECT_TRUE(client.send(size + chunk + "\r\n"));
    }
    EXPECT_TRUE(client.send("0\r\n\r\n"));
    return client.read_response().value_or(Request{}).body;
  };
  bad = 1;
  EXPECT_NE(post_in_chunks(get_task).find("COMPLETED"), std::string::npos);
  EXPECT_EQ(agent.asked(), 2) << "it reads, so it is repeated";
  EXPECT_TRUE(as_sent);
  bad = 1;
  EXPECT_NE(post_in_chunks(send_message).find("-32603"), std::string::npos);
  EXPECT_EQ(agent.asked(), 3);
  const std::string longer = get_task + std::string(250'000, ' ') + "end";
  EXPECT_NE(post_in_chunks(longer).find("COMPLETED"), std::string::npos);
  EXPECT_TRUE(as_sent);
}

TEST(AgentGateway, CountsTasksThatFailedWhereTheFileSaysSo) {
  PlayedAgent agent(
      [&](const Request&) { return rpc_result(R"({"task":)" + task_json("TASK_STATE_FAILED") + "}"); });
  const GatewayProcess gateway(in_front_of(agent, ", circuit_breaker: {consecutive_failures: 1}",
                                           ", agent: {failed_states: [failed]}"));
  EXPECT_EQ(post(gateway, send_message).status(), 200U);
  EXPECT_EQ(gateway.state("planner"), "open");
  EXPECT_EQ(agent.asked(), 1);
}

TEST(AgentGateway, JudgesAnswersInPiecesAndInChunks) {
  const std::string error = R"({"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"no"}})";
  switchgear::wire::Upstream slow(switchgear::wire::Upstream::Serve([&](Socket& socket) {
    while (socket.read_request()) {
      const std::string answer =
          "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n" +
          error.substr(0, 5) + "\r\n3a\r\n" + error.substr(5) + "\r\n0\r\n\r\n";
      ASSERT_EQ(error.size() - 5, 0x3aU);
      for (std::size_t at = 0; at < answer.size(); at += 7) {
        if (!socket.send(answer.substr(at, 7))) return;
        std::this_thread::yield();
      }
    }
  }));
  const GatewayProcess gateway(in_front_of("url: \"http://127.0.0.1:" + std::to_string(slow.port()) + "\"",
                                           ", circuit_breaker: {consecutive_failures: 2}"));
  EXPECT_EQ(post(gateway, send_message).body, error);
  EXPECT_EQ(post(gateway, send_message).body, error);
  EXPECT_EQ(gateway.state("planner"), "open");
}

TEST(AgentGateway, ReadsAnAnswerOfManySmallChunksWithTrailers) {
  const std::string error =
      R"({"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"no"}})" + std::string(5000, ' ');
  switchgear::wire::Upstream slow(switchgear::wire::Upstream::Serve([&](Socket& socket) {
    std::string answer =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (const char each : error) answer += std::string("1\r\n") + each + "\r\n";
    answer += "0\r\nX-Sum: 1\r\n\r\n";
    while (socket.read_request()) {
      for (std::size_t at = 0; at < answer.size(); at += 501) {
        if (!socket.send(answer.substr(at, 501))) return;
        std::this_thread::yield();
      }
    }
  }));
  const GatewayProcess gateway(in_front_of("url: \"http://127.0.0.1:" + std::to_string(slow.port()) + "\"",
                                           ", circuit_breaker: {consecutive_failures: 2}"));
  for (int i = 0; i != 2; ++i) EXPECT_EQ(post(gateway, send_message).body, error);
  EXPECT_EQ(gateway.state("planner"), "open");
  EXPECT_EQ(slow.connections(), 1) << "it is kept";
}

TEST(AgentGateway, DoesNotWaitForTheRestOfMalformedChunks) {
  std::atomic<int> asked{0};
  switchgear::wire::Upstream agent(switchgear::wire::Upstream::Serve([&](Socket& socket) {
    while (socket.read_request()) {
      if (++asked == 1) {
        socket.send(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
            "2\r\n{}\r\nno chunk");
        EXPECT_TRUE(socket.ends());
        return;
      }
      socket.send(rpc_result(completed));
    }
  }));
  const GatewayProcess gateway(in_front_of("url: \"http://127.0.0.1:" + std::to_string(agent.port()) + "\""));
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_NE(post(gateway, get_task).body.find("COMPLETED"), std::string::npos);
  EXPECT_EQ(asked, 2);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 20s) << "the timeout of an attempt is 30s";
}

TEST(AgentGateway, PassesOnWhatIsTooLongToBeRead) {
  const std::string large = rpc_result("\"" + std::string(300'000, 'x') + "\"");
  PlayedAgent agent([&](const Request&) { return large; });
  const GatewayProcess gateway(in_front_of(agent, ", circuit_breaker: {consecutive_failures: 1}"));
  EXPECT_EQ(post(gateway, send_message).body.size(), large.size() - large.find("\r\n\r\n") - 4);
  EXPECT_EQ(gateway.state("planner"), "closed");
}

TEST(AgentGateway, GivesOutNoCardThatLeadsPastIt) {
  PlayedAgent agent([](const Request&) { return rpc_result(completed); });
  const GatewayProcess gateway(in_front_of(agent, ", circuit_breaker: {consecutive_failures: 100}"));
  const std::string card = "/planner/.well-known/agent-card.json";
  agent.set_card(card_of({{"JSONRPC", "http://thief.example/rpc"}, {"HTTP+JSON", agent.url() + "/rest"}}));
  const Request good = gateway.get(card);
  EXPECT_EQ(good.status(), 200U);
  EXPECT_EQ(good.body.find("thief"), std::string::npos) << good.body;
  EXPECT_NE(good.body.find("/planner/rest\""), std::string::npos) << good.body;
  EXPECT_EQ(good.field("cache-control"), "max-age=3600") << "what the agent says of its card still holds";
  agent.set_card(card_of({{"JSONRPC", "http://thief.example/rpc"}}));
  const Request bad = gateway.get(card);
  EXPECT_EQ(bad.status(), 502U);
  EXPECT_EQ(bad.body.find("\"url\""), std::string::npos) << bad.body;
  EXPECT_NE(
      bad.body.find(
          "has no interface that leads through the gateway; http://thief.example/rpc is of another origin"),
      std::string::npos)
      << bad.body;
  agent.set_card("<html>");
  EXPECT_EQ(gateway.get(card).status(), 502U);
  agent.set_card(std::string(200'000, ' '));
  EXPECT_EQ(gateway.get(card).status(), 502U) << "longer than it may be";
  agent.set_card("HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\n\r\n");
  EXPECT_EQ(gateway.get(card).status(), 304U);
}

TEST(AgentGateway, AsksForNoContentCodingWhateverItsCallerTakes) {
  std::atomic<bool> asked_for_gzip{false};
  const switchgear::wire::Upstream agent(
      switchgear::wire::Upstream::answering([&](const Request& request) -> std::string {
        if (request.head_text.find("gzip") != std::string::npos) {
          asked_for_gzip = true;
          return ok("\x1f\x8b", "Content-Encoding: gzip\r\n");
        }
        EXPECT_EQ(request.field("accept-encoding"), "identity");
        return request.target() == "/rpc" ? rpc_result(completed)
                                          : ok(card_of({{"JSONRPC", "http://planner.example/rpc"}}));
      }));
  const GatewayProcess gateway(in_front_of("url: \"http://127.0.0.1:" + std::to_string(agent.port()) + "\"",
                                           ", circuit_breaker: {consecutive_failures: 1}",
                                           ", agent: {origins: [\"http://planner.example\"]}"));
  EXPECT_NE(post(gateway, get_task).body.find("COMPLETED"), std::string::npos);
  EXPECT_EQ(gateway.get("/planner/.well-known/agent-card.json", "Accept-Encoding: gzip\r\n").status(), 200U);
  EXPECT_FALSE(asked_for_gzip);
  EXPECT_EQ(gateway.state("planner"), "closed");
}

TEST(AgentGateway, CountsAnAnswerThatIsCompressedAllTheSameByItsStatus) {
  PlayedAgent agent([](const Request&) { return ok("\x1f\x8b", "Content-Encoding: gzip\r\n"); });
  const GatewayProcess gateway(in_front_of(agent, ", circuit_breaker: {consecutive_failures: 1}"));
  const Request answer = post(gateway, get_task);
  EXPECT_EQ(answer.status(), 200U);
  EXPECT_EQ(answer.body, "\x1f\x8b");
  EXPECT_EQ(agent.asked(), 1);
  EXPECT_EQ(gateway.state("planner"), "closed");
  agent.set_card("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b");
  const GatewayProcess patient(in_front_of(agent));
  const Request card = patient.get("/planner/.well-known/agent-card.json");
  EXPECT_EQ(card.status(), 502U);
  EXPECT_NE(card.body.find("content coding"), std::string::npos) << card.body;
}

TEST(AgentGateway, JudgesEachOfTwoHedgedAttemptsByItsOwnAnswer) {
  std::atomic<int> asked{0};
  std::atomic<const GatewayProcess*> in_front{nullptr};
  const switchgear::wire::Upstream agent(switchgear::wire::Upstream::Serve([&](Socket& socket) {
    if (!socket.read_request()) return;
    if (++asked == 1) {
      EXPECT_TRUE(eventually([&] { return asked == 2; }));
      EXPECT_TRUE(socket.send(ok("<html>")));
      (void)socket.ends();
    } else {
      EXPECT_TRUE(eventually([&] {
        return in_front.load()->breaker("planner").at("counters").at("failures").to_number<int>() == 1;
      })) << "the first answer is no card";
      EXPECT_TRUE(socket.send("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone"));
    }
  }));
  const GatewayProcess gateway(
      in_front_of("url: \"http://127.0.0.1:" + std::to_string(agent.port()) + "\"",
                  ", hedge: {delay: 20ms}, circuit_breaker: {consecutive_failures: 9}"));
  in_front = &gateway;
  const Request answer = gateway.get("/planner/.well-known/agent-card.json");
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(answer.status(), 404U) << "not a card: it needs no other in its place";
  EXPECT_EQ(answer.body, "none");
}

TEST(AgentGateway, RewritesTheCardUnderEachOfItsNames) {
  std::string url;
  PlayedAgent agent([&](const Request&) { return ok_json(card_of({{"JSONRPC", url + "/rpc"}})); });
  url = agent.url();
  const GatewayProcess gateway(in_front_of(agent));
  for (const char* const path : {"/.well-known/agent.json", "/.well-known/agent%2Dcard.json",
                                 "/.well-known/agent-card.json/", "/my/own/name"}) {
    const std::string body = gateway.get("/planner" + std::string(path)).body;
    EXPECT_EQ(body.find(url), std::string::npos) << path << ": " << body;
    EXPECT_NE(body.find("/planner/rpc\""), std::string::npos) << path << ": " << body;
  }
}

TEST(AgentGateway, RewritesACardWhenTheRequestWasTooLongToBeRead) {
  std::string url;
  PlayedAgent agent([&](const Request&) { return rpc_result(card_of({{"JSONRPC", url + "/rpc"}})); });
  url = agent.url();
  const GatewayProcess gateway(in_front_of(agent));
  const std::string body =
      post(gateway, R"({"jsonrpc":"2.0","id":1,"method":"GetExtendedAgentCard","params":{"x":")" +
                        std::string(200'000, 'x') + "\"}}")
          .body;
  EXPECT_EQ(body.find(url), std::string::npos) << body;
  EXPECT_NE(body.find("/planner/rpc\""), std::string::npos) << body;
}

TEST(AgentGateway, GivesOutNoCardThatLeadsToAnotherService) {
  PlayedAgent agent([](const Request&) { return rpc_result(completed); });
  std::string card;
  PlayedAgent other([&](const Request&) { return ok_json(card); });
  const GatewayProcess gateway(
      "version: 1\ngateway: {threads: 1}\npolicies:\n  careful: {timeout: 30s}\nservices:\n"
      "  billing: {url: \"" +
      agent.url() + "\", policy: careful, routes: [{prefix: /billing/}, {prefix: /planner/inner/}]}\n" +
      "  planner: {url: \"" + other.url() +
      "\", policy: careful, kind: a2a, routes: [{prefix: /planner/}, {path: /rpc}]}\n");
  const auto get = [&](const std::string& path) {
    card = card_of({{"JSONRPC", other.url() + path}});
    return gateway.get("/planner/card");
  };
  for (const char* const path : {"/billing/rpc", "/planner/../billing/rpc", "/planner/%2e%2e/billing/rpc",
                                 "/planner/inner/rpc", "/"}) {
    const Request refused = get(path);
    EXPECT_EQ(refused.status(), 502U) << path << ": " << refused.body;
    EXPECT_EQ(refused.body.find("\"url\""), std::string::npos) << path;
  }
  for (const char* const path : {"/planner/rpc", "/rpc"}) {
    const Request good = get(path);
    EXPECT_EQ(good.status(), 200U) << path << ": " << good.body;
    EXPECT_NE(good.body.find("\"http://test" + std::string(path) + "\""), std::string::npos) << good.body;
  }
}

TEST(AgentGateway, TakesAPageBelowTasksForWhatItIs) {
  PlayedAgent agent(
      [](const Request&) { return ok("<html>", "Content-Type: text/html; charset=utf-8\r\n"); });
  const GatewayProcess gateway(in_front_of(agent, ", circuit_breaker: {consecutive_failures: 1}"));
  for (const char* const path : {"/planner/ui/tasks", "/planner/ui/tasks/7"}) {
    const Request page = gateway.get(path);
    EXPECT_EQ(page.status(), 200U);
    EXPECT_EQ(page.body, "<html>");
  }
  EXPECT_EQ(agent.asked(), 2) << "it is not asked again";
  EXPECT_EQ(gateway.state("planner"), "closed");
}

TEST(AgentGateway, KnowsTheNamesThatTheFileGives) {
  PlayedAgent agent([](const Request&) { return rpc_result(completed); });
  agent.set_card(card_of({{"JSONRPC", "https://planner.example/rpc"}}));
  const GatewayProcess gateway(in_front_of(agent, "", ", agent: {origins: [\"https://planner.example\"]}"));
  EXPECT_NE(gateway.get("/planner/.well-known/agent-card.json").body.find("/planner/rpc\""),
            std::string::npos);
}

TEST(AgentGateway, IsAnAgentForThisLibrarysClient) {
  PlayedAgent agent([](const Request&) { return rpc_result(completed); });
  const GatewayProcess gateway(in_front_of(agent));
  BlockingClient client(url_of(gateway) + "/planner");
  EXPECT_TRUE(std::holds_alternative<Task>(client.send(Message{"x"})));
  EXPECT_EQ(agent.asked(), 1);
}

}  // namespace
}  // namespace switchgear::a2a
