// Clients that send `Expect: 100-continue` and wait for the service's word before they send the content.
#include <gtest/gtest.h>

#include <boost/json/value.hpp>
#include <string>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

using namespace std::chrono_literals;

std::string expecting(std::size_t length) {
  return "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: " + std::to_string(length) +
         "\r\n\r\n";
}
const std::string in_chunks =
    "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n";

/// Knows nothing of 100, as http.server of Python: waits for the content, and answers with it.
Upstream::Serve silent() {
  return Upstream::answering([](const Message& request) { return ok(request.body); });
}

std::string guarded(std::uint16_t port, const std::string& timeout = "60s",
                    const std::string& limits = "body_timeout: 60s",
                    const std::string& breaker = "consecutive_failures: 1") {
  return config_text({{"shop", port, "/", "guarded"}},
                     "  guarded: {timeout: " + timeout + ", circuit_breaker: {" + breaker + "}}\n",
                     "limits: {" + limits + "}");
}

std::uint64_t counter(const GatewayProcess& gateway, const std::string& name) {
  return gateway.breaker("shop").at("counters").at(name).to_number<std::uint64_t>();
}

Socket ask(const GatewayProcess& gateway, const std::string& request) {
  Socket client = Socket::connect(gateway.port());
  client.send(request);
  return client;
}

TEST(GatewayExpectation, IsAnsweredForAServiceThatSaysNothing) {
  for (const std::string timeout : {"60s", "400ms"}) {
    Upstream upstream{silent()};
    const GatewayProcess gateway{guarded(upstream.port(), timeout)};
    Socket client = ask(gateway, expecting(5));
    EXPECT_EQ(client.read_head(), "HTTP/1.1 100 Continue\r\n\r\n") << timeout;
    EXPECT_EQ(client.receive(1500ms), "") << "once";
    client.send("hello");
    EXPECT_EQ(client.read_response().value_or(Message{}).body, "hello") << timeout;
    client.send(in_chunks);
    EXPECT_EQ(client.read_head(), "HTTP/1.1 100 Continue\r\n\r\n");
    EXPECT_EQ(client.receive(600ms), "");
    client.send("0\r\n\r\n");
    EXPECT_EQ(client.read_response().value_or(Message{}).status(), 200U) << timeout << ": and no content";
    EXPECT_EQ(counter(gateway, "failures"), 0U);
  }
}

TEST(GatewayExpectation, ThatConnectionNamesIsForTheGatewayAndDoesNotReachTheService) {
  Upstream upstream{Upstream::answering([](const Message& request) {
    return ok(request.body + (request.has("expect") ? " expected" : " told at once"));
  })};
  const GatewayProcess gateway{guarded(upstream.port())};
  Socket client = Socket::connect(gateway.port());
  for (const std::string framing : {"Content-Length: 5", "Transfer-Encoding: chunked"}) {
    client.send("POST / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Expect\r\nExpect: 100-continue\r\n" +
                framing + "\r\n\r\n");
    EXPECT_EQ(client.read_head(), "HTTP/1.1 100 Continue\r\n\r\n") << framing;
    client.send(framing.starts_with("C") ? "hello" : "5\r\nhello\r\n0\r\n\r\n");
    EXPECT_EQ(client.read_response().value_or(Message{}).body, "hello told at once") << framing;
  }
}

TEST(GatewayExpectation, OfAClientThatSendsNothingIsNotTheServicesFailure) {
  Upstream upstream{silent()};
  const GatewayProcess gateway{guarded(upstream.port(), "1500ms", "body_timeout: 2s")};
  Socket client = ask(gateway, expecting(5));
  EXPECT_EQ(client.read_response().value_or(Message{}).status(), 100U);
  EXPECT_EQ(client.read_response().value_or(Message{}).status(), 408U);
  EXPECT_EQ(counter(gateway, "failures"), 0U);
  EXPECT_EQ(gateway.get("/").status(), 200U);
}

TEST(GatewayExpectation, OfAClientThatSendsNothingIsNeitherAStuckCallNorAProbe) {
  std::atomic<bool> well{true};
  Upstream upstream{Upstream::answering([&](const Message&) {
    return well ? ok() : std::string{"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n"};
  })};
  const GatewayProcess gateway{guarded(upstream.port(), "60s", "body_timeout: 60s",
                                       "consecutive_failures: 1, stuck_calls: {older_than: 1500ms, count: "
                                       "2}, open_duration: 50ms, probe_automatically: true, half_open: "
                                       "{permitted_calls: 1, max_wait: 10m}")};
  Socket one = ask(gateway, expecting(5));
  Socket two = ask(gateway, expecting(5));
  const auto start = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - start < 2500ms) ASSERT_EQ(gateway.get("/").status(), 200U);
  well = false;
  EXPECT_EQ(gateway.get("/").status(), 500U);
  well = true;
  EXPECT_TRUE(eventually([&] { return gateway.state("shop") == "half_open"; }));
  Socket probe = ask(gateway, expecting(5));
  EXPECT_TRUE(eventually([&] { return gateway.get("/").status() == 200; }));
  EXPECT_EQ(gateway.state("shop"), "closed");
}

