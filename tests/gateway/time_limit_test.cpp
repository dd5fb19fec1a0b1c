// Timeouts of attempts and deadlines of calls: which time counts, and what the client gets.
#include <gtest/gtest.h>

#include <atomic>
#include <boost/json/parse.hpp>
#include <csignal>
#include <future>
#include <thread>
#include <vector>

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

TEST(GatewayTimeLimits, AnswerThatHasComeInTimeIsNotLateBecauseTheGatewayIsBusy) {
  // The reactor takes 128 events at once; the end of the other service's time is among the first of them.
  constexpr int many = 160;
  std::atomic<int> asked{0};
  std::promise<void> released;
  const std::shared_future<void> release = released.get_future().share();
  Upstream shop{Upstream::answering([&](const Message&) {
    ++asked;
    release.wait();
    return ok();
  })};
  Upstream other{hanging()};
  const GatewayProcess gateway{
      config_text({{"shop", shop.port(), "/", "strict"}, {"other", other.port(), "/other", "hasty"}},
                  "  strict: {timeout: 3s, circuit_breaker: {consecutive_failures: 1}}\n"
                  "  hasty: {timeout: 300ms}\n")};
  std::vector<Socket> clients;
  for (int i = 0; i < many; ++i) {
    clients.push_back(Socket::connect(gateway.port()));
    clients.back().send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  }
  ASSERT_TRUE(eventually([&] { return asked == many; }));
  const auto start = std::chrono::steady_clock::now();
  Socket hasty = Socket::connect(gateway.port());
  hasty.send("GET /other HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return other.connections() == 1; }));
  gateway.hold_up();
  const auto pass_until = [&](milliseconds time) { std::this_thread::sleep_until(start + time); };
  pass_until(milliseconds{500});
  released.set_value();
  pass_until(milliseconds{3100});
  gateway.signal(SIGCONT);
  for (Socket& client : clients) EXPECT_EQ(client.read_response().value_or(Message{}).status(), 200U);
  EXPECT_EQ(hasty.read_response().value_or(Message{}).status(), 504U);
  EXPECT_EQ(gateway.state("shop"), "closed");
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
