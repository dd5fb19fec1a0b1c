// Figures and spans, sent to a collector from a thread of their own.
#pragma once

#include <spdlog/logger.h>

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "app/otlp/collector.hpp"
#include "app/otlp/gzip.hpp"
#include "app/otlp/telemetry_section.hpp"
#include "switchgear/policy/retry.hpp"
#include "switchgear/telemetry/metric_families.hpp"
#include "switchgear/telemetry/otlp_json.hpp"
#include "switchgear/telemetry/series_starts.hpp"
#include "switchgear/telemetry/span_queue.hpp"

namespace switchgear::otlp {

/// Sends every metric once an interval, and spans as soon as a batch of them waits, at the latest once an
/// interval. A collector that is away, slow or busy costs nothing but memory up to a bound: spans wait in a
/// bounded queue, and what does not fit is dropped and counted; figures are cumulative, so that the next
/// collection replaces one that was not delivered. Waits grow from a second (or the interval, if that is
/// shorter) to half a minute, with jitter; a Retry-After of at most ten minutes is kept to.
///
///     Exporter exporter{options, log};
///     … push into exporter.spans() from any thread …
///     exporter.start(collect);
///     exporter.stop(std::chrono::seconds{3});          // sends what is left
///
/// Threads: each method from any, one at a time, add_metrics() at any time. Must outlive what pushes spans.
class Exporter {
 public:
  /// Throws what Collector does. `log` is borrowed.
  Exporter(const OtlpOptions& options, spdlog::logger& log);
  Exporter(const Exporter&) = delete;
  Exporter& operator=(const Exporter&) = delete;
  ~Exporter();

  [[nodiscard]] const std::shared_ptr<telemetry::SpanQueue>& spans() const noexcept { return spans_; }

  /// `collect` runs on the exporter's thread, until stop() has returned.
  void start(telemetry::MetricSource collect);
  /// Tries once more to send what there is, for `at_most`; what is left is lost, and said. Harmless when not
  /// started, or stopped already.
  void stop(Duration at_most);

  /// Adds `switchgear_otlp_*`.
  void add_metrics(telemetry::MetricFamilies& to) const;

 private:
  /// What is sent to one path of the collector, and how it fares there.
  struct Signal {
    Signal(boost::asio::io_context& context, std::string_view its_name, std::string_view its_path)
        : name(its_name), path(its_path), timer(context) {}

    const std::string_view name;
    const std::string_view path;
    boost::asio::steady_timer timer;
    Retry::Progress retries{};
    Delivery::How last = Delivery::How::delivered;
    TimePoint complained_at = TimePoint::min();
    std::atomic<std::uint64_t> requests[3]{};  ///< by Delivery::How
    std::atomic<std::uint64_t> rejected{0};
  };

  /// Sends what there is of one signal. Returns how long the collector asks to wait.
  using Round = boost::asio::awaitable<std::optional<Duration>>;
  Round send_metrics();
  Round send_spans();
  /// Round by round until stop(). One that throws is logged, and the next one comes an interval later.
  boost::asio::awaitable<void> run(Signal& signal, Round (Exporter::*send_all)());
  boost::asio::awaitable<Delivery::How> send(Signal& signal, std::string coded, std::size_t items,
                                             std::optional<Duration>& retry_after);
  [[nodiscard]] std::string coded_batch();
  void clear_batch();
  boost::asio::awaitable<void> sleep_until(Signal& signal, TimePoint due);
  [[nodiscard]] TimePoint next_try(Signal& signal, std::optional<Duration> retry_after);
  void note(Signal& signal, const Delivery& delivery);
  void complain(Signal& signal, std::string_view words);
  void wake_for_batch();
  void end_of_loop();

  const OtlpOptions options_;
  spdlog::logger& log_;
  const telemetry::OtlpResource resource_;
  Retry retry_;
  boost::asio::io_context context_{1};
  const std::shared_ptr<telemetry::SpanQueue> spans_;
  Collector collector_;
  Signal metrics_{context_, "metrics", telemetry::otlp_metrics_path};
  Signal traces_{context_, "traces", telemetry::otlp_traces_path};
  telemetry::MetricSource collect_;
  telemetry::SeriesStarts starts_;
  Gzip gzip_;                           ///< between two texts
  std::vector<telemetry::Span> batch_;  ///< taken from the queue, and not delivered yet
  bool stopping_ = false;               ///< of the exporter's thread
  int running_ = 0;                     ///< loops
  std::promise<void> ended_;
  std::jthread thread_;
};

}  // namespace switchgear::otlp
