// Streams of played agents: where they break, and what is made of it.
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>
#include <string>
#include <thread>
#include <variant>

#include "tests/a2a/agent_peer.hpp"

namespace switchgear::a2a {
namespace {

namespace asio = boost::asio;
using switchgear::wire::ok;
using Request = switchgear::wire::Message;

const std::string sse =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nConnection: close\r\n\r\n";

std::string event(const std::string& result) {
  return "data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":" + result + "}\n\n";
}
std::string task(const std::string& state) { return event(R"({"task":)" + task_json(state) + "}"); }
std::string chunk(const std::string& text, bool append) {
  return event(
      R"({"artifactUpdate":{"taskId":"t","contextId":"c","artifact":{"artifactId":"a","parts":[{"text":")" +
      text + R"("}]},"append":)" + (append ? "true" : "false") + "}}");
}
bool asks(const Request& request, const std::string& method) {
  return request.body.find("\"method\":\"" + method + "\"") != std::string::npos;
}

/// Ends the stream without the last chunk of a chunked body: broken, not ended.
std::string broken(const std::string& events) {
  return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\nConnection: "
         "close\r\n\r\n" +
         [](std::size_t size) {
           std::string digits;
           for (; size != 0; size /= 16) digits.insert(digits.begin(), "0123456789abcdef"[size % 16]);
           return digits;
         }(events.size()) +
         "\r\n" + events + "\r\n";
}

ClientOptions quick() {
  ClientOptions options;
  options.resubscribe = {.max_attempts = 3, .base = 1ms, .max_delay = 2ms};
  return options;
}

int count(BlockingEventStream& events) {
  int seen = 0;
  while (events.next()) ++seen;
  return seen;
}

TEST(AgentStream, IsTakenUpAgainWithTheTaskAndNotSentAgain) {
  std::atomic<int> sent{0}, subscribed{0};
  PlayedAgent agent([&](const Request& request) {
    if (asks(request, "SendStreamingMessage")) {
      ++sent;
      return broken(task("TASK_STATE_WORKING") + chunk("0", false) + "data: {\"half");
    }
    EXPECT_TRUE(asks(request, "SubscribeToTask")) << request.body;
    ++subscribed;
    return sse +
           event(
               R"({"task":{"id":"t","status":{"state":"TASK_STATE_WORKING"},"artifacts":[{"artifactId":"a","parts":[{"text":"0"},{"text":"1"}]}]}})") +
           chunk("1", true) + chunk("2", true) + task("TASK_STATE_COMPLETED");
  });
  ClientOptions options = quick();
  options.interface_breaker = opens_after(5);
  BlockingClient client(agent.url(), options);
  BlockingEventStream events = client.stream(Message{"x"});
  std::string text;
  while (const auto each = events.next()) {
    if (std::holds_alternative<Task>(*each)) text += "[task]";
    if (const auto* const part = std::get_if<TaskArtifactUpdateEvent>(&*each)) text += part->artifact.text();
  }
  EXPECT_EQ(text, "[task]0[task]2[task]") << "chunk 1 is in the task that came with the new stream";
  EXPECT_EQ(sent, 1);
  EXPECT_EQ(subscribed, 1);
  EXPECT_EQ(totals(*client.registry().all().at(0)).failures, 1U) << "the break is an outcome of its own";
  EXPECT_EQ(totals(*client.registry().all().at(0)).successes, 2U);
}

TEST(AgentStream, OfATaskThatEndedMeanwhileEndsWithItsLastState) {
  PlayedAgent agent([&](const Request& request) {
    if (asks(request, "SendStreamingMessage")) return broken(task("TASK_STATE_WORKING"));
    if (asks(request, "SubscribeToTask")) return rpc_error(-32004);
    return rpc_result(task_json("TASK_STATE_COMPLETED"));
  });
  BlockingClient client(agent.url(), quick());
  BlockingEventStream events = client.stream(Message{"x"});
  (void)events.next();
  const auto last = events.next();
  ASSERT_TRUE(last && std::holds_alternative<Task>(*last));
  EXPECT_EQ(std::get<Task>(*last).status.state, TaskState::completed);
  EXPECT_FALSE(events.next());
}

TEST(AgentStream, EndsWhenItsTaskWaitsForItsCallerThoughTheAgentGoesOn) {
  for (const char* state : {"TASK_STATE_INPUT_REQUIRED", "TASK_STATE_AUTH_REQUIRED"}) {
    std::atomic<int> subscribed{0};
    PlayedAgent agent([&](const Request& request) {
      if (asks(request, "SendStreamingMessage")) return broken(task("TASK_STATE_WORKING"));
      ++subscribed;
      return sse + task(state) + task("TASK_STATE_WORKING");
    });
    BlockingClient client(agent.url(), quick());
    BlockingEventStream events = client.stream(Message{"x"});
    EXPECT_EQ(count(events), 2) << state;
    EXPECT_EQ(subscribed, 1);
  }
}

TEST(AgentStream, ThatCannotBeTakenUpSaysForWhichTaskToAsk) {
  std::atomic<int> tries{0};
  PlayedAgent agent([&](const Request& request) {
    if (asks(request, "SendStreamingMessage")) return broken(task("TASK_STATE_WORKING"));
    ++tries;
    return std::string("HTTP/1.1 502 Bad\r\nContent-Length: 0\r\n\r\n");
  });
  BlockingClient client(agent.url(), quick());
  BlockingEventStream events = client.stream(Message{"x"});
  (void)events.next();
  const Ended end = ended([&] { return events.next(); });
  EXPECT_EQ(end.code, Errc::stream_broken);
  EXPECT_NE(end.text.find("task 't' may go on at the agent; ask for it later"), std::string::npos)
      << end.text;
  EXPECT_EQ(events.task_id(), "t");
  EXPECT_EQ(tries, 3);
  EXPECT_FALSE(events.next()) << "it is over";
}

