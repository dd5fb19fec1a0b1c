#include "switchgear/telemetry/otlp_json.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <limits>
#include <string>

namespace switchgear::telemetry {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

constexpr SeriesStarts::Wall midnight{std::chrono::sys_days{std::chrono::year{2026} / 11 / 26}};
const OtlpResource resource{{{"service.name", "edge"}, {"service.instance.id", "i-1"}}, "1.2.3"};

json::value only(const std::vector<std::string>& requests) {
  EXPECT_EQ(requests.size(), 1U);
  return json::parse(requests.at(0));
}

/// The metrics of a request, in their order.
const json::array& metrics_of(const json::value& request) {
  return request.at("resourceMetrics").at(0).at("scopeMetrics").at(0).at("metrics").as_array();
}

TEST(OtlpMetrics, HaveTheFormOfTheSpecification) {
  MetricFamilies families;
  families.counter("shop_wait_seconds_total", "Waiting.", {{"country", "nz"}}, 2.5);
  families.gauge("shop_load_ratio", "Load.", {}, 0.25);
  families.histogram("shop_call_seconds", "Calls.", {}, Histogram{{0.5, 1}, {3, 0, 2}, 5, 7.5});
  SeriesStarts starts{midnight};
  const json::value request = only(otlp_metrics(families, resource, starts, midnight + 10s));
  EXPECT_EQ(request, json::parse(R"({"resourceMetrics": [{
    "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "edge"}},
                                {"key": "service.instance.id", "value": {"stringValue": "i-1"}}]},
    "scopeMetrics": [{
      "scope": {"name": "switchgear", "version": "1.2.3"},
      "metrics": [
        {"name": "shop_wait_seconds_total", "description": "Waiting.", "unit": "s",
         "sum": {"dataPoints": [{"attributes": [{"key": "country", "value": {"stringValue": "nz"}}],
                                 "startTimeUnixNano": "1795651200000000000",
                                 "timeUnixNano": "1795651210000000000", "asDouble": 2.5}],
                 "aggregationTemporality": 2, "isMonotonic": true}},
        {"name": "shop_load_ratio", "description": "Load.", "unit": "1",
         "gauge": {"dataPoints": [{"attributes": [], "timeUnixNano": "1795651210000000000",
                                   "asDouble": 0.25}]}},
        {"name": "shop_call_seconds", "description": "Calls.", "unit": "s",
         "histogram": {"dataPoints": [{"attributes": [], "startTimeUnixNano": "1795651200000000000",
                                       "timeUnixNano": "1795651210000000000", "count": "5", "sum": 7.5,
                                       "bucketCounts": ["3", "0", "2"], "explicitBounds": [0.5, 1]}],
                       "aggregationTemporality": 2}}]}]}]})"));
}

TEST(OtlpMetrics, WriteNumbersThatJsonDoesNotHaveAsProtobufDoes) {
  MetricFamilies families;
  families.gauge("a", "", {}, std::numeric_limits<double>::infinity());
  families.gauge("b", "", {}, -std::numeric_limits<double>::infinity());
  families.gauge("c", "", {}, std::numeric_limits<double>::quiet_NaN());
  families.counter("d", "", {}, 9007199254740992.0);
  SeriesStarts starts{midnight};
  const json::value request = only(otlp_metrics(families, resource, starts, midnight));
  const auto value = [&](std::size_t metric, std::string_view kind) {
    return metrics_of(request).at(metric).at(kind).at("dataPoints").at(0).at("asDouble");
  };
  EXPECT_EQ(value(0, "gauge"), "Infinity");
  EXPECT_EQ(value(1, "gauge"), "-Infinity");
  EXPECT_EQ(value(2, "gauge"), "NaN");
  EXPECT_EQ(value(3, "sum").to_number<double>(), 9007199254740992.0);
}

TEST(OtlpMetrics, AreReadableThoughALabelIsNotUtf8) {
  MetricFamilies families;
  families.gauge("a", "", {{"tenant", "x\xff"}}, 1);
  SeriesStarts starts{midnight};
  const std::string text = otlp_metrics(families, resource, starts, midnight).at(0);
  EXPECT_NE(text.find("x\xef\xbf\xbd"), std::string::npos) << text;
}

TEST(OtlpMetrics, ComeInRequestsOfABoundedSizeThatLoseNoPoint) {
  MetricFamilies families;
  for (int i = 0; i < 7; ++i) families.counter("a_total", "", {{"i", std::to_string(i)}}, i);
  families.gauge("b", "", {}, 1);
  SeriesStarts starts{midnight};
  const auto requests = otlp_metrics(families, resource, starts, midnight, 3);
  ASSERT_EQ(requests.size(), 3U);
  std::vector<std::size_t> points;
  for (const std::string& text : requests) {
    std::size_t count = 0;
    const json::value request = json::parse(text);
    for (const json::value& metric : metrics_of(request)) {
      const char* kind = metric.at("name") == "b" ? "gauge" : "sum";
      count += metric.at(kind).at("dataPoints").as_array().size();
    }
    points.push_back(count);
  }
  EXPECT_EQ(points, (std::vector<std::size_t>{3, 3, 2}));
  EXPECT_TRUE(otlp_metrics(MetricFamilies{}, resource, starts, midnight).empty());
}

