#include "switchgear/telemetry/prometheus_text.hpp"

#include <gtest/gtest.h>

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>
#include <prometheus/metric_type.h>
#include <prometheus/text_serializer.h>
#include <rapidcheck/gtest.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <variant>
#include <vector>

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

/// What prometheus-cpp makes of the same families.
std::string text_of_the_library(const MetricFamilies& families) {
  std::vector<prometheus::MetricFamily> theirs;
  for (const MetricFamily& family : families.all()) {
    prometheus::MetricFamily& made = theirs.emplace_back();
    made.name = family.name;
    made.help = family.help;
    made.type = family.kind == MetricKind::counter ? prometheus::MetricType::Counter
                : family.kind == MetricKind::gauge ? prometheus::MetricType::Gauge
                                                   : prometheus::MetricType::Histogram;
    for (const MetricSample& sample : family.samples) {
      prometheus::ClientMetric& metric = made.metric.emplace_back();
      for (const Label& label : sample.labels) metric.label.push_back({label.name, label.value});
      if (const auto* number = std::get_if<double>(&sample.value)) {
        metric.counter.value = metric.gauge.value = *number;
        continue;
      }
      const auto& histogram = std::get<Histogram>(sample.value);
      metric.histogram.sample_count = histogram.count;
      metric.histogram.sample_sum = histogram.sum;
      std::uint64_t below = 0;
      for (std::size_t i = 0; i < histogram.bounds.size(); ++i)
        metric.histogram.bucket.push_back({below += histogram.counts[i], histogram.bounds[i]});
      metric.histogram.bucket.push_back({histogram.count, std::numeric_limits<double>::infinity()});
    }
  }
  return prometheus::TextSerializer{}.Serialize(theirs);
}

/// A line before its number, and the number.
std::pair<std::string, double> split(const std::string& line) {
  const std::size_t space = line.rfind(' ');
  if (line.starts_with('#') || space == std::string::npos) return {line, 0};
  return {line.substr(0, space), std::strtod(line.c_str() + space, nullptr)};
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

RC_GTEST_PROP(PrometheusText, IsThatOfTheLibraryForAnyValuesAndLabels, ()) {
  MetricFamilies families;
  const auto labels = [] {
    Labels made;
    const auto pieces = *rc::gen::container<std::vector<std::string>>(
        rc::gen::element<std::string>("a", "\"", "\\", "\n", "\\n", "{", "}", ",", "=", " ", "ü", "le"));
    for (std::size_t i = 0; i < std::min<std::size_t>(pieces.size(), 3); ++i)
      made.push_back({"label_" + std::to_string(i), pieces[i] + pieces.back()});
    return made;
  };
  const int count = *rc::gen::inRange(1, 6);
  for (int i = 0; i < count; ++i) {
    families.gauge("shop_load", "Load.", labels(), *rc::gen::arbitrary<double>());
    families.counter("shop_orders_total", "Orders.", labels(), *rc::gen::arbitrary<std::uint32_t>());
    const auto some =
        *rc::gen::container<std::vector<std::uint64_t>>(4, rc::gen::inRange<std::uint64_t>(0, 9));
    families.histogram("shop_wait_seconds", "Waiting.", labels(),
                       Histogram{{0.001, 0.5, 60}, some, some[0] + some[1] + some[2] + some[3], 0.1 * i});
  }
  const std::vector<std::string> ours = lines_of(prometheus_text(families));
  const std::vector<std::string> theirs = lines_of(text_of_the_library(families));
  RC_ASSERT(ours.size() == theirs.size());
  for (std::size_t i = 0; i < ours.size(); ++i) {
    const auto [series, number] = split(ours[i]);
    const auto [their_series, their_number] = split(theirs[i]);
    RC_ASSERT(series == their_series);
    RC_ASSERT(std::abs(number - their_number) <= 1e-14 * std::abs(number));
  }
}

TEST(PrometheusText, WritesEveryNumberSoThatTheSameIsRead) {
  MetricFamilies families;
  const std::vector<double> numbers{0, -0.0, 0.1, 1e300, 5e-324, 1234567890123456.0, 1e21, -1.5, 3};
  for (const double number : numbers) families.gauge("shop_load", "Load.", {}, number);
  const std::vector<std::string> lines = lines_of(prometheus_text(families));
  for (std::size_t i = 0; i < numbers.size(); ++i) EXPECT_EQ(split(lines[i + 2]).second, numbers[i]);
  MetricFamilies odd;
  odd.gauge("a", "A.", {}, std::numeric_limits<double>::quiet_NaN());
  odd.gauge("b", "B.", {}, std::numeric_limits<double>::infinity());
  odd.gauge("c", "C \\ and \n more.", {}, -std::numeric_limits<double>::infinity());
  const std::string text = prometheus_text(odd);
  expect_line(text, "a NaN");
  expect_line(text, "b +Inf");
  expect_line(text, "c -Inf");
  expect_line(text, "# HELP c C \\\\ and \\n more.");
  expect_promtool_accepts(text);
}

}  // namespace
}  // namespace switchgear::telemetry
