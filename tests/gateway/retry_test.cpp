// Retries between real sockets: what is made again, what never is, and whose answer the client gets.
#include <gtest/gtest.h>

#include <atomic>
#include <boost/json/parse.hpp>
#include <mutex>
#include <vector>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

std::string answer_of(unsigned status, const std::string& body = "", const std::string& fields = "") {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n" + fields + "\r\n" + body;
}

std::string retrying(std::uint16_t port, const std::string& more = "", const std::string& gateway = "") {
  return config_text(
      {{"shop", port, "/", "again"}},
      "  again: {timeout: 60s, retry: {max_attempts: 3, base: 1ms, jitter: none}" + more + "}\n", gateway);
}

/// Fails `bad` times, then is well; remembers what it was sent.
struct Flaky {
  explicit Flaky(int bad, std::string failure = answer_of(503, "busy"))
      : bad_(bad), failure_(std::move(failure)) {}
  std::atomic<int> calls{0};
  std::mutex mutex;
  std::vector<std::string> bodies;

 private:
  int bad_;
  std::string failure_;

 public:
  Upstream upstream{Upstream::answering([this](const Message& request) {
    const std::lock_guard lock{mutex};
    bodies.push_back(request.body);
    return ++calls <= bad_ ? failure_ : ok();
  })};
};

TEST(GatewayRetry, MakesAFailedCallAgainUntilItIsWell) {
  Flaky shop{2};
  const GatewayProcess gateway{retrying(shop.upstream.port())};
  const Message answer = gateway.get("/");
  EXPECT_EQ(answer.status(), 200U);
  EXPECT_EQ(answer.body, "fine");
  EXPECT_EQ(shop.calls, 3);
  EXPECT_EQ(shop.upstream.connections(), 1) << "an answer that was dropped whole costs no connection";
}

TEST(GatewayRetry, HandsOnTheLastAttemptsOwnAnswerWhenAllFail) {
  std::atomic<int> calls{0};
  Upstream upstream{Upstream::answering(
      [&](const Message&) { return answer_of(503, "busy " + std::to_string(++calls), "X-Own: yes\r\n"); })};
  const GatewayProcess gateway{retrying(upstream.port())};
  const Message answer = gateway.get("/");
  EXPECT_EQ(answer.status(), 503U);
  EXPECT_EQ(answer.body, "busy 3");
  EXPECT_EQ(answer.field("x-own"), "yes") << "the service's answer, not one of the gateway's";
}

