// Answers of a service whose body is malformed, or ends too early. As long as nothing of such an answer has
// gone to the client, it gets 502; afterwards only the end of its connection can say so.
#include <gtest/gtest.h>

#include <boost/json/value.hpp>
#include <csignal>
#include <future>
#include <string>
#include <vector>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const std::string of_100_bytes = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n";
const std::string request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

std::string guarded(std::uint16_t port, const std::string& more = "") {
  return config_text({{"shop", port, "/", "guarded"}},
                     "  guarded: {timeout: 60s, circuit_breaker: {consecutive_failures: 100}" + more + "}\n");
}

std::uint64_t failures(const GatewayProcess& gateway) {
  return gateway.breaker("shop")
      .at("counters")
      .at("failures_by_type")
      .at("connection_error")
      .to_number<std::uint64_t>();
}

std::uint64_t failures_of_all_types(const GatewayProcess& gateway) {
  return gateway.breaker("shop").at("counters").at("failures").to_number<std::uint64_t>();
}

TEST(GatewayBrokenAnswer, IsA502IfItsFirstChunksAreMalformed) {
  for (const std::string body :
       {"ZZ\r\n", "\r\n", "-1\r\n", "5\r\nhelloX", "5\r\nhello\r\nZZ\r\n", "5\nhello\n",
        "0\r\nno trailer\r\n\r\n", "ffffffffffffffff\r\n", "5\r\nhello\r\n0\r\nA : b\r\n\r\n"}) {
    Upstream upstream{Upstream::saying(chunked + body)};
    const GatewayProcess gateway{guarded(upstream.port())};
    Socket client = Socket::connect(gateway.port());
    client.send(request);
    const Message answer = client.read_response().value_or(Message{});
    EXPECT_EQ(answer.status(), 502U) << body;
    EXPECT_EQ(answer.field("content-type"), "application/problem+json") << body;
    EXPECT_NE(answer.field("proxy-status").find("http_response_transfer_coding"), std::string::npos) << body;
    EXPECT_EQ(failures(gateway), 1U) << body;
    EXPECT_EQ(failures_of_all_types(gateway), 1U) << body;
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(client.read_response().value_or(Message{}).status(), 502U) << "the client's connection is good";
  }
}

TEST(GatewayBrokenAnswer, WithAnErrorsStatusIsNotTakenForThatError) {
  Upstream upstream{Upstream::saying("HTTP/1.1 500 X\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n")};
  const GatewayProcess gateway{guarded(upstream.port())};
  EXPECT_EQ(gateway.get("/").status(), 502U);
  EXPECT_EQ(failures(gateway), 1U);
}

/// An answer and the end of its connection that come at the same time: the gateway is stopped meanwhile.
struct AtOnce {
  std::promise<void> asked, stopped, said;
  Upstream upstream;

  explicit AtOnce(const std::string& answer, bool reset = false)
      : upstream{[this, answer, reset](Socket& socket) {
          (void)socket.read_request();
          asked.set_value();
          stopped.get_future().wait();
          socket.send(answer);
          reset ? socket.reset() : socket.close();
          said.set_value();
        }} {}

  [[nodiscard]] Message ask(const GatewayProcess& gateway) {
    Socket client = Socket::connect(gateway.port());
    client.send(request);
    asked.get_future().wait();
    gateway.hold_up();
    stopped.set_value();
    said.get_future().wait();
    gateway.signal(SIGCONT);
    return client.read_response().value_or(Message{});
  }
};

TEST(GatewayBrokenAnswer, IsA502IfItComesTogetherWithAnEndThatIsTooEarly) {
  for (const std::string& answer :
       {chunked, chunked + "5", chunked + "5\r\n", chunked + "5\r\nhel", chunked + "5\r\nhello\r\n",
        chunked + "5\r\nhello\r\n0\r\n", of_100_bytes, of_100_bytes + "hello"}) {
    AtOnce shop{answer};
    const GatewayProcess gateway{guarded(shop.upstream.port())};
    const Message got = shop.ask(gateway);
    EXPECT_EQ(got.status(), 502U) << answer;
    EXPECT_NE(got.field("proxy-status").find("http_response_incomplete"), std::string::npos) << answer;
    EXPECT_EQ(failures(gateway), 1U) << answer;
    EXPECT_EQ(failures_of_all_types(gateway), 1U) << answer;
  }
}

