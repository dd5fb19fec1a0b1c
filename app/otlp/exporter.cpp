#include "app/otlp/exporter.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <exception>
#include <random>
#include <thread>
#include <utility>

namespace switchgear::otlp {

namespace asio = boost::asio;

namespace {

using How = Delivery::How;
using namespace std::chrono_literals;

constexpr std::size_t most_waiting = 8192;  // spans: about 8 MB
constexpr std::size_t batch_size = 512;     // OTEL_BSP_MAX_EXPORT_BATCH_SIZE's default
constexpr std::size_t spans_at_once = 16;   // about 20 kB of JSON
constexpr std::size_t most_points = 5000;   // in a request
constexpr Duration longest_wait = 10min;
constexpr Duration between_complaints = 1min;

[[nodiscard]] TimePoint now() { return std::chrono::steady_clock::now(); }
[[nodiscard]] WallAnchor::Wall wall_now() { return std::chrono::system_clock::now(); }

[[nodiscard]] RetryOptions retry_options(Duration interval) {
  RetryOptions options;
  options.max_attempts = 1'000'000;
  options.base = std::min<Duration>(1s, interval);
  options.max_delay = 30s;
  options.jitter = Jitter::equal;
  options.honor_retry_after.max = longest_wait;
  return options;
}

/// A UUID, version 4.
[[nodiscard]] std::string instance_id() {
  std::random_device device;
  const auto entropy = [&] { return std::uint64_t{device()} << 32U | device(); };
  const std::uint64_t high = (entropy() & ~0xf000ULL) | 0x4000ULL;
  const std::uint64_t low = (entropy() >> 2U) | 0x8000'0000'0000'0000ULL;
  const auto digits = telemetry::hex_of(telemetry::TraceId{high, low});
  std::string id(digits.begin(), digits.end());
  for (const std::size_t at : {20, 16, 12, 8}) id.insert(at, "-");
  return id;
}

[[nodiscard]] telemetry::OtlpResource resource_of(const OtlpOptions& options) {
  telemetry::OtlpResource resource;
  resource.version = SWITCHGEAR_VERSION;
  resource.attributes = {{"service.name", "switchgear"},
                         {"service.version", SWITCHGEAR_VERSION},
                         {"service.instance.id", instance_id()}};
  for (const auto& [name, value] : options.resource) {
    const auto known = std::find_if(resource.attributes.begin(), resource.attributes.end(),
                                    [&wanted = name](const auto& each) { return each.name == wanted; });
    if (known != resource.attributes.end()) {
      known->value = value;
    } else {
      resource.attributes.push_back({name, value});
    }
  }
  return resource;
}

}  // namespace

Exporter::Exporter(const OtlpOptions& options, spdlog::logger& log)
    : options_(options),
      log_(log),
      resource_(resource_of(options)),
      retry_("otlp", retry_options(options.interval), std::random_device{}()),
      spans_(std::make_shared<telemetry::SpanQueue>(most_waiting, batch_size, [this] { wake_for_batch(); })),
      collector_(context_.get_executor(), options),
      starts_(wall_now()) {}

Exporter::~Exporter() { stop(Duration::zero()); }

void Exporter::start(telemetry::MetricSource collect) {
  collect_ = std::move(collect);
  running_ = 2;
  asio::co_spawn(context_, run(metrics_, &Exporter::send_metrics), asio::detached);
  asio::co_spawn(context_, run(traces_, &Exporter::send_spans), asio::detached);
  thread_ = std::jthread{[this] {
    const auto work = asio::make_work_guard(context_);
    context_.run();
  }};
}

void Exporter::stop(Duration at_most) {
  if (!thread_.joinable()) return;
  asio::post(context_, [this] {
    stopping_ = true;
    metrics_.timer.cancel();
    traces_.timer.cancel();
  });
  ended_.get_future().wait_for(at_most);
  context_.stop();
  thread_.join();
  const telemetry::SpanQueueFigures left = spans_->figures();
  spans_->count_dropped(batch_.size() + left.waiting);
  const std::uint64_t lost = spans_->figures().dropped;
  if (lost != 0) log_.warn("telemetry: {} spans were not delivered, and are lost", lost);
}

void Exporter::wake_for_batch() {
  asio::post(context_, [this] {
    if (traces_.last != How::unavailable) traces_.timer.cancel();
  });
}

void Exporter::end_of_loop() {
  if (--running_ == 0) ended_.set_value();
}

asio::awaitable<void> Exporter::sleep_until(Signal& signal, TimePoint due) {
  if (stopping_) co_return;
  boost::system::error_code woken;
  signal.timer.expires_at(due);
  auto token = asio::redirect_error(asio::use_awaitable, woken);
  co_await signal.timer.async_wait(token);
}

asio::awaitable<void> Exporter::run(Signal& signal, Round (Exporter::*send_all)()) {
  TimePoint due = now() + options_.interval;
  for (bool last = false; !last;) {
    co_await sleep_until(signal, due);
    last = stopping_;
    std::optional<Duration> retry_after;
    try {
      Round round = (this->*send_all)();
      retry_after = co_await std::move(round);
    } catch (const std::exception& error) {  // out of memory, or a source of figures that fails
      complain(signal, error.what());
    }
    due = next_try(signal, retry_after);
  }
  end_of_loop();
}

Exporter::Round Exporter::send_metrics() {
  std::optional<Duration> retry_after;
  telemetry::MetricFamilies families;
  collect_(families);
  std::vector<std::string> requests =
      telemetry::otlp_metrics(families, resource_, starts_, wall_now(), most_points);
  for (const std::string& json : requests) {
    gzip_.begin();
    gzip_.write(json);
    const How how = co_await send(metrics_, gzip_.finish(), most_points, retry_after);
    if (how == How::unavailable) break;
  }
  co_return retry_after;
}

Exporter::Round Exporter::send_spans() {
  std::optional<Duration> retry_after;
  for (;;) {
    if (batch_.empty()) batch_ = spans_->take(batch_size);
    if (batch_.empty()) break;
    const How how = co_await send(traces_, coded_batch(), batch_.size(), retry_after);
    if (how == How::unavailable) break;
    if (how == How::refused) spans_->count_dropped(batch_.size());
    clear_batch();
    // What came meanwhile waits for its own batch or interval, or each answer would be followed by a small
    // request.
    if (!stopping_ && spans_->figures().waiting < batch_size) break;
  }
  co_return retry_after;
}

std::string Exporter::coded_batch() {
  telemetry::OtlpSpans request{resource_, {now(), wall_now()}};
  gzip_.begin();
  const auto code = [this](std::string_view json) { gzip_.write(json); };
  for (std::size_t i = 0; i < batch_.size(); ++i) {
    request.add(batch_[i]);
    if (i % spans_at_once == 0) request.pass_on(code);
  }
  code(request.finish());
  return gzip_.finish();
}

/// In pieces for the same reason as in Gzip.
void Exporter::clear_batch() {
  while (!batch_.empty()) {
    batch_.resize(batch_.size() - std::min(batch_.size(), spans_at_once));
    std::this_thread::yield();
  }
}

asio::awaitable<How> Exporter::send(Signal& signal, std::string coded, std::size_t items,
                                    std::optional<Duration>& retry_after) {
  const Delivery delivery = co_await collector_.post(signal.path, std::move(coded), items);
  ++signal.requests[static_cast<std::size_t>(delivery.how)];
  signal.rejected += delivery.rejected;
  note(signal, delivery);
  retry_after = delivery.retry_after;
  co_return delivery.how;
}

TimePoint Exporter::next_try(Signal& signal, std::optional<Duration> retry_after) {
  if (signal.last != How::unavailable) {
    signal.retries = {};
    return now() + options_.interval;
  }
  Outcome outcome = Outcome::failure(FailureType::connection_error, Duration::zero());
  outcome.retry_after = retry_after;
  const auto next = retry_.next_attempt(signal.retries, outcome, now(), TimePoint::max());
  return next.value_or(now() + longest_wait);
}

/// Each change is logged, and what goes on once a minute.
void Exporter::note(Signal& signal, const Delivery& delivery) {
  const How before = std::exchange(signal.last, delivery.how);
  const bool changed = before != delivery.how;
  if (changed && delivery.how == How::delivered)
    log_.info("telemetry: {} takes {} again", options_.endpoint, signal.name);
  if (delivery.words.empty()) return;
  if (changed) signal.complained_at = TimePoint::min();
  complain(signal, delivery.words);
}

void Exporter::complain(Signal& signal, std::string_view words) {
  if (signal.complained_at != TimePoint::min() && now() < signal.complained_at + between_complaints) return;
  signal.complained_at = now();
  log_.warn("telemetry: {} of {}: {}", signal.name, options_.endpoint, words);
}

void Exporter::add_metrics(telemetry::MetricFamilies& to) const {
  for (const Signal* signal : {&metrics_, &traces_}) {
    const telemetry::Label of{"signal", std::string{signal->name}};
    constexpr std::string_view results[]{"delivered", "refused", "unavailable"};
    for (std::size_t how = 0; how < std::size(results); ++how) {
      to.counter("switchgear_otlp_requests_total", "Requests to the collector, by what became of them.",
                 {of, {"result", std::string{results[how]}}}, signal->requests[how].load());
    }
    to.counter("switchgear_otlp_rejected_total",
               "Points or spans that the collector threw away from requests that it took.", {of},
               signal->rejected.load());
  }
  const telemetry::SpanQueueFigures seen = spans_->figures();
  to.gauge("switchgear_otlp_spans_waiting", "Spans that wait to be sent.", {},
           static_cast<double>(seen.waiting));
  to.counter("switchgear_otlp_spans_dropped_total",
             "Spans lost because the queue was full or the collector refused them.", {}, seen.dropped);
}

}  // namespace switchgear::otlp
