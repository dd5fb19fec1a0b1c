// A breaker for each value of a header: the calls of one tenant, which fail, close the service for no
// other.
#include <gtest/gtest.h>

#include <atomic>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <string>
#include <thread>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

using namespace std::chrono_literals;

/// A service that has no answer for some of its tenants.
class Shop {
 public:
  std::atomic<int> calls{0};
  [[nodiscard]] std::uint16_t port() const { return upstream_.port(); }

 private:
  Upstream upstream_{Upstream::answering([this](const Message& request) {
    ++calls;
    const bool bad = request.has("x-tenant") && request.field("x-tenant").starts_with("bad");
    return bad ? std::string{"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n"} : ok("hello");
  })};
};

/// The service's breaker sees half of the calls fail only if most are of bad tenants.
std::string config_of(const Shop& shop, const std::string& by, const std::string& more = "") {
  return config_text({{.name = "shop",
                       .port = shop.port(),
                       .policy = "careful",
                       .more = ", by: {header: X-Tenant" + by + "}"}},
                     "  careful: {timeout: 60s, circuit_breaker: {window: {type: count, size: 1000}, "
                     "failure_rate: 0.5, minimum_calls: 4, open_duration: 1h, max_open_duration: 1h}" +
                         more + "}\n");
}

Message call(const GatewayProcess& gateway, const std::string& tenant) {
  return gateway.get("/", tenant.empty() ? "" : "X-Tenant: " + tenant + "\r\n");
}

/// So that the service's own breaker has something good to remember.
void open_for(const GatewayProcess& gateway, const std::string& tenant) {
  for (int i = 0; i < 10; ++i) ASSERT_EQ(call(gateway, "").status(), 200U);
  for (int i = 0; i < 4; ++i) ASSERT_EQ(call(gateway, tenant).status(), 500U);
}

boost::json::value by_of(const GatewayProcess& gateway) {
  return boost::json::parse(gateway.admin("GET", "/status").body).at("services").at("shop").at("by");
}

