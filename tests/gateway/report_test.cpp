// Reports and diagnoses of a real process: what an operator gets to know of a service that fails.
#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <string>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

namespace json = boost::json;

json::value answer_of(const GatewayProcess& gateway, const std::string& target) {
  const Message answer = gateway.admin("GET", target);
  EXPECT_EQ(answer.status(), 200U) << answer.body;
  return json::parse(answer.body);
}

constexpr const char* guarded =
    "  guarded:\n"
    "    timeout: 60s\n"
    "    circuit_breaker: {consecutive_failures: 3, open_duration: 1h, max_open_duration: 1h}\n"
    "    fallback: {value: {body: \"later\"}}\n"
    "history: {resolution: 1s}\n";

TEST(GatewayReport, SaysWhatAFailingServiceCostsAndWhatToDo) {
  Upstream upstream{Upstream::saying("HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n")};
  const GatewayProcess gateway{config_text(
      {{"shop", upstream.port(), "/", "guarded", ", business: {value: 2.5, currency: EUR}, capacity: 40"}},
      guarded)};
  ASSERT_TRUE(eventually([&] {  // an opening before the first sample has no failures beside it
    return !answer_of(gateway, "/history").at("circuits").as_array().empty();
  }));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(gateway.get("/").status(), 200U) << "a fallback answers";
  ASSERT_EQ(gateway.state("shop"), "open");
  ASSERT_TRUE(eventually([&] {  // until the sample that it happened in is full
    const json::value report = answer_of(gateway, "/reports/shop");
    return report.at("openings") == 1 && report.at("calls").at("refused") == 7;
  }));
  const json::value report = answer_of(gateway, "/reports/shop?since=1h");
  EXPECT_LE(report.at("health_score").to_number<int>(), 45);
  EXPECT_TRUE(report.at("mean_time_to_recovery").is_null());
  EXPECT_EQ(report.at("source"), "history");
  EXPECT_EQ(report.at("business").at("at_risk").to_number<double>(), 25);
  EXPECT_EQ(report.at("business").at("protected").to_number<double>(), 25);
  EXPECT_EQ(report.at("fallback_success_rate").to_number<double>(), 1);
  EXPECT_FALSE(report.at("time_saved").is_null());
  const json::value analysis = answer_of(gateway, "/analysis/shop");
  EXPECT_EQ(analysis.at("state"), "open");
  EXPECT_EQ(analysis.at("last_opening").at("evidence"), "consecutive_failures 3 >= 3");
  EXPECT_EQ(analysis.at("findings").at(0).at("rule"), "failing");
  EXPECT_EQ(analysis.at("findings").at(0).at("runbook"), "docs/runbooks/breaker-open.md");
  const json::value status = answer_of(gateway, "/status").at("circuit_breakers").at(0);
  EXPECT_EQ(status.at("health_score"), report.at("health_score"));
  EXPECT_TRUE(status.at("recommendation").is_string());
}

TEST(GatewayReport, RefusesWhatItDoesNotUnderstand) {
  Upstream upstream{Upstream::saying(ok())};
  const GatewayProcess gateway{config_text({{"shop", upstream.port(), "/", "guarded"}}, guarded)};
  for (const char* target :
       {"/reports/shop?since=soon", "/analysis/shop?format=xml", "/reports/shop?until=1h",
        "/dashboard-data?since=0s", "/dashboard-data?name=shop"})
    EXPECT_EQ(gateway.admin("GET", target).status(), 400U) << target;
}