TEST(AgentStream, ThatBreaksBeforeItsFirstEventIsAFailureOfTheCall) {
  PlayedAgent agent([&](const Request&) { return broken(": hello\n\n"); });
  CircuitBreaker breaker{"planner", opens_after(1)};
  BlockingClient client(agent.url(), breaker, quick());
  EXPECT_EQ(ended([&] { return client.stream(Message{"x"}); }).code, http::Errc::truncated);
  EXPECT_EQ(agent.asked(), 1);
  EXPECT_EQ(breaker.state(), State::open);
}

TEST(AgentStream, MayBeAnErrorOrAWholeAnswerInstead) {
  std::string answer = rpc_error(-32004, "no streams here");
  PlayedAgent agent([&](const Request&) { return answer; });
  BlockingClient client(agent.url(), quick());
  EXPECT_EQ(ended([&] { return client.stream(Message{"x"}); }).code, Errc::unsupported_operation);
  answer =
      sse +
      "event: error\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32603,\"message\":\"no\"}}\n\n";
  EXPECT_EQ(ended([&] { return client.stream(Message{"x"}); }).code, Errc::internal_error);
  answer = rpc_result(R"({"message":{"messageId":"m","role":"ROLE_AGENT","parts":[{"text":"hi"}]}})");
  BlockingEventStream events = client.stream(Message{"x"});
  const auto only = events.next();
  ASSERT_TRUE(only && std::holds_alternative<Message>(*only));
  EXPECT_FALSE(events.next());
  answer = sse + task("TASK_STATE_WORKING") +
           "data: {\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32603,\"message\":\"no\"}}\n\n";
  BlockingEventStream broken_off = client.stream(Message{"x"});
  (void)broken_off.next();
  EXPECT_EQ(ended([&] { return broken_off.next(); }).code, Errc::internal_error)
      << "the agent has ended it itself";
}

TEST(AgentStream, HasALimitForEachEvent) {
  PlayedAgent agent(
      [&](const Request&) { return sse + task("TASK_STATE_WORKING") + "data: " + std::string(5000, 'x'); });
  ClientOptions options = quick();
  options.max_event = 1000;
  BlockingClient client(agent.url(), options);
  BlockingEventStream events = client.stream(Message{"x"});
  (void)events.next();
  EXPECT_EQ(ended([&] { return events.next(); }).code, Errc::event_too_large);
}

TEST(AgentStream, ThatIsSilentForTooLongIsBroken) {
  std::atomic<bool> go{false};
  switchgear::wire::Upstream slow(switchgear::wire::Upstream::Serve([&](switchgear::wire::Socket& socket) {
    (void)socket.read_request();
    socket.send(sse + task("TASK_STATE_WORKING"));
    while (!go) std::this_thread::yield();
  }));
  PlayedAgent agent([&](const Request&) { return rpc_error(-32603); });
  const std::string there = "http://127.0.0.1:" + std::to_string(slow.port());
  agent.set_card(card_of({{"JSONRPC", there}}));
  ClientOptions options = quick();
  options.allowed_origins = {there};
  options.stream_idle = 300ms;
  options.resubscribe.max_attempts = 0;
  BlockingClient client(agent.url(), options);
  BlockingEventStream events = client.stream(Message{"x"});
  (void)events.next();
  EXPECT_EQ(ended([&] { return events.next(); }).code, Errc::stream_broken);
  go = true;
}

TEST(AgentStream, SubscribesByPostWhereGetIsNotKnown) {
  std::string seen;
  PlayedAgent agent([&](const Request& request) {
    seen += request.start_line.substr(0, request.start_line.find(' ')) + " ";
    if (request.start_line.starts_with("GET"))
      return std::string("HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n");
    return sse + "data: {\"task\":" + task_json("TASK_STATE_COMPLETED") + "}\n\n";
  });
  agent.set_card(card_of({{"HTTP+JSON", agent.url() + "/rest"}}));
  BlockingClient client(agent.url(), quick());
  for (int i = 0; i != 2; ++i) {
    BlockingEventStream events = client.subscribe("t");
    EXPECT_EQ(count(events), 1);
  }
  EXPECT_EQ(seen, "GET POST POST ") << "it is remembered";
}

TEST(AgentStream, IsLeftByItsCallersCancellation) {
  PlayedAgent agent([&](const Request&) { return sse + task("TASK_STATE_WORKING"); });
  asio::io_context io(1);
  std::string end;
  asio::cancellation_signal stop;
  ClientOptions options = quick();
  options.resubscribe.base = 1h;
  options.resubscribe.max_delay = 1h;
  Client client(io.get_executor(), agent.url(), options);
  const auto run = [&]() -> asio::awaitable<void> {
    EventStream events = co_await client.stream(Message{"x"});
    (void)co_await events.next();
    asio::post(io, [&] { stop.emit(asio::cancellation_type::terminal); });
    (void)co_await events.next();
  };
  asio::co_spawn(io, run(), asio::bind_cancellation_slot(stop.slot(), [&](const std::exception_ptr& thrown) {
                   try {
                     if (thrown) std::rethrow_exception(thrown);
                   } catch (const boost::system::system_error& error) {
                     if (error.code() == asio::error::operation_aborted) end = "cancelled";
                   }
                 }));
  io.run();
  EXPECT_EQ(end, "cancelled");
}

}  // namespace
}  // namespace switchgear::a2a
