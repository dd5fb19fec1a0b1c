// A route with a policy of its own: its calls have that policy's limits and breaker, inside the service's.
#include <gtest/gtest.h>

#include <atomic>
#include <boost/json/parse.hpp>
#include <string>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

/// Fails below /pay, and works elsewhere.
class Shop {
 public:
  std::atomic<int> calls{0};
  [[nodiscard]] std::uint16_t port() const { return upstream_.port(); }

 private:
  Upstream upstream_{Upstream::answering([this](const Message& request) {
    ++calls;
    const bool bad = request.target().starts_with("/pay");
    return bad ? std::string{"HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n"} : ok("hello");
  })};
};

constexpr const char* opens_after_four =
    "circuit_breaker: {failure_rate: 0.5, minimum_calls: 4, open_duration: 1h, max_open_duration: 1h, "
    "window: "
    "{type: count, size: 1000}}";

std::string config_of(const Shop& shop, const std::string& careful = opens_after_four,
                      const std::string& usual = opens_after_four) {
  return config_text({},
                     "  usual: {timeout: 60s, " + usual + "}\n  careful: {timeout: 60s, " + careful + "}\n") +
         "  shop: {url: \"http://127.0.0.1:" + std::to_string(shop.port()) +
         "\", policy: usual, routes: [{prefix: /}, {prefix: /pay, policy: careful}]}\n";
}

/// So that the service's own breaker has something good to remember.
void open_for_pay(const GatewayProcess& gateway) {
  for (int i = 0; i < 10; ++i) ASSERT_EQ(gateway.get("/").status(), 200U);
  for (int i = 0; i < 4; ++i) ASSERT_EQ(gateway.get("/pay").status(), 503U);
}

TEST(GatewayRoutePolicy, ItsBreakerOpensForItsRoutesAlone) {
  Shop shop;
  const GatewayProcess gateway{config_of(shop)};
  open_for_pay(gateway);
  const int calls = shop.calls;
  const Message refused = gateway.get("/pay/x");
  EXPECT_EQ(refused.status(), 503U);
  EXPECT_EQ(shop.calls, calls);
  const auto problem = boost::json::parse(refused.body);
  EXPECT_EQ(problem.at("circuit"), "shop/careful");
  EXPECT_EQ(problem.at("service"), "shop");
  EXPECT_TRUE(refused.has("retry-after"));
  EXPECT_EQ(gateway.get("/").body, "hello");
  EXPECT_EQ(gateway.state("shop"), "closed");
  EXPECT_EQ(gateway.state("shop%2Fcareful"), "open");
}

TEST(GatewayRoutePolicy, TheServicesBreakerSeesItsCallsAndStopsThemToo) {
  Shop shop;
  const GatewayProcess gateway{config_of(shop, "deadline: 60s")};
  for (int i = 0; i < 4; ++i) EXPECT_EQ(gateway.get("/pay").status(), 503U);
  const int calls = shop.calls;
  EXPECT_EQ(boost::json::parse(gateway.get("/pay").body).at("circuit"), "shop");
  EXPECT_EQ(boost::json::parse(gateway.get("/").body).at("circuit"), "shop");
  EXPECT_EQ(shop.calls, calls);
}

TEST(GatewayRoutePolicy, ItsRetriesAndFallbackAreItsOwn) {
  Shop shop;
  const GatewayProcess gateway{config_of(
      shop, "retry: {max_attempts: 3, base: 1ms}, fallback: {value: {status: 200, body: \"later\"}}",
      "deadline: 60s")};
  EXPECT_EQ(gateway.get("/pay").body, "later");
  EXPECT_EQ(shop.calls, 3);
  EXPECT_EQ(gateway.get("/").body, "hello");
  EXPECT_EQ(shop.calls, 4);
}

TEST(GatewayRoutePolicy, AReloadKeepsItsBreakerAsLongAsItDoesNotChange) {
  Shop shop;
  const GatewayProcess gateway{config_of(shop)};
  open_for_pay(gateway);
  gateway.rewrite(config_of(shop, opens_after_four, "deadline: 60s"));
  EXPECT_EQ(gateway.admin("POST", "/reload").status(), 200U);
  EXPECT_EQ(gateway.state("shop%2Fcareful"), "open");
  gateway.rewrite(config_of(shop, "deadline: 60s"));
  EXPECT_EQ(gateway.admin("POST", "/reload").status(), 200U);
  EXPECT_EQ(gateway.admin("GET", "/circuit-breakers/shop%2Fcareful").status(), 404U);
  EXPECT_EQ(gateway.get("/pay").status(), 503U);
  EXPECT_EQ(gateway.get("/").body, "hello");
}

