// Timeouts of attempts and deadlines of calls: which time counts, and what the client gets.
#include <gtest/gtest.h>

#include <atomic>
#include <boost/json/parse.hpp>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

using std::chrono::milliseconds;

Upstream::Serve hanging() {
  return [](Socket& socket) {
    (void)socket.read_request();
    (void)socket.ends();
  };
}

milliseconds since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - start);
}

TEST(GatewayTimeLimits, AnswersAtTheDeadlineWhenThatComesBeforeTheTimeout) {
  Upstream upstream{hanging()};
  const GatewayProcess gateway{config_text({{"shop", upstream.port(), "/", "strict"}},
                                           "  strict: {timeout: 300ms, deadline: 300ms}\n")};
  const auto start = std::chrono::steady_clock::now();
  const Message answer = gateway.get("/");
  EXPECT_EQ(answer.status(), 504U);
  EXPECT_GE(since(start), milliseconds{300});
  EXPECT_LT(since(start), patience);
  EXPECT_NE(answer.field("proxy-status").find("http_response_timeout"), std::string::npos);
}

TEST(GatewayTimeLimits, DoesNotChargeASlowUploadToTheService) {
  Upstream upstream{Upstream::saying(ok())};
  const GatewayProcess gateway{
      config_text({{"shop", upstream.port(), "/", "strict"}},
                  "  strict: {timeout: 1s, deadline: 1s, circuit_breaker: {consecutive_failures: 100}}\n")};
  Socket client = Socket::connect(gateway.port());
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n");
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(client.receive(milliseconds{150}).empty()) << "nothing is said before the last byte";
    client.send("x");
  }
  EXPECT_EQ(client.read_response().value_or(Message{}).status(), 200U) << "a second and a half in all";
  const auto counters = gateway.breaker("shop").at("counters");
  EXPECT_EQ(counters.at("successes").to_number<int>(), 1);
}

TEST(GatewayTimeLimits, DoesNotChargeTheUploadOfABodyThatIsHeldEither) {
  std::atomic<int> calls{0};
  Upstream upstream{Upstream::answering([&](const Message& request) {
    EXPECT_EQ(request.body, "xxxxxxxxxx");
    return ++calls == 1 ? std::string{"HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n"} : ok();
  })};
  const GatewayProcess gateway{
      config_text({{"shop", upstream.port(), "/", "strict"}},
                  "  strict: {timeout: 1s, deadline: 1s, retry: {max_attempts: 2, base: 1ms}}\n")};
  Socket client = Socket::connect(gateway.port());
  client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n");
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(client.receive(milliseconds{150}).empty());
    client.send("x");
  }
  EXPECT_EQ(client.read_response().value_or(Message{}).status(), 200U);
  EXPECT_EQ(calls, 2);
}

TEST(GatewayTimeLimits, NamesTheLimitToAFallbackThatHasNothing) {
  Upstream upstream{hanging()};
  const GatewayProcess gateway{
      config_text({{"shop", upstream.port(), "/", "strict"}},
                  "  strict: {timeout: 200ms, fallback: {cache: {max_stale: 60s}}}\n")};
  const Message answer = gateway.get("/");
  EXPECT_EQ(answer.status(), 504U);
  EXPECT_NE(boost::json::parse(answer.body).at("cause").as_string().find("time limit 'shop'"),
            boost::json::string::npos)
      << answer.body;
}

}  // namespace
}  // namespace switchgear::wire
