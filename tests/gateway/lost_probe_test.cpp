// Clients that take the probes of a half-open breaker and leave, or never finish their requests: a service
// that is well must not be kept from all others by that.
#include <gtest/gtest.h>

#include <boost/json/value.hpp>
#include <future>
#include <semaphore>
#include <string>
#include <vector>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

using namespace std::chrono_literals;

constexpr const char* failed = "HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n";
constexpr const char* in_chunks = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

constexpr const char* one_probe =
    "  guarded: {timeout: 60s, circuit_breaker: {consecutive_failures: 1, open_duration: 50ms, "
    "probe_automatically: true, half_open: {permitted_calls: 1, max_wait: 10m}}}\n";

std::string post(std::size_t length, const std::string& fields = "") {
  return "POST / HTTP/1.1\r\nHost: a\r\n" + fields + "Content-Length: " + std::to_string(length) + "\r\n\r\n";
}

std::uint64_t counter(const GatewayProcess& gateway, const std::string& name) {
  return gateway.breaker("shop").at("counters").at(name).to_number<std::uint64_t>();
}

Socket begin(const GatewayProcess& gateway, const std::string& bytes) {
  Socket client = Socket::connect(gateway.port());
  client.send(bytes);
  return client;
}

/// A service that has failed, is well since, and whose breaker lets one probe through.
class HalfOpen {
 public:
  /// `probed`: what it does with a request to /slow. `posted`: is told of each POST.
  explicit HalfOpen(std::function<void(Socket&)> probed = {}, std::function<void(const Message&)> posted = {})
      : upstream_([this, probed, posted](Socket& socket) {
          while (const auto request = socket.read_request()) {
            if (posted && request->start_line.starts_with("POST")) posted(*request);
            if (probed && request->target() == "/slow") {
              probed(socket);
            } else {
              socket.send(well_ ? ok() : failed);
            }
          }
        }),
        gateway(config_text({{"shop", upstream_.port(), "/", "guarded"}}, one_probe,
                            "limits: {body_timeout: 60s}")) {
    EXPECT_EQ(gateway.get("/").status(), 500U);
    well_ = true;
    EXPECT_TRUE(eventually([&] { return gateway.state("shop") == "half_open"; }));
  }

 private:
  std::atomic<bool> well_{false};
  Upstream upstream_;

 public:
  const GatewayProcess gateway;
};