TEST(GatewayRoutePolicy, AReloadThatTakesItAwayLeavesTheServiceItsConnections) {
  Shop shop;
  const GatewayProcess gateway{config_of(shop)};
  EXPECT_EQ(gateway.get("/pay").status(), 503U);
  std::string plain = config_of(shop);
  plain.erase(plain.find(", {prefix: /pay, policy: careful}"), 33);
  gateway.rewrite(plain);
  EXPECT_EQ(gateway.admin("POST", "/reload").status(), 200U);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(gateway.get("/").body, "hello");
  EXPECT_EQ(gateway.admin("GET", "/circuit-breakers/shop%2Fcareful").status(), 404U);
}

TEST(GatewayRoutePolicy, MetricsAndStatusTellOfIt) {
  Shop shop;
  const GatewayProcess gateway{
      config_of(shop, "bulkhead: {max_concurrent: 5}, " + std::string{opens_after_four})};
  open_for_pay(gateway);
  const std::string metrics = gateway.admin("GET", "/metrics").body;
  EXPECT_NE(metrics.find("circuit_breaker_state_code{circuit=\"shop/careful\"} 2"), std::string::npos);
  EXPECT_NE(metrics.find("switchgear_bulkhead_in_use{service=\"shop/careful\"}"), std::string::npos);
  const auto services = boost::json::parse(gateway.admin("GET", "/status").body).at("services").as_object();
  EXPECT_EQ(services.size(), 1U);
  EXPECT_EQ(services.at("shop").at("requests").at("5xx"), 4);
}

TEST(GatewayRoutePolicy, RecordsHowLongItsCallsTookForItsBreakerAndTheServices) {
  Shop shop;
  const GatewayProcess gateway{config_of(shop)};
  open_for_pay(gateway);
  const std::string metrics = gateway.admin("GET", "/metrics").body;
  for (const char* line :
       {"circuit_breaker_call_duration_seconds_count{circuit=\"shop\",result=\"success\"} 10\n",
        "circuit_breaker_call_duration_seconds_count{circuit=\"shop\",result=\"failure\"} 4\n",
        "circuit_breaker_call_duration_seconds_count{circuit=\"shop/careful\",result=\"success\"} 0\n",
        "circuit_breaker_call_duration_seconds_count{circuit=\"shop/careful\",result=\"failure\"} 4\n",
        "switchgear_call_duration_seconds_count{service=\"shop\",result=\"failure\"} 4\n"})
    EXPECT_NE(metrics.find(line), std::string::npos) << line;
}

TEST(GatewayRoutePolicy, StatusShowsWhatThePolicyOfRoutesDoesBesideTheServices) {
  Shop shop;
  const GatewayProcess gateway{config_of(shop,
                                         "bulkhead: {max_concurrent: 5}, retry: {max_attempts: 2, base: 1ms}",
                                         "bulkhead: {max_concurrent: 7}")};
  EXPECT_EQ(gateway.get("/pay").status(), 503U);
  const auto shown = boost::json::parse(gateway.admin("GET", "/status").body).at("services").at("shop");
  EXPECT_EQ(shown.at("bulkhead").at("max_concurrent"), 7);
  EXPECT_EQ(shown.at("bulkhead").at("admitted"), 0);
  EXPECT_FALSE(shown.as_object().contains("retry"));
  const auto& all = shown.at("route_policies").as_object();
  ASSERT_EQ(all.size(), 1U);
  const auto& careful = all.at("careful");
  EXPECT_TRUE(careful.at("circuit").is_null());
  EXPECT_EQ(careful.at("bulkhead").at("max_concurrent"), 5);
  EXPECT_EQ(careful.at("bulkhead").at("admitted"), 1);
  EXPECT_EQ(careful.at("retry").at("retries"), 1);
}

TEST(GatewayRoutePolicy, StatusNamesItsBreakerAndForgetsItWithTheReloadThatTakesItAway) {
  Shop shop;
  const GatewayProcess gateway{config_of(shop)};
  const auto shown = [&] {
    return boost::json::parse(gateway.admin("GET", "/status").body).at("services").at("shop").as_object();
  };
  EXPECT_EQ(shown().at("route_policies").at("careful").at("circuit"), "shop/careful");
  std::string plain = config_of(shop);
  plain.erase(plain.find(", {prefix: /pay, policy: careful}"), 33);
  gateway.rewrite(plain);
  EXPECT_EQ(gateway.admin("POST", "/reload").status(), 200U);
  EXPECT_FALSE(shown().contains("route_policies"));
}

}  // namespace
}  // namespace switchgear::wire
