// A breaker with levels between real sockets: what a dead service still gets, and how clients are answered.
#include <gtest/gtest.h>

#include <atomic>
#include <boost/json/parse.hpp>
#include <string>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

/// Opens when 2 of 4 calls fail; above 60 % at the next level. `critical` and `more` are further keys.
std::string leveled(std::uint16_t port, const std::string& warning, const std::string& critical,
                    const std::string& more = "") {
  return config_text(
      {{"payment", port, "/", "stepped"}},
      "  stepped:\n    timeout: 60s\n" + more +
          "    circuit_breaker:\n"
          "      window: {type: count, size: 10}\n      minimum_calls: 4\n      failure_rate: 0.5\n"
          "      half_open: {permitted_calls: 1}\n"
          "      levels:\n        warning: {" +
          warning + "}\n        critical: {" + critical +
          "}\n        emergency: {open_duration: 120s}\n        escalate_above: 0.6\n");
}

struct Dependency {
  std::atomic<bool> healthy{false};
  std::atomic<int> calls{0};
  Upstream upstream{Upstream::answering([this](const Message&) {
    ++calls;
    return healthy ? ok() : std::string{"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"};
  })};
};

std::string level_of(const GatewayProcess& gateway) {
  return std::string{gateway.breaker("payment").at("level").at("name").as_string()};
}

TEST(GatewayLevels, ADeadServiceGetsNoFurtherCallWhenItsBreakerEscalates) {
  Dependency payment;
  const GatewayProcess gateway{leveled(payment.upstream.port(), "open_duration: 60s", "open_duration: 90s")};
  for (int i = 0; i < 30; ++i) static_cast<void>(gateway.get("/"));
  EXPECT_EQ(payment.calls, 4) << "as many as it takes to open, and none for the next level";
  EXPECT_EQ(gateway.state("payment"), "open");
  EXPECT_EQ(level_of(gateway), "critical");
  const boost::json::value level = gateway.breaker("payment").at("level");
  EXPECT_EQ(level.at("service").as_string(), "degraded");
  EXPECT_EQ(level.at("escalations").to_number<int>(), 1);
  EXPECT_EQ(level.at("in_force").at("open_duration").to_number<double>(), 90);
  EXPECT_EQ(level.at("last_change").at("text").as_string(),
            "goes from warning to critical: 4 of 4 failed, 100% is above 60%");
  EXPECT_TRUE(gateway.logs("breaker 'payment': goes from warning to critical: 4 of 4 failed"));
  const std::string metrics = gateway.admin("GET", "/metrics").body;
  EXPECT_NE(metrics.find("switchgear_circuit_breaker_level{circuit=\"payment\"} 2"), std::string::npos);
  EXPECT_NE(metrics.find("switchgear_circuit_breaker_escalations_total{circuit=\"payment\"} 1"),
            std::string::npos);
}

TEST(GatewayLevels, ARefusalSaysTheLevel) {
  Dependency payment;
  const GatewayProcess gateway{leveled(payment.upstream.port(), "open_duration: 60s", "open_duration: 90s")};
  for (int i = 0; i < 4; ++i) EXPECT_EQ(gateway.get("/").status(), 500U);
  const Message refused = gateway.get("/");
  EXPECT_EQ(refused.status(), 503U);
  const boost::json::value problem = boost::json::parse(refused.body);
  EXPECT_EQ(problem.at("level").as_string(), "critical");
  EXPECT_EQ(problem.at("service_level").as_string(), "degraded");
  EXPECT_GT(problem.at("retry_after_ms").to_number<double>(), 60'000);
}

TEST(GatewayLevels, RefusedCallsAreAnsweredAsTheLevelSays) {
  Dependency payment;
  const GatewayProcess gateway{leveled(payment.upstream.port(), "open_duration: 60s",
                                       "open_duration: 90s, answer: {status: 200, body: '{\"reduced\": "
                                       "true}', content_type: application/json}")};
  for (int i = 0; i < 4; ++i) EXPECT_EQ(gateway.get("/").status(), 500U) << "a failure is no refusal";
  const Message instead = gateway.get("/");
  EXPECT_EQ(instead.status(), 200U);
  EXPECT_EQ(instead.body, "{\"reduced\": true}");
  EXPECT_EQ(instead.field("content-type"), "application/json");
  EXPECT_EQ(instead.field("x-switchgear-source"), "fallback");
  EXPECT_EQ(payment.calls, 4);
}

TEST(GatewayLevels, ALevelWithoutAnAnswerGetsThatOfTheFallback) {
  Dependency payment;
  const GatewayProcess gateway{leveled(payment.upstream.port(), "open_duration: 60s, answer: {body: full}",
                                       "open_duration: 90s", "    fallback: {value: {body: usual}}\n")};
  for (int i = 0; i < 4; ++i) EXPECT_EQ(gateway.get("/").body, "usual") << "of a failure";
  EXPECT_EQ(level_of(gateway), "critical");
  EXPECT_EQ(gateway.get("/").body, "usual");
}

TEST(GatewayLevels, ComesDownByItselfOnceItHasBeenCalm) {
  Dependency payment;
  const GatewayProcess gateway{
      leveled(payment.upstream.port(), "open_duration: 10ms", "open_duration: 50ms, calm: 50ms")};
  for (int i = 0; i < 4; ++i) static_cast<void>(gateway.get("/"));
  EXPECT_EQ(level_of(gateway), "critical");
  payment.healthy = true;
  EXPECT_TRUE(eventually([&] { return gateway.get("/").status() == 200; }));
  EXPECT_TRUE(eventually([&] { return level_of(gateway) == "warning"; })) << "without a further call";
  const boost::json::value level = gateway.breaker("payment").at("level");
  EXPECT_EQ(level.at("last_change").at("cause").as_string(), "calm");
  EXPECT_EQ(level.at("descents").to_number<int>(), 1);
}

TEST(GatewayLevels, AnswersChangeWithTheFileAndTheBreakerStays) {
  Dependency payment;
  const auto file = [&](const std::string& body) {
    return leveled(payment.upstream.port(), "open_duration: 60s",
                   "open_duration: 90s, answer: {body: " + body + "}");
  };
  const GatewayProcess gateway{file("first")};
  for (int i = 0; i < 4; ++i) static_cast<void>(gateway.get("/"));
  EXPECT_EQ(gateway.get("/").body, "first");
  gateway.rewrite(file("second"));
  EXPECT_TRUE(eventually([&] { return gateway.get("/").body == "second"; }));
  EXPECT_EQ(level_of(gateway), "critical");
  EXPECT_EQ(payment.calls, 4);
}

}  // namespace
}  // namespace switchgear::wire
