// What callers may send through the gateway without making a healthy agent look like a failing one.
#include <gtest/gtest.h>

#include <atomic>
#include <cctype>
#include <string>
#include <vector>

#include "tests/a2a/agent_peer.hpp"
#include "tests/a2a/gateway_peer.hpp"
#include "tests/http/nginx_peer.hpp"

namespace switchgear::a2a {
namespace {

using switchgear::wire::ok;
using switchgear::wire::Upstream;

const std::string card_path = "/planner/.well-known/agent-card.json";
const std::string version = "A2A-Version: 1.0\r\n";

Request ask(const GatewayProcess& gateway, const std::string& line, const std::string& fields = "",
            const std::string& body = "") {
  Socket client = Socket::connect(gateway.port());
  const std::string length = body.empty() ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n";
  EXPECT_TRUE(client.send(line + " HTTP/1.1\r\nHost: gw.example\r\n" + fields + length + "\r\n" + body));
  const bool to_head = line.starts_with("HEAD");
  if (!to_head) return client.read_response().value_or(Request{});
  Request head;
  head.start_line = client.read_head();
  return head;
}

/// A card and a task in files, JSON-RPC at /rpc, and a page at every other path, as many sites have it.
class SiteOfAgent {
 public:
  SiteOfAgent() {
    site_.write("www/.well-known/agent-card.json", card_of({{"JSONRPC", site_.url() + "/rpc"}}));
    site_.write("www/index.html", "<html>chat with the agent</html>");
  }
  [[nodiscard]] std::string url() const { return site_.url(); }

