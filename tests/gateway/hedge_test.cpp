// A second attempt beside a slow one: whose answer counts, and what becomes of the other.
#include <gtest/gtest.h>

#include <atomic>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

std::string hedging(std::uint16_t port, const std::string& hedge) {
  return config_text(
      {{"shop", port, "/", "twice"}},
      "  twice: {timeout: 60s, hedge: {" + hedge + "}, circuit_breaker: {consecutive_failures: 100}}\n");
}

std::uint64_t counter(const GatewayProcess& gateway, const std::string& name) {
  return gateway.breaker("shop").at("counters").at(name).to_number<std::uint64_t>();
}

TEST(GatewayHedge, AnswersWithTheSecondAttemptWhenTheFirstIsSlow) {
  std::atomic<bool> first_was_cut_off{false};
  Upstream upstream{[&](Socket& socket, int attempt) {
    (void)socket.read_request();
    if (attempt == 1) {
      first_was_cut_off = socket.ends();
    } else {
      socket.send(ok("second"));
    }
  }};
  const GatewayProcess gateway{hedging(upstream.port(), "delay: 50ms")};
  EXPECT_EQ(gateway.get("/").body, "second");
  EXPECT_TRUE(eventually([&] { return first_was_cut_off.load(); })) << "no caller waits for it any more";
  EXPECT_EQ(counter(gateway, "successes"), 1U);
  EXPECT_TRUE(eventually([&] { return counter(gateway, "ignored") == 1; }))
      << "the loser's result is not counted";
  EXPECT_NE(gateway.admin("GET", "/metrics").body.find("switchgear_hedges_total{service=\"shop\"} 1"),
            std::string::npos);
}

TEST(GatewayHedge, CountsOnInEveryCounterWhenAReloadChangesIt) {
  Upstream upstream{[&](Socket& socket, int attempt) {
    while (socket.read_request()) {
      if (attempt == 1) {
        (void)socket.ends();
        return;
      }
      socket.send(ok());
    }
  }};
  const GatewayProcess gateway{hedging(upstream.port(), "delay: 50ms")};
  EXPECT_EQ(gateway.get("/").status(), 200U);
  const auto expect = [&](const std::string& count) {
    const std::string metrics = gateway.admin("GET", "/metrics").body;
    for (const char* name : {"switchgear_hedges_total", "switchgear_hedge_wins_total"})
      EXPECT_NE(metrics.find(std::string{name} + "{service=\"shop\"} " + count + "\n"), std::string::npos)
          << name << metrics;
  };
  expect("1");
  gateway.rewrite(hedging(upstream.port(), "delay: 5s"));
  EXPECT_EQ(gateway.admin("POST", "/reload").status(), 200U);
  expect("1");
}

TEST(GatewayHedge, SendsNoSecondAttemptBesideAQuickOne) {
  std::atomic<int> calls{0};
  Upstream upstream{Upstream::answering([&](const Message&) {
    ++calls;
    return ok();
  })};
  const GatewayProcess gateway{hedging(upstream.port(), "delay: 30s")};
  for (int i = 0; i < 5; ++i) EXPECT_EQ(gateway.get("/").status(), 200U);
  EXPECT_EQ(calls, 5);
}

TEST(GatewayHedge, SendsTheWholeBodyWithEveryAttempt) {
  std::atomic<int> whole{0};
  Upstream upstream{[&](Socket& socket, int attempt) {
    const auto request = socket.read_request();
    if (request && request->body == "hello") ++whole;
    if (attempt == 1) {
      (void)socket.ends();
    } else {
      socket.send(ok("second"));
    }
  }};
  const GatewayProcess gateway{hedging(upstream.port(), "delay: 50ms")};
  Socket client = Socket::connect(gateway.port());
  client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_EQ(client.read_response().value_or(Message{}).body, "second");
  EXPECT_TRUE(eventually([&] { return whole == 2; }));
}

TEST(GatewayHedge, NeverHedgesAPost) {
  std::atomic<int> posts{0};
  std::atomic<int> gets{0};
  std::atomic<bool> may_answer{false};
  Upstream slow{Upstream::answering([&](const Message& request) {
    ++(request.start_line.starts_with("POST") ? posts : gets);
    EXPECT_TRUE(eventually([&] { return may_answer.load(); }));
    return ok("first");
  })};
  const GatewayProcess gateway{hedging(slow.port(), "delay: 20ms")};
  Socket poster = Socket::connect(gateway.port());
  poster.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_TRUE(eventually([&] { return posts == 1; }));
  Socket getter = Socket::connect(gateway.port());
  getter.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return gets == 2; })) << "hedged, so the turn of the POST has come and gone";
  may_answer = true;
  EXPECT_EQ(poster.read_response().value_or(Message{}).body, "first");
  EXPECT_EQ(getter.read_response().value_or(Message{}).body, "first");
  EXPECT_EQ(posts, 1);
}

TEST(GatewayHedge, WaitsForTheOtherAttemptWhenOneFails) {
  std::atomic<bool> may_answer{false};
  Upstream upstream{[&](Socket& socket, int attempt) {
    (void)socket.read_request();
    if (attempt == 1) {
      EXPECT_TRUE(eventually([&] { return may_answer.load(); }));
      socket.send(ok("first"));
    } else {
      socket.send("HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n");
    }
  }};
  const GatewayProcess gateway{hedging(upstream.port(), "delay: 50ms")};
  Socket client = Socket::connect(gateway.port());
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return counter(gateway, "failures") == 1; }));
  may_answer = true;
  const Message answer = client.read_response().value_or(Message{});
  EXPECT_EQ(answer.status(), 200U);
  EXPECT_EQ(answer.body, "first");
  EXPECT_EQ(counter(gateway, "failures"), 1U);
}

TEST(GatewayHedge, HandsOnTheLastFailureWhenAllFail) {
  std::atomic<bool> second_has_failed{false};
  Upstream upstream{[&](Socket& socket, int attempt) {
    (void)socket.read_request();
    const bool first = attempt == 1;
    if (first) (void)eventually([&] { return second_has_failed.load(); });
    const std::string body = first ? "first" : "second";
    socket.send("HTTP/1.1 500 X\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    second_has_failed = true;
  }};
  const GatewayProcess gateway{hedging(upstream.port(), "delay: 50ms")};
  const Message answer = gateway.get("/");
  EXPECT_EQ(answer.status(), 500U);
  EXPECT_TRUE(answer.body == "first" || answer.body == "second") << answer.body;
}

TEST(GatewayHedge, KeepsToItsAnswerWhenThatBreaksOff) {
  std::counting_semaphore<> begun{0};
  Upstream upstream{[&](Socket& socket, int attempt) {
    (void)socket.read_request();
    if (attempt == 1) {
      (void)socket.ends();
    } else {
      socket.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
      begun.acquire();
    }
  }};
  const GatewayProcess gateway{hedging(upstream.port(), "delay: 50ms")};
  EXPECT_TRUE(is_broken_off(gateway.port(), begun));
  EXPECT_EQ(upstream.connections(), 2);
  EXPECT_TRUE(eventually([&] { return counter(gateway, "failures") == 1; }));
}

}  // namespace
}  // namespace switchgear::wire
