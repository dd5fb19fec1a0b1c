// Bodies, both ways: framings, trailers, interim answers, back-pressure.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <future>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

std::string chunked(const std::string& body, std::size_t piece, const std::string& trailers = "") {
  std::string text;
  for (std::size_t at = 0; at < body.size(); at += piece) {
    const std::string part = body.substr(at, piece);
    char size[32];
    std::snprintf(size, sizeof size, "%zx\r\n", part.size());
    text += size + part + "\r\n";
  }
  return text + "0\r\n" + trailers + "\r\n";
}

std::string noise(std::size_t size) {
  std::string text(size, 'x');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + (i * 31 + i / 977) % 26);
  return text;
}

/// AddressSanitizer keeps what was freed for a while, so that a process seems to grow. Not one that starts
/// after this.
void keep_nothing_of_what_is_freed() { ::setenv("ASAN_OPTIONS", "quarantine_size_mb=1", 1); }

TEST(Gateway, StreamsBodiesOfEveryFramingAndSize) {
  Upstream upstream{Upstream::answering([](const Message& request) {
    return request.target() == "/chunked"
               ? "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(request.body, 1000)
               : ok(request.body);
  })};
  const GatewayProcess gateway{config_text({{"shop", upstream.port()}})};
  Socket client = Socket::connect(gateway.port());
  for (const std::size_t size : {0U, 1U, 2047U, 2048U, 2049U, 40'000U, 3'000'000U}) {
    const std::string body = noise(size);
    for (const char* target : {"/chunked", "/length"}) {
      for (const bool in_chunks : {false, true}) {
        const std::string head = std::string{"POST "} + target + " HTTP/1.1\r\nHost: a\r\n";
        auto sender = std::async(std::launch::async, [&] {
          return client.send(in_chunks
                                 ? head + "Transfer-Encoding: chunked\r\n\r\n" + chunked(body, 777)
                                 : head + "Content-Length: " + std::to_string(size) + "\r\n\r\n" + body);
        });
        const auto answer = client.read_response();
        ASSERT_TRUE(sender.get());
        ASSERT_TRUE(answer.has_value() && answer->whole) << size << target << in_chunks;
        EXPECT_TRUE(answer->body == body) << size << target << in_chunks << ": " << answer->body.size();
      }
    }
  }
  EXPECT_EQ(upstream.connections(), 1);
}

TEST(Gateway, ForwardsTrailersBothWaysAndMakesChunksAnew) {
  std::promise<Message> seen;
  Upstream upstream{[&](Socket& socket) {
    seen.set_value(socket.read_request().value_or(Message{}));
    socket.send(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: "
        "X-Sum\r\n\r\n3;ext=1\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n");
    (void)socket.ends();
  }};
  const GatewayProcess gateway{config_text({{"shop", upstream.port()}})};
  Socket client = Socket::connect(gateway.port());
  client.send(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTE: trailers\r\nConnection: TE\r\n\r\n"
      "2;secret=1\r\nhi\r\n0\r\nX-Client: 1\r\n\r\n");
  const auto answer = client.read_response();
  ASSERT_TRUE(answer.has_value() && answer->whole);
  EXPECT_EQ(answer->body, "abc");
  EXPECT_EQ(answer->trailers, "X-Sum: 7\r\n");
  EXPECT_EQ(answer->field("trailer"), "X-Sum");
  const Message request = seen.get_future().get();
  EXPECT_EQ(request.body, "hi");
  EXPECT_EQ(request.trailers, "X-Client: 1\r\n");
  EXPECT_EQ(request.field("te"), "trailers");
}

TEST(Gateway, AnswersHeadAnd204And304WithoutABody) {
  Upstream upstream{Upstream::answering([](const Message& request) -> std::string {
    if (request.target() == "/204") return "HTTP/1.1 204 No Content\r\n\r\n";
    if (request.target() == "/304")
      return "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\nETag: \"x\"\r\n\r\n";
    return "HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n";
  })};
  const GatewayProcess gateway{config_text({{"shop", upstream.port()}})};
  Socket client = Socket::connect(gateway.port());
  client.send(
      "HEAD / HTTP/1.1\r\nHost: a\r\n\r\nGET /204 HTTP/1.1\r\nHost: a\r\n\r\nGET /304 HTTP/1.1\r\nHost: "
      "a\r\n\r\n"
      "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto head = client.read_response(true);
  ASSERT_TRUE(head.has_value());
  EXPECT_EQ(head->field("content-length"), "12345");
  EXPECT_EQ(client.read_response().value_or(Message{}).status(), 204U);
  const auto unchanged = client.read_response();
  ASSERT_TRUE(unchanged.has_value());
  EXPECT_EQ(unchanged->status(), 304U);
  EXPECT_EQ(unchanged->field("etag"), "\"x\"");
  EXPECT_EQ(client.read_response(true).value_or(Message{}).status(), 200U)
      << "the connection is still in step";
  EXPECT_EQ(upstream.connections(), 1);
}

TEST(Gateway, KeepsNoConnectionOnWhichAnAnswerMayHaveABodyThatItMustNotHave) {
  const std::vector<std::pair<std::string, int>> answers{
      {"204 X\r\nContent-Length: 5\r\n\r\n", 2},      {"204 X\r\nTransfer-Encoding: chunked\r\n\r\n", 2},
      {"304 X\r\nContent-Length: 5\r\n\r\nhello", 2}, {"304 X\r\nContent-Length: 5\r\n\r\n", 1},
      {"204 X\r\nContent-Length: 0\r\n\r\n", 1},      {"204 X\r\n\r\n", 1}};
  for (const auto& [answer, connections] : answers) {
    Upstream upstream{Upstream::saying("HTTP/1.1 " + answer)};
    const GatewayProcess gateway{config_text({{"shop", upstream.port()}})};
    for (int i = 0; i < 2; ++i)
      EXPECT_EQ(gateway.get("/").status(), static_cast<unsigned>(std::stoi(answer))) << answer;
    EXPECT_EQ(upstream.connections(), connections) << answer;
  }
}

TEST(Gateway, RelaysAResponseThatEndsWithItsConnection) {
  Upstream upstream{[](Socket& socket) {
    (void)socket.read_request();
    socket.send("HTTP/1.1 200 OK\r\n\r\nuntil ");
    socket.send("the end");
  }};
  const GatewayProcess gateway{config_text({{"shop", upstream.port()}})};
  Socket client = Socket::connect(gateway.port());
  for (int i = 0; i < 2; ++i) {
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const auto answer = client.read_response();
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->body, "until the end");
    EXPECT_EQ(answer->field("transfer-encoding"), "chunked")
        << "so that the client's connection can stay open";
  }
}

TEST(Gateway, GivesAnHttp10ClientNoChunks) {
  Upstream upstream{
      Upstream::saying("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")};
  const GatewayProcess gateway{config_text({{"shop", upstream.port()}})};
  Socket client = Socket::connect(gateway.port());
  client.send("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
  const auto answer = client.read_response();
  ASSERT_TRUE(answer.has_value());
  EXPECT_FALSE(answer->has("transfer-encoding"));
  EXPECT_EQ(answer->field("connection"), "close");
  EXPECT_EQ(answer->body, "abc");
}

TEST(Gateway, Relays100ContinueAndOtherInterimAnswers) {
  Upstream upstream{[](Socket& socket) {
    const std::string head = socket.read_head();
    EXPECT_NE(head.find("Expect: 100-continue\r\n"), std::string::npos);
    socket.send("HTTP/1.1 103 Early Hints\r\nLink: </x.css>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n");
    socket.send(ok("got " + socket.read_exactly(5)));
    (void)socket.ends();
  }};
  const GatewayProcess gateway{config_text({{"shop", upstream.port()}})};
  Socket client = Socket::connect(gateway.port());
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  const auto hints = client.read_response();
  ASSERT_TRUE(hints.has_value());
  EXPECT_EQ(hints->status(), 103U);
  EXPECT_EQ(hints->field("link"), "</x.css>");
  EXPECT_EQ(client.read_response().value_or(Message{}).status(), 100U);
  client.send("hello");
  EXPECT_EQ(client.read_response().value_or(Message{}).body, "got hello");
}

TEST(Gateway, SendsNo100ToWhoeverDidNotAsk) {
  Upstream upstream{Upstream::saying("HTTP/1.1 100 Continue\r\n\r\n" + ok())};
  const GatewayProcess gateway{config_text({{"shop", upstream.port()}})};
  EXPECT_EQ(gateway.get("/").status(), 200U);
}

TEST(Gateway, HandsOnARefusalThatComesBeforeTheBody) {
  Upstream upstream{[](Socket& socket) {
    (void)socket.read_head();
    socket.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  }};
  const GatewayProcess gateway{config_text({{"shop", upstream.port()}})};
  Socket client = Socket::connect(gateway.port());
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\nExpect: 100-continue\r\n\r\n");
  const auto answer = client.read_response();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status(), 413U);
  EXPECT_EQ(answer->field("connection"), "close") << "the body may still come";
}

TEST(Gateway, HoldsNoMoreOfAResponseThanTheClientTakes) {
  constexpr std::size_t size = 200'000'000;
  keep_nothing_of_what_is_freed();
  std::atomic<std::uint64_t> sent{0};
  Upstream upstream{[&](Socket& socket) {
    const auto request = socket.read_request();
    if (!request || request->target() == "/small") {
      socket.send(ok());
      return;
    }
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n");
    const std::string block(10'000, 'x');
    for (; sent < size && socket.send(block); sent += block.size()) {
    }
  }};
  const GatewayProcess gateway{config_text({{"shop", upstream.port()}})};
  ASSERT_EQ(gateway.admin("GET", "/livez").status(), 200U);
  ASSERT_EQ(gateway.get("/small").status(), 200U) << "the code that answers is in memory from here on";
  const std::size_t before = gateway.resident_bytes();
  Socket client = Socket::connect(gateway.port(), 4096);
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_FALSE(client.read_head().empty());
  std::size_t taken = client.read_exactly(1'000'000).size();
  EXPECT_EQ(taken, 1'000'000U);
  EXPECT_TRUE(comes_to_rest(gateway, [&] { return sent.load(); }));
  EXPECT_LT(sent, size);
  EXPECT_LT(gateway.resident_bytes(), before + 4'000'000)
      << "a slow client makes the upstream wait, not the gateway grow";
  client.reset();
}

TEST(Gateway, HoldsNoMoreOfARequestThanTheUpstreamTakes) {
  keep_nothing_of_what_is_freed();
  std::promise<void> may_read;
  const std::shared_future<void> go = may_read.get_future().share();
  Upstream upstream{[go](Socket& socket) {
    (void)socket.read_head();
    go.wait();
    (void)socket.ends();
  }};
  const GatewayProcess gateway{config_text({{"shop", upstream.port()}})};
  ASSERT_EQ(gateway.admin("GET", "/metrics").status(), 200U);
  const std::size_t before = gateway.resident_bytes();
  constexpr std::size_t size = 60'000'000;
  std::atomic<std::uint64_t> sent{0};
  Socket client = Socket::connect(gateway.port());
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n");
  auto sender = std::async(std::launch::async, [&] {
    const std::string block(10'000, 'x');
    for (; sent < size && client.send(block); sent += block.size()) {
    }
  });
  EXPECT_TRUE(eventually([&] { return upstream.connections() == 1 && sent > 0; }));
  EXPECT_TRUE(comes_to_rest(gateway, [&] { return sent.load(); })) << "the buffers in between are full";
  EXPECT_LT(sent, size);
  EXPECT_LT(gateway.resident_bytes(), before + 4'000'000);
  gateway.signal(SIGKILL);
  may_read.set_value();
  sender.get();
}

TEST(Gateway, RefusesTrailersThatAServiceOrAClientCouldTakeForTheHeader) {
  Upstream upstream{Upstream::answering([](const Message& request) {
    EXPECT_EQ(request.trailers, "");
    return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
           chunked("hi", 2, request.field("x-wanted") + "\r\n");
  })};
  const GatewayProcess gateway{config_text({{"shop", upstream.port()}})};
  for (const char* line : {"Proxy: http://evil.test:8080", "Forwarded: for=10.0.0.1",
                           "X-Forwarded-Prefix: /a", "X_Forwarded_For: 10.0.0.1", "x-request-deadline-ms: 1",
                           "Proxy_Authorization: Basic eA==", "content_length: 5", "If-Match: *"}) {
    Socket client = Socket::connect(gateway.port());
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" +
                chunked("hi", 2, std::string{line} + "\r\n"));
    EXPECT_EQ(client.read_response().value_or(Message{}).status(), 400U) << line;

    Socket other = Socket::connect(gateway.port());
    other.send("GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\nX-Wanted: " +
               std::string{line} + "\r\n\r\n");
    const auto answer = other.read_response();
    EXPECT_FALSE(answer && answer->whole && answer->status() == 200) << line << " of the service";
  }
}

TEST(Gateway, DropsTrailersThatMayEndAtThisHop) {
  Upstream upstream{Upstream::answering([&](const Message& request) {
    return "HTTP/1.1 200 OK\r\nConnection: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n" +
           chunked("got " + request.trailers, 100, "X-Sum: 7\r\n");
  })};
  const GatewayProcess gateway{config_text({{"shop", upstream.port()}})};
  Socket client = Socket::connect(gateway.port());
  client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: X-Own\r\n\r\n" +
              chunked("hi", 2, "X-Own: 1\r\n"));
  const auto answer = client.read_response();
  ASSERT_TRUE(answer.has_value() && answer->whole);
  EXPECT_EQ(answer->body, "got ");
  EXPECT_EQ(answer->trailers, "");
}

}  // namespace
}  // namespace switchgear::wire
