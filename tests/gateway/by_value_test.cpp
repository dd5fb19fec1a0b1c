// A breaker for each value of a header: the calls of one tenant, which fail, close the service for no
// other.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

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

TEST(GatewayByValue, ATenantsBreakerMayHaveOtherOptionsThanTheServices) {
  Shop shop;
  const GatewayProcess gateway{config_of(
      shop, ", circuit_breaker: {consecutive_failures: 2, open_duration: 1h, max_open_duration: 1h}")};
  for (int i = 0; i < 2; ++i) ASSERT_EQ(call(gateway, "bad").status(), 500U);
  EXPECT_EQ(call(gateway, "bad").status(), 503U);
  EXPECT_EQ(gateway.state("shop"), "closed") << "two failures of two calls are too few for its own rule";
  EXPECT_EQ(call(gateway, "good").status(), 200U);
}

TEST(GatewayByValue, TheServiceItselfNeedsNoBreaker) {
  Shop shop;
  const GatewayProcess gateway{config_text(
      {{.name = "shop",
        .port = shop.port(),
        .more = ", by: {header: x-tenant, circuit_breaker: {consecutive_failures: 2, open_duration: 1h, "
                "max_open_duration: 1h}}"}})};
  for (int i = 0; i < 2; ++i) ASSERT_EQ(call(gateway, "bad").status(), 500U);
  EXPECT_EQ(call(gateway, "bad").status(), 503U);
  for (int i = 0; i < 20; ++i) ASSERT_EQ(call(gateway, "bad" + std::to_string(i)).status(), 500U);
  EXPECT_EQ(call(gateway, "good").status(), 200U) << "nothing counts the calls of all";
  EXPECT_EQ(by_of(gateway).at("open"), 1);
  EXPECT_TRUE(boost::json::parse(gateway.admin("GET", "/circuit-breakers").body)
                  .at("circuit_breakers")
                  .as_array()
                  .empty());
  EXPECT_EQ(gateway.admin("POST", "/circuit-breakers/shop/by-value/reset?value=bad").status(), 200U);
  EXPECT_EQ(call(gateway, "bad").status(), 500U);
}