TEST(GatewayRetry, RepeatsAPostOnlyWithAKey) {
  Flaky shop{1};
  const GatewayProcess gateway{retrying(shop.upstream.port())};
  Socket client = Socket::connect(gateway.port());
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_EQ(client.read_response().value_or(Message{}).status(), 503U) << "it may have had its effect";
  EXPECT_EQ(shop.calls, 1);
  Flaky other{1};
  const GatewayProcess second{retrying(other.upstream.port())};
  Socket keyed = Socket::connect(second.port());
  keyed.send("POST / HTTP/1.1\r\nHost: a\r\nIdempotency-Key: 7\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_EQ(keyed.read_response().value_or(Message{}).status(), 200U);
  EXPECT_EQ(other.bodies, (std::vector<std::string>{"hello", "hello"}));
}

TEST(GatewayRetry, MakesARequestOnceThatAFieldTurnsIntoAnotherMethod) {
  for (const char* request :
       {"GET / HTTP/1.1\r\nX-HTTP-Method-Override: POST\r\n", "PUT / HTTP/1.1\r\nX-HTTP-Method: PATCH\r\n",
        "DELETE / HTTP/1.1\r\nx_method_override: POST\r\n"}) {
    for (const bool keyed : {false, true}) {
      Flaky shop{1};
      const GatewayProcess gateway{retrying(shop.upstream.port(), ", hedge: {delay: 40s}")};
      Socket client = Socket::connect(gateway.port());
      client.send(std::string{request} + (keyed ? "Idempotency-Key: 7\r\n" : "") +
                  "Host: a\r\nContent-Length: 3\r\n\r\npay");
      EXPECT_EQ(client.read_response().value_or(Message{}).status(), keyed ? 200U : 503U) << request;
      EXPECT_EQ(shop.calls, keyed ? 2 : 1) << request;
    }
  }
}

TEST(GatewayRetry, TakesNoKeyThatIsEmptyOrDoesNotReachTheService) {
  for (const char* fields : {"Idempotency-Key:\r\n", "Idempotency-Key: \"\"\r\n",
                             "Idempotency-Key: abc\r\nConnection: idempotency-key\r\n"}) {
    Flaky shop{1};
    const GatewayProcess gateway{retrying(shop.upstream.port())};
    Socket client = Socket::connect(gateway.port());
    client.send("POST / HTTP/1.1\r\nHost: a\r\n" + std::string{fields} + "Content-Length: 3\r\n\r\npay");
    EXPECT_EQ(client.read_response().value_or(Message{}).status(), 503U) << fields;
    EXPECT_EQ(shop.calls, 1) << fields;
  }
}

TEST(GatewayRetry, RepeatsASmallBodyAndSendsALargeOneOnce) {
  Flaky shop{1};
  const GatewayProcess gateway{retrying(shop.upstream.port(), "", "limits: {buffered_body_bytes: 1000}")};
  Socket client = Socket::connect(gateway.port());
  const std::string small(1000, 's');
  client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n" + small.substr(0, 300));
  client.send(small.substr(300));
  EXPECT_EQ(client.read_response().value_or(Message{}).status(), 200U);
  EXPECT_EQ(shop.bodies, (std::vector<std::string>{small, small}));

  Flaky other{1};
  const GatewayProcess second{retrying(other.upstream.port(), "", "limits: {buffered_body_bytes: 1000}")};
  for (const std::string& framing :
       std::vector<std::string>{"Content-Length: 1001\r\n\r\n" + small + "x",
                                "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"}) {
    Socket one = Socket::connect(second.port());
    one.send("PUT / HTTP/1.1\r\nHost: a\r\n" + framing);
    const unsigned status = one.read_response().value_or(Message{}).status();
    EXPECT_EQ(status, other.calls == 1 ? 503U : 200U);
  }
  EXPECT_EQ(other.calls, 2) << "nothing of it is kept, so it is handed on once, and what comes back too";
}

TEST(GatewayRetry, NeverTriesAgainOnceTheAnswerHasBegun) {
  std::atomic<int> calls{0};
  std::counting_semaphore<> begun{0};
  Upstream upstream{[&](Socket& socket) {
    (void)socket.read_request();
    ++calls;
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
    begun.acquire();
  }};
  const GatewayProcess gateway{retrying(upstream.port())};
  EXPECT_TRUE(is_broken_off(gateway.port(), begun));
  EXPECT_EQ(calls, 1);
}

TEST(GatewayRetry, TellsFinalStatusesFromTransientOnes) {
  for (const unsigned status : {400U, 401U, 404U, 409U, 501U, 505U, 508U}) {
    Flaky shop{1, answer_of(status)};
    const GatewayProcess gateway{retrying(shop.upstream.port())};
    EXPECT_EQ(gateway.get("/").status(), status);
    EXPECT_EQ(shop.calls, 1) << status;
  }
  for (const unsigned status : {408U, 425U, 429U, 500U, 502U, 504U}) {
    Flaky shop{1, answer_of(status)};
    const GatewayProcess gateway{retrying(shop.upstream.port())};
    EXPECT_EQ(gateway.get("/").status(), 200U);
    EXPECT_EQ(shop.calls, 2) << status;
  }
}

TEST(GatewayRetry, WaitsForAsLongAsTheServerAsks) {
  Flaky shop{1, answer_of(503, "", "Retry-After: 1\r\n")};
  const GatewayProcess gateway{retrying(shop.upstream.port())};
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(gateway.get("/").status(), 200U);
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::seconds{1});
}

TEST(GatewayRetry, HandsOnAtOnceTheAnswerOfAServerThatAsksForAnHour) {
  Flaky shop{1, answer_of(503, "closed for today", "Retry-After: 3600\r\n")};
  const GatewayProcess gateway{retrying(shop.upstream.port())};
  const auto start = std::chrono::steady_clock::now();
  const Message answer = gateway.get("/");
  EXPECT_EQ(answer.status(), 503U);
  EXPECT_EQ(answer.body, "closed for today");
  EXPECT_EQ(answer.field("retry-after"), "3600");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds{10});
  EXPECT_EQ(shop.calls, 1);
  EXPECT_NE(gateway.admin("GET", "/metrics")
                .body.find("switchgear_retries_given_up_total{service=\"shop\",reason=\"retry_after\"} 1"),
            std::string::npos);
}

TEST(GatewayRetry, WaitsTheSameForADateOfAServerWhoseClockIsWrong) {
  for (const char* year : {"2001", "2090"}) {
    const std::string date = std::string{" 06 Nov "} + year + " 08:49:";
    Flaky shop{1,
               answer_of(503, "", "Date: Sun," + date + "37 GMT\r\nRetry-After: Sun," + date + "38 GMT\r\n")};
    const GatewayProcess gateway{retrying(shop.upstream.port())};
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(gateway.get("/").status(), 200U) << year;
    EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::seconds{1}) << year;
  }
}

