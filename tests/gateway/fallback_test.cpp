// What a client gets when the service has no good answer.
#include <gtest/gtest.h>

#include <atomic>
#include <boost/json/parse.hpp>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

const std::string broken = "HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\noops";

std::string falling_back(std::uint16_t port, const std::string& fallback, const std::string& more = "") {
  return config_text({{"shop", port, "/", "soft"}},
                     "  soft: {timeout: 60s, fallback: {" + fallback + "}" + more + "}\n");
}

struct Shop {
  std::atomic<bool> healthy{true};
  std::atomic<int> calls{0};
  Upstream upstream{Upstream::answering([this](const Message&) {
    const int call = ++calls;
    return healthy ? ok("good " + std::to_string(call), "X-Own: yes\r\n") : broken;
  })};
};

TEST(GatewayFallback, GivesTheFixedValueInPlaceOfAFailure) {
  Shop shop;
  const GatewayProcess gateway{falling_back(
      shop.upstream.port(), "value: {status: 200, body: \"{}\", content_type: application/json}")};
  const Message good = gateway.get("/");
  EXPECT_EQ(good.body, "good 1");
  EXPECT_FALSE(good.has("x-switchgear-source"));
  shop.healthy = false;
  const Message instead = gateway.get("/");
  EXPECT_EQ(instead.status(), 200U);
  EXPECT_EQ(instead.body, "{}");
  EXPECT_EQ(instead.field("content-type"), "application/json");
  EXPECT_EQ(instead.field("x-switchgear-source"), "fallback");
  EXPECT_FALSE(instead.has("age"));
  EXPECT_NE(gateway.admin("GET", "/metrics")
                .body.find("switchgear_fallbacks_total{service=\"shop\",kind=\"value\"} 1"),
            std::string::npos);
}

TEST(GatewayFallback, GivesItInPlaceOfARefusalAndOfNoAnswerAtAll) {
  const DeafPort deaf;
  const GatewayProcess gateway{
      falling_back(deaf.port(), "value: {status: 203, body: instead}",
                   ", circuit_breaker: {consecutive_failures: 1, open_duration: 60s}")};
  for (int i = 0; i < 2; ++i) {
    const Message instead = gateway.get("/");
    EXPECT_EQ(instead.status(), 203U);
    EXPECT_EQ(instead.body, "instead");
  }
  EXPECT_EQ(gateway.state("shop"), "open") << "a fallback hides nothing from the breaker";
}

TEST(GatewayFallback, ComesAfterTheLastAttemptOnly) {
  Shop shop;
  shop.healthy = false;
  const GatewayProcess gateway{
      falling_back(shop.upstream.port(), "value: {body: instead}", ", retry: {max_attempts: 3, base: 1ms}")};
  EXPECT_EQ(gateway.get("/").body, "instead");
  EXPECT_EQ(shop.calls, 3);
}

TEST(GatewayFallback, LeavesA404Alone) {
  Upstream upstream{Upstream::saying("HTTP/1.1 404 X\r\nContent-Length: 4\r\n\r\nnone")};
  const GatewayProcess gateway{falling_back(upstream.port(), "value: {body: instead}")};
  EXPECT_EQ(gateway.get("/").body, "none");
}

TEST(GatewayFallback, RemembersTheLastGoodAnswerAndSaysItsAge) {
  Shop shop;
  const GatewayProcess gateway{falling_back(shop.upstream.port(), "cache: {max_stale: 60s}")};
  EXPECT_EQ(gateway.get("/a").body, "good 1");
  EXPECT_EQ(gateway.get("/a").body, "good 2") << "a good service is asked";
  shop.healthy = false;
  const Message instead = gateway.get("/a");
  EXPECT_EQ(instead.status(), 200U);
  EXPECT_EQ(instead.body, "good 2");
  EXPECT_EQ(instead.field("x-own"), "yes");
  EXPECT_EQ(instead.field("x-switchgear-source"), "fallback");
  EXPECT_TRUE(instead.has("age"));
  const Message nothing = gateway.get("/b");
  EXPECT_EQ(nothing.status(), 500U);
  EXPECT_EQ(nothing.body, "oops") << "nothing is remembered, so the service's own answer it is";
}