 private:
  http::Nginx site_{"types { application/json json; text/html html; }",
                    "root www; location = /rpc { return 200 '{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":" +
                        task_json("TASK_STATE_WORKING") + "}'; } location / { try_files $uri /index.html; }"};
};

TEST(AgentCallers, CannotMakeFailuresOfAHealthySite) {
  const SiteOfAgent agent;
  const GatewayProcess gateway(once(agent.url()));
  Counts counts(gateway);
  struct Row {
    std::string line, fields;
    unsigned status;
    std::string verdict;
  };
  const std::string legacy = "GET /planner/.well-known/agent.json";
  const std::string json = "Accept: application/json\r\n";
  const std::vector<Row> rows{
      {legacy, "", 404, "ignored"},
      {legacy, version, 404, "ignored"},
      {"GET /planner/x/agent-card.json", "", 404, "ignored"},
      {"GET /planner/v1/card", json, 404, "ignored"},
      {"GET /planner/extendedAgentCard", version, 404, "ignored"},
      {"GET /planner/tasks/1", version, 200, "ignored"},
      {"GET /planner/tasks", version, 200, "ignored"},
      {"GET /planner/v1/tasks/1", json, 200, "ignored"},
      {"GET /planner/v1/tasks/1:subscribe", "Accept: text/event-stream\r\n", 200, "ignored"},
      {"GET /planner/tasks/1", "", 200, "success"},
      {"GET " + card_path, "Range: bytes=0-99\r\n", 200, "success"},
      {"GET " + card_path, "Range: bytes=100-\r\n", 200, "success"},
      {"GET " + card_path, "Range: bytes=5-5\r\nIf-Range: \"x\"\r\n", 200, "success"},
      {"GET " + card_path, "Accept: text/html\r\n", 200, "success"},
      {"GET " + card_path, "If-Match: \"x\"\r\n", 412, "ignored"},
      {"GET " + card_path, "If-Unmodified-Since: Thu, 01 Jan 1970 00:00:01 GMT\r\n", 412, "ignored"},
      {"GET " + card_path, "If-None-Match: *\r\n", 304, "success"},
      {"GET /planner/tasks/1", version + "Range: bytes=0-3\r\n", 200, "ignored"},
      {"GET /planner/tasks/1", "Range: bytes=0-3\r\n", 200, "success"},
      {"POST /planner/message:send", "Content-Length: 0\r\n", 405, "ignored"},
  };
  for (const bool card_known : {false, true}) {
    for (const Row& row : rows) {
      EXPECT_EQ(ask(gateway, row.line, row.fields).status(), row.status) << row.line << "\n" << row.fields;
      EXPECT_EQ(counts.verdict(), row.verdict) << row.line << " " << row.fields << card_known;
    }
  }
  EXPECT_EQ(ask(gateway, "POST /planner/rpc", "", get_task).status(), 200U);
  EXPECT_EQ(counts.verdict(), "success");
}

/// Does all that its caller asks for.
std::string obliging(const Request& request) {
  const bool is_card = request.target().ends_with("card.json");
  const std::string body =
      is_card ? card_of({{"JSONRPC", "http://planner.example/rpc"}, {"HTTP+JSON", "http://planner.example"}})
              : task_json("TASK_STATE_WORKING");
  if (request.start_line.starts_with("HEAD")) {
    const std::string whole = ok_json(body);
    return whole.substr(0, whole.find("\r\n\r\n") + 4);
  }
  if (request.has("range") || request.has("request-range"))
    return "HTTP/1.1 206 Partial Content\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n" +
           body.substr(0, 3);
  if (request.field("prefer").find("minimal") != std::string::npos) return "HTTP/1.1 204 None\r\n\r\n";
  if (request.field("x-http-method-override") == "HEAD") return ok_json("");
  if (request.field("cache-control") == "only-if-cached")
    return "HTTP/1.1 504 Not Cached\r\nContent-Length: 0\r\n\r\n";
  if (request.field("accept") == "text/html") return ok("<html>", "Content-Type: text/html\r\n");
  return ok_json(body);
}

TEST(AgentCallers, CannotMakeFailuresByTheFieldsOfARequest) {
  const Upstream agent{Upstream::answering(obliging)};
  const GatewayProcess gateway(once("http://127.0.0.1:" + std::to_string(agent.port()),
                                    ", agent: {origins: [\"http://planner.example\"]}"));
  Counts counts(gateway);
  EXPECT_EQ(ask(gateway, "GET " + card_path).status(), 200U);
  EXPECT_EQ(counts.verdict(), "success");
  const std::vector<std::string> rows{
      "Range: bytes=0-2\r\n",
      "Request-Range: bytes=0-2\r\n",
      "Prefer: return=minimal\r\n",
      "X-HTTP-Method-Override: HEAD\r\n",
      "Cache-Control: only-if-cached\r\n",
      "TE: trailers\r\nConnection: TE\r\n",
      "Accept-Encoding: gzip\r\n",
  };
  for (const std::string& fields : rows) {
    for (const std::string& line : {"GET " + card_path, std::string("GET /planner/tasks/t")}) {
      EXPECT_EQ(ask(gateway, line, version + fields).status(), 200U) << line << " " << fields;
      EXPECT_EQ(counts.verdict(), "success") << line << " " << fields;
    }
  }
  for (const std::string& line : {"GET " + card_path, "HEAD " + card_path}) {
    (void)ask(gateway, line, "Accept: text/html\r\n");
    EXPECT_EQ(counts.verdict(), "success") << line;
  }
  (void)ask(gateway, "GET /planner/tasks/t", version + "Accept: text/html\r\n");
  EXPECT_EQ(counts.verdict(), "ignored") << "it has asked for a page";
  (void)ask(gateway, "HEAD /planner/tasks/t", version);
  EXPECT_EQ(counts.verdict(), "success");
}

TEST(AgentCallers, GetNoAnswerToANotification) {
  struct Row {
    std::string asked, answer, verdict;
  };
  const std::string send = R"("method":"message/send","params":{}})";
  const std::string none = "HTTP/1.1 204 No Content\r\n\r\n";
  const std::string accepted = "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n";
  const std::string error = R"({"jsonrpc":"2.0","id":null,"error":{"code":-32603,"message":"no"}})";
  const std::vector<Row> rows{
      {R"({"jsonrpc":"2.0",)" + send, none, "success"},
      {R"({"jsonrpc":"2.0",)" + send, accepted, "success"},
      {R"({"jsonrpc":"2.0",)" + send, ok_json(""), "success"},
      {R"({"jsonrpc":"2.0","id":null,)" + send, none, "success"},
      {R"({"jsonrpc":"2.0","method":"message/stream"})", none, "success"},
      {R"({"jsonrpc":"2.0","method":"message/stream"})",
       ok("", "Content-Type: text/event-stream\r\nConnection: close\r\n"), "success"},
      {R"({"jsonrpc":"2.0",)" + send, ok_json(error), "failure"},
      {R"({"jsonrpc":"2.0",)" + send, "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", "failure"},
      {R"([{"jsonrpc":"2.0",)" + send + "]", none, "success"},
      {R"([{"jsonrpc":"2.0",)" + send + "]", accepted, "success"},
      {R"({"jsonrpc":"2.0","id":1,)" + send, none, "failure"},
      {R"({"jsonrpc":"2.0","id":1,)" + send, accepted, "failure"},
  };
  std::string answer;
  PlayedAgent agent([&](const Request&) { return answer; });
  const GatewayProcess gateway(once(agent.url()));
  Counts counts(gateway);
  for (const Row& row : rows) {
    answer = row.answer;
    (void)ask(gateway, "POST /planner/rpc", "", row.asked);
    EXPECT_EQ(counts.verdict(), row.verdict) << row.asked << "\n" << row.answer;
  }
}

/// As agents answer what their callers got wrong (docs/agents.md, "What a call ends with").
TEST(AgentCallers, AreToBlameForTheirErrors) {
  const auto error = [](int code, const std::string& id = "1") {
    return ok_json(R"({"jsonrpc":"2.0","id":)" + id + R"(,"error":{"code":)" + std::to_string(code) +
                   R"(,"message":"no"}})");
  };
  const auto status = [](const std::string& line, const std::string& body = "{}") {
    return "HTTP/1.1 " + line +
           "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
  };
  struct Row {
    std::string asked, answer, verdict;
  };
  const std::string unknown = R"({"jsonrpc":"2.0","id":1,"method":"unheard/of"})";
  const std::string with_null = R"({"jsonrpc":"2.0","id":null,"method":"GetTask","params":{"id":"t"}})";
  const std::string with_text = R"({"jsonrpc":"2.0","id":"a","method":"GetTask","params":{"id":"t"}})";
  const std::vector<Row> rows{
      {with_null, error(-32600, "null"), "ignored"},
      {with_null, rpc_result(task_json("TASK_STATE_WORKING")), "success"},
      {with_text, rpc_result(task_json("TASK_STATE_WORKING")), "success"},
      {unknown, error(-32601), "ignored"},
      {unknown, status("501 Not Implemented"), "ignored"},
      {get_task, error(-32602), "ignored"},
      {"{not json", error(-32700, "null"), "ignored"},
      {"7", error(-32600, "null"), "ignored"},
      {"[]", error(-32600, "null"), "ignored"},
      {get_task, error(-32001), "ignored"},
      {get_task, error(-32002), "ignored"},
      {get_task, error(-32003), "ignored"},
      {get_task, error(-32004), "ignored"},
      {get_task, error(-32005), "ignored"},
      {get_task, error(-32007), "ignored"},
      {get_task, error(-32008), "ignored"},
      {get_task, error(-32009), "ignored"},
      {send_message, status("413 Content Too Large"), "ignored"},
      {send_message, status("415 Unsupported Media Type"), "ignored"},
      {send_message, status("400 Bad Request"), "ignored"},
      {send_message, status("401 Unauthorized"), "ignored"},
      {send_message, status("404 Not Found"), "ignored"},
      {send_message, status("405 Method Not Allowed"), "ignored"},
      {send_message, status("406 Not Acceptable"), "ignored"},
      {send_message, status("417 Expectation Failed"), "ignored"},
      {send_message, status("501 Not Implemented"), "ignored"},
      {get_task, error(-32603), "failure"},
      {get_task, error(-32006), "failure"},
      {get_task, error(-32050), "failure"},
      {send_message, status("429 Too Many Requests"), "failure"},
      {send_message, status("500 Internal Server Error"), "failure"},
      {send_message, status("503 Service Unavailable"), "failure"},
  };
  std::string answer;
  PlayedAgent agent([&](const Request&) { return answer; });
  const GatewayProcess gateway(once(agent.url()));
  Counts counts(gateway);
  for (const Row& row : rows) {
    answer = row.answer;
    (void)ask(gateway, "POST /planner/rpc", version, row.asked);
    EXPECT_EQ(counts.verdict(), row.verdict) << row.asked << "\n" << row.answer;
  }
}

TEST(AgentCallers, ChooseNoPathOrBindingThatTheAgentDoesNotOffer) {
  PlayedAgent agent([](const Request&) { return ok("<html>", "Content-Type: text/html\r\n"); });
  const std::string rpc = agent.url() + "/rpc";
  agent.set_card(card_of({{"JSONRPC", rpc}, {"HTTP+JSON", agent.url() + "/rest"}}));
  const GatewayProcess gateway(once(agent.url()));
  Counts counts(gateway);
  EXPECT_EQ(gateway.get(card_path).status(), 200U);
  EXPECT_EQ(counts.verdict(), "success");
  struct Row {
    std::string line, body, verdict;
  };
  const std::vector<Row> rows{
      {"POST /planner/rpc", get_task, "failure"},
      {"POST /planner/rpc/", get_task, "failure"},
      {"POST /planner/other", get_task, "ignored"},
      {"GET /planner/rest/tasks/1", "", "failure"},
      {"POST /planner/rest/message:send", "{}", "failure"},
      {"GET /planner/tasks/1", "", "ignored"},
      {"GET /planner/rest/x/tasks/1", "", "ignored"},
      {"GET /planner/rest/tasks/1/2", "", "ignored"},
      {"GET /planner/rest/v1/tasks/1", "", "ignored"},
      {"POST /planner/message:send", "{}", "ignored"},
      {"POST /planner/message:stream", "{}", "ignored"},
      {"POST /planner/rest/message:stream", "{}", "failure"},
  };
  for (const Row& row : rows) {
    (void)ask(gateway, row.line, version, row.body);
    EXPECT_EQ(counts.verdict(), row.verdict) << row.line;
  }
}

TEST(AgentCallers, HaveNoMessageRepeatedByAnIdempotencyKey) {
  std::atomic<int> bad{0};
  PlayedAgent agent([&](const Request&) {
    return bad-- > 0 ? std::string("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n") : rpc_result(completed);
  });
  const GatewayProcess gateway(in_front_of(agent, ", hedge: {delay: 1ms}"));
  for (const std::string& body :
       {send_message, std::string(R"({"jsonrpc":"2.0","id":1,"method":"unheard/of"})")}) {
    bad = 1;
    const int before = agent.asked();
    EXPECT_EQ(ask(gateway, "POST /planner/rpc", "Idempotency-Key: \"k\"\r\n", body).status(), 503U);
    EXPECT_EQ(agent.asked() - before, 1) << body;
  }
  bad = 1;
  const int before = agent.asked();
  EXPECT_EQ(ask(gateway, "POST /planner/message:send", "Idempotency-Key: k\r\n", "{}").status(), 503U);
  EXPECT_EQ(agent.asked() - before, 1);
}

}  // namespace
}  // namespace switchgear::a2a