TEST(GatewayByValue, TheBreakerOpensForTheTenantThatFailsAndForNoOther) {
  Shop shop;
  const GatewayProcess gateway{config_of(shop, "")};
  open_for(gateway, "bad");
  const int calls = shop.calls;
  const Message refused = call(gateway, "bad");
  EXPECT_EQ(refused.status(), 503U);
  EXPECT_EQ(shop.calls, calls);
  const auto problem = boost::json::parse(refused.body);
  EXPECT_EQ(problem.at("service"), "shop");
  EXPECT_EQ(problem.at("circuit"), "shop/x-tenant=bad");
  EXPECT_EQ(problem.at("state"), "open");
  EXPECT_EQ(problem.at("reason"), "open");
  const int seconds = std::stoi(refused.field("retry-after"));
  EXPECT_GT(seconds, 3'000);
  EXPECT_LE(seconds, 3'600);
  EXPECT_EQ(call(gateway, "good").status(), 200U);
  EXPECT_EQ(call(gateway, "").status(), 200U);
  EXPECT_EQ(gateway.state("shop"), "closed");
}

TEST(GatewayByValue, StatusMetricsLogAndEventsTellOfIt) {
  Shop shop;
  const GatewayProcess gateway{config_of(shop, ", max: 50, idle: 5m")};
  open_for(gateway, "bad");
  (void)call(gateway, "bad");
  (void)call(gateway, "good");
  const auto by = by_of(gateway);
  EXPECT_EQ(by.at("header"), "x-tenant");
  EXPECT_EQ(by.at("values"), 2);
  EXPECT_EQ(by.at("max"), 50);
  EXPECT_EQ(by.at("open"), 1);
  EXPECT_EQ(by.at("rejected"), 1);
  ASSERT_EQ(by.at("opened").as_array().size(), 1U);
  EXPECT_EQ(by.at("opened").at(0).at("circuit"), "shop/x-tenant=bad");
  EXPECT_EQ(by.at("opened").at(0).at("state"), "open");
  EXPECT_EQ(by.at("opened").at(0).at("failures"), 4);
  const std::string metrics = gateway.admin("GET", "/metrics").body;
  const std::string labels = "{service=\"shop\",header=\"x-tenant\"} ";
  EXPECT_NE(metrics.find("switchgear_value_breakers" + labels + "2"), std::string::npos);
  EXPECT_NE(metrics.find("switchgear_value_breakers_open" + labels + "1"), std::string::npos);
  EXPECT_NE(metrics.find("switchgear_value_breakers_rejected_total" + labels + "1"), std::string::npos);
  EXPECT_EQ(metrics.find("shop/x-tenant=bad"), std::string::npos) << "no value is a label";
  EXPECT_TRUE(gateway.logs("breaker 'shop/x-tenant=bad': closed -> open by failure_rate"));
}

TEST(GatewayByValue, ARequestWithoutTheHeaderOrWithTwoOfThemHasOnlyTheServicesBreaker) {
  Shop shop;
  const GatewayProcess gateway{config_of(shop, "")};
  open_for(gateway, "bad");
  EXPECT_EQ(gateway.get("/", "X-Tenant: bad\r\nX-Tenant: bad\r\n").status(), 500U);
  EXPECT_EQ(gateway.get("/", "X-Tenant:\r\n").status(), 200U);
  EXPECT_EQ(by_of(gateway).at("values"), 1);
}

TEST(GatewayByValue, ANameThatAStrangerWroteIsShownAsVisibleText) {
  Shop shop;
  const GatewayProcess gateway{config_of(shop, "")};
  const std::string evil = "bad\" \\\xff{%0a}";
  open_for(gateway, evil);
  const Message refused = call(gateway, evil);
  ASSERT_EQ(refused.status(), 503U);
  EXPECT_EQ(boost::json::parse(refused.body).at("circuit"), "shop/x-tenant=bad\"%20\\%FF{%250a}");
  EXPECT_EQ(by_of(gateway).at("opened").at(0).at("circuit"), "shop/x-tenant=bad\"%20\\%FF{%250a}");
  EXPECT_TRUE(gateway.logs("shop/x-tenant=bad\"%20\\%FF{%250a}"));
}

TEST(GatewayByValue, ALongNameIsCutAndStillToldApart) {
  Shop shop;
  const GatewayProcess gateway{config_of(shop, "")};
  const std::string long_name = "bad" + std::string(5'000, 'x');
  open_for(gateway, long_name + "1");
  const Message refused = call(gateway, long_name + "1");
  ASSERT_EQ(refused.status(), 503U);
  EXPECT_LT(refused.body.size(), 1'000U);
  EXPECT_EQ(call(gateway, long_name + "2").status(), 500U);
}

TEST(GatewayByValue, ThousandsOfTenantsNeitherPassTheBoundNorEvictOneInTrouble) {
  Shop shop;
  const GatewayProcess gateway{config_of(shop, ", max: 100")};
  open_for(gateway, "bad");
  for (int i = 0; i < 3'000; ++i) ASSERT_EQ(call(gateway, "t" + std::to_string(i)).status(), 200U);
  EXPECT_EQ(call(gateway, "bad").status(), 503U);
  const auto by = by_of(gateway);
  EXPECT_EQ(by.at("values"), 100);
  EXPECT_EQ(by.at("evicted"), 2'901);
}

TEST(GatewayByValue, IdleTenantsRetireThoughNobodyCalls) {
  Shop shop;
  const GatewayProcess gateway{config_of(shop, ", idle: 50ms")};
  for (int i = 0; i < 20; ++i) (void)call(gateway, "t" + std::to_string(i));
  const auto end = std::chrono::steady_clock::now() + patience;
  while (by_of(gateway).at("values") != 0 && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(10ms);
  EXPECT_EQ(by_of(gateway).at("values"), 0);
}

TEST(GatewayByValue, AReloadKeepsThemUnlessTheirOptionsChange) {
  Shop shop;
  const GatewayProcess gateway{config_of(shop, "")};
  open_for(gateway, "bad");
  gateway.rewrite(config_of(shop, "", ", deadline: 100s"));
  EXPECT_EQ(gateway.admin("POST", "/reload").status(), 200U);
  EXPECT_EQ(call(gateway, "bad").status(), 503U);
  gateway.rewrite(config_of(shop, ", max: 7"));
  EXPECT_EQ(gateway.admin("POST", "/reload").status(), 200U);
  EXPECT_EQ(call(gateway, "bad").status(), 500U);
  EXPECT_EQ(by_of(gateway).at("max"), 7);
}

TEST(GatewayByValue, ARefusalIsNotRetriedAndAFallbackStandsInForIt) {
  Shop shop;
  const GatewayProcess gateway{config_of(
      shop, "", ", retry: {max_attempts: 3, base: 1ms}, fallback: {value: {status: 200, body: \"later\"}}")};
  for (int i = 0; i < 20; ++i) ASSERT_EQ(call(gateway, "").body, "hello");
  for (int i = 0; i < 4; ++i) EXPECT_EQ(call(gateway, "bad").body, "later");
  const int calls = shop.calls;
  EXPECT_EQ(calls, 20 + 4) << "the breaker opened with the fourth attempt";
  EXPECT_EQ(call(gateway, "bad").body, "later");
  EXPECT_EQ(shop.calls, calls);
}

}  // namespace
}  // namespace switchgear::wire
