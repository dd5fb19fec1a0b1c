// Agents that fail, lie, or answer with what is not the protocol: verdicts, retries, fallbacks, limits.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <variant>

#include "switchgear/policy/retry.hpp"
#include "switchgear/policy/time_limit.hpp"
#include "tests/a2a/agent_peer.hpp"

namespace switchgear::a2a {
namespace {

using switchgear::wire::DeafPort;
using switchgear::wire::ok;
using switchgear::wire::Upstream;
using Request = switchgear::wire::Message;

const std::string completed = R"({"task":)" + task_json("TASK_STATE_COMPLETED") + "}";

std::string message_id_in(const Request& request) {
  const std::size_t at = request.body.find("messageId\":\"");
  return at == std::string::npos ? "" : request.body.substr(at + 12, 32);
}

TEST(AgentFaults, AnErrorWith200IsReadInTheBody) {
  std::atomic<int> code{-32603};
  PlayedAgent agent([&](const Request&) { return rpc_error(code, "out of memory"); });
  CircuitBreaker breaker{"planner", opens_after(2)};
  BlockingClient client(agent.url(), breaker);
  const Ended first = ended([&] { return client.send(Message{"x"}); });
  EXPECT_EQ(first.code, Errc::internal_error);
  EXPECT_EQ(first.text,
            "agent '" + agent.url() + "': the agent had an internal error (-32603): out of memory");
  EXPECT_TRUE(first.may_have_run);
  code = -32001;
  EXPECT_EQ(ended([&] { return client.get("t"); }).code, Errc::task_not_found);
  EXPECT_EQ(totals(breaker).failures, 1U);
  EXPECT_EQ(totals(breaker).ignored, 1U);
  code = -32006;
  EXPECT_EQ(ended([&] { return client.send(Message{"x"}); }).code, Errc::invalid_agent_response);
  EXPECT_EQ(ended([&] { return client.get("t"); }).code, Reason::open);
}

TEST(AgentFaults, AnAnswerThatIsNotTheProtocolIsAFailureForThePolicies) {
  std::string answer;
  PlayedAgent agent([&](const Request&) { return answer; });
  CircuitBreaker breaker{"planner", opens_after(99)};
  BlockingClient client(agent.url(), breaker);
  std::uint64_t failures = 0;
  for (const std::string& body : {std::string("{}"), std::string("[]"), std::string(), std::string("<html>"),
                                  std::string(R"({"jsonrpc":"2.0","id":1,"result":null})"),
                                  std::string(R"({"jsonrpc":"2.0","id":1,"result":{}})"),
                                  std::string(R"({"jsonrpc":"2.0","id":1,"error":{"code":"-32001"}})")}) {
    answer = ok_json(body);
    EXPECT_EQ(ended([&] { return client.get("t"); }).code, Errc::malformed) << body;
    EXPECT_EQ(totals(breaker).failures, ++failures) << body;
  }
  EXPECT_EQ(totals(breaker).successes, 0U);
  answer = rpc_result("null");
  client.delete_push_config("t", "c");
  EXPECT_EQ(totals(breaker).successes, 1U) << "it has nothing to say";
}

TEST(AgentFaults, AnAgentThatHangsOpensTheBreakersHoweverLongThePipelinesTimeoutIs) {
  const Upstream hanging{Upstream::Serve([](switchgear::wire::Socket& socket) {
    static_cast<void>(socket.read_request());
    static_cast<void>(socket.receive(10s));
  })};
  const std::string elsewhere = "http://127.0.0.1:" + std::to_string(hanging.port());
  PlayedAgent agent([](const Request&) { return std::string(); });
  agent.set_card(card_of({{"JSONRPC", elsewhere}}));
  ClientOptions options;
  options.timeout = 50ms;
  options.allowed_origins = {elsewhere};
  options.interface_breaker = opens_after(9);
  Timeout timeout{"planner", 10s};
  CircuitBreaker breaker{"planner", opens_after(9)};
  BlockingClient client(agent.url(), Pipeline{breaker, timeout}, options);
  const auto ends = [&](const SendOptions& how) {
    EXPECT_EQ(ended([&] { return client.send(Message{"x"}, how); }).code, Reason::timed_out);
  };
  ends({});
  SendOptions shorter;
  shorter.timeout = 30ms;
  ends(shorter);
  EXPECT_EQ(totals(breaker).failures, 2U);
  EXPECT_EQ(totals(*client.registry().all().at(0)).failures, 2U);
  SendOptions hurried;
  hurried.deadline = std::chrono::steady_clock::now() + 20ms;
  ends(hurried);
  EXPECT_EQ(totals(breaker).failures, 2U);
  EXPECT_EQ(totals(breaker).ignored, 1U) << "its caller would not wait as long as the client";
  EXPECT_EQ(totals(*client.registry().all().at(0)).ignored, 1U);
}

TEST(AgentFaults, AMessageWhoseAnswerIsLostIsNotSentAgain) {
  PlayedAgent agent([](const Request&) {
    return std::string("HTTP/1.1 200 OK\r\nContent-Length: 99\r\nConnection: close\r\n\r\n{\"cut");
  });
  Retry retry{"planner", {.max_attempts = 4, .base = 1ms}};
  BlockingClient client(agent.url(), retry);
  const Ended end = ended([&] { return client.send(Message{"x"}); });
  EXPECT_EQ(end.code, http::Errc::truncated) << end.text;
  EXPECT_EQ(agent.asked(), 1);
  EXPECT_EQ(ended([&] { return client.get("t"); }).code, http::Errc::truncated);
  EXPECT_EQ(agent.asked(), 5) << "what reads is asked again";
  EXPECT_EQ(ended([&] { return client.cancel("t"); }).code, http::Errc::truncated);
  EXPECT_EQ(agent.asked(), 9) << "and so is a cancellation";
}

TEST(AgentFaults, AMessageIsSentAgainAsItWasToAnAgentThatTellsDuplicates) {
  std::mutex mutex;
  std::multiset<std::string> ids;
  PlayedAgent agent([&](const Request& request) {
    const std::lock_guard lock(mutex);
    ids.insert(message_id_in(request));
    return ids.size() < 3 ? std::string("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n")
                          : rpc_result(completed);
  });
  Retry retry{"planner", {.max_attempts = 4, .base = 1ms}};
  ClientOptions options;
  options.duplicates = Duplicates::told_by_message_id;
  BlockingClient client(agent.url(), retry, options);
  EXPECT_TRUE(std::holds_alternative<Task>(client.send(Message{"x"})));
  EXPECT_EQ(ids.size(), 3U);
  EXPECT_EQ(ids.count(*ids.begin()), 3U) << "the same id each time";
}

TEST(AgentFaults, ARefusalThatSaysWhenToComeBackIsRepeated) {
  std::atomic<int> left{1};
  PlayedAgent agent([&](const Request&) {
    return left-- > 0 ? std::string("HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n")
                      : rpc_result(completed);
  });
  Retry retry{"planner", {.max_attempts = 2, .base = 1ms}};
  BlockingClient client(agent.url(), retry);
  EXPECT_TRUE(std::holds_alternative<Task>(client.send(Message{"x"})));
  EXPECT_EQ(agent.asked(), 2);
}

TEST(AgentFaults, AMessageThatTimedOutIsNotSentAgain) {
  std::atomic<bool> go{false};
  PlayedAgent agent([&](const Request&) {
    while (!go) std::this_thread::yield();
    return rpc_result(completed);
  });
  Retry retry{"planner", {.max_attempts = 3, .base = 1ms}};
  Timeout timeout("planner", 300ms);
  CircuitBreaker breaker{"planner", opens_after(2)};
  ClientOptions options;
  options.interface_breaker = opens_after(1);
  BlockingClient client(agent.url(), Pipeline{retry, breaker, timeout}, options);
  (void)client.card();  // not in the time of the call
  const Ended end = ended([&] { return client.send(Message{"x"}); });
  go = true;
  EXPECT_EQ(end.code, Reason::timed_out) << end.text;
  EXPECT_EQ(agent.asked(), 1);
  EXPECT_EQ(totals(breaker).failures_by_type[static_cast<std::size_t>(FailureType::timeout)], 1U);
  const auto inner = client.registry().all();
  ASSERT_EQ(inner.size(), 1U);
  EXPECT_EQ(inner[0]->name(), agent.url() + "/JSONRPC " + agent.rpc());
  EXPECT_EQ(inner[0]->state(), State::open) << "the interface did not answer in time";
}

TEST(AgentFaults, TheNextInterfaceIsAskedWhenOneCannotBeReached) {
  const DeafPort deaf;
  PlayedAgent agent([](const Request& request) {
    return request.target() == "/rest/message:send" ? ok(completed) : rpc_error(-32603);
  });
  const std::string dead = "http://127.0.0.1:" + std::to_string(deaf.port());
  agent.set_card(card_of({{"JSONRPC", dead + "/rpc"}, {"GRPC", dead}, {"HTTP+JSON", agent.url() + "/rest"}}));
  ClientOptions options;
  options.allowed_origins = {dead};
  options.interface_breaker = opens_after(2);
  CircuitBreaker breaker{"planner", opens_after(1)};
  BlockingClient client(agent.url(), breaker, options);
  for (int i = 0; i != 4; ++i) EXPECT_TRUE(std::holds_alternative<Task>(client.send(Message{"x"})));
  EXPECT_EQ(totals(breaker).successes, 4U) << "the agent as a whole is well";
  const auto first = client.registry().find(agent.url() + "/JSONRPC " + dead + "/rpc");
  ASSERT_TRUE(first);
  EXPECT_EQ(first->state(), State::open);
  EXPECT_EQ(totals(*first).failures, 2U) << "from then on it is not even tried";
  EXPECT_EQ(agent.asked(), 4);
}

TEST(AgentFaults, AnInterfaceOfAnotherVersionIsNoFallback) {
  PlayedAgent agent([](const Request&) { return rpc_error(-32603); });
  const DeafPort deaf;
  const std::string dead = "http://127.0.0.1:" + std::to_string(deaf.port());
  std::string card = card_of({{"JSONRPC", dead + "/rpc"}, {"HTTP+JSON", agent.url() + "/rest"}});
  card.replace(card.rfind("\"1.0\""), 5, "\"0.3\"");
  agent.set_card(card);
  ClientOptions options;
  options.allowed_origins = {dead};
  BlockingClient client(agent.url(), options);
  EXPECT_EQ(ended([&] { return client.send(Message{"x"}); }).code, std::errc::connection_refused);
  EXPECT_EQ(agent.asked(), 0);
}

TEST(AgentFaults, EachSkillHasItsBreaker) {
  PlayedAgent agent([](const Request&) { return rpc_error(-32603); });
  ClientOptions options;
  options.name = "planner";
  options.skill_breaker = opens_after(1);
  BlockingClient client(agent.url(), options);
  SendOptions plan;
  plan.skill = "plan";
  EXPECT_EQ(ended([&] { return client.send(Message{"x"}, plan); }).code, Errc::internal_error);
  const Ended refused = ended([&] { return client.send(Message{"x"}, plan); });
  EXPECT_EQ(refused.code, Reason::open);
  EXPECT_TRUE(refused.text.starts_with("breaker 'planner/skill plan' is open")) << refused.text;
  EXPECT_EQ(ended([&] { return client.send(Message{"x"}); }).code, Errc::internal_error);
  plan.skill = "unheard of";
  EXPECT_EQ(ended([&] { return client.send(Message{"x"}, plan); }).code, Errc::internal_error);
  EXPECT_EQ(client.registry().all().size(), 1U)
      << "callers cannot make breakers of skills that are not there";
}

TEST(AgentFaults, ACardMayNotLeadToAnotherOrigin) {
  PlayedAgent thief([](const Request&) { return rpc_result(completed); });
  PlayedAgent agent([](const Request&) { return rpc_result(completed); });
  agent.set_card(card_of({{"JSONRPC", thief.rpc()}}));
  ClientOptions options;
  options.http.headers.add("Authorization", "Bearer secret");
  BlockingClient client(agent.url(), options);
  const Ended end = ended([&] { return client.send(Message{"x"}); });
  EXPECT_EQ(end.code, Errc::no_interface);
  EXPECT_EQ(end.text, "agent '" + agent.url() + "': its card has no interface that can be called; " +
                          thief.rpc() + " is of another origin (add " + thief.url() + " to allowed_origins)");
  EXPECT_EQ(thief.asked(), 0);
  agent.set_card(card_of({{"GRPC", agent.url()}}));
  EXPECT_EQ(ended([&] { return client.get("t"); }).code, Errc::no_interface);
}

TEST(AgentFaults, CardsThatCannotBeUsedSaySo) {
  PlayedAgent agent([](const Request&) { return rpc_result(completed); });
  ClientOptions options;
  options.max_card = 1000;
  CircuitBreaker breaker{"planner", opens_after(100)};
  BlockingClient client(agent.url(), breaker, options);
  agent.set_card("<html>welcome</html>");
  EXPECT_EQ(ended([&] { return client.send(Message{"x"}); }).code, Errc::bad_card);
  agent.set_card(std::string(2000, ' '));
  EXPECT_EQ(ended([&] { return client.send(Message{"x"}); }).code, http::Errc::body_too_large);
  agent.set_card("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(ended([&] { return client.send(Message{"x"}); }).code, Errc::http_status);
  agent.set_card("HTTP/1.1 302 Found\r\nLocation: http://elsewhere/\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(ended([&] { return client.send(Message{"x"}); }).code, Errc::http_status)
      << "no redirect is followed";
  EXPECT_EQ(agent.asked(), 0);
  EXPECT_EQ(totals(breaker).failures, 2U);
  agent.set_card("");
  EXPECT_TRUE(std::holds_alternative<Task>(client.send(Message{"x"})));
}

TEST(AgentFaults, AnOldCardIsUsedWhileTheAgentGivesNone) {
  PlayedAgent agent([](const Request&) { return rpc_result(completed); },
                    "Cache-Control: max-age=0\r\nETag: \"1\"\r\n");
  BlockingClient client(agent.url());
  EXPECT_TRUE(std::holds_alternative<Task>(client.send(Message{"x"})));
  agent.set_card("HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\n\r\n");
  EXPECT_TRUE(std::holds_alternative<Task>(client.send(Message{"x"})));
  agent.set_card("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n");
  EXPECT_TRUE(std::holds_alternative<Task>(client.send(Message{"x"})));
  EXPECT_EQ(agent.cards(), 3);
  EXPECT_TRUE(std::holds_alternative<Task>(client.send(Message{"x"})));
  EXPECT_EQ(agent.cards(), 3) << "it is not asked again at once";
}

TEST(AgentFaults, AFreshCardIsNotAskedForAgain) {
  PlayedAgent agent([](const Request&) { return rpc_result(completed); });
  BlockingClient client(agent.url());
  for (int i = 0; i != 3; ++i) (void)client.send(Message{"x"});
  EXPECT_EQ(agent.cards(), 1);
}

TEST(AgentFaults, AnswersBeyondTheLimitsEndTheCall) {
  std::string answer;
  PlayedAgent agent([&](const Request&) { return answer; });
  ClientOptions options;
  options.http.max_body = 1000;
  CircuitBreaker breaker{"planner", opens_after(100)};
  BlockingClient client(agent.url(), breaker, options);
  answer = ok(std::string(2000, ' '));
  EXPECT_EQ(ended([&] { return client.get("t"); }).code, http::Errc::body_too_large);
  answer = ok(std::string(400, '[') + std::string(400, ']'));
  EXPECT_EQ(ended([&] { return client.get("t"); }).code, Errc::malformed) << "nested too deep";
  answer = ok("{\"jsonrpc\":");
  EXPECT_EQ(ended([&] { return client.get("t"); }).code, Errc::malformed);
  answer = rpc_result(R"({"id":"t"})");
  const Ended end = ended([&] { return client.get("t"); });
  EXPECT_EQ(end.text,
            "agent '" + agent.url() + "': the answer is not one of the protocol: task.status is missing");
  EXPECT_EQ(totals(breaker).failures, 4U);
}

TEST(AgentFaults, CredentialsAndVersionGoWithEveryCall) {
  std::mutex mutex;
  std::string seen;
  PlayedAgent agent([&](const Request& request) {
    const std::lock_guard lock(mutex);
    seen = request.head_text;
    return rpc_result(completed);
  });
  ClientOptions options;
  options.http.headers.add("Authorization", "Bearer secret");
  options.extensions = {"urn:a", "urn:b"};
  BlockingClient client(agent.url(), options);
  (void)client.send(Message{"x"});
  EXPECT_NE(seen.find("Authorization: Bearer secret\r\n"), std::string::npos) << seen;
  EXPECT_NE(seen.find("A2A-Version: 1.0\r\n"), std::string::npos) << seen;
  EXPECT_NE(seen.find("A2A-Extensions: urn:a, urn:b\r\n"), std::string::npos) << seen;
}

TEST(AgentFaults, AKilledAgentIsRefusedQuicklyAndFoundAgain) {
  auto first = std::make_unique<SdkAgent>("agent_v1.mjs");
  CircuitBreaker breaker{"planner", opens_after(2)};
  BlockingClient client(first->url(), breaker);
  EXPECT_TRUE(std::holds_alternative<Message>(client.send(Message{"hello you"})));
  first.reset();  // SIGKILL
  EXPECT_TRUE(ended([&] { return client.send(Message{"hello you"}); }).code);
  EXPECT_TRUE(ended([&] { return client.send(Message{"hello you"}); }).code);
  EXPECT_EQ(ended([&] { return client.send(Message{"hello you"}); }).code, Reason::open);
}

}  // namespace
}  // namespace switchgear::a2a