TEST(GatewayByValue, ARecordingTellsTenantsApartWithoutTheirNames) {
  Shop shop;
  const GatewayProcess gateway{config_text({{.name = "shop",
                                             .port = shop.port(),
                                             .more = ", by: {header: x-tenant, circuit_breaker: "
                                                     "{consecutive_failures: 2, open_duration: 1h, "
                                                     "max_open_duration: 1h}}"}})};
  ASSERT_EQ(gateway.admin("POST", "/traces?name=shop").status(), 201U) << "it has no breaker around";
  for (int i = 0; i < 2; ++i) ASSERT_EQ(call(gateway, "bad").status(), 500U);
  ASSERT_EQ(call(gateway, "bad").status(), 503U);
  ASSERT_EQ(call(gateway, "good").status(), 200U);
  ASSERT_EQ(call(gateway, "").status(), 200U);
  ASSERT_EQ(gateway.admin("POST", "/traces/shop/stop").status(), 200U);
  const std::string trace = gateway.admin("GET", "/traces/shop").body;
  EXPECT_EQ(trace.find("bad"), std::string::npos) << trace;
  std::vector<std::string> values, verdicts;
  std::istringstream lines{trace};
  for (std::string line; std::getline(lines, line);) {
    const auto call = boost::json::parse(line);
    const auto* const value = call.as_object().if_contains("value");
    values.emplace_back(value == nullptr ? "none" : std::string{value->as_string()});
    verdicts.emplace_back(call.at("verdict").as_string());
  }
  EXPECT_EQ(verdicts, (std::vector<std::string>{"failure", "failure", "refused", "success", "success"}))
      << trace;
  ASSERT_EQ(values.size(), 5U);
  EXPECT_EQ(values[0].size(), 16U);
  EXPECT_EQ(values[1], values[0]);
  EXPECT_EQ(values[2], values[0]);
  EXPECT_NE(values[3], values[0]);
  EXPECT_EQ(values[4], "none");
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

std::string circuit_in(const Message& answer) {
  return std::string{boost::json::parse(answer.body).at("circuit").as_string()};
}

std::string of_value(const std::string& value, const std::string& command = {}) {
  return "/circuit-breakers/shop/by-value" + (command.empty() ? command : "/" + command) + "?value=" + value;
}

TEST(GatewayByValue, AnOperatorCommandsTheBreakerOfOneValueAndOfNoOther) {
  Shop shop;
  const GatewayProcess gateway{config_of(shop, "")};
  for (const char* tenant : {"acme", "globex"}) ASSERT_EQ(call(gateway, tenant).status(), 200U);
  const auto forced = gateway.admin("POST", of_value("acme", "force-open"));
  ASSERT_EQ(forced.status(), 200U) << forced.body;
  EXPECT_EQ(boost::json::parse(forced.body).at("circuit"), "shop/x-tenant=acme");
  EXPECT_EQ(boost::json::parse(forced.body).at("state"), "forced_open");
  EXPECT_EQ(call(gateway, "acme").status(), 503U);
  EXPECT_EQ(call(gateway, "globex").status(), 200U);
  EXPECT_EQ(gateway.state("shop"), "closed");
  EXPECT_TRUE(gateway.logs("admin: force-open of \"shop/x-tenant=acme\" by 127.0.0.1: done"));
  for (const auto& [command, state] : {std::pair{"disable", "disabled"},
                                       {"metrics-only", "closed"},
                                       {"force-close", "closed"},
                                       {"reset", "closed"}}) {
    EXPECT_EQ(gateway.admin("POST", of_value("acme", command)).status(), 200U) << command;
    const auto seen = boost::json::parse(gateway.admin("GET", of_value("acme")).body);
    EXPECT_EQ(seen.at("state"), state) << command;
    EXPECT_EQ(seen.at("mode"), std::string{command} == "metrics-only" ? "metrics_only" : "normal");
  }
  EXPECT_EQ(call(gateway, "acme").status(), 200U);
}

TEST(GatewayByValue, ACommandNeedsAValueThatHasABreaker) {
  Shop shop;
  const GatewayProcess gateway{config_of(shop, "")};
  ASSERT_EQ(call(gateway, "acme").status(), 200U);
  for (const char* command : {"force-open", "force-close", "reset", "disable", "metrics-only"}) {
    const auto unknown = gateway.admin("POST", of_value("stranger", command));
    EXPECT_EQ(unknown.status(), 404U) << command;
    EXPECT_EQ(boost::json::parse(unknown.body).at("circuit"), "shop/x-tenant=stranger");
    EXPECT_EQ(gateway.admin("POST", of_value("", command)).status(), 400U) << command;
    const std::string without = of_value("", command);
    EXPECT_EQ(gateway.admin("POST", without.substr(0, without.find('?'))).status(), 400U) << command;
  }
  EXPECT_EQ(gateway.admin("GET", of_value("stranger")).status(), 404U);
  EXPECT_EQ(gateway.admin("GET", of_value("")).status(), 400U);
  EXPECT_EQ(gateway.admin("GET", "/circuit-breakers/other/by-value?value=acme").status(), 404U);
  EXPECT_EQ(gateway.state("shop"), "closed") << "the breaker of all values was not meant";
  EXPECT_EQ(by_of(gateway).at("values"), 1) << "a command makes no breaker";
}

TEST(GatewayByValue, AServiceWithoutBreakersByValueSaysSo) {
  Shop shop;
  const GatewayProcess gateway{config_text({{.name = "shop", .port = shop.port()}})};
  const auto answer = gateway.admin("POST", of_value("acme", "reset"));
  EXPECT_EQ(answer.status(), 404U);
  EXPECT_NE(answer.body.find("does not have breakers by value"), std::string::npos) << answer.body;
}

TEST(GatewayByValue, ACommandReachesValuesWithOddCharacters) {
  Shop shop;
  const GatewayProcess gateway{config_of(shop, "")};
  // As the header has it, as the query has it, as names show it.
  const std::vector<std::array<std::string, 3>> odd{{"a b&c=d+e", "a%20b%26c%3Dd%2Be", "a%20b&c=d+e"},
                                                    {"..", "..", ".."},
                                                    {"100%", "100%25", "100%25"},
                                                    {"a/b?c#d", "a/b?c%23d", "a/b?c#d"},
                                                    {"\xff\xfe", "%FF%FE", "%FF%FE"},
                                                    {"\xc3\xbc", "%C3%BC", "%C3%BC"}};
  for (const auto& [header, query, shown] : odd) {
    ASSERT_EQ(call(gateway, header).status(), 200U) << shown;
    const auto forced = gateway.admin("POST", of_value(query, "force-open"));
    ASSERT_EQ(forced.status(), 200U) << shown << forced.body;
    EXPECT_EQ(circuit_in(forced), "shop/x-tenant=" + shown);
    EXPECT_EQ(call(gateway, header).status(), 503U) << shown;
  }
}

TEST(GatewayByValue, ALongValueIsCommandedByWhatItsNameShows) {
  Shop shop;
  const GatewayProcess gateway{config_of(shop, "")};
  const std::string value = "bad" + std::string(500, 'x');
  open_for(gateway, value);
  const std::string circuit = circuit_in(call(gateway, value));
  const std::string known_by = circuit.substr(circuit.find('=') + 1);
  const auto reset = gateway.admin("POST", of_value(known_by, "reset"));
  ASSERT_EQ(reset.status(), 200U) << reset.body;
  EXPECT_EQ(circuit_in(reset), circuit);
  EXPECT_EQ(call(gateway, value).status(), 500U) << "it is tried again";
}

TEST(GatewayByValue, TakesNoValueOfAFieldThatDoesNotReachTheService) {
  const Shop shop;
  const GatewayProcess gateway{config_of(shop, "")};
  open_for(gateway, "bad");
  EXPECT_EQ(call(gateway, "bad").status(), 503U);
  EXPECT_EQ(gateway.get("/", "X-Tenant: bad\r\nConnection: x-tenant\r\n").status(), 200U)
      << "the service sees no tenant, and so the gateway must not either";
}

}  // namespace
}  // namespace switchgear::wire
