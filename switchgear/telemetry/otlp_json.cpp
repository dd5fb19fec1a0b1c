#include "switchgear/telemetry/otlp_json.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cmath>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <variant>

#include "switchgear/core/utf8.hpp"

namespace switchgear::telemetry {

namespace json = boost::json;

namespace {

constexpr int cumulative = 2;
// Of Span.flags, beside those of the trace context.
constexpr std::uint32_t parent_is_known = 0x100;
constexpr std::uint32_t parent_is_remote = 0x200;

template <std::size_t Size>
json::string text(const std::array<char, Size>& digits) {
  return json::string{std::string_view{digits.data(), digits.size()}};
}

json::string decimal(std::uint64_t number) { return json::string{std::to_string(number)}; }

json::string nanoseconds(WallAnchor::Wall at) { return decimal(ticks_of(TimePoint{at.time_since_epoch()})); }

/// JSON has no other way to write these than protobuf's.
json::value number(double value) {
  if (std::isnan(value)) return json::string{"NaN"};
  if (std::isinf(value)) return json::string{value > 0 ? "Infinity" : "-Infinity"};
  return value;
}

json::object attribute(std::string_view name, json::object value) {
  return {{"key", name}, {"value", std::move(value)}};
}

json::array attributes_of(const Labels& labels) {
  json::array all;
  for (const Label& label : labels)
    all.push_back(attribute(label.name, {{"stringValue", as_utf8(label.value)}}));
  return all;
}

json::object value_of(const Attribute& attribute) {
  return std::visit(
      [](const auto& value) -> json::object {
        using Value = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<Value, std::string>) {
          return {{"stringValue", as_utf8(value)}};
        } else if constexpr (std::is_same_v<Value, std::int64_t>) {
          return {{"intValue", std::to_string(value)}};
        } else if constexpr (std::is_same_v<Value, bool>) {
          return {{"boolValue", value}};
        } else {
          return {{"doubleValue", number(value)}};
        }
      },
      attribute.value);
}

json::array attributes_of(const Attributes& attributes) {
  json::array all;
  for (const Attribute& each : attributes) all.push_back(attribute(each.name, value_of(each)));
  return all;
}

/// `{group: [{"resource": …, scoped: [{"scope": …, items: …}]}]}`
std::string request(const OtlpResource& resource, std::string_view group, std::string_view scoped,
                    std::string_view items, json::array content) {
  json::object scope{{"scope", {{"name", "switchgear"}, {"version", resource.version}}}};
  scope[items] = std::move(content);
  json::object one{{"resource", {{"attributes", attributes_of(resource.attributes)}}}};
  one[scoped] = json::array{std::move(scope)};
  json::object whole;
  whole[group] = json::array{std::move(one)};
  return json::serialize(whole);
}

// ---- Metrics ----------------------------------------------------------------------------------------------

/// In UCUM. Empty: the name does not say.
std::string_view unit_of(std::string_view name) {
  if (name.ends_with("_total")) name.remove_suffix(6);
  if (name.ends_with("_seconds")) return "s";
  if (name.ends_with("_bytes")) return "By";
  if (name.ends_with("_ratio")) return "1";
  return {};
}

void put(json::object& point, const Histogram& histogram) {
  json::array counts;
  for (const std::uint64_t count : histogram.counts) counts.push_back(decimal(count));
  json::array bounds;
  for (const double bound : histogram.bounds) bounds.push_back(number(bound));
  point["count"] = decimal(histogram.count);
  point["sum"] = number(histogram.sum);
  point["bucketCounts"] = std::move(counts);
  point["explicitBounds"] = std::move(bounds);
}

json::object metric_of(const MetricFamily& family, json::array points) {
  json::object data{{"dataPoints", std::move(points)}};
  if (family.kind != MetricKind::gauge) data["aggregationTemporality"] = cumulative;
  if (family.kind == MetricKind::counter) data["isMonotonic"] = true;
  json::object metric{{"name", family.name}, {"description", family.help}};
  if (const std::string_view unit = unit_of(family.name); !unit.empty()) metric["unit"] = unit;
  constexpr std::string_view kinds[]{"sum", "gauge", "histogram"};
  metric[kinds[static_cast<std::size_t>(family.kind)]] = std::move(data);
  return metric;
}

/// Collects points into requests of a bounded size.
class MetricsWriter {
 public:
  MetricsWriter(const OtlpResource& resource, SeriesStarts& starts, SeriesStarts::Wall now, std::size_t most)
      : resource_(resource), starts_(starts), now_(now), most_(std::max<std::size_t>(most, 1)) {}

