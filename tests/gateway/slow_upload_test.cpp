// Clients that send the content of a request slowly, or stop in the middle: neither the service nor the other
// clients may suffer from that.
#include <gtest/gtest.h>

#include <boost/json/value.hpp>
#include <string>
#include <thread>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

using namespace std::chrono_literals;

/// A request whose content has begun and is not whole, and the rest of it.
struct Begun {
  const char* kind;
  std::string begin;
  std::string rest;
};

std::string post(std::size_t length, const std::string& fields = "") {
  return "POST / HTTP/1.1\r\nHost: a\r\n" + fields + "Content-Length: " + std::to_string(length) + "\r\n\r\n";
}

Begun small() { return {"small", post(1'000) + "some", std::string(996, 'x')}; }
Begun large() { return {"large", post(200'000) + "some", std::string(199'996, 'x')}; }
Begun chunked() {
  return {"chunked", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n",
          "4\r\nrest\r\n0\r\n\r\n"};
}

Socket begin(const GatewayProcess& gateway, const std::string& bytes) {
  Socket client = Socket::connect(gateway.port());
  client.send(bytes);
  return client;
}

unsigned status_of_answer(Socket& client) { return client.read_response().value_or(Message{}).status(); }

std::uint64_t counter(const GatewayProcess& gateway, const std::string& name) {
  return gateway.breaker("shop").at("counters").at(name).to_number<std::uint64_t>();
}

std::uint64_t under_way(const GatewayProcess& gateway) {
  const boost::json::value counters = gateway.breaker("shop").at("counters");
  const auto count = [&](const char* name) { return counters.at(name).to_number<std::uint64_t>(); };
  return count("calls") - count("successes") - count("failures") - count("ignored");
}

std::string guarded(std::uint16_t port, const std::string& breaker, const std::string& limits = "",
                    const std::string& service = "") {
  return config_text({{"shop", port, "/", "guarded", service}},
                     "  guarded: {timeout: 60s, circuit_breaker: {" + breaker + "}}\n",
                     "limits: {body_timeout: 60s" + limits + "}");
}

TEST(GatewaySlowUpload, OfASmallBodyHoldsNeitherAConnectionNorAPermit) {
  Upstream upstream{Upstream::saying(ok())};
  const GatewayProcess gateway{
      guarded(upstream.port(), "consecutive_failures: 1", "", ", connections: {max: 1}")};
  Socket slow = begin(gateway, small().begin);
  EXPECT_EQ(gateway.get("/").status(), 200U);
  EXPECT_EQ(under_way(gateway), 0U);
  slow.send(small().rest);
  EXPECT_EQ(status_of_answer(slow), 200U);
  EXPECT_EQ(counter(gateway, "successes"), 2U);
}

TEST(GatewaySlowUpload, ArrivesAsItWasSentHoweverItIsCutUp) {
  Upstream upstream{Upstream::answering([](const Message& request) { return ok(request.body); })};
  const GatewayProcess gateway{config_text({{"shop", upstream.port()}})};
  for (const std::size_t size : {1U, 1'000U, 40'000U, 65'536U, 65'537U}) {
    std::string body;
    for (std::size_t i = 0; i < size; ++i) body += static_cast<char>('a' + i % 26);
    Socket client = begin(gateway, post(size));
    for (std::size_t at = 0; at < size; at += size / 3 + 1) {
      (void)gateway.get("/");  // so that each piece comes by itself
      client.send(std::string_view{body}.substr(at, size / 3 + 1));
    }
    EXPECT_EQ(client.read_response().value_or(Message{}).body, body) << size;
  }
}

TEST(GatewaySlowUpload, GivesTheProbeOfABreakerBackWhenItsClientStalls) {
  for (const Begun& request : {small(), large(), chunked()}) {
    std::atomic<bool> well{false};
    Upstream upstream{Upstream::answering([&](const Message&) {
      return well ? ok() : std::string{"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n"};
    })};
    const GatewayProcess gateway{guarded(upstream.port(),
                                         "consecutive_failures: 1, open_duration: 50ms, "
                                         "probe_automatically: true, half_open: {permitted_calls: 1, "
                                         "max_wait: 10m}")};
    EXPECT_EQ(gateway.get("/").status(), 500U);
    well = true;
    EXPECT_TRUE(eventually([&] { return gateway.state("shop") == "half_open"; }));
    Socket slow = begin(gateway, request.begin);
    EXPECT_TRUE(eventually([&] { return gateway.get("/").status() == 200; })) << request.kind;
    EXPECT_TRUE(eventually([&] { return gateway.state("shop") == "closed"; })) << request.kind;
    slow.send(request.rest);
    EXPECT_EQ(status_of_answer(slow), 200U) << request.kind;
  }
}

TEST(GatewaySlowUpload, IsAProbeAgainOnceItIsWhole) {
  std::atomic<bool> well{false};
  Upstream upstream{Upstream::answering([&](const Message&) {
    return well ? ok() : std::string{"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n"};
  })};
  const GatewayProcess gateway{guarded(upstream.port(),
                                       "consecutive_failures: 1, open_duration: 50ms, "
                                       "probe_automatically: true, half_open: {permitted_calls: 1, "
                                       "max_wait: 10m}")};
  EXPECT_EQ(gateway.get("/").status(), 500U);
  well = true;
  EXPECT_TRUE(eventually([&] { return gateway.state("shop") == "half_open"; }));
  Socket slow = begin(gateway, large().begin);
  EXPECT_TRUE(eventually([&] { return counter(gateway, "ignored") == 1; }));
  EXPECT_EQ(gateway.state("shop"), "half_open");
  slow.send(large().rest);
  EXPECT_EQ(status_of_answer(slow), 200U);
  EXPECT_TRUE(eventually([&] { return gateway.state("shop") == "closed"; }));
}

TEST(GatewaySlowUpload, IsNotAStuckCall) {
  for (const Begun& request : {small(), large(), chunked()}) {
    Upstream upstream{Upstream::saying(ok())};
    const GatewayProcess gateway{guarded(upstream.port(), "stuck_calls: {older_than: 1500ms, count: 1}")};
    Socket slow = begin(gateway, request.begin);
    EXPECT_EQ(slow.receive(2500ms), "");
    EXPECT_EQ(gateway.get("/").status(), 200U) << request.kind;
    slow.send(request.rest);
    EXPECT_EQ(status_of_answer(slow), 200U) << request.kind;
    EXPECT_TRUE(eventually([&] { return counter(gateway, "successes") == 2; })) << request.kind;
  }
}

/// Reads what comes, and says `last` when nothing has for a while, as nginx's client_body_timeout does.
Upstream::Serve impatient(const std::string& last) {
  return [last](Socket& socket) {
    while (!socket.receive(1'300ms).empty()) continue;
    if (!last.empty()) socket.send(last);
  };
}

TEST(GatewaySlowUpload, IsNotHeldAgainstAServiceThatDoesNotWaitForTheRest) {
  const std::string own_words = "HTTP/1.1 408 Late\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  for (const std::string& last : {std::string{}, own_words}) {
    for (const Begun& request : {large(), chunked()}) {
      Upstream upstream{impatient(last)};
      const GatewayProcess gateway{guarded(upstream.port(), "consecutive_failures: 1")};
      Socket slow = begin(gateway, request.begin);
      EXPECT_EQ(status_of_answer(slow), 408U) << request.kind;
      EXPECT_TRUE(eventually([&] { return under_way(gateway) == 0; }));
      EXPECT_EQ(counter(gateway, "failures"), 0U) << request.kind;
      EXPECT_EQ(counter(gateway, "successes"), 0U) << request.kind << ": it has not had the request";
      EXPECT_EQ(gateway.state("shop"), "closed") << request.kind;
    }
  }
}

TEST(GatewaySlowUpload, DoesNotExcuseAServiceThatBreaksOffAnUploadThatMoves) {
  Upstream upstream{[](Socket& socket) { (void)socket.read_head(); }};
  const GatewayProcess gateway{guarded(upstream.port(), "consecutive_failures: 1")};
  Socket client = begin(gateway, large().begin);
  EXPECT_EQ(status_of_answer(client), 502U);
  EXPECT_EQ(counter(gateway, "failures"), 1U);
}

TEST(GatewaySlowUpload, EndsAtItsCallersDeadline) {
  const std::string field = "x-request-deadline-ms: 400\r\n";
  for (const std::string& request : {post(1'000, field), post(1'000, field) + "some", post(200'000, field),
                                     post(200'000, field) + "some"}) {
    Upstream upstream{Upstream::saying(ok())};
    const GatewayProcess gateway{config_text({{"shop", upstream.port(), "/", "guarded"}},
                                             "  guarded: {timeout: 60s, circuit_breaker: "
                                             "{consecutive_failures: 1}}\n",
                                             "trusted_proxies: [127.0.0.1]")};
    Socket slow = begin(gateway, request);
    const Message answer = slow.read_response().value_or(Message{});
    EXPECT_EQ(answer.status(), 408U);
    EXPECT_NE(answer.body.find("before its caller's deadline"), std::string::npos) << answer.body;
    EXPECT_EQ(answer.field("connection"), "close");
    EXPECT_EQ(counter(gateway, "failures"), 0U);
    EXPECT_TRUE(eventually([&] { return under_way(gateway) == 0; }));
  }
}

TEST(GatewaySlowUpload, OfAByteNowAndThenEndsWith408) {
  for (const Begun& request : {small(), large()}) {
    Upstream upstream{Upstream::saying(ok())};
    const GatewayProcess gateway{
        config_text({{"shop", upstream.port()}}, "", "limits: {body_timeout: 1s, min_body_rate: 1000}")};
    Socket slow = begin(gateway, request.begin);
    std::string answer;
    const auto start = std::chrono::steady_clock::now();
    while (answer.empty() && std::chrono::steady_clock::now() - start < patience) {
      slow.send("x");
      answer = slow.receive(100ms);
    }
    EXPECT_EQ(answer.substr(0, 12), "HTTP/1.1 408") << request.kind << ": though no pause was long";
  }
}

TEST(GatewaySlowUpload, ThatKeepsToTheRateMayTakeLongerThanAnyPauseMay) {
  Upstream upstream{Upstream::answering([](const Message& request) { return ok(request.body); })};
  const GatewayProcess gateway{
      config_text({{"shop", upstream.port()}}, "", "limits: {body_timeout: 2s, min_body_rate: 100}")};
  for (const bool in_chunks : {false, true}) {
    const std::string piece(100, 'x');
    Socket client =
        begin(gateway,
              in_chunks ? "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" : post(3'000));
    for (int i = 0; i < 30; ++i) {
      client.send(in_chunks ? "64\r\n" + piece + "\r\n" : piece);
      if (i + 1 == 30) break;
      EXPECT_EQ(client.receive(100ms), "") << "it takes three seconds in all";
    }
    if (in_chunks) client.send("0\r\n\r\n");
    EXPECT_EQ(client.read_response().value_or(Message{}).body.size(), 3'000U);
  }
}

TEST(GatewaySlowUpload, HasNoLimitInAllWithARateOfZero) {
  Upstream upstream{Upstream::saying(ok())};
  const GatewayProcess gateway{
      config_text({{"shop", upstream.port()}}, "", "limits: {body_timeout: 2s, min_body_rate: 0}")};
  Socket client = begin(gateway, post(30));
  for (int i = 0; i < 30; ++i) {
    client.send("x");
    if (i + 1 == 30) break;
    EXPECT_EQ(client.receive(100ms), "");
  }
  EXPECT_EQ(status_of_answer(client), 200U);
}

TEST(GatewaySlowUpload, LeavesItsConnectionToOthersThatNeedOne) {
  for (const Begun& request : {large(), chunked()}) {
    Upstream upstream{Upstream::saying(ok())};
    const GatewayProcess gateway{
        guarded(upstream.port(), "consecutive_failures: 1", "", ", connections: {max: 1}")};
    Socket slow = begin(gateway, request.begin);
    EXPECT_TRUE(eventually([&] { return upstream.connections() == 1; }));
    EXPECT_EQ(gateway.get("/").status(), 200U) << request.kind << ": long before body_timeout";
    EXPECT_EQ(status_of_answer(slow), 408U) << request.kind;
    EXPECT_EQ(counter(gateway, "failures"), 0U);
  }
}

}  // namespace
}  // namespace switchgear::wire
