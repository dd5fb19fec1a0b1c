// A second attempt beside a slow one: whose answer counts, and what becomes of the other.
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

std::string hedging(std::uint16_t port, const std::string& hedge) {
  return config_text(
      {{"shop", port, "/", "twice"}},
      "  twice: {timeout: 10s, hedge: {" + hedge + "}, circuit_breaker: {consecutive_failures: 100}}\n");
}

std::uint64_t counter(const GatewayProcess& gateway, const std::string& name) {
  return gateway.breaker("shop").at("counters").at(name).to_number<std::uint64_t>();
}

TEST(GatewayHedge, AnswersWithTheSecondAttemptWhenTheFirstIsSlow) {
  std::atomic<int> calls{0};
  std::atomic<bool> first_was_cut_off{false};
  Upstream upstream{[&](Socket& socket) {
    (void)socket.read_request();
    if (++calls == 1) {
      first_was_cut_off = socket.ends();
    } else {
      socket.send(ok("second"));
    }
  }};
  const GatewayProcess gateway{hedging(upstream.port(), "delay: 50ms")};
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(gateway.get("/").body, "second");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds{5});
  EXPECT_TRUE(eventually([&] { return first_was_cut_off.load(); })) << "nobody waits for it any more";
  EXPECT_EQ(counter(gateway, "successes"), 1U);
  EXPECT_EQ(counter(gateway, "ignored"), 1U) << "the loser is nobody's result";
  EXPECT_NE(gateway.admin("GET", "/metrics").body.find("switchgear_hedges_total{service=\"shop\"} 1"),
            std::string::npos);
}

TEST(GatewayHedge, CountsAnewFromNoughtInEveryCounterWhenAReloadChangesIt) {
  std::atomic<int> calls{0};
  Upstream upstream{[&](Socket& socket) {
    while (socket.read_request()) {
      if (++calls == 1) {
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
  expect("0");
}

TEST(GatewayHedge, SendsNoSecondAttemptBesideAQuickOne) {
  std::atomic<int> calls{0};
  Upstream upstream{Upstream::answering([&](const Message&) {
    ++calls;
    return ok();
  })};
  const GatewayProcess gateway{hedging(upstream.port(), "delay: 5s")};
  for (int i = 0; i < 5; ++i) EXPECT_EQ(gateway.get("/").status(), 200U);
  EXPECT_EQ(calls, 5);
}

TEST(GatewayHedge, SendsTheWholeBodyWithEveryAttemptAndNeverHedgesAPost) {
  std::atomic<int> calls{0};
  std::atomic<int> whole{0};
  Upstream upstream{[&](Socket& socket) {
    const auto request = socket.read_request();
    if (request && request->body == "hello") ++whole;
    if (++calls == 1) {
      (void)socket.ends();
    } else {
      socket.send(ok("second"));
    }
  }};
  const GatewayProcess gateway{hedging(upstream.port(), "delay: 50ms")};
  Socket client = Socket::connect(gateway.port());
  client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_EQ(client.read_response().value_or(Message{}).body, "second");
  EXPECT_EQ(whole, 2);

  std::atomic<int> posts{0};
  Upstream slow{Upstream::answering([&](const Message&) {
    ++posts;
    std::mutex mutex;
    std::unique_lock lock{mutex};
    std::condition_variable never;
    never.wait_for(lock, std::chrono::milliseconds{300});
    return ok("first");
  })};
  const GatewayProcess second{hedging(slow.port(), "delay: 20ms")};
  Socket poster = Socket::connect(second.port());
  poster.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_EQ(poster.read_response().value_or(Message{}).body, "first");
  EXPECT_EQ(posts, 1);
}

TEST(GatewayHedge, WaitsForTheOtherAttemptWhenOneFails) {
  std::atomic<int> calls{0};
  std::atomic<bool> second_has_failed{false};
  Upstream upstream{[&](Socket& socket) {
    (void)socket.read_request();
    if (++calls == 1) {
      (void)eventually([&] { return second_has_failed.load(); });
      socket.send(ok("first"));
    } else {
      socket.send("HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n");
      second_has_failed = true;
    }
  }};
  const GatewayProcess gateway{hedging(upstream.port(), "delay: 50ms")};
  const Message answer = gateway.get("/");
  EXPECT_EQ(answer.status(), 200U);
  EXPECT_EQ(answer.body, "first");
  EXPECT_EQ(counter(gateway, "failures"), 1U);
}

TEST(GatewayHedge, HandsOnTheLastFailureWhenAllFail) {
  std::atomic<int> calls{0};
  std::atomic<bool> second_has_failed{false};
  Upstream upstream{[&](Socket& socket) {
    (void)socket.read_request();
    const bool first = ++calls == 1;
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
  std::atomic<int> calls{0};
  Upstream upstream{[&](Socket& socket) {
    (void)socket.read_request();
    if (++calls == 1) {
      (void)socket.ends();
    } else {
      socket.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
    }
  }};
  const GatewayProcess gateway{hedging(upstream.port(), "delay: 50ms")};
  EXPECT_FALSE(gateway.get("/").whole);
  EXPECT_EQ(calls, 2);
  EXPECT_TRUE(eventually([&] { return counter(gateway, "failures") == 1; }));
}

}  // namespace
}  // namespace switchgear::wire