/// When the only series of `value` began, as a collection at `now` says it.
SeriesStarts::Wall started(SeriesStarts& starts, SeriesStarts::Wall now, double value) {
  starts.begin(now);
  const auto start = starts.start_of("a_total", {{{"k", "v"}}, value});
  starts.end();
  return start;
}

TEST(SeriesStarts, BeginWithTheProcessAndAgainWhenACounterFalls) {
  SeriesStarts starts{midnight};
  EXPECT_EQ(started(starts, midnight + 10s, 5), midnight);
  EXPECT_EQ(started(starts, midnight + 20s, 5), midnight);
  EXPECT_EQ(started(starts, midnight + 30s, 9), midnight);
  EXPECT_EQ(started(starts, midnight + 40s, 1), midnight + 30s) << "a reload replaced what it counts";
  EXPECT_EQ(started(starts, midnight + 50s, 2), midnight + 30s);
}

TEST(SeriesStarts, OfOneThatCameLaterIsTheCollectionBefore) {
  SeriesStarts starts{midnight};
  starts.begin(midnight + 10s);
  starts.end();
  EXPECT_EQ(started(starts, midnight + 20s, 5), midnight + 10s);
  starts.begin(midnight + 30s);
  starts.end();
  EXPECT_EQ(started(starts, midnight + 40s, 7), midnight + 30s) << "it was gone in between";
}

TEST(SeriesStarts, AreNeverAfterThePointThoughTheClockIsSetBack) {
  SeriesStarts starts{midnight};
  EXPECT_EQ(started(starts, midnight + 10s, 5), midnight);
  EXPECT_EQ(started(starts, midnight - 1h, 6), midnight - 1h);
  EXPECT_EQ(started(starts, midnight - 30min, 1), midnight - 1h);
}

TEST(OtlpSpans, HaveTheFormOfTheSpecification) {
  const TimePoint start{1h};
  Span call;
  call.context = {{0x0af7651916cd43ddU, 0x8448eb211c80319cU}, {0xb7ad6b7169203331U}, 1};
  call.parent_kind = SpanParent::remote;
  call.parent = {1};
  call.state = "rojo=1";
  call.name = "GET shop";
  call.kind = SpanKind::server;
  call.status = SpanStatus::error;
  call.start = start;
  call.end = start + 250ms;
  call.attributes = {{"http.response.status_code", std::int64_t{503}}, {"switchgear.replayed", false}};
  call.events = {{start + 1ms, "switchgear.rejected", {{"switchgear.retry_after", 4.5}}}};
  Span attempt;
  attempt.context = call.context;
  attempt.context.span = {2};
  attempt.parent_kind = SpanParent::local;
  attempt.parent = call.context.span;
  attempt.name = "GET";
  attempt.kind = SpanKind::client;
  attempt.start = attempt.end = start + 2ms;
  OtlpSpans request{resource, WallAnchor{start, midnight}};
  request.add(call);
  request.add(attempt);
  EXPECT_EQ(json::parse(request.finish()), json::parse(R"({
    "resourceSpans": [{
      "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "edge"}},
                                  {"key": "service.instance.id", "value": {"stringValue": "i-1"}}]},
      "scopeSpans": [{
        "scope": {"name": "switchgear", "version": "1.2.3"},
        "spans": [
          {"traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331",
           "parentSpanId": "0000000000000001", "traceState": "rojo=1", "flags": 769, "name": "GET shop",
           "kind": 2, "startTimeUnixNano": "1795651200000000000", "endTimeUnixNano": "1795651200250000000",
           "attributes": [{"key": "http.response.status_code", "value": {"intValue": "503"}},
                          {"key": "switchgear.replayed", "value": {"boolValue": false}}],
           "events": [{"timeUnixNano": "1795651200001000000", "name": "switchgear.rejected",
                       "attributes": [{"key": "switchgear.retry_after", "value": {"doubleValue": 4.5}}]}],
           "status": {"code": 2}},
          {"traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "0000000000000002",
           "parentSpanId": "b7ad6b7169203331", "flags": 257, "name": "GET", "kind": 3,
           "startTimeUnixNano": "1795651200002000000", "endTimeUnixNano": "1795651200002000000",
           "attributes": []}]}]}]})"));
  EXPECT_EQ(json::parse(OtlpSpans{resource, {}}.finish())
                .at("resourceSpans")
                .at(0)
                .at("scopeSpans")
                .at(0)
                .at("spans"),
            json::array{});
}

}  // namespace
}  // namespace switchgear::telemetry
