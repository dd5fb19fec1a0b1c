// Clients that leave, hang, or send what they should not.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <future>
#include <string>
#include <thread>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

constexpr const char* guarded_policy =
    "  guarded: {timeout: 60s, circuit_breaker: {consecutive_failures: 100}}\n";

std::string guarded(std::uint16_t port) {
  return config_text({{"shop", port, "/", "guarded"}}, guarded_policy);
}

std::uint64_t counter(const GatewayProcess& gateway, const std::string& name) {
  return gateway.breaker("shop").at("counters").at(name).to_number<std::uint64_t>();
}

Upstream::Serve hanging() {
  return [](Socket& socket) {
    (void)socket.read_head();
    (void)socket.read_all();
  };
}

TEST(Gateway, IgnoresTheCallOfAClientThatGoesAway) {
  Upstream upstream{hanging()};
  const GatewayProcess gateway{guarded(upstream.port())};
  for (const bool reset : {false, true}) {
    Socket client = Socket::connect(gateway.port());
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(eventually([&] { return counter(gateway, "calls") == (reset ? 2U : 1U); }));
    reset ? client.reset() : client.close();
    EXPECT_TRUE(eventually([&] { return counter(gateway, "ignored") == (reset ? 2U : 1U); }))
        << (reset ? "a reset" : "an orderly close");
  }
  EXPECT_EQ(counter(gateway, "failures"), 0U);
}

/// The gateway has its answers at hand, so it never has to wait on their behalf.
TEST(Gateway, LetsOthersHaveTheirTurnWhileAClientPipelines) {
  Upstream upstream{Upstream::saying(ok())};
  const GatewayProcess gateway{config_text({{"shop", upstream.port(), "/shop/"}})};
  std::string burst;
  for (int i = 0; i < 200; ++i) burst += "GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n";
  Socket busy = Socket::connect(gateway.port());
  std::atomic<bool> over{false};
  std::thread sends{[&] {
    while (!over && busy.send(burst)) {
    }
    busy.shut_down_sending();
  }};
  std::thread reads{[&] {
    while (!busy.receive().empty()) {
    }
  }};
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(gateway.get("/shop/").status(), 200U);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds{5});
  over = true;
  sends.join();
  reads.join();
}

TEST(Gateway, IgnoresTheCallOfAClientThatLeavesMidUpload) {
  const std::string half = "half of it";
  std::promise<std::string> first;
  std::promise<std::string> rest;
  Upstream upstream{[&](Socket& socket) {
    (void)socket.read_head();
    first.set_value(socket.read_exactly(half.size()));
    rest.set_value(socket.read_all());
  }};
  const GatewayProcess gateway{guarded(upstream.port())};
  Socket client = Socket::connect(gateway.port());
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + half);
  EXPECT_EQ(first.get_future().get(), half);
  client.close();
  auto bytes = rest.get_future();
  ASSERT_EQ(bytes.wait_for(patience), std::future_status::ready)
      << "the upstream is told by the end of its connection";
  EXPECT_EQ(bytes.get(), "");
  EXPECT_TRUE(eventually([&] { return counter(gateway, "ignored") == 1; }));
}

TEST(Gateway, IgnoresTheCallOfAClientThatLeavesMidDownload) {
  Upstream upstream{[](Socket& socket) {
    (void)socket.read_request();
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
    const std::string block(1'000'000, 'x');
    while (socket.send(block)) {
    }
  }};
  const GatewayProcess gateway{guarded(upstream.port())};
  Socket client = Socket::connect(gateway.port());
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_FALSE(client.read_exactly(1000).empty());
  client.reset();
  EXPECT_TRUE(eventually([&] { return counter(gateway, "ignored") == 1; }));
}

TEST(Gateway, IgnoresTheCallOfAClientThatLeavesBehindMorePipelinedRequestsThanThereIsRoomFor) {
  for (const bool reset : {true, false}) {
    Upstream upstream{hanging()};
    const GatewayProcess gateway{guarded(upstream.port())};
    Socket client = Socket::connect(gateway.port());
    std::string requests;
    for (int i = 0; i < 1000; ++i) requests += "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    client.send(requests);
    EXPECT_TRUE(eventually([&] { return upstream.connections() == 1; }));
    if (reset) {
      client.reset();
    } else {
      client.close();
    }
    EXPECT_TRUE(eventually([&] { return counter(gateway, "ignored") == 1; })) << reset;
    EXPECT_EQ(counter(gateway, "calls"), 1U) << reset;
  }
}

