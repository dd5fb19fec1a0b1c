// Metric families and spans as OTLP/HTTP takes them in JSON (https://opentelemetry.io/docs/specs/otlp/):
// names in lowerCamelCase, ids in hex, 64-bit integers as decimal strings, enumerations as numbers.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "switchgear/core/time.hpp"
#include "switchgear/telemetry/json_text.hpp"
#include "switchgear/telemetry/metric_families.hpp"
#include "switchgear/telemetry/series_starts.hpp"
#include "switchgear/telemetry/span.hpp"

namespace switchgear::telemetry {

/// Below the endpoint of a collector.
inline constexpr std::string_view otlp_metrics_path = "/v1/metrics";
inline constexpr std::string_view otlp_traces_path = "/v1/traces";

/// Who sends: `service.name`, `service.version`, `service.instance.id` and more.
struct OtlpResource {
  Labels attributes;
  std::string version;  ///< of the instrumentation scope, which is called `switchgear`
};

/// Requests for /v1/metrics, as many as it takes to have at most `most_points` points in each; none without
/// samples. Names stay as Prometheus has them, so that one dashboard reads both; a unit is told by the name's
/// end. Temporality is cumulative: `starts` says since when. Points have the time `now`.
[[nodiscard]] std::vector<std::string> otlp_metrics(const MetricFamilies& families,
                                                    const OtlpResource& resource, SeriesStarts& starts,
                                                    SeriesStarts::Wall now, std::size_t most_points = 5000);

/// One request for /v1/traces, written bit by bit. `clock`: of now; it dates the spans. Threads: one.
///
///     OtlpSpans request{resource, clock};
///     request.add(span);
///     request.pass_on(write);                 // a long one need not be in memory as a whole
///     …
///     write(request.finish());
class OtlpSpans {
 public:
  OtlpSpans(const OtlpResource& resource, const WallAnchor& clock);

  void add(const Span& span);
  /// Gives what is written so far to `sink` as a std::string_view; only the rest follows.
  template <typename Sink>
  void pass_on(Sink&& sink) {
    json_.pass_on(std::forward<Sink>(sink));
  }
  /// The rest. To be called once.
  [[nodiscard]] std::string finish();

 private:
  WallAnchor clock_;
  JsonText json_;
};

}  // namespace switchgear::telemetry