TEST(GatewayLostProbe, OfAClientThatLeavesIsFinishedByTheGateway) {
  for (const std::string& answer : {ok(), ok(std::string(3'000'000, 'x'))}) {
    std::binary_semaphore asked{0};
    std::binary_semaphore answers{0};
    const HalfOpen shop{[&](Socket& socket) {
      asked.release();
      answers.acquire();
      socket.send(answer);
    }};
    Socket client = begin(shop.gateway, "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    asked.acquire();
    client.reset();
    EXPECT_TRUE(eventually([&] { return shop.gateway.get("/").status() == 503; }))
        << "it still has the probe";
    answers.release();
    EXPECT_TRUE(eventually([&] { return shop.gateway.state("shop") == "closed"; })) << answer.size();
    EXPECT_EQ(counter(shop.gateway, "ignored"), 0U);
    EXPECT_EQ(counter(shop.gateway, "successes"), 1U);
    EXPECT_NE(shop.gateway.admin("GET", "/metrics")
                  .body.find(R"(switchgear_gateway_requests_total{service="shop",code_class="none"} 1)"),
              std::string::npos)
        << "the client has had no answer";
  }
}

TEST(GatewayLostProbe, OfAClientThatLeavesOpensTheBreakerIfTheServiceFails) {
  std::binary_semaphore asked{0};
  std::binary_semaphore answers{0};
  const HalfOpen shop{[&](Socket& socket) {
    asked.release();
    answers.acquire();
    socket.send(failed);
  }};
  Socket client = begin(shop.gateway, "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  asked.acquire();
  client.reset();
  answers.release();
  EXPECT_TRUE(eventually([&] { return counter(shop.gateway, "opened") == 2; }));
}

/// Its verdict would come too late, and what it holds may be what the probe needs.
TEST(GatewayLostProbe, IsNotTheCallThatBeganBeforeTheBreakerOpened) {
  std::atomic<bool> well{false};
  std::binary_semaphore asked{0};
  std::binary_semaphore closed{0};
  Upstream upstream{[&](Socket& socket) {
    while (const auto request = socket.read_request()) {
      if (request->target() != "/slow") {
        socket.send(well ? ok() : failed);
        continue;
      }
      asked.release();
      (void)socket.ends();
      closed.release();
    }
  }};
  const GatewayProcess gateway{config_text({{"shop", upstream.port(), "/", "guarded"}}, one_probe)};
  Socket client = begin(gateway, "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  asked.acquire();
  EXPECT_EQ(gateway.get("/").status(), 500U);
  well = true;
  EXPECT_TRUE(eventually([&] { return gateway.state("shop") == "half_open"; }));
  client.reset();
  EXPECT_TRUE(closed.try_acquire_for(10s)) << "its connection is given up with its client";
  EXPECT_EQ(gateway.state("shop"), "half_open");
  EXPECT_EQ(gateway.get("/").status(), 200U);
}

TEST(GatewayLostProbe, OfARequestInChunksKeepsItsTrailers) {
  std::promise<Message> seen;
  const HalfOpen shop{[](Socket&) {}, [&](const Message& request) { seen.set_value(request); }};
  Socket client = begin(shop.gateway, in_chunks);
  client.send("4\r\nsome\r\n");
  EXPECT_EQ(client.receive(100ms), "");
  client.send("0\r\nX-Sum: 7\r\n\r\n");
  EXPECT_EQ(client.read_response().value_or(Message{}).status(), 200U);
  const Message request = seen.get_future().get();
  EXPECT_EQ(request.body, "some");
  EXPECT_EQ(request.trailers, "X-Sum: 7\r\n");
}

TEST(GatewayLostProbe, IsNotThatOfARequestWhoseBodyIsNotThere) {
  const HalfOpen shop;
  std::vector<Socket> slow;
  slow.push_back(begin(shop.gateway, post(10, "Expect: 100-continue\r\n")));
  slow.push_back(begin(shop.gateway, post(100'000, "Expect: 100-continue\r\n")));
  for (Socket& each : slow) EXPECT_NE(each.read_head().find(" 100 "), std::string::npos);
  slow.push_back(begin(shop.gateway, std::string{in_chunks} + "4\r\nsome\r\n"));
  slow.push_back(begin(shop.gateway, post(200'000) + "some"));
  EXPECT_EQ(slow.back().receive(100ms), "");
  EXPECT_EQ(shop.gateway.get("/").status(), 200U) << "the place is free";
  EXPECT_EQ(shop.gateway.state("shop"), "closed");
  EXPECT_EQ(counter(shop.gateway, "ignored"), 0U);
  slow[0].send("0123456789");
  slow[1].send(std::string(100'000, 'x'));
  slow[2].send("0\r\n\r\n");
  slow[3].send(std::string(199'996, 'x'));
  for (Socket& each : slow) EXPECT_EQ(each.read_response().value_or(Message{}).status(), 200U);
}

TEST(GatewayLostProbe, IsForgottenOnceAnUploadHasComeWhole) {
  const HalfOpen shop;
  Socket client = begin(shop.gateway, in_chunks);
  client.send("4\r\nsome\r\n");
  EXPECT_EQ(client.receive(100ms), "");
  client.send("0\r\n\r\n");
  EXPECT_EQ(client.read_response().value_or(Message{}).status(), 200U);
  EXPECT_TRUE(eventually([&] { return shop.gateway.state("shop") == "closed"; }));
}

TEST(GatewayLostProbe, OfALongUploadGivesThePlaceToOthersFirstAndThenToUploads) {
  const HalfOpen shop;
  const std::string large = post(200'000) + std::string(100'000, 'x');
  begin(shop.gateway, large).reset();
  EXPECT_TRUE(eventually([&] { return counter(shop.gateway, "ignored") == 1; }));
  const auto start = std::chrono::steady_clock::now();
  Socket upload = begin(shop.gateway, large + std::string(100'000, 'x'));
  EXPECT_EQ(upload.receive(1s), "") << "it lets others have the place";
  EXPECT_EQ(shop.gateway.state("shop"), "half_open");
  EXPECT_EQ(upload.read_response().value_or(Message{}).status(), 200U) << "who do not come";
  EXPECT_LT(std::chrono::steady_clock::now() - start, 30s);
  EXPECT_TRUE(eventually([&] { return shop.gateway.state("shop") == "closed"; }));
}

TEST(GatewayLostProbe, MayStillBeThatOfAClientThatWaitsForAnAnswerBeforeItSendsMore) {
  std::atomic<bool> well{false};
  Upstream upstream{[&](Socket& socket) {
    if (!well) {
      (void)socket.read_request();
      return (void)socket.send(failed);
    }
    (void)socket.read_head();
    EXPECT_EQ(socket.read_exactly(9), "4\r\nsome\r\n");
    socket.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nearly\r\n");
    EXPECT_EQ(socket.read_exactly(5), "0\r\n\r\n");
    socket.send("0\r\n\r\n");
  }};
  const GatewayProcess gateway{config_text({{"shop", upstream.port(), "/", "guarded"}}, one_probe)};
  EXPECT_EQ(gateway.get("/").status(), 500U);
  well = true;
  EXPECT_TRUE(eventually([&] { return gateway.state("shop") == "half_open"; }));
  Socket client = begin(gateway, in_chunks);
  client.send("4\r\nsome\r\n");
  EXPECT_FALSE(client.read_head().empty());
  client.send("0\r\n\r\n");
  EXPECT_FALSE(client.read_exactly(15).empty());
  EXPECT_TRUE(eventually([&] { return gateway.state("shop") == "closed"; }));
}

}  // namespace
}  // namespace switchgear::wire
