// Faults on purpose, and that every answer says so.
#include <gtest/gtest.h>

#include <atomic>
#include <boost/json/parse.hpp>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

std::string faulty(std::uint16_t port, const std::string& fault, const std::string& more = "",
                   const std::string& timeout = "60s") {
  return config_text(
      {{"shop", port, "/", "faulty"}},
      "  faulty: {timeout: " + timeout + ", chaos: {enabled: true, seed: 7, " + fault + "}" + more + "}\n");
}

struct Counted {
  std::atomic<int> calls{0};
  Upstream upstream{Upstream::answering([this](const Message&) {
    ++calls;
    return ok();
  })};
};

TEST(GatewayChaos, Answers503ToAnAbortedCallAndSaysThatItWasChaos) {
  Counted shop;
  const GatewayProcess gateway{faulty(shop.upstream.port(), "abort: {probability: 1}")};
  const Message answer = gateway.get("/");
  EXPECT_EQ(answer.status(), 503U);
  EXPECT_TRUE(answer.has("x-switchgear-chaos"));
  EXPECT_EQ(boost::json::parse(answer.body).at("reason").as_string(), "chaos");
  EXPECT_EQ(shop.calls, 0);
  EXPECT_NE(gateway.admin("GET", "/metrics")
                .body.find("switchgear_chaos_injections_total{service=\"shop\",kind=\"abort\"} 1"),
            std::string::npos);
}

TEST(GatewayChaos, DelaysACallAndSaysSoInItsAnswer) {
  Counted shop;
  const GatewayProcess gateway{
      faulty(shop.upstream.port(), "delay: {probability: 1, min: 100ms, max: 150ms}")};
  const auto start = std::chrono::steady_clock::now();
  const Message answer = gateway.get("/");
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds{100});
  EXPECT_EQ(answer.status(), 200U);
  EXPECT_EQ(answer.body, "fine");
  EXPECT_TRUE(answer.has("x-switchgear-chaos"));
}

TEST(GatewayChaos, FailsACallAsTheServiceWouldFailIt) {
  Counted shop;
  const std::string breaker = ", circuit_breaker: {consecutive_failures: 100}";
  const GatewayProcess gateway{
      faulty(shop.upstream.port(), "fail: {probability: 1, type: connection_error}", breaker)};
  const Message answer = gateway.get("/");
  EXPECT_EQ(answer.status(), 502U);
  EXPECT_TRUE(answer.has("x-switchgear-chaos"));
  EXPECT_EQ(gateway.breaker("shop").at("counters").at("failures").to_number<int>(), 1);
  const GatewayProcess slow{faulty(shop.upstream.port(), "timeout: {probability: 1}", breaker, "300ms")};
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(slow.get("/").status(), 504U);
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds{300}) << "a real wait";
  EXPECT_EQ(shop.calls, 0);
}

TEST(GatewayChaos, IsOffUnlessAskedFor) {
  Counted shop;
  const GatewayProcess gateway{config_text({{"shop", shop.upstream.port(), "/", "calm"}},
                                           "  calm: {chaos: {abort: {probability: 1}}}\n")};
  const Message answer = gateway.get("/");
  EXPECT_EQ(answer.status(), 200U);
  EXPECT_FALSE(answer.has("x-switchgear-chaos"));
}

}  // namespace
}  // namespace switchgear::wire