TEST(GatewayReport, HasEverythingForADashboardInOneAnswer) {
  Upstream upstream{Upstream::saying("HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n")};
  const GatewayProcess gateway{config_text(
      {{"shop", upstream.port(), "/shop", "guarded"}, {"idle", upstream.port(), "/idle", "guarded"}},
      guarded)};
  for (int i = 0; i < 5; ++i) (void)gateway.get("/shop");
  ASSERT_TRUE(eventually(
      [&] { return !answer_of(gateway, "/dashboard-data").at("graphs").at("shop").as_array().empty(); }));
  ASSERT_TRUE(eventually([&] {  // the shipped rule `opened`
    return !answer_of(gateway, "/dashboard-data").at("alerts").as_array().empty();
  }));
  const json::value all = answer_of(gateway, "/dashboard-data?since=1m");
  EXPECT_EQ(all.at("summary").at("status"), "unhealthy") << "half of the breakers refuse every call";
  EXPECT_EQ(all.at("summary").at("circuit_breakers").at("open"), 1);
  EXPECT_EQ(all.at("summary").at("lowest"), "shop");
  EXPECT_EQ(all.at("summary").at("sums").at("calls"), 3);
  EXPECT_EQ(all.at("summary").at("sums").at("rejected"), 2);
  EXPECT_EQ(all.at("breakers").as_array().size(), 2U);
  EXPECT_EQ(all.at("alerts").at(0).at("circuit"), "shop");
  EXPECT_TRUE(all.at("graphs").as_object().contains("idle"));
}

TEST(GatewayReport, HasTheFiguresOfTheLastHourAsMetrics) {
  Upstream upstream{Upstream::saying("HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n")};
  const GatewayProcess gateway{config_text(
      {{"shop", upstream.port(), "/shop", "guarded", ", business: {value: 2.5, currency: EUR}, capacity: 1"},
       {"idle", upstream.port(), "/idle", "guarded"}},
      guarded)};
  ASSERT_TRUE(eventually([&] {  // an opening before the first sample has no failures beside it
    return !answer_of(gateway, "/history").at("circuits").as_array().empty();
  }));
  for (int i = 0; i < 5; ++i) (void)gateway.get("/shop");
  std::string metrics;
  const auto has = [&](const std::string& line) { return metrics.find(line + "\n") != std::string::npos; };
  EXPECT_TRUE(eventually([&] {
    metrics = gateway.admin("GET", "/metrics").body;
    return has("switchgear_circuit_fallback_success_ratio{circuit=\"shop\"} 1") &&
           has("switchgear_circuit_openings{circuit=\"shop\"} 1");
  })) << metrics;
  EXPECT_TRUE(has("switchgear_circuit_success_ratio{circuit=\"shop\"} 0"));
  EXPECT_TRUE(has("switchgear_circuit_business_at_risk{circuit=\"shop\",currency=\"EUR\"} 12.5"));
  EXPECT_TRUE(has("switchgear_circuit_health_score{circuit=\"idle\"} 100"));
  EXPECT_TRUE(has("switchgear_circuit_openings{circuit=\"idle\"} 0"));
  EXPECT_EQ(metrics.find("switchgear_circuit_success_ratio{circuit=\"idle\"}"), std::string::npos)
      << "nothing is known of it";
  const json::value report = answer_of(gateway, "/reports/shop?since=1h");
  EXPECT_TRUE(has("switchgear_circuit_cascades_prevented{circuit=\"shop\"} " +
                  std::to_string(report.at("cascades_prevented").to_number<int>())))
      << metrics;
}

TEST(GatewayReport, WritesAPageWithTheNamesItWasGivenAsText) {
  Upstream upstream{Upstream::saying(ok())};
  const GatewayProcess gateway{config_text({{"\"<b>shop\"", upstream.port(), "/", "guarded"}}, guarded)};
  EXPECT_EQ(gateway.get("/").status(), 200U);
  const Message page = gateway.admin("GET", "/reports/%3Cb%3Eshop?format=html");
  EXPECT_EQ(page.status(), 200U);
  EXPECT_EQ(page.body.find("<b>shop"), std::string::npos);
  EXPECT_NE(page.body.find("&lt;b&gt;shop"), std::string::npos);
}

TEST(GatewayReport, KnowsNoCircuitOfAServiceWithoutABreaker) {
  Upstream upstream{Upstream::saying(ok())};
  const GatewayProcess gateway{config_text({{"bare", upstream.port(), "/"}})};
  EXPECT_EQ(gateway.admin("GET", "/reports/bare").status(), 404U);
  EXPECT_EQ(gateway.admin("GET", "/analysis/bare").status(), 404U);
}

}  // namespace
}  // namespace switchgear::wire
