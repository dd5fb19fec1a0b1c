// Answers that go on for long: their length, and their end, in the breaker's counts.
#include <gtest/gtest.h>

#include <atomic>
#include <vector>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

using std::chrono::milliseconds;

std::string guarded(std::uint16_t port, const std::string& breaker, const std::string& more = "") {
  return config_text({{"shop", port, "/", "guarded"}},
                     "  guarded: {timeout: 5s, circuit_breaker: {" + breaker + "}" + more + "}\n");
}

std::uint64_t counter(const GatewayProcess& gateway, const std::string& name) {
  return gateway.breaker("shop").at("counters").at(name).to_number<std::uint64_t>();
}

constexpr const char* event_stream =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nConnection: close\r\n\r\n";
constexpr const char* chunked_stream =
    "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n";

/// Sends `head` and a first piece at once, `last` when its peer has waited for 700 ms, and closes.
Upstream::Serve lasting(const std::string& head, const std::string& first, const std::string& last) {
  return [=](Socket& socket) {
    (void)socket.read_request();
    socket.send(head + first);
    (void)socket.receive(milliseconds{700});
    socket.send(last);
  };
}

TEST(GatewayStream, TwoHealthyEventStreamsOpenNoBreakerForSlowCalls) {
  Upstream upstream{lasting(event_stream, "data: 1\n\n", "data: 2\n\n")};
  const GatewayProcess gateway{
      guarded(upstream.port(),
              "window: {type: count, size: 2}, minimum_calls: 2, slow_call: {threshold: 500ms, rate: 0.5}")};
  for (int i = 0; i < 2; ++i) {
    const Message answer = gateway.get("/");
    EXPECT_TRUE(answer.whole);
    EXPECT_EQ(answer.body, "data: 1\n\ndata: 2\n\n");
  }
  EXPECT_EQ(gateway.state("shop"), "closed");
  EXPECT_EQ(counter(gateway, "successes"), 2U);
  EXPECT_EQ(counter(gateway, "slow"), 0U);
}

TEST(GatewayStream, AResponseOfUnknownLengthIsNotSlowBecauseItIsLong) {
  Upstream upstream{lasting(chunked_stream, "3\r\n{}\n\r\n", "3\r\n{}\n\r\n0\r\n\r\n")};
  const GatewayProcess gateway{
      guarded(upstream.port(),
              "window: {type: count, size: 1}, minimum_calls: 1, slow_call: {threshold: 500ms, rate: 0.5}")};
  EXPECT_TRUE(gateway.get("/").whole);
  EXPECT_TRUE(eventually([&] { return counter(gateway, "successes") == 1; }));
  EXPECT_EQ(gateway.state("shop"), "closed");
}

TEST(GatewayStream, AnAnswerThatComesLateIsSlowAlthoughItIsAStream) {
  Upstream upstream{[](Socket& socket) {
    (void)socket.read_request();
    (void)socket.receive(milliseconds{700});
    socket.send(std::string{event_stream} + "data: 1\n\n");
  }};
  const GatewayProcess gateway{
      guarded(upstream.port(),
              "window: {type: count, size: 2}, minimum_calls: 2, slow_call: {threshold: 500ms, rate: 0.5}")};
  EXPECT_TRUE(gateway.get("/").whole);
  EXPECT_EQ(counter(gateway, "slow"), 1U);
}

TEST(GatewayStream, AResponseOfKnownLengthIsSlowWhenItsEndComesLate) {
  Upstream upstream{lasting("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", "ab", "cd")};
  const GatewayProcess gateway{
      guarded(upstream.port(),
              "window: {type: count, size: 2}, minimum_calls: 2, slow_call: {threshold: 500ms, rate: 0.5}")};
  EXPECT_EQ(gateway.get("/").body, "abcd");
  EXPECT_TRUE(eventually([&] { return counter(gateway, "slow") == 1; }));
}