TEST(GatewayFallback, GivesNobodyAStaleAnswerThatItsServiceForbids) {
  struct Case {
    const char* fields;
    bool given;
  };
  // Stale from the start, if nothing else is said: an Age makes what a minute would.
  for (const Case& one :
       {Case{"Cache-Control: must-revalidate\r\n", false},
        Case{"Cache-Control: max-age=60, must-revalidate\r\nAge: 60\r\n", false},
        Case{"Cache-Control: max-age=60, Proxy-Revalidate\r\nAge: 61\r\n", false},
        Case{"Cache-Control: s-maxage=60\r\nAge: 60\r\n", false},
        Case{"Cache-Control: max-age=60, stale-if-error=0\r\nAge: 60\r\n", false},
        Case{"Cache-Control: max-age=60, stale-if-error=60\r\nAge: 120\r\n", false},
        Case{"Cache-Control: max-age=60, stale-if-error=3600, must-revalidate\r\nAge: 60\r\n", false},
        Case{"Cache-Control: max-age=3600, must-revalidate\r\n", true},
        Case{"Cache-Control: s-maxage=3600\r\n", true},
        Case{"Cache-Control: max-age=0, stale-if-error=3600\r\n", true},
        Case{"Cache-Control: max-age=0\r\n", true}}) {
    std::atomic<bool> healthy{true};
    Upstream upstream{
        Upstream::answering([&](const Message&) { return healthy ? ok("good", one.fields) : broken; })};
    const GatewayProcess gateway{falling_back(upstream.port(), "cache: {max_stale: 60s}")};
    ASSERT_EQ(gateway.get("/").body, "good") << one.fields;
    healthy = false;
    EXPECT_EQ(gateway.get("/").body, one.given ? "good" : "oops") << one.fields;
    if (one.given) {
      EXPECT_EQ(gateway.get("/", "Cache-Control: stale-if-error=0\r\n").body, "oops") << "as the client asks";
    }
  }
}

TEST(GatewayFallback, DoesNotGiveTheLastAnswerToAnythingElseThanTheSameQuestion) {
  std::atomic<bool> healthy{true};
  Upstream upstream{Upstream::answering(
      [&](const Message& request) { return healthy ? ok("page of " + request.field("cookie")) : broken; })};
  const GatewayProcess gateway{falling_back(upstream.port(), "cache: {max_stale: 60s}")};
  EXPECT_EQ(gateway.get("/", "Cookie: anna\r\n").body, "page of anna");
  healthy = false;
  for (const char* fields : {"Cookie: anna\r\n", "Cookie: bert\r\n", ""})
    EXPECT_EQ(gateway.get("/", fields).body, "oops") << fields;
}

TEST(GatewayFallback, DoesNotShowWhatWasThereBeforeAChange) {
  std::atomic<bool> healthy{true};
  Upstream upstream{Upstream::answering([&](const Message& request) {
    return healthy || request.start_line.starts_with("DELETE") ? ok("there") : broken;
  })};
  const GatewayProcess gateway{falling_back(upstream.port(), "cache: {max_stale: 60s}")};
  EXPECT_EQ(gateway.get("/item").body, "there");
  healthy = false;
  EXPECT_EQ(gateway.get("/item").body, "there");
  Socket client = Socket::connect(gateway.port());
  client.send("DELETE /item HTTP/1.1\r\nHost: test\r\n\r\n");
  ASSERT_EQ(client.read_response().value_or(Message{}).status(), 200U);
  EXPECT_EQ(gateway.get("/item").body, "oops");
}

TEST(GatewayFallback, TellsBothCausesWhenNeitherHasAnAnswer) {
  const DeafPort deaf;
  const GatewayProcess gateway{
      falling_back(deaf.port(), "cache: {max_stale: 60s}",
                   ", circuit_breaker: {consecutive_failures: 1, open_duration: 60s}")};
  const Message first = gateway.get("/");
  EXPECT_EQ(first.status(), 502U);
  auto problem = boost::json::parse(first.body);
  EXPECT_NE(problem.at("cause").as_string().find("connection_error"), boost::json::string::npos);
  EXPECT_NE(problem.at("fallback_cause").as_string().find("remembered"), boost::json::string::npos);
  const Message refused = gateway.get("/");
  EXPECT_EQ(refused.status(), 503U);
  problem = boost::json::parse(refused.body);
  EXPECT_EQ(problem.at("reason").as_string(), "open");
  EXPECT_NE(problem.at("cause").as_string().find("is open"), boost::json::string::npos);
  EXPECT_NE(problem.at("fallback_cause").as_string().find("remembered"), boost::json::string::npos);
}

TEST(GatewayFallback, FailsInItsOwnWordsWhenItIsToldTo) {
  Shop shop;
  shop.healthy = false;
  const GatewayProcess gateway{falling_back(shop.upstream.port(), "fail: \"the shop is closed\"")};
  const Message answer = gateway.get("/");
  EXPECT_EQ(answer.status(), 500U);
  EXPECT_EQ(answer.field("content-type"), "application/problem+json");
  EXPECT_EQ(boost::json::parse(answer.body).at("detail").as_string(), "the shop is closed");
}

}  // namespace
}  // namespace switchgear::wire
