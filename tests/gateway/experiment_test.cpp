// Shadow policies on live traffic.
#include <gtest/gtest.h>

#include <atomic>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <csignal>
#include <string>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

class GatewayExperiment : public testing::Test {
 protected:
  [[nodiscard]] std::string config(const std::string& experiment) const {
    return config_text(
        {{.name = "shop", .port = upstream.port(), .policy = "now", .more = experiment}},
        "  now: {timeout: 60s, circuit_breaker: {consecutive_failures: 1000}}\n"
        "  strict: {timeout: 60s, circuit_breaker: {consecutive_failures: 2, open_duration: 5m}}\n");
  }
  static boost::json::array experiments(const GatewayProcess& gateway) {
    return boost::json::parse(gateway.admin("GET", "/experiments").body).at("experiments").as_array();
  }
  static bool knows(const GatewayProcess& gateway, int calls) {
    return eventually([&] {
      const auto all = experiments(gateway);
      return !all.empty() && all.at(0).at("in_force").at("calls").to_number<int>() == calls;
    });
  }

  std::atomic<bool> fails{false};
  Upstream upstream{Upstream::answering([this](const Message&) {
    return fails ? std::string{"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n"} : ok("hello");
  })};
};

TEST_F(GatewayExperiment, AShadowDecidesAboutEveryCallAndRefusesNone) {
  GatewayProcess gateway{config(", experiment: {shadow: [strict]}")};
  for (int i = 0; i < 3; ++i) ASSERT_EQ(gateway.get("/").status(), 200U);
  fails = true;
  for (int i = 0; i < 4; ++i) ASSERT_EQ(gateway.get("/").status(), 500U);
  fails = false;
  for (int i = 0; i < 2; ++i) ASSERT_EQ(gateway.get("/").status(), 200U);
  ASSERT_TRUE(knows(gateway, 9));
  const auto experiment = experiments(gateway).at(0);
  EXPECT_EQ(experiment.at("service").as_string(), "shop");
  EXPECT_EQ(experiment.at("in_force").at("let_through_bad").to_number<int>(), 4);
  EXPECT_EQ(experiment.at("in_force").at("refused").to_number<int>(), 0);
  const auto& strict = experiment.at("shadows").as_array().at(0);
  EXPECT_EQ(strict.at("policy").as_string(), "strict");
  EXPECT_EQ(strict.at("let_through_bad").to_number<int>(), 2);
  EXPECT_EQ(strict.at("refused_bad").to_number<int>(), 2);
  EXPECT_EQ(strict.at("refused_good").to_number<int>(), 2);
  EXPECT_EQ(strict.at("state").as_string(), "open");
  EXPECT_EQ(gateway.state("shop"), "closed");
}

TEST_F(GatewayExperiment, ComesAndGoesWithAReload) {
  GatewayProcess gateway{config("")};
  EXPECT_TRUE(experiments(gateway).empty());
  gateway.rewrite(config(", experiment: {shadow: [strict]}"));
  ASSERT_EQ(gateway.admin("POST", "/reload").status(), 200U);
  ASSERT_EQ(gateway.get("/").status(), 200U);
  EXPECT_TRUE(knows(gateway, 1));
  gateway.rewrite(config(""));
  ASSERT_EQ(gateway.admin("POST", "/reload").status(), 200U);
  EXPECT_TRUE(experiments(gateway).empty());
  EXPECT_EQ(gateway.get("/").status(), 200U);
}

TEST_F(GatewayExperiment, OfAServiceThatAReloadAdds) {
  GatewayProcess gateway{config_text({{"other", upstream.port(), "/other/"}})};
  gateway.rewrite(config(", experiment: {shadow: [strict]}"));
  ASSERT_EQ(gateway.admin("POST", "/reload").status(), 200U);
  ASSERT_EQ(gateway.get("/").status(), 200U);
  EXPECT_TRUE(knows(gateway, 1));
}

}  // namespace
}  // namespace switchgear::wire
