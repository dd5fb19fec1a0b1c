#include "app/admin/metrics.hpp"

#include <prometheus/client_metric.h>
#include <prometheus/metric_type.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>

namespace switchgear::admin {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

ClientMetric sample(MetricType type, double value, Labels labels) {
  ClientMetric made;
  made.label = std::move(labels);
  (type == MetricType::Counter ? made.counter.value : made.gauge.value) = value;
  return made;
}

/// A family being filled, one breaker after the other.
class Family {
 public:
  Family(std::string name, std::string help, MetricType type) {
    family_.name = std::move(name);
    family_.help = std::move(help);
    family_.type = type;
  }

  void add(std::uint64_t count, Labels labels) { add(static_cast<double>(count), std::move(labels)); }
  void add(double value, Labels labels) {
    family_.metric.push_back(sample(family_.type, value, std::move(labels)));
  }

  void add(const DurationHistogramSnapshot& seen, Labels labels) {
    ClientMetric made;
    made.label = std::move(labels);
    made.histogram.sample_count = seen.count;
    made.histogram.sample_sum = to_seconds(seen.sum);
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < duration_bounds.size(); ++i) {
      below += seen.counts[i];
      made.histogram.bucket.push_back({below, duration_bounds[i]});
    }
    made.histogram.bucket.push_back({seen.count, std::numeric_limits<double>::infinity()});
    family_.metric.push_back(std::move(made));
  }

  [[nodiscard]] MetricFamily take() { return std::move(family_); }

 private:
  MetricFamily family_;
};

/// So that `max()` over breakers is the worst of them.
double state_code(State state) {
  switch (state) {
    case State::open:
    case State::forced_open:
      return 2;
    case State::half_open:
      return 1;
    case State::closed:
    case State::disabled:
      return 0;
  }
  return 0;
}

ClientMetric::Label label(const char* name, std::string_view value) { return {name, std::string{value}}; }

struct Families {
  Family state{"circuit_breaker_state", "1 for the state the circuit breaker is in, 0 for the others.",
               MetricType::Gauge};
  Family code{"circuit_breaker_state_code",
              "State as a number: 0 closed or disabled, 1 half-open, 2 open or forced open.",
              MetricType::Gauge};
  Family calls{"circuit_breaker_calls_total",
               "Calls by result. The results exclude each other: a slow success counts as slow_success only.",
               MetricType::Counter};
  Family failures{"circuit_breaker_failures_total", "Failed calls by type of failure, slow ones included.",
                  MetricType::Counter};
  Family durations{"circuit_breaker_call_duration_seconds", "How long admitted calls took.",
                   MetricType::Histogram};
  Family service_durations{"switchgear_call_duration_seconds",
                           "How long calls to a service took, with or without a breaker.",
                           MetricType::Histogram};
  Family transitions{"circuit_breaker_transitions_total", "Changes of state.", MetricType::Counter};
  Family failure_ratio{"circuit_breaker_failure_ratio", "Failures / calls in the sliding window.",
                       MetricType::Gauge};
  Family slow_ratio{"circuit_breaker_slow_call_ratio", "Slow calls / calls in the sliding window.",
                    MetricType::Gauge};
  Family rejections{"switchgear_circuit_breaker_rejections_total", "Refused calls by reason.",
                    MetricType::Counter};
  Family would_reject{"switchgear_circuit_breaker_would_reject_total",
                      "Calls that passed only because the breaker is in the mode metrics_only.",
                      MetricType::Counter};
  Family late{"switchgear_circuit_breaker_late_results_total",
              "Results of calls admitted before the last change of state.", MetricType::Counter};
  Family open_seconds{"switchgear_circuit_breaker_open_seconds_total", "Time spent open.",
                      MetricType::Counter};
  Family retry_after{"switchgear_circuit_breaker_retry_after_seconds",
                     "What is left of the current opening, else 0.", MetricType::Gauge};
  Family metrics_only{"switchgear_circuit_breaker_metrics_only",
                      "1 when the breaker is in the mode metrics_only.", MetricType::Gauge};
};

void add_calls(Families& all, const CallTotals& totals, const ClientMetric::Label& circuit) {
  const auto result = [&](std::string_view name, std::uint64_t count) {
    all.calls.add(count, {circuit, label("result", name)});
  };
  result("success", totals.plain_successes);
  result("failure", totals.plain_failures);
  result("slow_success", totals.slow_successes);
  result("slow_failure", totals.slow_failures);
  result("ignored", totals.ignored);
  result("rejected", totals.rejected);
  for (const FailureType type : failure_types) {
    all.failures.add(totals.failures_by_type[static_cast<std::size_t>(type)],
                     {circuit, label("type", to_string(type))});
  }
  for (const Reason reason : breaker_rejection_reasons) {
    all.rejections.add(totals.rejected_by_reason[static_cast<std::size_t>(reason)],
                       {circuit, label("reason", to_string(reason))});
  }
  all.would_reject.add(totals.would_reject, {circuit});
  all.late.add(totals.late, {circuit});
}

