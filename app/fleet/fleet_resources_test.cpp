// The admin API's part about a fleet, its metrics and its lines of the log, of a gateway that finds no Redis.
#include "app/fleet/fleet_resources.hpp"

#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <string>
#include <thread>

#include "app/fleet/identity.hpp"
#include "switchgear/telemetry/prometheus_text.hpp"

namespace switchgear::fleet {
namespace {

using namespace std::chrono_literals;
using Parameters = std::map<std::string, std::string, std::less<>>;

class FleetResources : public testing::Test {
 protected:
  FleetResources() {
    CircuitBreakerOptions options;
    options.consecutive_failures = 3;
    for (const char* name : {"payment", "payment/instance"})
      breakers.push_back(registry.get_or_create(name, options, std::chrono::steady_clock::now()));
  }

  static FleetSettings nowhere() {
    FleetSettings settings;
    settings.redis = "redis://127.0.0.1:1";
    settings.name_space = "shop";
    return settings;
  }
  admin::ResourceAnswer ask(admin::Method method, const std::string& path, const std::string& name,
                            const Parameters& parameters = {}) {
    const auto found = std::find_if(resources.begin(), resources.end(), [&](const auto& each) {
      return each.method == method && each.path == path;
    });
    return found->handle({name, parameters, "", "10.0.0.9"});
  }
  admin::ResourceAnswer force(const std::string& name, const Parameters& parameters) {
    return ask(admin::Method::post, "/fleet/{name}/force-open", name, parameters);
  }
  static unsigned status(const admin::ResourceAnswer& answer) {
    if (const auto* problem = std::get_if<admin::Problem>(&answer)) return problem->status;
    return std::get<admin::Json>(answer).status;
  }
  boost::json::value fleet() { return std::get<admin::Json>(ask(admin::Method::get, "/fleet", "")).value; }
  template <class Holds>
  static bool soon(Holds holds) {
    const auto until = std::chrono::steady_clock::now() + 10s;
    while (!holds()) {
      if (std::chrono::steady_clock::now() > until) return false;
      std::this_thread::sleep_for(5ms);
    }
    return true;
  }

