#include "switchgear/telemetry/otlp_json.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace switchgear::telemetry {

namespace {

constexpr int cumulative = 2;
// Of Span.flags, beside those of the trace context.
constexpr std::uint32_t parent_is_known = 0x100;
constexpr std::uint32_t parent_is_remote = 0x200;

template <std::size_t Size>
std::string_view view(const std::array<char, Size>& digits) {
  return {digits.data(), digits.size()};
}

void write_time(JsonText& to, std::string_view name, WallAnchor::Wall at) {
  to.key(name).decimal(ticks_of(TimePoint{at.time_since_epoch()}));
}

void write_value(JsonText& to, const std::string& value) { to.key("stringValue").text(value); }
void write_value(JsonText& to, std::int64_t value) { to.key("intValue").decimal(value); }
void write_value(JsonText& to, double value) { to.key("doubleValue").number(value); }
void write_value(JsonText& to, bool value) { to.key("boolValue").truth(value); }

void write_attributes(JsonText& to, const Labels& labels) {
  to.key("attributes").open('[');
  for (const Label& label : labels) {
    to.open('{').key("key").text(label.name).key("value").open('{');
    write_value(to, label.value);
    to.close('}').close('}');
  }
  to.close(']');
}

void write_attributes(JsonText& to, const Attributes& attributes) {
  to.key("attributes").open('[');
  for (const Attribute& attribute : attributes) {
    to.open('{').key("key").plain(attribute.name).key("value").open('{');
    std::visit([&to](const auto& value) { write_value(to, value); }, attribute.value);
    to.close('}').close('}');
  }
  to.close(']');
}

/// `{group: [{"resource": …, scoped: [{"scope": …, items: [` … `]}]}]}`
void begin_request(JsonText& to, const OtlpResource& resource, std::string_view group,
                   std::string_view scoped, std::string_view items) {
  to.open('{').key(group).open('[').open('{').key("resource").open('{');
  write_attributes(to, resource.attributes);
  to.close('}').key(scoped).open('[').open('{').key("scope").open('{').key("name").plain("switchgear");
  to.key("version").text(resource.version).close('}').key(items).open('[');
}
void end_request(JsonText& to) { to.close(']').close('}').close(']').close('}').close(']').close('}'); }

// ---- Metrics ----------------------------------------------------------------------------------------------

/// In UCUM. Empty: the name does not say.
std::string_view unit_of(std::string_view name) {
  if (name.ends_with("_total")) name.remove_suffix(6);
  if (name.ends_with("_seconds")) return "s";
  if (name.ends_with("_bytes")) return "By";
  if (name.ends_with("_ratio")) return "1";
  return {};
}

void write_histogram(JsonText& to, const Histogram& histogram) {
  to.key("count").decimal(histogram.count).key("sum").number(histogram.sum).key("bucketCounts").open('[');
  for (const std::uint64_t count : histogram.counts) to.decimal(count);
  to.close(']').key("explicitBounds").open('[');
  for (const double bound : histogram.bounds) to.number(bound);
  to.close(']');
}

/// Writes requests of a bounded number of points.
class MetricsWriter {
 public:
  MetricsWriter(const OtlpResource& resource, SeriesStarts& starts, SeriesStarts::Wall now, std::size_t most)
      : resource_(resource), starts_(starts), now_(now), most_(std::max<std::size_t>(most, 1)) {}

  void add(const MetricFamily& family) {
    for (std::size_t i = 0; i < family.samples.size(); ++i) {
      if (points_ == 0) begin_request(json_, resource_, "resourceMetrics", "scopeMetrics", "metrics");
      if (points_ == 0 || i == 0) begin_metric(family);
      write_point(family, family.samples[i]);
      const bool full = ++points_ == most_;
      if (full || i + 1 == family.samples.size()) json_.close(']').close('}').close('}');
      if (full) end();
    }
  }

  std::vector<std::string> finish() {
    if (points_ != 0) end();
    return std::move(requests_);
  }

 private:
  void begin_metric(const MetricFamily& family) {
    constexpr std::array<std::string_view, 3> kinds{"sum", "gauge", "histogram"};
    json_.open('{').key("name").text(family.name).key("description").text(family.help);
    if (const std::string_view unit = unit_of(family.name); !unit.empty()) json_.key("unit").plain(unit);
    json_.key(kinds[static_cast<std::size_t>(family.kind)]).open('{');
    if (family.kind != MetricKind::gauge) json_.key("aggregationTemporality").number(cumulative);
    if (family.kind == MetricKind::counter) json_.key("isMonotonic").truth(true);
    json_.key("dataPoints").open('[');
  }

  void write_point(const MetricFamily& family, const MetricSample& sample) {
    json_.open('{');
    write_attributes(json_, sample.labels);
    if (family.kind != MetricKind::gauge)
      write_time(json_, "startTimeUnixNano", starts_.start_of(family.name, sample));
    write_time(json_, "timeUnixNano", now_);
    if (const auto* histogram = std::get_if<Histogram>(&sample.value)) {
      write_histogram(json_, *histogram);
    } else {
      json_.key("asDouble").number(std::get<double>(sample.value));
    }
    json_.close('}');
  }

  void end() {
    end_request(json_);
    requests_.push_back(json_.take());
    points_ = 0;
  }

  const OtlpResource& resource_;
  SeriesStarts& starts_;
  const SeriesStarts::Wall now_;
  const std::size_t most_;
  std::size_t points_ = 0;  ///< in json_
  JsonText json_;
  std::vector<std::string> requests_;
};

// ---- Spans ------------------------------------------------------------------------------------------------

void write_events(JsonText& to, const Span& span, const WallAnchor& clock) {
  to.key("events").open('[');
  for (const SpanEvent& event : span.events) {
    to.open('{');
    write_time(to, "timeUnixNano", clock.to_wall(event.at));
    to.key("name").plain(event.name);
    write_attributes(to, event.attributes);
    to.close('}');
  }
  to.close(']');
}

void write_span(JsonText& to, const Span& span, const WallAnchor& clock) {
  to.open('{').key("traceId").plain(view(hex_of(span.context.trace)));
  to.key("spanId").plain(view(hex_of(span.context.span)));
  std::uint32_t flags = span.context.flags | parent_is_known;
  if (span.parent_kind != SpanParent::none) to.key("parentSpanId").plain(view(hex_of(span.parent)));
  if (span.parent_kind == SpanParent::remote) flags |= parent_is_remote;
  if (!span.state.empty()) to.key("traceState").text(span.state);
  to.key("flags").number(flags).key("name").text(span.name).key("kind").number(static_cast<int>(span.kind));
  write_time(to, "startTimeUnixNano", clock.to_wall(span.start));
  write_time(to, "endTimeUnixNano", clock.to_wall(span.end));
  write_attributes(to, span.attributes);
  if (!span.events.empty()) write_events(to, span, clock);
  if (span.status != SpanStatus::unset)
    to.key("status").open('{').key("code").number(static_cast<int>(span.status)).close('}');
  to.close('}');
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

OtlpSpans::OtlpSpans(const OtlpResource& resource, const WallAnchor& clock) : clock_(clock) {
  begin_request(json_, resource, "resourceSpans", "scopeSpans", "spans");
}

void OtlpSpans::add(const Span& span) { write_span(json_, span, clock_); }

std::string OtlpSpans::finish() {
  end_request(json_);
  return json_.take();
}

}  // namespace switchgear::telemetry
