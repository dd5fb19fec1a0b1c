// Which requests may switch protocols, and which answers are taken for a switch, byte by byte: a proxy that
// is made to believe in an upgrade that did not happen carries requests past its own rules.
#include <gtest/gtest.h>

#include <atomic>
#include <boost/json/parse.hpp>
#include <mutex>
#include <string>
#include <vector>

#include "tests/gateway/websocket_wire.hpp"

namespace switchgear::wire {
namespace {

std::string plain(std::uint16_t port) { return config_text({{"shop", port, upgrading}}); }

std::string guarded(std::uint16_t port, const std::string& more) {
  return config_text({{"shop", port, upgrading, "guarded"}},
                     "  guarded: {timeout: 60s, circuit_breaker: {consecutive_failures: 100}" + more + "}\n");
}

std::uint64_t counter(const GatewayProcess& gateway, const std::string& name) {
  return gateway.breaker("shop").at("counters").at(name).to_number<std::uint64_t>();
}

TEST(GatewayUpgrade, CarriesBytesBothWaysOnceTheServiceHasSwitched) {
  std::string seen;
  Upstream upstream{[&](Socket& socket) {
    seen = socket.read_head();
    socket.send(std::string{switched} + "glued to the 101");
    echo(socket);
  }};
  const GatewayProcess gateway{plain(upstream.port())};
  Socket client = Socket::connect(gateway.port());
  client.send(handshake("Sec-WebSocket-Protocol: chat\r\nTE: trailers\r\n"));
  const std::string head = client.read_head();
  EXPECT_TRUE(head.starts_with("HTTP/1.1 101 Switching Protocols\r\n")) << head;
  for (const char* line : {"\r\nConnection: Upgrade\r\n", "\r\nUpgrade: WebSocket\r\n",
                           "\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", "\r\nVia: 1.1 "})
    EXPECT_NE(head.find(line), std::string::npos) << line << " in " << head;
  EXPECT_EQ(client.read_exactly(16), "glued to the 101");
  const std::string bytes{"\0GET / HTTP/1.1\r\n\r\n\xFF", 20};
  client.send(bytes);
  EXPECT_EQ(client.read_exactly(bytes.size()), bytes);
  for (const char* line :
       {"\r\nConnection: Upgrade\r\n", "\r\nUpgrade: websocket\r\n", "\r\nSec-WebSocket-Version: 13\r\n",
        "\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "\r\nSec-WebSocket-Protocol: chat\r\n"})
    EXPECT_NE(seen.find(line), std::string::npos) << line << " in " << seen;
  EXPECT_EQ(seen.find("TE:"), std::string::npos) << seen;
}

TEST(GatewayUpgrade, PassesAnotherProtocolIfTheRouteNamesIt) {
  Upstream upstream{[](Socket& socket) {
    const Message request = socket.read_request().value_or(Message{});
    EXPECT_EQ(request.field("upgrade"), "SPDY/3.1");
    socket.send("HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: spdy/3.1\r\n\r\n");
    echo(socket);
  }};
  const GatewayProcess gateway{config_text({{"shop", upstream.port(), "/, upgrade: [websocket, SPDY/3.1]"}})};
  Socket client = Socket::connect(gateway.port());
  client.send(
      "POST /exec HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: SPDY/3.1\r\nContent-Length: "
      "0\r\n\r\n");
  EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 101 X\r\n"));
  client.send("frame");
  EXPECT_EQ(client.read_exactly(5), "frame");
}

/// Serves whatever comes with 200, and keeps what it was.
class Witness {
 public:
  std::vector<Message> seen() const {
    const std::lock_guard lock{mutex_};
    return seen_;
  }
  [[nodiscard]] std::uint16_t port() const { return upstream_.port(); }

 private:
  mutable std::mutex mutex_;
  std::vector<Message> seen_;
  Upstream upstream_{Upstream::answering([this](const Message& request) {
    const std::lock_guard lock{mutex_};
    seen_.push_back(request);
    return ok();
  })};
};

TEST(GatewayUpgrade, IsAskedForOnlyWhereTheRouteSaysSo) {
  const Witness witness;
  const GatewayProcess gateway{
      config_text({{"shop", witness.port()}, {"other", witness.port(), "/other, upgrade: [spdy/3.1]"}})};
  for (const std::string target : {"/chat", "/other/chat"}) {
    Socket client = Socket::connect(gateway.port());
    client.send(handshake().replace(4, 5, target));
    EXPECT_EQ(client.read_response().value_or(Message{}).status(), 200U) << target;
  }
  ASSERT_EQ(witness.seen().size(), 2U);
  for (const Message& request : witness.seen()) {
    EXPECT_FALSE(request.has("upgrade")) << request.head_text;
    EXPECT_FALSE(request.has("connection")) << request.head_text;
  }
}

TEST(GatewayUpgrade, IsNotAskedForByARequestThatServersCouldReadInTwoWays) {
  const std::string key = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  const std::string asks = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
  const std::string get = "GET / HTTP/1.1\r\nHost: a\r\n";
  const std::vector<std::pair<const char*, std::string>> requests{
      {"HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\n" + asks + key + "\r\n"},
      {"another method", "PUT / HTTP/1.1\r\nHost: a\r\n" + asks + key + "\r\n"},
      {"a body", get + asks + key + "Content-Length: 5\r\n\r\nhello"},
      {"chunks", get + asks + key + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"},
      {"two values", get + "Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n" + key + "\r\n"},
      {"two lines", get + asks + "Upgrade: h2c\r\n" + key + "\r\n"},
      {"the same line twice", get + asks + "Upgrade: websocket\r\n" + key + "\r\n"},
      {"a version", get + "Connection: Upgrade\r\nUpgrade: websocket/13\r\n" + key + "\r\n"},
      {"no word of it in Connection", get + "Upgrade: websocket\r\n" + key + "\r\n"},
      {"a last request", get + "Connection: close, Upgrade\r\nUpgrade: websocket\r\n" + key + "\r\n"},
      {"two keys", get + asks + key + "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"},
      {"HTTP/2",
       get + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n"},
  };
  const Witness witness;
  const GatewayProcess gateway{plain(witness.port())};
  for (const auto& [name, request] : requests) {
    Socket client = Socket::connect(gateway.port());
    client.send(request);
    const Message answer = client.read_response().value_or(Message{});
    EXPECT_EQ(answer.status(), 200U) << name;
    EXPECT_FALSE(answer.has("upgrade")) << name;
    ASSERT_FALSE(witness.seen().empty()) << name;
    const Message seen = witness.seen().back();
    EXPECT_FALSE(seen.has("upgrade")) << name << "\n" << seen.head_text;
    EXPECT_FALSE(seen.has("http2-settings")) << name << "\n" << seen.head_text;
    EXPECT_FALSE(seen.has("connection")) << name << "\n" << seen.head_text;
  }
  EXPECT_EQ(witness.seen().size(), requests.size());
  EXPECT_EQ(open_upgrades(gateway), 0U);
}

TEST(GatewayUpgrade, StillRefusesAHandshakeWithoutItsKey) {
  const Witness witness;
  const GatewayProcess gateway{plain(witness.port())};
  EXPECT_EQ(gateway.get("/", "Connection: Upgrade\r\nUpgrade: websocket\r\n").status(), 400U);
  EXPECT_EQ(gateway
                .get("/",
                     "Connection: Upgrade, Sec-WebSocket-Key\r\nUpgrade: websocket\r\n"
                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")
                .status(),
            400U)
      << "its key would not reach the service";
  for (const std::string key :
       {"", "abc", "dGhlIHNhbXBsZSBub25j\xe9Q==", "dGhlIHNhbXBsZSBub25jZQ", "====dGhlIHNhbXBsZSBub25j"})
    EXPECT_EQ(
        gateway.get("/", "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: " + key + "\r\n")
            .status(),
        400U)
        << key;
  EXPECT_TRUE(witness.seen().empty());
}

TEST(GatewayUpgrade, IsNotBelievedWhenTheAnswerIsNotTheOneThatWasAskedFor) {
  const std::string upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
  const std::string accept = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
  for (const std::string& answer :
       {"HTTP/1.1 101 X\r\n" + accept + "\r\n",                                          // names no protocol
        "HTTP/1.1 101 X\r\nConnection: Upgrade\r\n" + accept + "\r\n",                   //
        "HTTP/1.1 101 X\r\nUpgrade: websocket\r\n" + accept + "\r\n",                    // for another hop
        "HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n" + accept + "\r\n",   // another one
        "HTTP/1.1 101 X\r\n" + upgrade + "Upgrade: h2c\r\n" + accept + "\r\n",           // and another
        "HTTP/1.1 101 X\r\n" + upgrade + "\r\n",                                         // without proof
        "HTTP/1.1 101 X\r\n" + upgrade + "Sec-WebSocket-Accept: dGhlIHNhbXBs=\r\n\r\n",  // a wrong one
        "HTTP/1.1 101 X\r\n" + upgrade + accept + accept + "\r\n",                       //
        "HTTP/1.1 101 X\r\n" + upgrade + accept + "Content-Length: 5\r\n\r\nhello",      //
        "HTTP/1.0 101 X\r\n" + upgrade + accept + "\r\n"}) {
    Upstream upstream{[&](Socket& socket) {
      (void)socket.read_head();
      socket.send(answer);
      EXPECT_TRUE(socket.ends()) << "not a byte of the client comes through\n" << answer;
    }};
    const GatewayProcess gateway{
        config_text({{"shop", upstream.port(), "/chat, upgrade: [websocket]", "guarded"}},
                    "  guarded: {circuit_breaker: {consecutive_failures: 100}}\n")};
    Socket client = Socket::connect(gateway.port());
    client.send(handshake() + "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(client.read_response().value_or(Message{}).status(), 502U) << answer;
    EXPECT_EQ(client.read_response().value_or(Message{}).status(), 404U) << "a request like any other\n"
                                                                         << answer;
    EXPECT_EQ(counter(gateway, "failures"), 1U) << answer;
    EXPECT_EQ(open_upgrades(gateway), 0U) << answer;
  }
}

TEST(GatewayUpgrade, ThatARouteDoesNotAllowIsNotTakenFromTheServiceEither) {
  Upstream upstream{Upstream::saying(switched)};
  const GatewayProcess gateway{config_text({{"shop", upstream.port()}})};
  Socket client = Socket::connect(gateway.port());
  client.send(handshake());
  const Message answer = client.read_response().value_or(Message{});
  EXPECT_EQ(answer.status(), 502U);
  EXPECT_NE(answer.field("proxy-status").find("http_upgrade_failed"), std::string::npos)
      << answer.field("proxy-status");
}

/// The trick: the version makes the service refuse the upgrade, and a proxy that believes in it all the same
/// carries what follows past its own rules.
TEST(GatewayUpgrade, ThatTheServiceRefusesLeavesTheConnectionToRequests) {
  for (const std::string& refusal :
       {std::string{"HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 13\r\nUpgrade: websocket\r\n"
                    "Connection: Upgrade\r\nContent-Length: 0\r\n\r\n"},
        ok("no upgrade here"), ok("nor here", "Connection: Upgrade\r\nUpgrade: websocket\r\n")}) {
    std::atomic<int> requests{0};
    Upstream upstream{Upstream::answering([&](const Message& request) {
      ++requests;
      EXPECT_NE(request.head_text.find("\r\nVia: 1.1 switchgear-"), std::string::npos) << request.head_text;
      return request.has("upgrade") ? refusal : ok("an ordinary answer");
    })};
    const GatewayProcess gateway{config_text({{"shop", upstream.port(), "/chat, upgrade: [websocket]"}})};
    Socket client = Socket::connect(gateway.port());
    client.send(handshake("X-Trick: 1\r\n") +
                "GET /internal HTTP/1.1\r\nHost: a\r\n\r\nGET /chat HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_NE(client.read_response().value_or(Message{}).status() / 100, 1U) << refusal;
    EXPECT_EQ(client.read_response().value_or(Message{}).status(), 404U) << refusal;
    EXPECT_EQ(client.read_response().value_or(Message{}).body, "an ordinary answer") << refusal;
    EXPECT_EQ(requests, 2) << refusal;
    EXPECT_EQ(open_upgrades(gateway), 0U);
  }
}

TEST(GatewayUpgrade, KeepsWhatFollowsTheRequestUntilTheServiceHasSwitched) {
  std::atomic<bool> early{true};
  std::string got;
  std::atomic<bool> done{false};
  Upstream upstream{[&](Socket& socket) {
    (void)socket.read_head();
    early = !socket.receive(std::chrono::milliseconds{100}).empty();
    socket.send(switched);
    got = socket.read_exactly(27);
    done = true;
  }};
  const GatewayProcess gateway{plain(upstream.port())};
  Socket client = Socket::connect(gateway.port());
  client.send(handshake() + "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return done.load(); }));
  EXPECT_FALSE(early);
  EXPECT_EQ(got, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
}

TEST(GatewayUpgrade, IsTriedAgainAsThePolicySaysAndNeverAfterTheSwitch) {
  std::atomic<int> handshakes{0};
  Upstream upstream{[&](Socket& socket) {
    (void)socket.read_head();
    if (++handshakes == 1) {
      socket.send("HTTP/1.1 503 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    } else {
      socket.send(switched);  // and is gone
    }
  }};
  const GatewayProcess gateway{guarded(upstream.port(), ", retry: {max_attempts: 3, base: 1ms}")};
  Socket client = upgraded(gateway);
  EXPECT_TRUE(client.ends());
  EXPECT_EQ(handshakes, 2);
  EXPECT_EQ(counter(gateway, "successes"), 1U);
  EXPECT_EQ(counter(gateway, "failures"), 1U);
}

TEST(GatewayUpgrade, IsNeverAnsweredFromMemoryNorStoredForLater) {
  for (const char* memory : {", cache: {ttl: 60s}", ", fallback: {cache: {max_stale: 60s}}"}) {
    std::atomic<bool> switches{true};
    Upstream upstream{[&](Socket& socket) {
      while (const auto request = socket.read_request()) {
        if (request->has("upgrade")) {
          if (!switches) return;
          socket.send(switched);
          return echo(socket);
        }
        socket.send(ok("stored"));
      }
    }};
    const GatewayProcess gateway{guarded(upstream.port(), memory)};
    EXPECT_EQ(gateway.get("/chat").body, "stored");
    Socket client = upgraded(gateway);
    client.send("hello");
    EXPECT_EQ(client.read_exactly(5), "hello");
    switches = false;
    Socket late = Socket::connect(gateway.port());
    late.send(handshake());
    EXPECT_EQ(late.read_response().value_or(Message{}).status(), 502U) << memory;
  }
  const DeafPort deaf;
  const GatewayProcess gateway{guarded(deaf.port(), ", fallback: {queue: {max: 10}}")};
  Socket writer = Socket::connect(gateway.port());
  writer.send("PUT /chat HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(writer.read_response().value_or(Message{}).status(), 202U);
  Socket client = Socket::connect(gateway.port());
  client.send(handshake());
  EXPECT_EQ(client.read_response().value_or(Message{}).status(), 502U);
}

}  // namespace
}  // namespace switchgear::wire