  std::ostringstream lines;
  spdlog::logger log{"test", std::make_shared<spdlog::sinks::ostream_sink_mt>(lines)};
  BreakerRegistry registry{{std::chrono::steady_clock::now(), std::chrono::system_clock::now()}, 0};
  std::vector<std::shared_ptr<CircuitBreaker>> breakers;
  Membership membership{registry, log, [](std::string_view name) { return name == "payment"; }};
  std::vector<admin::AddedResource> resources = fleet_resources(membership);
};

TEST_F(FleetResources, SayThatThereIsNoFleet) {
  EXPECT_EQ(status(ask(admin::Method::get, "/fleet", "")), 404U);
  EXPECT_EQ(status(force("payment", {{"for", "1m"}})), 404U);
  EXPECT_EQ(status(ask(admin::Method::post, "/fleet/{name}/release", "payment")), 404U);
}

TEST_F(FleetResources, ShowTheServicesCircuitsAndThatRedisIsAway) {
  membership.apply(nowhere());
  ASSERT_TRUE(soon([&] { return !fleet().at("circuits").as_array().empty(); }));
  const auto shown = fleet();
  EXPECT_EQ(shown.at("namespace").as_string(), "shop");
  EXPECT_FALSE(shown.at("connected").as_bool());
  ASSERT_EQ(shown.at("circuits").as_array().size(), 1U) << "breakers of instances are not shared";
  const auto& circuit = shown.at("circuits").at(0);
  EXPECT_EQ(circuit.at("circuit").as_string(), "payment");
  EXPECT_FALSE(circuit.at("fresh").as_bool());
  EXPECT_EQ(circuit.at("own").at("vote").as_string(), "abstains");
  EXPECT_TRUE(circuit.at("forced_open").is_null());
  ASSERT_TRUE(soon([&] {
    membership.look();
    return !lines.str().empty();
  }));
  EXPECT_NE(lines.str().find("fleet 'shop': no Redis (Connection refused); each process decides alone"),
            std::string::npos)
      << lines.str();
}

TEST_F(FleetResources, ForceTheCircuitOpenHereAtOnceAndReleaseIt) {
  membership.apply(nowhere());
  ASSERT_EQ(status(force("payment", {{"for", "1h"}})), 202U);
  ASSERT_TRUE(soon([&] { return breakers[0]->state() == State::forced_open; }));
  ASSERT_TRUE(soon([&] { return fleet().at("circuits").at(0).at("forced_open").is_object(); }));
  const auto forced = fleet().at("circuits").at(0).at("forced_open");
  EXPECT_EQ(forced.at("by").as_string(), "10.0.0.9");
  EXPECT_FALSE(forced.at("told_redis").as_bool());
  EXPECT_GT(forced.at("for").as_double(), 3500);
  ASSERT_EQ(status(ask(admin::Method::post, "/fleet/{name}/release", "payment")), 202U);
  EXPECT_TRUE(soon([&] { return breakers[0]->state() == State::closed; }));
}

TEST_F(FleetResources, SayWhatIsWrongWithACommand) {
  membership.apply(nowhere());
  EXPECT_EQ(status(force("payment", {})), 400U);
  EXPECT_EQ(status(force("payment", {{"for", "soon"}})), 400U);
  EXPECT_EQ(status(force("payment", {{"for", "8d"}})), 400U);
  EXPECT_EQ(status(force("payment", {{"for", "0s"}})), 400U);
  EXPECT_EQ(status(force("payment/instance", {{"for", "1m"}})), 404U) << "not a circuit of the fleet";
  EXPECT_EQ(status(ask(admin::Method::post, "/fleet/{name}/release", "other")), 404U);
}

TEST_F(FleetResources, WhatTheFleetHasForcedEndsWithTheFleet) {
  membership.apply(nowhere());
  ASSERT_EQ(status(force("payment", {{"for", "1h"}})), 202U);
  ASSERT_TRUE(soon([&] { return breakers[0]->state() == State::forced_open; }));
  membership.apply(FleetSettings{});
  EXPECT_EQ(breakers[0]->state(), State::closed);
  EXPECT_EQ(status(ask(admin::Method::get, "/fleet", "")), 404U);
}

TEST_F(FleetResources, WhatAnOperatorHasForcedOutlivesAReloadWithoutRedis) {
  membership.apply(nowhere());
  ASSERT_EQ(status(force("payment", {{"for", "1h"}})), 202U);
  ASSERT_TRUE(soon([&] { return breakers[0]->state() == State::forced_open; }));
  FleetSettings changed = nowhere();
  changed.fresh = 10s;
  membership.apply(changed);
  EXPECT_EQ(breakers[0]->state(), State::forced_open) << "not for an instant";
  ASSERT_TRUE(soon([&] {
    const auto circuits = fleet().at("circuits").as_array();
    return !circuits.empty() && circuits.at(0).at("forced_open").is_object();
  }));
  EXPECT_EQ(fleet().at("circuits").at(0).at("forced_open").at("by").as_string(), "10.0.0.9");
  changed.name_space = "another";
  membership.apply(changed);
  EXPECT_EQ(breakers[0]->state(), State::closed) << "that is another fleet";
}

TEST(FleetIdentity, IsTheSameOverRestartsAndAnotherForAnotherGateway) {
  const std::vector<std::string> addresses{"http://127.0.0.1:8080"};
  EXPECT_EQ(identity_of(addresses), identity_of(addresses));
  EXPECT_EQ(identity_of(addresses).size(), 32U);
  EXPECT_NE(identity_of(addresses), identity_of({"http://127.0.0.1:8081"}));
  EXPECT_EQ(identity_of({}), "") << "then it is random";
}

TEST_F(FleetResources, MetricsHaveOneSeriesForEachCircuit) {
  telemetry::MetricFamilies none;
  membership.add_metrics(none);
  EXPECT_EQ(telemetry::prometheus_text(none), "") << "no fleet, no metrics";
  membership.apply(nowhere());
  ASSERT_TRUE(soon([&] { return !fleet().at("circuits").as_array().empty(); }));
  telemetry::MetricFamilies families;
  membership.add_metrics(families);
  const std::string text = telemetry::prometheus_text(families);
  EXPECT_NE(text.find("switchgear_fleet_connected 0\n"), std::string::npos) << text;
  EXPECT_NE(text.find("switchgear_fleet_fresh{circuit=\"payment\"} 0\n"), std::string::npos) << text;
  EXPECT_NE(text.find("switchgear_fleet_commands_total{result=\"sent\"} 0\n"), std::string::npos) << text;
}

}  // namespace
}  // namespace switchgear::fleet