  void add(const MetricFamily& family) {
    json::array points;
    for (const MetricSample& sample : family.samples) {
      points.push_back(point_of(family, sample));
      if (++size_ < most_) continue;
      metrics_.push_back(metric_of(family, std::exchange(points, {})));
      flush();
    }
    if (!points.empty()) metrics_.push_back(metric_of(family, std::move(points)));
  }

  std::vector<std::string> finish() {
    if (!metrics_.empty()) flush();
    return std::move(requests_);
  }

 private:
  json::object point_of(const MetricFamily& family, const MetricSample& sample) {
    json::object point{{"attributes", attributes_of(sample.labels)}};
    if (family.kind != MetricKind::gauge)
      point["startTimeUnixNano"] = nanoseconds(starts_.start_of(family.name, sample));
    point["timeUnixNano"] = nanoseconds(now_);
    if (const auto* histogram = std::get_if<Histogram>(&sample.value)) {
      put(point, *histogram);
    } else {
      point["asDouble"] = number(std::get<double>(sample.value));
    }
    return point;
  }

  void flush() {
    requests_.push_back(
        request(resource_, "resourceMetrics", "scopeMetrics", "metrics", std::exchange(metrics_, {})));
    size_ = 0;
  }

  const OtlpResource& resource_;
  SeriesStarts& starts_;
  const SeriesStarts::Wall now_;
  const std::size_t most_;
  std::size_t size_ = 0;  ///< points in metrics_
  json::array metrics_;
  std::vector<std::string> requests_;
};

// ---- Spans ------------------------------------------------------------------------------------------------

json::array events_of(const Span& span, const WallAnchor& clock) {
  json::array all;
  for (const SpanEvent& event : span.events) {
    all.push_back({{"timeUnixNano", nanoseconds(clock.to_wall(event.at))},
                   {"name", event.name},
                   {"attributes", attributes_of(event.attributes)}});
  }
  return all;
}

json::object span_of(const Span& span, const WallAnchor& clock) {
  json::object made{{"traceId", text(hex_of(span.context.trace))},
                    {"spanId", text(hex_of(span.context.span))},
                    {"name", as_utf8(span.name)},
                    {"kind", static_cast<int>(span.kind)},
                    {"startTimeUnixNano", nanoseconds(clock.to_wall(span.start))},
                    {"endTimeUnixNano", nanoseconds(clock.to_wall(span.end))},
                    {"attributes", attributes_of(span.attributes)}};
  std::uint32_t flags = span.context.flags | parent_is_known;
  if (span.parent_kind != SpanParent::none) made["parentSpanId"] = text(hex_of(span.parent));
  if (span.parent_kind == SpanParent::remote) flags |= parent_is_remote;
  made["flags"] = flags;
  if (!span.state.empty()) made["traceState"] = span.state;
  if (!span.events.empty()) made["events"] = events_of(span, clock);
  if (span.status != SpanStatus::unset) made["status"] = {{"code", static_cast<int>(span.status)}};
  return made;
}

}  // namespace

std::vector<std::string> otlp_metrics(const MetricFamilies& families, const OtlpResource& resource,
                                      SeriesStarts& starts, SeriesStarts::Wall now, std::size_t most_points) {
  MetricsWriter writer{resource, starts, now, most_points};
  starts.begin(now);
  for (const MetricFamily& family : families.all()) writer.add(family);
  starts.end();
  return writer.finish();
}

std::string otlp_spans(std::span<const Span> spans, const OtlpResource& resource, const WallAnchor& clock) {
  json::array all;
  for (const Span& span : spans) all.push_back(span_of(span, clock));
  return request(resource, "resourceSpans", "scopeSpans", "spans", std::move(all));
}

}  // namespace switchgear::telemetry
