// What the gateway makes of agents that answer with what is not the protocol, of streams that end before they
// have begun, and of requests that say two things.
#include <gtest/gtest.h>

#include <atomic>
#include <boost/json/parse.hpp>
#include <cstdio>
#include <string>
#include <vector>

#include "tests/a2a/agent_peer.hpp"
#include "tests/a2a/gateway_peer.hpp"

namespace switchgear::a2a {
namespace {

using switchgear::wire::eventually;
using switchgear::wire::ok;
using switchgear::wire::Upstream;

const std::string stream_message =
    R"({"jsonrpc":"2.0","id":1,"method":"SendStreamingMessage","params":{"message":{"messageId":"m","role":"ROLE_USER","parts":[{"text":"x"}]}}})";
const std::string delete_config =
    R"({"jsonrpc":"2.0","id":1,"method":"DeleteTaskPushNotificationConfig","params":{"taskId":"t","id":"c"}})";
const std::string list_configs =
    R"({"jsonrpc":"2.0","id":1,"method":"ListTaskPushNotificationConfigs","params":{"taskId":"t"}})";

std::string rpc_body(const std::string& members) { return R"({"jsonrpc":"2.0","id":1,)" + members + "}"; }

TEST(AgentGateway, CountsWhatIsNotTheProtocolAsAFailure) {
  struct Row {
    std::string asked, answer, verdict;
  };
  const std::string html = "Content-Type: text/html\r\n";
  const std::vector<Row> rows{
      {get_task, ok_json("{}"), "failure"},
      {get_task, ok_json("[]"), "failure"},
      {get_task, ok_json(""), "failure"},
      {get_task, ok_json("null"), "failure"},
      {get_task, ok_json("[" + rpc_body(R"("error":{"code":-32603})") + "]"), "failure"},
      {get_task, ok_json(rpc_body(R"("result":null)")), "failure"},
      {get_task, ok_json(rpc_body(R"("result":{})")), "failure"},
      {get_task, ok_json(R"({"jsonrpc":"2.0","id":1})"), "failure"},
      {get_task, ok_json(rpc_body(R"("result":)" + task_json("x") + R"(,"error":{"code":-32001})")),
       "failure"},
      {get_task, ok_json(rpc_body(R"("error":"no")")), "failure"},
      {get_task, ok_json(rpc_body(R"("error":{"code":-32603.0})")), "failure"},
      {get_task, ok_json(rpc_body(R"("error":{"code":-32001.0})")), "ignored"},
      {get_task, ok_json(rpc_body(R"("error":{"code":"-32001"})")), "failure"},
      {get_task, ok("<html>", html), "failure"},
      {get_task, ok("<html>"), "failure"},
      {get_task, ok(std::string(200'000, 'x'), html), "failure"},
      {get_task, ok("data: {}\n\n", "Content-Type: text/event-stream\r\n"), "failure"},
      {get_task, "HTTP/1.1 204 No Content\r\n\r\n", "failure"},
      {send_message, ok_json(rpc_body(R"("result":)" + task_json("x"))), "failure"},
      {send_message, rpc_result(completed), "success"},
      {get_task, rpc_result(task_json("TASK_STATE_WORKING")), "success"},
      {get_task, ok(rpc_body(R"("result":)" + task_json("x"))), "success"},
      {delete_config, rpc_result("null"), "success"},
      {delete_config, rpc_result("{}"), "success"},
      {delete_config, ok_json("{}"), "failure"},
      {list_configs, rpc_result("{}"), "success"},
      {list_configs, rpc_result("[]"), "success"},
      {list_configs, rpc_result("null"), "failure"},
      {stream_message, ok("<html>", html), "failure"},
      {stream_message, rpc_result(completed), "success"},
  };
  std::string answer;
  PlayedAgent agent([&](const Request&) { return answer; });
  const GatewayProcess gateway(once(agent.url()));
  Counts counts(gateway);
  for (const Row& row : rows) {
    answer = row.answer;
    const Request got = post(gateway, row.asked);
    EXPECT_EQ(got.body, row.answer.substr(row.answer.find("\r\n\r\n") + 4)) << "as the agent gave it";
    EXPECT_EQ(counts.verdict(), row.verdict) << row.asked.substr(0, 60) << "\n" << row.answer.substr(0, 300);
  }
}

TEST(AgentGateway, CountsAListOfAnswersByTheWorstOfThem) {
  const std::string good = rpc_body(R"("result":)" + completed);
  const std::string failed = rpc_body(R"("error":{"code":-32603})");
  const std::string refused = rpc_body(R"("error":{"code":-32001})");
  struct Row {
    std::string answer, verdict;
  };
  const std::vector<Row> rows{
      {"[" + good + "]", "success"},
      {" [" + good + "," + failed + "]", "failure"},
      {"[" + failed + "," + good + "]", "failure"},
      {"[" + refused + "," + failed + "]", "failure"},
      {"[" + refused + "," + good + "]", "success"},
      {"[" + refused + "," + refused + "]", "ignored"},
      {"[" + good + "," + rpc_body(R"("result":null,"error":"no")") + "]", "failure"},
      {"[]", "success"},
      {"[1]", "success"},
  };
  std::string answer;
  PlayedAgent agent([&](const Request&) { return ok_json(answer); });
  const GatewayProcess gateway(once(agent.url()));
  Counts counts(gateway);
  const std::string calls = "[" + get_task + "," + send_message + "]";
  for (const std::string& asked : {calls, calls + std::string(100'000, ' ')}) {
    for (const Row& row : rows) {
      answer = row.answer;
      EXPECT_EQ(post(gateway, asked).body, answer);
      EXPECT_EQ(counts.verdict(), row.verdict) << asked.size() << " " << row.answer;
    }
  }
}

TEST(AgentGateway, CountsWhatIsNotTheProtocolOfHttpJsonAsAFailure) {
  struct Row {
    std::string line, fields, answer, verdict;
  };
  const std::string version = "A2A-Version: 1.0\r\n";
  const std::vector<Row> rows{
      {"POST /planner/message:send", "", ok_json("{}"), "failure"},
      {"POST /planner/message:send", "", ok_json(completed), "success"},
      {"POST /planner/message:send", "", ok("thanks"), "failure"},
      {"POST /planner/tasks/t:cancel", "", ok_json(""), "failure"},
      {"POST /planner/tasks/t:cancel", "", ok_json(task_json("TASK_STATE_CANCELED")), "success"},
      {"DELETE /planner/tasks/t/pushNotificationConfigs/c", "", "HTTP/1.1 204 No Content\r\n\r\n", "success"},
      {"DELETE /planner/tasks/t/pushNotificationConfigs/c", "", ok_json("{}"), "success"},
      {"GET /planner/tasks", version, ok_json("{}"), "success"},
      {"GET /planner/tasks", version, ok_json(""), "failure"},
      {"GET /planner/tasks/t", version, ok_json("[]"), "failure"},
      {"GET /planner/tasks/t", version, ok("<html>", "Content-Type: text/html\r\n"), "failure"},
      {"GET /planner/tasks/t", "Accept: application/json\r\n", ok_json("{}"), "failure"},
      {"GET /planner/tasks/t", "Accept: text/html, application/json\r\n", ok_json("{}"), "success"},
      {"GET /planner/tasks/t", version, ok_json(R"({"code":-32603.0,"message":"no"})"), "failure"},
      {"GET /planner/tasks/t", version, ok_json(R"({"error":{"code":-32001,"message":"no"}})"), "ignored"},
  };
  std::string answer;
  PlayedAgent agent([&](const Request&) { return answer; });
  agent.set_card(card_of({{"HTTP+JSON", agent.url()}}));
  const GatewayProcess gateway(once(agent.url()));
  Counts counts(gateway);
  EXPECT_EQ(gateway.get("/planner/.well-known/agent-card.json").status(), 200U);
  EXPECT_EQ(counts.verdict(), "success");
  for (const Row& row : rows) {
    answer = row.answer;
    Socket client = Socket::connect(gateway.port());
    const std::string content = row.line.starts_with("POST") ? "Content-Length: 2\r\n\r\n{}" : "\r\n";
    EXPECT_TRUE(client.send(row.line + " HTTP/1.1\r\nHost: a\r\n" + row.fields + content));
    EXPECT_TRUE(client.read_response());
    EXPECT_EQ(counts.verdict(), row.verdict) << row.line << " " << row.fields << row.answer;
  }
}

/// Sends what it is given, and ends the connection in this way.
struct Break {
  std::string head;
  std::string content;
  bool resets = false;
};

TEST(AgentGateway, CountsAStreamThatEndsBeforeItsFirstEventAsAFailureAlways) {
  const std::string until_end =
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
  const std::string chunked =
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\nTransfer-Encoding: "
      "chunked\r\n\r\n";
  const std::string event = "data: " + rpc_body(R"("result":)" + completed) + "\n\n";
  const std::string error = "data: " + rpc_body(R"("error":{"code":-32603,"message":"no"})") + "\n\n";
  std::vector<std::pair<Break, std::string>> rows;
  for (const bool resets : {false, true}) {
    rows.push_back({{until_end, "", resets}, "failure"});
    rows.push_back({{until_end, ": hello\n\ndata: {\"half", resets}, "failure"});
    rows.push_back({{chunked, "", resets}, "failure"});
    rows.push_back({{chunked, "9\r\n: hello\n\n\r\n", resets}, "failure"});
    rows.push_back({{until_end, ": hello\n\n" + event, resets}, "success"});
  }
  rows.push_back({{chunked, "0\r\n\r\n"}, "failure"});
  rows.push_back({{until_end, error}, "failure"});
  rows.push_back({{until_end, "data: {}\n\n"}, "failure"});
  const Break* now = nullptr;
  std::atomic<bool> at_once{false}, seen{false};
  const Upstream agent{Upstream::Serve([&](Socket& socket) {
    if (!socket.read_request()) return;
    if (at_once) {
      socket.send(now->head + now->content);
    } else {
      socket.send(now->head);
      EXPECT_TRUE(eventually([&] { return seen.load(); })) << "the head passes at once";
      socket.send(now->content);
    }
    if (now->resets) socket.reset();
  })};
  const GatewayProcess gateway(once("http://127.0.0.1:" + std::to_string(agent.port())));
  Counts counts(gateway);
  for (const auto& [row, verdict] : rows) {
    for (const bool together : {false, true}) {
      if (together && row.resets) continue;  // what has come may be lost with the connection
      now = &row;
      at_once = together;
      seen = false;
      Socket client = Socket::connect(gateway.port());
      EXPECT_TRUE(
          client.send("POST /planner/rpc HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: " +
                      std::to_string(stream_message.size()) + "\r\n\r\n" + stream_message));
      EXPECT_NE(client.read_head(), "");
      seen = true;
      (void)client.read_all();
      EXPECT_EQ(counts.verdict(), verdict)
          << row.head << row.content << (row.resets ? "RST" : "FIN") << (together ? " at once" : "");
    }
  }
}

TEST(AgentGateway, DoesNotRepeatACallOfWhichPathOrContentSendsAMessage) {
  std::atomic<int> bad{0};
  PlayedAgent agent([&](const Request&) { return bad-- > 0 ? rpc_error(-32603) : rpc_result(completed); });
  const GatewayProcess gateway(in_front_of(agent));
  const std::string get_by_rpc = R"({"jsonrpc":"2.0","id":1,"method":"tasks/get","params":{"id":"t"}})";
  struct Row {
    std::string method, path, body;
    int asked;
  };
  const std::vector<Row> rows{
      {"POST", "/planner/tasks/x:cancel", send_message, 1},
      {"POST", "/planner/tasks/x:cancel", R"({"jsonrpc":"2.0","id":1,"method":"message/send"})", 1},
      {"POST", "/planner/tasks/x:cancel", R"({"jsonrpc":"2.0","id":1,"method":"message/other"})", 1},
      {"POST", "/planner/tasks/x:cancel", "[" + send_message + "]", 1},
      {"POST", "/planner/tasks/x:cancel", "{not json", 1},
      {"GET", "/planner/tasks/x", send_message, 1},
      {"POST", "/planner/message:send", get_by_rpc, 1},
      {"POST", "/planner/tasks/x:cancel", "{}", 2},
      {"POST", "/planner/tasks/x:cancel", get_by_rpc, 2},
  };
  for (const Row& row : rows) {
    bad = 1;
    const int before = agent.asked();
    Socket client = Socket::connect(gateway.port());
    EXPECT_TRUE(client.send(row.method + " " + row.path +
                            " HTTP/1.1\r\nHost: a\r\nA2A-Version: 1.0\r\nContent-Length: " +
                            std::to_string(row.body.size()) + "\r\n\r\n" + row.body));
    EXPECT_TRUE(client.read_response());
    EXPECT_EQ(agent.asked() - before, row.asked) << row.method << " " << row.path << " " << row.body;
  }
}

TEST(AgentGateway, ReadsAMessageWhoseClientWaitsToBeToldToSendIt) {
  std::atomic<int> bad{0};
  std::atomic<bool> expected{false};
  PlayedAgent agent([&](const Request& request) {
    if (request.has("expect")) expected = true;
    return bad-- > 0 ? rpc_error(-32603) : rpc_result(completed);
  });
  const GatewayProcess gateway(in_front_of(agent, ", circuit_breaker: {consecutive_failures: 2}"));
  const auto post_expecting = [&](const std::string& body, bool chunked = false) {
    Socket client = Socket::connect(gateway.port());
    const std::string framing =
        chunked ? "Transfer-Encoding: chunked" : "Content-Length: " + std::to_string(body.size());
    EXPECT_TRUE(client.send("POST /planner/rpc HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n" + framing +
                            "\r\n\r\n"));
    EXPECT_EQ(client.read_head(), "HTTP/1.1 100 Continue\r\n\r\n");
    char size[16];
    (void)std::snprintf(size, sizeof size, "%zx\r\n", body.size());
    EXPECT_TRUE(client.send(chunked ? size + body + "\r\n0\r\n\r\n" : body));
    return client.read_response().value_or(Request{}).body;
  };
  for (const bool chunked : {false, true}) {
    bad = 1;
    const int before = agent.asked();
    EXPECT_NE(post_expecting(get_task, chunked).find("COMPLETED"), std::string::npos);
    EXPECT_EQ(agent.asked() - before, 2) << "it reads, so it is repeated";
  }
  EXPECT_FALSE(expected) << "the agent gets the content at once";
  EXPECT_EQ(gateway.state("planner"), "closed");
  const int before = agent.asked();
  for (int i = 0; i != 2; ++i) {
    bad = 1;
    EXPECT_NE(post_expecting(send_message).find("-32603"), std::string::npos);
  }
  EXPECT_EQ(agent.asked() - before, 2) << "a message is not repeated";
  EXPECT_EQ(gateway.state("planner"), "open");
}

TEST(AgentGateway, JudgesAnAnswerToARequestThatIsTooLongToBeRead) {
  PlayedAgent agent([&](const Request&) { return rpc_error(-32603); });
  const GatewayProcess gateway(in_front_of(agent, ", circuit_breaker: {consecutive_failures: 1}"));
  EXPECT_NE(post(gateway, send_message + std::string(200'000, ' ')).body.find("-32603"), std::string::npos);
  EXPECT_EQ(agent.asked(), 1);
  EXPECT_EQ(gateway.state("planner"), "open");
}

/// Of two agents: what is left out when the second one answers all like this, and the first one well.
std::string left_out(const std::string& asked, const std::string& answer) {
  const bool streams = asked == stream_message;
  const std::string event = "data: " + rpc_body(R"("result":)" + completed) + "\n\n";
  PlayedAgent good([&](const Request&) {
    return streams ? ok(event, "Content-Type: text/event-stream\r\n") : rpc_result(completed);
  });
  PlayedAgent other([&](const Request&) { return answer; });
  const GatewayProcess gateway(
      "version: 1\ngateway: {threads: 1}\npolicies: {careful: {timeout: 30s" + breaker +
      "}}\nservices:\n  planner: {upstreams: [{url: \"" + good.url() + "\"}, {url: \"" + other.url() +
      "\"}], policy: careful, kind: a2a, agent: {failed_states: [failed]}, ejection: {consecutive_5xx: 3, "
      "consecutive_local: 3, local_errors: apart, max_ejected: 0.5}, routes: [{prefix: /planner/, "
      "strip_prefix: true}]}\n");
  for (int i = 0; i != 12; ++i) (void)post(gateway, asked);
  std::string out;
  const auto status = boost::json::parse(gateway.admin("GET", "/status").body);
  for (const auto& each : status.at("services").at("planner").at("instances").as_array()) {
    if (each.at("usable").as_bool()) continue;
    out += each.at("name").as_string() == good.url().substr(7) ? "the good one" : "the other one";
    EXPECT_EQ(other.asked(), 3) << "no call went there any more";
  }
  return out;
}

TEST(AgentGateway, LeavesOutAnInstanceWhoseErrorsComeWithAGoodStatus) {
  const std::string stream = "Content-Type: text/event-stream\r\n";
  const std::string failed_task =
      R"({"task":)" + task_json("TASK_STATE_FAILED") + "," + task_json("TASK_STATE_FAILED").substr(1);
  struct Row {
    std::string asked, answer, out;
  };
  const std::vector<Row> rows{
      {get_task, rpc_error(-32603), "the other one"},
      {get_task, ok_json("<html>"), "the other one"},
      {send_message, rpc_result(failed_task), "the other one"},
      {stream_message, ok("data: " + rpc_body(R"("error":{"code":-32603})") + "\n\n", stream),
       "the other one"},
      {stream_message, ok("", stream), "the other one"},
      {get_task, rpc_error(-32001), ""},
      {get_task, rpc_result(completed), ""},
  };
  for (const Row& row : rows)
    EXPECT_EQ(left_out(row.asked, row.answer), row.out) << row.asked << "\n" << row.answer;
}

TEST(AgentGateway, CountsAnErrorOfItsCallerNeitherForNorAgainstAnInstance) {
  std::atomic<int> asked{0};
  PlayedAgent agent([&](const Request&) { return rpc_error(++asked % 2 == 0 ? -32001 : -32603); });
  PlayedAgent good([&](const Request&) { return rpc_result(completed); });
  const GatewayProcess gateway(
      "version: 1\ngateway: {threads: 1}\npolicies: {careful: {timeout: 30s" + breaker +
      "}}\nservices:\n  planner: {upstreams: [{url: \"" + agent.url() + "\"}, {url: \"" + good.url() +
      "\"}], policy: careful, kind: a2a, ejection: {consecutive_5xx: 3, max_ejected: 0.5}, "
      "routes: [{prefix: /planner/, strip_prefix: true}]}\n");
  for (int i = 0; i != 16; ++i) (void)post(gateway, get_task);
  EXPECT_EQ(asked, 5) << "the third failure in a row, with two errors of callers between";
}

TEST(AgentGateway, CountsAnErrorWithAGoodStatusAsBadInASplit) {
  std::atomic<int> asked{0};
  const std::string error_event = "data: " + rpc_body(R"("error":{"code":-32603})") + "\n\n";
  PlayedAgent agent([&](const Request& request) {
    if (request.body == stream_message) return ok(error_event, "Content-Type: text/event-stream\r\n");
    const int turn = asked++ % 3;
    return turn == 0 ? rpc_error(-32603) : turn == 1 ? rpc_error(-32001) : rpc_result(completed);
  });
  std::string config = once(agent.url(), ", experiment: {split: {other: 0.5}}");
  config.insert(config.find("careful:"), "other: {timeout: 30s}, ");
  const GatewayProcess gateway(config);
  const auto arms = [&](const char* what) {
    const auto all = boost::json::parse(gateway.admin("GET", "/experiments").body);
    int sum = 0;
    for (const auto& each : all.at("splits").at(0).at("arms").as_array())
      sum += each.at(what).to_number<int>();
    return sum;
  };
  ASSERT_TRUE(eventually([&] {
    return !boost::json::parse(gateway.admin("GET", "/experiments").body).at("splits").as_array().empty();
  }));
  for (int i = 0; i != 9; ++i) (void)post(gateway, get_task);
  EXPECT_TRUE(eventually([&] { return arms("requests") == 9; }));
  EXPECT_EQ(arms("bad"), 3);
  (void)post(gateway, stream_message);
  EXPECT_TRUE(eventually([&] { return arms("requests") == 10; }));
  EXPECT_EQ(arms("bad"), 4);
}

}  // namespace
}  // namespace switchgear::a2a