/// The machine's own transitions from the start, so that a graph has a zero to rise from; an operator's once
/// they were seen.
void add_transitions(Family& family, const TransitionCounts& counts, const ClientMetric::Label& circuit) {
  const auto always = [](State from, State to) {
    return (from == State::closed && to == State::open) || (from == State::open && to == State::half_open) ||
           (from == State::half_open && (to == State::open || to == State::closed));
  };
  for (const State from : states) {
    for (const State to : states) {
      const std::uint64_t count = counts[static_cast<std::size_t>(from)][static_cast<std::size_t>(to)];
      if (count == 0 && !always(from, to)) continue;
      family.add(count, {circuit, label("from", to_string(from)), label("to", to_string(to))});
    }
  }
}

}  // namespace

BreakerMetrics::BreakerMetrics(const BreakerRegistry& registry, const TransitionLog& transitions,
                               const CallDurations& durations, std::function<TimePoint()> clock)
    : registry_(registry), transitions_(transitions), durations_(durations), clock_(std::move(clock)) {}

std::vector<MetricFamily> BreakerMetrics::Collect() const {
  Families all;
  const TimePoint now = clock_();
  for (const auto& breaker : registry_.all()) {
    const ClientMetric::Label circuit = label("circuit", breaker->name());
    const BreakerSnapshot seen = breaker->snapshot(now);
    for (const State each : states) {
      all.state.add(each == seen.state ? 1.0 : 0.0, {circuit, label("state", to_string(each))});
    }
    all.code.add(state_code(seen.state), {circuit});
    add_calls(all, seen.totals, circuit);
    if (const CircuitDurations* durations = durations_.find(breaker->name())) {
      all.durations.add(durations->success.snapshot(), {circuit, label("result", "success")});
      all.durations.add(durations->failure.snapshot(), {circuit, label("result", "failure")});
    }
    add_transitions(all.transitions, transitions_.counts(breaker->name()), circuit);
    all.failure_ratio.add(seen.window.failure_rate(), {circuit});
    all.slow_ratio.add(seen.window.slow_rate(), {circuit});
    all.open_seconds.add(to_seconds(seen.time_open), {circuit});
    all.retry_after.add(seen.retry_after ? to_seconds(*seen.retry_after) : 0.0, {circuit});
    all.metrics_only.add(seen.metrics_only ? 1.0 : 0.0, {circuit});
  }
  durations_.for_each([&](const std::string& name, const CircuitDurations& durations) {
    const ClientMetric::Label service = label("service", name);
    all.service_durations.add(durations.success.snapshot(), {service, label("result", "success")});
    all.service_durations.add(durations.failure.snapshot(), {service, label("result", "failure")});
  });
  std::vector<MetricFamily> families;
  for (Family* each :
       {&all.state, &all.code, &all.calls, &all.failures, &all.durations, &all.service_durations,
        &all.transitions, &all.failure_ratio, &all.slow_ratio, &all.rejections, &all.would_reject, &all.late,
        &all.open_seconds, &all.retry_after, &all.metrics_only}) {
    families.push_back(each->take());
  }
  std::erase_if(families, [](const MetricFamily& family) { return family.metric.empty(); });
  return families;
}

MetricFamily single_metric(const std::string& name, const std::string& help, MetricType type, double value,
                           Labels labels) {
  Family family{name, help, type};
  family.add(value, std::move(labels));
  return family.take();
}

boost::json::object metrics_json(const std::vector<MetricFamily>& families) {
  const auto number = [](double value) -> boost::json::value {
    // Counts stay integers as long as a double holds them exactly.
    if (value == std::floor(value) && std::abs(value) < 9007199254740992.0)
      return static_cast<std::int64_t>(value);
    return value;
  };
  boost::json::object all;
  for (const MetricFamily& family : families) {
    boost::json::array samples;
    for (const ClientMetric& metric : family.metric) {
      boost::json::object labels;
      for (const auto& each : metric.label) labels[each.name] = each.value;
      boost::json::object made{{"labels", std::move(labels)}};
      if (family.type == MetricType::Histogram) {
        made["count"] = metric.histogram.sample_count;
        made["sum"] = metric.histogram.sample_sum;
      } else if (family.type == MetricType::Summary) {
        made["count"] = metric.summary.sample_count;
        made["sum"] = metric.summary.sample_sum;
      } else if (family.type == MetricType::Counter) {
        made["value"] = number(metric.counter.value);
      } else {
        made["value"] = number(family.type == MetricType::Gauge ? metric.gauge.value : metric.untyped.value);
      }
      samples.push_back(std::move(made));
    }
    all[family.name] = std::move(samples);
  }
  return all;
}

}  // namespace switchgear::admin
