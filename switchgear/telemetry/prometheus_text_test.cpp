#include "switchgear/telemetry/prometheus_text.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

#include "switchgear/observe/manual_breakers_fixture.hpp"
#include "switchgear/registry/policy_registry.hpp"
#include "switchgear/telemetry/breaker_metrics.hpp"
#include "switchgear/telemetry/promtool_fixture.hpp"

namespace switchgear::telemetry {
namespace {

using namespace std::chrono_literals;

TEST(PrometheusText, IsOneLineFromARegistry) {
  ManualBreakers breakers;
  breakers.fail("payment", 4);
  const std::string text = prometheus_text(breakers.registry, breakers.now);
  expect_line(text, R"(circuit_breaker_state{circuit="payment",state="open"} 1)");
  expect_line(text, R"(circuit_breaker_calls_total{circuit="payment",result="failure"} 4)");
  EXPECT_EQ(text.find("duration_seconds"), std::string::npos) << "a registry has no durations";
  expect_promtool_accepts(text);
  BreakerRegistry fresh{{std::chrono::steady_clock::now(), std::chrono::system_clock::now()}, 1};
  EXPECT_EQ(prometheus_text(fresh), "");
}

TEST(PrometheusText, IsReadableThoughOneNameIsNotUtf8) {
  ManualBreakers breakers;
  breakers.add("tenant \xff");
  breakers.add("payment");
  const std::string text = prometheus_text(breakers.registry, breakers.now);
  expect_line(text, "circuit_breaker_state_code{circuit=\"tenant \xef\xbf\xbd\"} 0");
  expect_line(text, R"(circuit_breaker_state_code{circuit="payment"} 0)");
  expect_promtool_accepts(text);
}

TEST(PrometheusText, HasEveryPolicyOfARegistryWithItsTags) {
  const TimePoint now{1h};
  PolicyRegistry registry{{now, {}}, 1};
  (void)registry.breakers().get_or_create("shop", {.consecutive_failures = 3}, now);
  const auto retry = registry.add(std::make_shared<Retry>("shop", RetryOptions{}), {{"team", "web"}});
  (void)registry.add(std::make_shared<Bulkhead>("shop"), {{"policy", "a label that is ours"}});
  Retry::Progress progress;
  (void)retry->next_attempt(progress, Outcome::failure(FailureType::timeout, 1s), now, TimePoint::max());
  const std::string text = prometheus_text(registry, now);
  expect_line(text,
              R"(switchgear_policy_total{kind="retry",policy="shop",what="retries",of="",tag_team="web"} 1)");
  expect_line(text, R"(circuit_breaker_state_code{circuit="shop"} 0)");
  EXPECT_NE(text.find(R"({kind="bulkhead",policy="shop",what=)"), std::string::npos) << text;
  EXPECT_EQ(text.find(R"(kind="circuit_breaker")"), std::string::npos)
      << "breakers have families of their own";
  expect_promtool_accepts(text);
  expect_line(prometheus_text(registry), R"(circuit_breaker_state_code{circuit="shop"} 0)");
}

TEST(PrometheusText, TakesFamiliesThatAProgramAdds) {
  ManualBreakers breakers;
  breakers.add("payment");
  MetricFamilies families;
  add_breakers(families, breakers.registry, breakers.now);
  families.counter("shop_orders_total", "Orders taken.", {{"country", "nz"}}, std::uint64_t{12});
  families.gauge("shop_load_ratio", "Load of the kitchen.", {}, 0.25);
  const std::string text = prometheus_text(families);
  expect_line(text, "# TYPE shop_orders_total counter");
  expect_line(text, R"(shop_orders_total{country="nz"} 12)");
  expect_line(text, "shop_load_ratio 0.25");
  expect_line(text, R"(circuit_breaker_state_code{circuit="payment"} 0)");
  expect_promtool_accepts(text);
}

TEST(PrometheusText, CountsInAnyWholeTypeOrInSeconds) {
  MetricFamilies families;
  families.counter("shop_orders_total", "Orders taken.", {{"country", "nz"}}, 12);
  families.counter("shop_bytes_total", "Bytes received.", {}, std::size_t{1} << 20);
  families.counter("shop_busy_seconds_total", "Time spent cooking.", {}, 0.5);
  const std::string text = prometheus_text(families);
  expect_line(text, R"(shop_orders_total{country="nz"} 12)");
  expect_line(text, "shop_bytes_total 1048576");
  expect_line(text, "shop_busy_seconds_total 0.5");
}

TEST(PrometheusText, ShowsSamplesOfOneNameUnderOneHeadingWhoeverAddsThem) {
  MetricFamilies families;
  families.counter("shop_orders_total", "Orders taken.", {{"country", "nz"}}, std::uint64_t{1});
  families.gauge("shop_load_ratio", "Load of the kitchen.", {}, 0.25);
  families.counter("shop_orders_total", "Orders.", {{"country", "fi"}}, std::uint64_t{2});
  EXPECT_EQ(prometheus_text(families),
            "# HELP shop_orders_total Orders taken.\n"
            "# TYPE shop_orders_total counter\n"
            "shop_orders_total{country=\"nz\"} 1\n"
            "shop_orders_total{country=\"fi\"} 2\n"
            "# HELP shop_load_ratio Load of the kitchen.\n"
            "# TYPE shop_load_ratio gauge\n"
            "shop_load_ratio 0.25\n");
}

TEST(PrometheusText, AddsEachBucketToThoseBelowIt) {
  MetricFamilies families;
  families.histogram("shop_wait_seconds", "Waiting.", {}, Histogram{{0.5, 1}, {3, 0, 2}, 5, 7.5});
  const std::string text = prometheus_text(families);
  expect_line(text, R"(shop_wait_seconds_bucket{le="0.5"} 3)");
  expect_line(text, R"(shop_wait_seconds_bucket{le="1"} 3)");
  expect_line(text, R"(shop_wait_seconds_bucket{le="+Inf"} 5)");
  expect_line(text, "shop_wait_seconds_sum 7.5");
  expect_line(text, "shop_wait_seconds_count 5");
  expect_promtool_accepts(text);
}

}  // namespace
}  // namespace switchgear::telemetry
