// Answers that are there before the client has sent its request: they must reach clients that write
// everything before they read, as most HTTP libraries do.
#include <gtest/gtest.h>

#include <future>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

constexpr std::size_t megabyte = 1'000'000;

std::string put(const std::string& target, std::size_t size) {
  return "PUT " + target + " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n";
}

/// All of `size` bytes, however long that takes. False when the gateway does not take them.
bool send_content(Socket& client, std::size_t size) {
  const std::string block(megabyte, 'x');
  for (std::size_t sent = 0; sent < size; sent += megabyte) {
    if (!client.send(std::string_view{block}.substr(0, std::min(megabyte, size - sent)))) return false;
  }
  return true;
}

/// What a client gets that writes its whole request first.
Message ask_writing_first(Socket& client, const std::string& head, std::size_t size) {
  if (!client.send(head)) return {};
  EXPECT_TRUE(send_content(client, size))
      << "the connection was closed under a client that was still sending";
  return client.read_response().value_or(Message{});
}

/// Answers once it has the head, then reads on, as most servers do.
Upstream::Serve answering_early(const std::string& answer) {
  return [answer](Socket& socket) {
    (void)socket.read_head();
    socket.send(answer);
    while (!socket.receive().empty()) continue;
  };
}

const std::string unauthorized = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno";

TEST(GatewayEarlyAnswer, IsNotLostToAClientThatUploadsWhileItsBreakerIsOpen) {
  const DeafPort deaf;
  const GatewayProcess gateway{config_text({{"shop", deaf.port(), "/", "guarded"}},
                                           "  guarded: {timeout: 5s, circuit_breaker: {consecutive_failures: "
                                           "1, open_duration: 600s}}\n")};
  EXPECT_EQ(gateway.get("/").status(), 502U);
  Socket client = Socket::connect(gateway.port());
  const Message answer = ask_writing_first(client, put("/", 20 * megabyte), 20 * megabyte);
  EXPECT_EQ(answer.status(), 503U);
  EXPECT_EQ(answer.field("content-type"), "application/problem+json");
  EXPECT_TRUE(client.ends());
}

TEST(GatewayEarlyAnswer, IsNotLostToAClientThatUploadsMoreThanTheLimit) {
  Upstream upstream{Upstream::saying(ok())};
  const GatewayProcess gateway{config_text({{"shop", upstream.port()}})};
  Socket client = Socket::connect(gateway.port());
  EXPECT_EQ(ask_writing_first(client, put("/", 210 * megabyte), 210 * megabyte).status(), 413U);
  EXPECT_EQ(upstream.connections(), 0);
}

TEST(GatewayEarlyAnswer, IsNotLostToAClientWhoseChunksAddUpToMoreThanTheLimit) {
  Upstream upstream{answering_early("")};
  const GatewayProcess gateway{config_text({{"shop", upstream.port()}}, "", "limits: {body_bytes: 1000000}")};
  Socket client = Socket::connect(gateway.port());
  client.send("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "f4240\r\n" + std::string(megabyte, 'x') + "\r\n";
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(client.send(chunk)) << i;
  ASSERT_TRUE(client.send("0\r\n\r\n"));
  EXPECT_EQ(client.read_response().value_or(Message{}).status(), 413U);
}

TEST(GatewayEarlyAnswer, IsNotLostWhenTheServiceRefusesAnUploadAndReadsOn) {
  Upstream upstream{answering_early(unauthorized)};
  const GatewayProcess gateway{config_text({{"shop", upstream.port()}})};
  for (int i = 0; i < 5; ++i) {
    Socket client = Socket::connect(gateway.port());
    const Message answer = ask_writing_first(client, put("/", 20 * megabyte), 20 * megabyte);
    EXPECT_EQ(answer.status(), 401U);
    EXPECT_EQ(answer.body, "no");
  }
}

TEST(GatewayEarlyAnswer, IsNotLostWhenTheServiceRefusesAnUploadAndCloses) {
  Upstream upstream{[](Socket& socket) {
    (void)socket.read_head();
    socket.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
  }};
  const GatewayProcess gateway{config_text({{"shop", upstream.port()}})};
  for (int i = 0; i < 5; ++i) {
    Socket client = Socket::connect(gateway.port());
    EXPECT_EQ(ask_writing_first(client, put("/", 20 * megabyte), 20 * megabyte).status(), 401U);
  }
}

TEST(GatewayEarlyAnswer, LeavesTheConnectionToTheClientsNextRequestAsItHasPromised) {
  Upstream upstream{Upstream::Serve{[](Socket& socket) {
    const std::string head = socket.read_head();
    if (head.starts_with("GET ")) {
      socket.send(ok());
    } else {
      socket.send(unauthorized);
    }
    while (!socket.receive().empty()) continue;
  }}};
  const GatewayProcess gateway{config_text({{"shop", upstream.port()}})};
  Socket client = Socket::connect(gateway.port());
  const Message answer = ask_writing_first(client, put("/", 5 * megabyte), 5 * megabyte);
  EXPECT_EQ(answer.status(), 401U);
  EXPECT_NE(answer.field("connection"), "close");
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read_response().value_or(Message{}).status(), 200U);
}

