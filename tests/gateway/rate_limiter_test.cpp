// Calls per second: which calls are refused, with which answer, and which wait.
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <cstdlib>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

std::string limited(std::uint16_t port, const std::string& limiter) {
  return config_text({{"shop", port, "/", "slowly"}}, "  slowly: {rate_limiter: {" + limiter + "}}\n");
}

TEST(GatewayRateLimiter, Answers429WithTheTimeOfTheNextToken) {
  Upstream upstream{Upstream::saying(ok())};
  const GatewayProcess gateway{limited(upstream.port(), "rate: 0.01, burst: 2")};
  EXPECT_EQ(gateway.get("/").status(), 200U);
  EXPECT_EQ(gateway.get("/").status(), 200U);
  const Message refused = gateway.get("/");
  EXPECT_EQ(refused.status(), 429U);
  EXPECT_EQ(refused.field("content-type"), "application/problem+json");
  EXPECT_EQ(refused.field("cache-control"), "no-store");
  EXPECT_NE(refused.field("proxy-status").find("switchgear; error="), std::string::npos);
  const auto problem = boost::json::parse(refused.body);
  EXPECT_EQ(problem.at("reason").as_string(), "rate_limited");
  EXPECT_EQ(problem.at("status").to_number<int>(), 429);
  const double milliseconds = problem.at("retry_after_ms").to_number<double>();
  EXPECT_GT(milliseconds, 50'000);
  EXPECT_LE(milliseconds, 100'000);
  EXPECT_EQ(std::strtol(refused.field("retry-after").c_str(), nullptr, 10),
            static_cast<long>((milliseconds + 999) / 1000))
      << "whole seconds, rounded up";
  EXPECT_NE(gateway.admin("GET", "/metrics")
                .body.find("switchgear_rate_limiter_calls_total{service=\"shop\",result=\"rejected\"} 1"),
            std::string::npos);
}

TEST(GatewayRateLimiter, MakesCallersWaitForAsLongAsTheyMay) {
  Upstream upstream{Upstream::saying(ok())};
  const GatewayProcess gateway{limited(upstream.port(), "rate: 5, burst: 1, max_wait: 10s")};
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(gateway.get("/").status(), 200U);
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds{390});
}

TEST(GatewayRateLimiter, KeepsItsBucketAcrossReloadsAlsoWhenTheyChangeIt) {
  Upstream upstream{Upstream::saying(ok())};
  const std::string config = limited(upstream.port(), "rate: 0.01, burst: 1");
  const GatewayProcess gateway{config};
  EXPECT_EQ(gateway.get("/").status(), 200U);
  gateway.rewrite(config + "# the same policies\n");
  EXPECT_EQ(gateway.admin("POST", "/reload").status(), 200U);
  EXPECT_EQ(gateway.get("/").status(), 429U);
  gateway.rewrite(limited(upstream.port(), "rate: 0.01, burst: 2"));
  EXPECT_EQ(gateway.admin("POST", "/reload").status(), 200U);
  EXPECT_EQ(gateway.get("/").status(), 429U) << "a larger bucket fills at its rate";
  gateway.rewrite(limited(upstream.port(), "rate: 1000, burst: 2"));
  EXPECT_EQ(gateway.admin("POST", "/reload").status(), 200U);
  EXPECT_TRUE(eventually([&] { return gateway.get("/").status() == 200U; })) << "at the new rate";
}

}  // namespace
}  // namespace switchgear::wire