TEST(GatewayBrokenAnswer, IsWholeIfTheEndComesWithAllOfIt) {
  for (const std::string& answer :
       {chunked + "5\r\nhello\r\n0\r\n\r\n", chunked + "5\r\nhello\r\n0\r\nA: b\r\n\r\n",
        std::string{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"},
        std::string{"HTTP/1.1 200 OK\r\n\r\nhello"}}) {
    AtOnce shop{answer};
    const GatewayProcess gateway{guarded(shop.upstream.port())};
    const Message got = shop.ask(gateway);
    EXPECT_EQ(got.status(), 200U) << answer;
    EXPECT_EQ(got.body, "hello") << answer;
    EXPECT_TRUE(got.whole) << answer;
    EXPECT_EQ(failures_of_all_types(gateway), 0U) << answer;
  }
}

TEST(GatewayBrokenAnswer, IsRetriedAsAnyOtherFailureOfAConnection) {
  std::atomic<int> asked{0};
  Upstream upstream{Upstream::answering(
      [&](const Message&) { return ++asked == 1 ? chunked + "5\r\nhello\r\nZZ\r\n" : ok("well"); })};
  const GatewayProcess gateway{guarded(upstream.port(), ", retry: {max_attempts: 2, base: 1ms}")};
  const Message answer = gateway.get("/");
  EXPECT_EQ(answer.status(), 200U);
  EXPECT_EQ(answer.body, "well");
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(failures(gateway), 1U);
}

TEST(GatewayBrokenAnswer, IsAnsweredByAFallback) {
  Upstream upstream{Upstream::saying(chunked + "ZZ\r\n")};
  const GatewayProcess gateway{
      guarded(upstream.port(), ", fallback: {value: {status: 200, body: \"instead\"}}")};
  const Message answer = gateway.get("/");
  EXPECT_EQ(answer.status(), 200U);
  EXPECT_EQ(answer.body, "instead");
}

TEST(GatewayBrokenAnswer, EndsTheClientsConnectionOnceAByteOfItHasGoneThere) {
  const std::string reset = "reset";
  for (const auto& [head, more] :
       std::vector<std::pair<std::string, std::string>>{{chunked, "ZZ\r\n"},
                                                        {chunked + "5\r\nhello\r\n", "ZZ\r\n"},
                                                        {chunked + "5\r\nhello\r\n", ""},
                                                        {chunked + "5\r\nhello\r\n", reset},
                                                        {of_100_bytes, ""},
                                                        {of_100_bytes + "hello", ""},
                                                        {of_100_bytes + "hello", reset}}) {
    std::promise<void> read;
    Upstream upstream{[&, head = head, more = more](Socket& socket) {
      (void)socket.read_request();
      socket.send(head);
      read.get_future().wait();
      if (more == reset) return socket.reset();
      socket.send(more);
    }};
    const GatewayProcess gateway{guarded(upstream.port())};
    Socket client = Socket::connect(gateway.port());
    client.send(request);
    EXPECT_EQ(client.read_head().substr(0, 15), "HTTP/1.1 200 OK") << head;
    read.set_value();
    const std::string rest = client.read_all();
    EXPECT_EQ(rest.find("HTTP/1.1"), std::string::npos) << rest;
    EXPECT_TRUE(client.was_reset()) << "an orderly end could look like a whole message";
    EXPECT_TRUE(eventually([&] { return failures(gateway) == 1; })) << head << more;
  }
}

}  // namespace
}  // namespace switchgear::wire