/// Sends events until its peer leaves.
Upstream::Serve without_end(std::atomic<bool>& healthy) {
  return [&healthy](Socket& socket) {
    (void)socket.read_request();
    if (!healthy) {
      socket.send("HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    socket.send(std::string{event_stream} + "data: 1\n\n");
    (void)socket.ends();
  };
}

/// A client that has the beginning of its stream.
Socket listening(const GatewayProcess& gateway) {
  Socket client = Socket::connect(gateway.port());
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 200 "));
  EXPECT_FALSE(client.receive().empty());
  return client;
}

TEST(GatewayStream, OpenStreamsAreNoStuckCalls) {
  std::atomic<bool> healthy{true};
  Upstream upstream{without_end(healthy)};
  const GatewayProcess gateway{
      guarded(upstream.port(), "stuck_calls: {older_than: 1ms, count: 2}, consecutive_failures: 100")};
  std::vector<Socket> clients;
  for (int i = 0; i < 4; ++i) clients.push_back(listening(gateway));
  EXPECT_EQ(gateway.state("shop"), "closed");
  EXPECT_EQ(counter(gateway, "successes"), 4U) << "a stream has succeeded when it begins";
}

TEST(GatewayStream, AProbeThatIsAnEventStreamClosesTheBreakerWhenItBegins) {
  std::atomic<bool> healthy{false};
  Upstream upstream{without_end(healthy)};
  const GatewayProcess gateway{
      guarded(upstream.port(),
              "consecutive_failures: 1, open_duration: 1ms, half_open: {permitted_calls: 1, max_wait: 30s}")};
  EXPECT_EQ(gateway.get("/").status(), 500U);
  healthy = true;
  Socket client;
  ASSERT_TRUE(eventually([&] {
    client = Socket::connect(gateway.port());
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    return client.read_head().starts_with("HTTP/1.1 200 ");
  })) << "the opening is over after 1 ms";
  EXPECT_EQ(gateway.state("shop"), "closed") << "while the stream is still open";
}

TEST(GatewayStream, AnOpenStreamLeavesItsPlaceInTheBulkheadAndTheAdaptiveLimitToOthers) {
  std::atomic<bool> healthy{true};
  Upstream upstream{without_end(healthy)};
  for (const char* limit :
       {", bulkhead: {max_concurrent: 1}", ", adaptive_limit: {initial: 1, min_limit: 1, max_limit: 1}"}) {
    const GatewayProcess gateway{guarded(upstream.port(), "consecutive_failures: 100", limit)};
    std::vector<Socket> clients;
    for (int i = 0; i < 3; ++i) clients.push_back(listening(gateway));
    EXPECT_EQ(counter(gateway, "successes"), 3U);
  }
}

/// Only the first of several waits for an answer that is shared; the end of an event stream would be too long
/// to wait for.
TEST(GatewayStream, AnEventStreamIsNotSharedWithThoseWhoAskForTheSame) {
  std::atomic<bool> healthy{true};
  Upstream upstream{without_end(healthy)};
  const GatewayProcess gateway{guarded(upstream.port(), "consecutive_failures: 100", ", cache: {ttl: 0s}")};
  std::vector<Socket> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(Socket::connect(gateway.port()));
    clients.back().send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  }
  for (Socket& client : clients) {
    EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 200 "));
    EXPECT_FALSE(client.receive().empty());
  }
  EXPECT_EQ(upstream.connections(), 3);
}

TEST(GatewayStream, AnEventStreamEndsAtItsDeadlineAlthoughEventsCome) {
  Upstream upstream{[](Socket& socket) {
    (void)socket.read_request();
    socket.send(event_stream);
    do socket.send(": still here\n\n");
    while (socket.receive(milliseconds{50}).empty() && socket.timed_out());
  }};
  const GatewayProcess gateway{
      config_text({{"shop", upstream.port(), "/", "p"}}, "  p: {timeout: 800ms, deadline: 900ms}\n")};
  const auto start = std::chrono::steady_clock::now();
  const Message answer = gateway.get("/");
  EXPECT_EQ(answer.status(), 200U);
  EXPECT_FALSE(answer.whole) << "a reset";
  EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds{900});
}

TEST(GatewayStream, AnEventStreamThatSaysNothingForAsLongAsTheTimeLimitIsBrokenOff) {
  Upstream upstream{[](Socket& socket) {
    (void)socket.read_request();
    socket.send(event_stream);
    for (int i = 0; i < 4; ++i) {  // longer than one limit, in all
      socket.send(": still here\n\n");
      (void)socket.receive(milliseconds{200});
    }
    (void)socket.ends();
  }};
  const GatewayProcess gateway{
      config_text({{"shop", upstream.port(), "/", "p"}},
                  "  p: {timeout: 600ms, circuit_breaker: {consecutive_failures: 1}}\n")};
  const Message answer = gateway.get("/");
  EXPECT_EQ(answer.status(), 200U);
  EXPECT_FALSE(answer.whole);
  EXPECT_EQ(gateway.state("shop"), "closed") << "it was counted when it began";
  EXPECT_EQ(counter(gateway, "successes"), 1U);
  EXPECT_EQ(counter(gateway, "failures"), 0U);
  const std::string metrics = gateway.admin("GET", "/metrics").body;
  for (const char* line : {"switchgear_responses_aborted_total{service=\"shop\"} 1\n",
                           "switchgear_failures_total{service=\"shop\",type=\"timeout\"} 1\n"})
    EXPECT_NE(metrics.find(line), std::string::npos) << line;
}

TEST(GatewayStream, AnOpenStreamKeepsItsPlaceInTheBulkheadIfThatIsAsked) {
  std::atomic<bool> healthy{true};
  Upstream upstream{without_end(healthy)};
  const GatewayProcess gateway{guarded(upstream.port(), "consecutive_failures: 100",
                                       ", bulkhead: {max_concurrent: 1, hold_streams: true}")};
  {
    const Socket client = listening(gateway);
    EXPECT_EQ(gateway.get("/").status(), 503U);
  }
  EXPECT_TRUE(eventually([&] {
    Socket next = Socket::connect(gateway.port());
    next.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    return next.read_head().starts_with("HTTP/1.1 200 ");
  }));
}

TEST(GatewayStream, AHedgedEventStreamIsJudgedWhenItBegins) {
  std::atomic<bool> healthy{true};
  Upstream upstream{without_end(healthy)};
  const GatewayProcess gateway{guarded(upstream.port(), "stuck_calls: {older_than: 1ms, count: 2}",
                                       ", hedge: {delay: 2s, max_hedges: 1}")};
  std::vector<Socket> clients;
  for (int i = 0; i < 3; ++i) clients.push_back(listening(gateway));
  EXPECT_EQ(counter(gateway, "successes"), 3U);
  EXPECT_EQ(gateway.state("shop"), "closed");
}

}  // namespace
}  // namespace switchgear::wire