TEST(GatewayEarlyAnswer, DoesNotEndTheConnectionUnderAClientThatFailsItsWritesOnceTheOtherSideHasEnded) {
  const DeafPort deaf;
  const GatewayProcess gateway{config_text({{"shop", deaf.port(), "/shop/"}})};
  Socket client = Socket::connect(gateway.port());
  client.send(put("/nowhere", 2 * megabyte));
  EXPECT_EQ(client.read_response().value_or(Message{}).status(), 404U);
  EXPECT_EQ(client.receive(std::chrono::milliseconds{200}), "");
  EXPECT_TRUE(client.timed_out())
      << "node takes an end for the end of both directions, and fails its request";
  EXPECT_TRUE(send_content(client, 2 * megabyte));
  EXPECT_TRUE(client.ends()) << "once the request is through";
}

TEST(GatewayEarlyAnswer, LargerThanTheBuffersBetweenDoesNotLeaveBothSidesWaitingForEachOther) {
  const std::string body(16 * megabyte, 'y');
  Upstream upstream{answering_early(
      "HTTP/1.1 401 Unauthorized\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body)};
  const GatewayProcess gateway{config_text({{"shop", upstream.port()}})};
  Socket client = Socket::connect(gateway.port(), 4096);
  client.send(put("/", 2 * megabyte));
  auto sender = std::async(std::launch::async, [&] { return send_content(client, 2 * megabyte); });
  const Message answer = client.read_response().value_or(Message{});
  EXPECT_TRUE(sender.get());
  EXPECT_TRUE(answer.whole);
  EXPECT_EQ(answer.body.size(), body.size());
}

TEST(GatewayEarlyAnswer, IsFollowedByTheEndForAClientOfHttp10ThatReadsUntilThen) {
  const DeafPort deaf;
  const GatewayProcess gateway{config_text({{"shop", deaf.port(), "/shop/"}})};
  Socket client = Socket::connect(gateway.port());
  client.send("POST /nowhere HTTP/1.0\r\nContent-Length: 2000000\r\n\r\n");
  EXPECT_NE(client.read_all().find("404"), std::string::npos);
  EXPECT_FALSE(client.timed_out());
  EXPECT_TRUE(send_content(client, 2 * megabyte));
}

TEST(GatewayEarlyAnswer, DoesNotHoldTheConnectionOfAClientThatSendsNothingMore) {
  const DeafPort deaf;
  const GatewayProcess gateway{config_text({{"shop", deaf.port(), "/shop/"}})};
  Socket client = Socket::connect(gateway.port());
  client.send(put("/nowhere", 2 * megabyte));
  EXPECT_EQ(client.read_response().value_or(Message{}).status(), 404U);
  EXPECT_TRUE(client.ends());
}

}  // namespace
}  // namespace switchgear::wire
