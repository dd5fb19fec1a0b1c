// Services that answer in HTTP/1.0: they cannot read content in chunks, and must not be sent any.
#include <gtest/gtest.h>

#include <atomic>
#include <boost/json/value.hpp>
#include <mutex>
#include <string>
#include <vector>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

using namespace std::chrono_literals;

const std::string in_chunks =
    "POST /chunks HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    "5\r\nhello\r\n0\r\nX-Sum: 7\r\n\r\n";

/// As http.server of Python: reads what Content-Length says, and closes when there is none. Keeps what came.
class OldService {
 public:
  explicit OldService(std::string version = "HTTP/1.0") : version_(std::move(version)) {}

  [[nodiscard]] std::uint16_t port() const { return upstream_.port(); }
  [[nodiscard]] std::vector<Message> seen() {
    const std::lock_guard lock{mutex_};
    return seen_;
  }
  [[nodiscard]] Message last() { return seen().empty() ? Message{} : seen().back(); }

 private:
  void serve(Socket& socket) {
    const auto request = socket.read_request();
    if (!request) return;
    {
      const std::lock_guard lock{mutex_};
      seen_.push_back(*request);
    }
    if (request->has("transfer-encoding") && version_ == "HTTP/1.0") return;
    socket.send(version_ + " 200 OK\r\nContent-Length: " + std::to_string(request->body.size()) + "\r\n\r\n" +
                request->body);
  }

  const std::string version_;
  std::mutex mutex_;
  std::vector<Message> seen_;
  Upstream upstream_{Upstream::Serve{[this](Socket& socket) { serve(socket); }}};
};

std::string guarded(std::uint16_t port, const std::string& more = "") {
  return config_text({{"shop", port, "/", "guarded", more}},
                     "  guarded: {timeout: 60s, circuit_breaker: {consecutive_failures: 1}}\n",
                     "limits: {buffered_body_bytes: 4096}");
}

Message ask(const GatewayProcess& gateway, const std::string& request) {
  Socket client = Socket::connect(gateway.port());
  client.send(request);
  return client.read_response().value_or(Message{});
}

std::uint64_t failures(const GatewayProcess& gateway) {
  return gateway.breaker("shop").at("counters").at("failures").to_number<std::uint64_t>();
}

TEST(GatewayHttp10Service, IsSentAChunkedBodyWithItsLength) {
  OldService service;
  const GatewayProcess gateway{guarded(service.port())};
  EXPECT_EQ(gateway.get("/").status(), 200U);
  Socket client = Socket::connect(gateway.port());
  client.send(in_chunks.substr(0, in_chunks.size() - 14));  // the rest comes when the head is known
  EXPECT_EQ(client.receive(100ms), "");
  client.send(in_chunks.substr(in_chunks.size() - 14));
  EXPECT_EQ(client.read_response().value_or(Message{}).body, "hello");
  EXPECT_EQ(service.last().field("content-length"), "5");
  EXPECT_FALSE(service.last().has("transfer-encoding"));
  EXPECT_EQ(
      ask(gateway, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n").status(),
      200U);
  EXPECT_EQ(service.last().field("content-length"), "0");
  EXPECT_EQ(gateway.state("shop"), "closed");
}

TEST(GatewayHttp10Service, IsSentALengthAtItsFirstCallIfAllHasCome) {
  OldService service;
  const GatewayProcess gateway{guarded(service.port())};
  std::string plain = in_chunks;
  plain.erase(plain.find("X-Sum"), 10);
  EXPECT_EQ(ask(gateway, plain).body, "hello");
  EXPECT_EQ(service.last().field("content-length"), "5");
}

TEST(GatewayHttp10Service, IsNotBlamedForChunksThatAreTooLongToBeHeld) {
  OldService service;
  const GatewayProcess gateway{guarded(service.port())};
  EXPECT_EQ(gateway.get("/").status(), 200U);
  const std::string piece = "800\r\n" + std::string(0x800, 'x') + "\r\n";
  const Message refused = ask(gateway, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" +
                                           piece + piece + piece + "0\r\n\r\n");
  EXPECT_EQ(refused.status(), 411U);
  EXPECT_NE(refused.body.find("Content-Length"), std::string::npos) << refused.body;
  EXPECT_EQ(failures(gateway), 0U);
  EXPECT_EQ(service.seen().size(), 1U) << "it was not sent any of it";
  const std::string body(10'000, 'x');
  EXPECT_EQ(ask(gateway, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\n" + body).body, body);
}

TEST(GatewayHttp10Service, IsNotAskedWhetherTheContentMayCome) {
  OldService service;
  const GatewayProcess gateway{guarded(service.port())};
  EXPECT_EQ(gateway.get("/").status(), 200U);
  for (const std::size_t size : {5U, 10'000U}) {
    Socket client = Socket::connect(gateway.port());
    client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: " +
                std::to_string(size) + "\r\n\r\n");
    EXPECT_EQ(client.read_head(), "HTTP/1.1 100 Continue\r\n\r\n") << size;
    client.send(std::string(size, 'x'));
    EXPECT_EQ(client.read_response().value_or(Message{}).body.size(), size);
    EXPECT_FALSE(service.last().has("expect")) << service.last().head_text;
    EXPECT_EQ(service.last().field("content-length"), std::to_string(size));
  }
}

/// And a proxy's own error in HTTP/1.0 says nothing about the service behind it.
TEST(GatewayHttp10Service, IsNotOneThatAnswersInHttp11) {
  OldService service{"HTTP/1.1"};
  const GatewayProcess gateway{guarded(service.port())};
  EXPECT_EQ(gateway.get("/").status(), 200U);
  EXPECT_EQ(ask(gateway, in_chunks).body, "hello");
  EXPECT_EQ(service.last().field("transfer-encoding"), "chunked");
  EXPECT_EQ(service.last().trailers, "X-Sum: 7\r\n");
  Upstream erring{Upstream::Serve{[count = std::make_shared<std::atomic<int>>(0)](Socket& socket) {
    const auto request = socket.read_request();
    if (!request) return;
    socket.send((*count)++ == 1 ? "HTTP/1.0 404 X\r\n\r\n"
                                : ok(request->field("transfer-encoding"), "Connection: close\r\n"));
  }}};
  const GatewayProcess second{guarded(erring.port())};
  EXPECT_EQ(second.get("/").status(), 200U);
  EXPECT_EQ(second.get("/").status(), 404U);
  EXPECT_EQ(ask(second, in_chunks).body, "chunked");
}

/// The body fits either of them, whichever a retry goes to.
TEST(GatewayHttp10Service, BesideAnotherInstanceGetsALengthAtEveryAttempt) {
  OldService old;
  OldService young{"HTTP/1.1"};
  const GatewayProcess gateway{
      "version: 1\npolicies: {p: {circuit_breaker: {consecutive_failures: 1}}}\nservices:\n  shop: "
      "{upstreams: "
      "[{url: \"http://127.0.0.1:" +
      std::to_string(old.port()) + "\"}, {url: \"http://127.0.0.1:" + std::to_string(young.port()) +
      "\"}], balance: round_robin, policy: p, routes: [{prefix: /}]}\n"};
  for (int i = 0; i < 4; ++i) EXPECT_EQ(gateway.get("/").status(), 200U);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(ask(gateway, in_chunks).body, "hello");
  for (OldService* each : {&old, &young}) {
    EXPECT_GE(each->seen().size(), 2U);
    EXPECT_EQ(each->last().field("content-length"), "5") << each->last().head_text;
  }
  EXPECT_EQ(failures(gateway), 0U);
}

}  // namespace
}  // namespace switchgear::wire