TEST(GatewayExpectation, IsTheServicesToAnswerWhileItIsNotSilent) {
  Upstream upstream{[](Socket& socket) {
    (void)socket.read_head();
    for (int i = 0; i < 4; ++i) {
      socket.send("HTTP/1.1 102 Processing\r\n\r\n");
      EXPECT_EQ(socket.receive(500ms), "");
    }
    socket.send("HTTP/1.1 401 Who\r\nContent-Length: 0\r\n\r\n");
    (void)socket.ends();
  }};
  const GatewayProcess gateway{guarded(upstream.port())};
  Socket client = ask(gateway, expecting(5));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(client.read_response().value_or(Message{}).status(), 102U);
  EXPECT_EQ(client.read_response().value_or(Message{}).status(), 401U);
}

TEST(GatewayExpectation, DoesNotHideThatAServiceDoesNotAnswerWhatItGot) {
  Upstream upstream{[](Socket& socket) {
    (void)socket.read_request();
    (void)socket.ends();
  }};
  const GatewayProcess gateway{guarded(upstream.port(), "600ms")};
  Socket client = ask(gateway, expecting(5));
  EXPECT_EQ(client.read_response().value_or(Message{}).status(), 100U);
  client.send("hello");
  EXPECT_EQ(client.read_response().value_or(Message{}).status(), 504U);
  EXPECT_EQ(counter(gateway, "failures"), 1U);
}

constexpr const char* slow_after_300ms =
    "minimum_calls: 1, window: {type: count, size: 10}, slow_call: {threshold: 300ms, rate: 1}";

TEST(GatewayExpectation, WaitForTheWordIsNotALatency) {
  Upstream silent_one{silent()};
  Upstream slow_word{[](Socket& socket) {
    (void)socket.read_head();
    EXPECT_EQ(socket.receive(500ms), "");
    socket.send("HTTP/1.1 100 Continue\r\n\r\n");
    EXPECT_EQ(socket.read_exactly(5), "hello");
    socket.send(ok());
    (void)socket.ends();
  }};
  for (const Upstream* upstream : {&silent_one, &slow_word}) {
    const GatewayProcess gateway{guarded(upstream->port(), "60s", "body_timeout: 60s", slow_after_300ms)};
    Socket client = ask(gateway, expecting(5));
    EXPECT_EQ(client.read_head(), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("hello");
    EXPECT_EQ(client.read_response().value_or(Message{}).status(), 200U);
    EXPECT_TRUE(eventually([&] { return counter(gateway, "successes") == 1; }));
    EXPECT_EQ(counter(gateway, "slow"), 0U) << (upstream == &slow_word ? "a slow word" : "no word");
    EXPECT_EQ(gateway.state("shop"), "closed");
  }
}

TEST(GatewayExpectation, AnswerInPlaceOfTheWordHasTheWholeLatency) {
  Upstream upstream{[](Socket& socket) {
    (void)socket.read_head();
    EXPECT_EQ(socket.receive(500ms), "");
    socket.send("HTTP/1.1 401 Who\r\nContent-Length: 0\r\n\r\n");
    (void)socket.ends();
  }};
  const GatewayProcess gateway{guarded(upstream.port(), "60s", "body_timeout: 60s", slow_after_300ms)};
  Socket client = ask(gateway, expecting(5));
  EXPECT_EQ(client.read_response().value_or(Message{}).status(), 401U);
  EXPECT_TRUE(eventually([&] { return counter(gateway, "slow") == 1; }));
}

TEST(GatewayExpectation, OfAServiceThatSaysNothingIsNotAStuckCallBeforeItIsAnswered) {
  Upstream upstream{silent()};
  const GatewayProcess gateway{
      guarded(upstream.port(), "60s", "body_timeout: 60s", "stuck_calls: {older_than: 400ms, count: 1}")};
  Socket client = ask(gateway, expecting(5));
  std::string told;
  while (told.empty()) {
    ASSERT_EQ(gateway.get("/").status(), 200U) << "its breaker would have opened for this call";
    told = client.receive(50ms);
  }
  EXPECT_EQ(told, "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("hello");
  EXPECT_EQ(client.read_response().value_or(Message{}).status(), 200U);
  EXPECT_EQ(counter(gateway, "opened"), 0U);
}

}  // namespace
}  // namespace switchgear::wire
