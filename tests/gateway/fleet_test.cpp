// The fleet's part of the admin API, of a gateway that finds no Redis: nothing of it waits for one. With a
// real Redis: tests/faults/fleet_test.py.
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <string>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

class GatewayFleet : public testing::Test {
 protected:
  [[nodiscard]] std::string config(const std::string& fleet) const {
    return config_text({{.name = "shop", .port = upstream.port(), .policy = "now"}},
                       "  now: {timeout: 60s, circuit_breaker: {consecutive_failures: 2}}\n") +
           fleet;
  }
  static boost::json::value circuit(const GatewayProcess& gateway) {
    const auto all = boost::json::parse(gateway.admin("GET", "/fleet").body).at("circuits").as_array();
    return all.empty() ? boost::json::value{} : all.at(0);
  }

  Upstream upstream{Upstream::answering([](const Message&) { return ok("hello"); })};
  const std::string nowhere = "fleet: {redis: \"redis://127.0.0.1:1\", namespace: test}\n";
};

TEST_F(GatewayFleet, ServesAsEverWithoutRedisAndSaysSo) {
  GatewayProcess gateway{config(nowhere)};
  EXPECT_EQ(gateway.get("/").status(), 200U);
  EXPECT_TRUE(gateway.logs("fleet 'test': no Redis (Connection refused)"));
  const auto fleet = boost::json::parse(gateway.admin("GET", "/fleet").body);
  EXPECT_FALSE(fleet.at("connected").as_bool());
  EXPECT_EQ(fleet.at("namespace").as_string(), "test");
  ASSERT_TRUE(eventually([&] { return circuit(gateway).is_object(); }));
  EXPECT_EQ(circuit(gateway).at("circuit").as_string(), "shop");
  EXPECT_FALSE(circuit(gateway).at("fresh").as_bool());
  EXPECT_NE(gateway.admin("GET", "/metrics").body.find("switchgear_fleet_connected 0"), std::string::npos);
}

TEST_F(GatewayFleet, OperatorsCommandIsInForceAtOnceAndEndsAtItsTime) {
  GatewayProcess gateway{config(nowhere)};
  ASSERT_EQ(gateway.admin("POST", "/fleet/shop/force-open?for=2s").status(), 202U);
  ASSERT_TRUE(eventually([&] { return gateway.state("shop") == "forced_open"; }));
  EXPECT_EQ(gateway.get("/").status(), 503U);
  ASSERT_TRUE(eventually([&] { return circuit(gateway).at("forced_open").is_object(); }));
  EXPECT_FALSE(circuit(gateway).at("forced_open").at("told_redis").as_bool());
  EXPECT_TRUE(eventually([&] { return gateway.state("shop") == "closed"; }));
  ASSERT_EQ(gateway.admin("POST", "/fleet/shop/force-open?for=1h").status(), 202U);
  ASSERT_TRUE(eventually([&] { return gateway.state("shop") == "forced_open"; }));
  ASSERT_EQ(gateway.admin("POST", "/fleet/shop/release").status(), 202U);
  EXPECT_TRUE(eventually([&] { return gateway.state("shop") == "closed"; }));
}

TEST_F(GatewayFleet, WrongCommandsAreToldWhy) {
  GatewayProcess gateway{config(nowhere)};
  EXPECT_EQ(gateway.admin("POST", "/fleet/shop/force-open").status(), 400U);
  EXPECT_EQ(gateway.admin("POST", "/fleet/shop/force-open?for=soon").status(), 400U);
  EXPECT_EQ(gateway.admin("POST", "/fleet/shop/force-open?for=8d").status(), 400U);
  EXPECT_EQ(gateway.admin("POST", "/fleet/other/force-open?for=1m").status(), 404U);
  EXPECT_EQ(gateway.admin("POST", "/fleet/other/release").status(), 404U);
}

TEST_F(GatewayFleet, ComesAndGoesWithAReload) {
  GatewayProcess gateway{config("")};
  EXPECT_EQ(gateway.admin("GET", "/fleet").status(), 404U);
  gateway.rewrite(config(nowhere));
  ASSERT_EQ(gateway.admin("POST", "/reload").status(), 200U);
  ASSERT_EQ(gateway.admin("GET", "/fleet").status(), 200U);
  ASSERT_EQ(gateway.admin("POST", "/fleet/shop/force-open?for=1h").status(), 202U);
  ASSERT_TRUE(eventually([&] { return gateway.state("shop") == "forced_open"; }));
  gateway.rewrite(config(""));
  ASSERT_EQ(gateway.admin("POST", "/reload").status(), 200U);
  EXPECT_EQ(gateway.admin("GET", "/fleet").status(), 404U);
  EXPECT_EQ(gateway.state("shop"), "closed") << "what the fleet has forced ends with the fleet";
}

}  // namespace
}  // namespace switchgear::wire