TEST(Gateway, AnswersAClientThatHasClosedItsHalf) {
  Upstream upstream{Upstream::saying(ok())};
  const GatewayProcess gateway{guarded(upstream.port())};
  Socket client = Socket::connect(gateway.port());
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  client.shut_down_sending();
  EXPECT_EQ(client.read_response().value_or(Message{}).status(), 200U);
  EXPECT_TRUE(client.ends());
}

TEST(Gateway, Answers408ToSlowloris) {
  Upstream upstream{Upstream::saying(ok())};
  const GatewayProcess gateway{
      config_text({{"shop", upstream.port()}}, "", "limits: {header_timeout: 400ms, body_timeout: 300ms}")};
  Socket client = Socket::connect(gateway.port());
  const auto start = std::chrono::steady_clock::now();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n");
  std::string answer;
  const auto begun = [&] { return std::chrono::steady_clock::now() - start; };
  while (answer.empty() && begun() < patience) {
    client.send("X: drip\r\n");
    answer = client.receive(std::chrono::milliseconds{20});
  }
  EXPECT_EQ(answer.substr(0, 12), "HTTP/1.1 408") << "counted from the first byte, not the last";
  EXPECT_EQ(upstream.connections(), 0);
  EXPECT_NE(gateway.admin("GET", "/metrics")
                .body.find("switchgear_gateway_requests_total{service=\"\",code_class=\"4xx\"} 1\n"),
            std::string::npos)
      << "an answer to a request that reached no service";
}

TEST(Gateway, Answers408ToABodyThatStalls) {
  Upstream upstream{hanging()};
  const GatewayProcess gateway{config_text({{"shop", upstream.port(), "/", "guarded"}}, guarded_policy,
                                           "limits: {body_timeout: 300ms}")};
  Socket client = Socket::connect(gateway.port());
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
  EXPECT_EQ(client.read_response().value_or(Message{}).status(), 408U);
  EXPECT_EQ(counter(gateway, "calls"), 0U) << "the service has nothing to do with it";
  EXPECT_EQ(upstream.connections(), 0);
}

TEST(Gateway, ClosesAnIdleConnectionInSilence) {
  Upstream upstream{Upstream::saying(ok())};
  const GatewayProcess gateway{config_text({{"shop", upstream.port()}}, "", "limits: {idle_timeout: 300ms}")};
  Socket fresh = Socket::connect(gateway.port());
  Socket used;
  EXPECT_TRUE(eventually([&] {  // on a busy machine, its time may be over before it has asked
    used = Socket::connect(gateway.port());
    used.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    return used.read_response().value_or(Message{}).status() == 200;
  }));
  EXPECT_TRUE(fresh.ends());
  EXPECT_TRUE(used.ends());
}

TEST(Gateway, AnswersARequestThatCameBeforeTheIdleTimeoutThoughItWasHeldUpMeanwhile) {
  Upstream upstream{Upstream::saying(ok())};
  const GatewayProcess gateway{config_text({{"shop", upstream.port()}}, "", "limits: {idle_timeout: 1s}")};
  for (int i = 0; i < 3; ++i) {
    Socket client = Socket::connect(gateway.port());
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(client.read_response().value_or(Message{}).status(), 200U);
    gateway.hold_up();
    EXPECT_TRUE(client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    EXPECT_EQ(client.receive(std::chrono::milliseconds{1200}), "") << "stopped for longer than the timeout";
    gateway.signal(SIGCONT);
    EXPECT_EQ(client.read_response().value_or(Message{}).status(), 200U);
  }
}

TEST(Gateway, Answers400ToMalformedChunksAndClosesBothSides) {
  Upstream upstream{hanging()};
  const GatewayProcess gateway{guarded(upstream.port())};
  Socket client = Socket::connect(gateway.port());
  client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return counter(gateway, "calls") == 1; }));
  client.send("5\r\nhelloGET /smuggled HTTP/1.1\r\n\r\n");
  EXPECT_EQ(client.read_response().value_or(Message{}).status(), 400U);
  EXPECT_TRUE(client.ends());
  EXPECT_EQ(counter(gateway, "ignored"), 1U);
}

}  // namespace
}  // namespace switchgear::wire