TEST(GatewayRetry, TriesAgainAfterAConnectionThatWasClosedAndOneThatHung) {
  std::atomic<int> calls{0};
  Upstream upstream{[&](Socket& socket) {
    (void)socket.read_request();
    const int call = ++calls;
    if (call == 1) return;
    if (call == 2) {
      (void)socket.ends();
    } else {
      socket.send(ok());
    }
  }};
  const GatewayProcess gateway{config_text({{"shop", upstream.port(), "/", "again"}},
                                           "  again: {timeout: 2s, retry: {max_attempts: 3, base: 1ms}, "
                                           "circuit_breaker: {consecutive_failures: "
                                           "100}}\n")};
  EXPECT_EQ(gateway.get("/").status(), 200U);
  EXPECT_EQ(calls, 3);
  const auto counters = gateway.breaker("shop").at("counters");
  EXPECT_EQ(counters.at("failures").to_number<int>(), 2) << "the breaker sees every attempt";
  EXPECT_EQ(counters.at("successes").to_number<int>(), 1);
}

TEST(GatewayRetry, SaysWhatWentWrongLastWhenThereWasNoAnswerAtAll) {
  const DeafPort deaf;
  const GatewayProcess gateway{retrying(deaf.port())};
  const Message answer = gateway.get("/");
  EXPECT_EQ(answer.status(), 502U);
  EXPECT_NE(answer.field("proxy-status").find("connection_refused"), std::string::npos);
}

TEST(GatewayRetry, StopsWhenTheBudgetIsSpent) {
  Flaky shop{100};
  const GatewayProcess gateway{config_text(
      {{"shop", shop.upstream.port(), "/", "again"}},
      "  again: {retry: {max_attempts: 5, base: 1ms, budget: {ratio: 0, min_per_second: 0.2}}}\n")};
  EXPECT_EQ(gateway.get("/").status(), 503U);
  EXPECT_EQ(gateway.get("/").status(), 503U);
  EXPECT_EQ(shop.calls, 4) << "two calls, and two retries in ten seconds";
  const std::string metrics = gateway.admin("GET", "/metrics").body;
  for (const char* line :
       {"switchgear_retries_total{service=\"shop\"} 2",
        "switchgear_retries_given_up_total{service=\"shop\",reason=\"budget_exhausted\"} 2"})
    EXPECT_NE(metrics.find(line), std::string::npos) << line;
}

TEST(GatewayRetry, NeverAsksAgainWhereABreakerRefuses) {
  Flaky shop{100};
  const GatewayProcess gateway{
      retrying(shop.upstream.port(), ", circuit_breaker: {consecutive_failures: 2, open_duration: 60s}")};
  const Message answer = gateway.get("/");
  EXPECT_EQ(shop.calls, 2) << "the second failure opened it";
  EXPECT_EQ(answer.status(), 503U);
  EXPECT_EQ(boost::json::parse(answer.body).at("reason").as_string(), "open");
}

TEST(GatewayRetry, LeavesTheWordToTheServiceWhenTheClientExpectsOne) {
  std::atomic<int> calls{0};
  Upstream upstream{[&](Socket& socket) {
    (void)socket.read_head();
    ++calls;
    socket.send("HTTP/1.1 100 Continue\r\n\r\n");
    EXPECT_EQ(socket.read_exactly(5), "hello");
    socket.send(answer_of(503));
  }};
  const GatewayProcess gateway{retrying(upstream.port())};
  Socket client = Socket::connect(gateway.port());
  client.send("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(client.read_response().value_or(Message{}).status(), 100U);
  client.send("hello");
  EXPECT_EQ(client.read_response().value_or(Message{}).status(), 503U);
  EXPECT_EQ(calls, 1);
}

TEST(GatewayRetry, EndsWithTheDeadlineOfTheWholeCall) {
  Upstream upstream{[](Socket& socket) {
    (void)socket.read_request();
    (void)socket.ends();
  }};
  const GatewayProcess gateway{
      config_text({{"shop", upstream.port(), "/", "again"}},
                  "  again: {timeout: 300ms, deadline: 800ms, retry: {max_attempts: 50, base: 1ms}}\n")};
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(gateway.get("/").status(), 504U);
  const auto took = std::chrono::steady_clock::now() - start;
  EXPECT_GE(took, std::chrono::milliseconds{600});
  EXPECT_LT(took, std::chrono::seconds{12}) << "fifty timeouts are fifteen seconds";
  EXPECT_LE(upstream.connections(), 3);
}

TEST(GatewayRetry, ForgetsAClientThatLeavesWhileItWaits) {
  Flaky shop{1, answer_of(503, "", "Retry-After: 3600\r\n")};
  const GatewayProcess gateway{config_text(
      {{"shop", shop.upstream.port(), "/", "again"}},
      "  again: {retry: {max_attempts: 3, base: 1ms, jitter: none, honor_retry_after: {max: 2h}}}\n")};
  Socket client = Socket::connect(gateway.port());
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return shop.calls == 1; }));
  client.close();
  EXPECT_TRUE(eventually([&] {
    return gateway.admin("GET", "/metrics").body.find("code_class=\"none\"} 1") != std::string::npos;
  }));
  EXPECT_EQ(shop.calls, 1);
}

}  // namespace
}  // namespace switchgear::wire
