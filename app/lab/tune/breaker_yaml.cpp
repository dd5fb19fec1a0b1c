#include "app/lab/tune/breaker_yaml.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/string_view.hpp>
#include <concepts>
#include <cstdint>
#include <optional>

#include "app/lab/seconds.hpp"
#include "switchgear/core/duration_text.hpp"

namespace switchgear::lab {

namespace {

std::string written(double number) { return format_number(number); }
std::string written(Duration length) { return format_duration(length); }
std::string written(std::unsigned_integral auto number) { return std::to_string(number); }
std::string written(const std::string& text) { return text; }

/// `{a: 1, b: 2}`
class Flow {
 public:
  template <class T>
  Flow& key(std::string_view name, const T& value) {
    text_.append(text_.empty() ? "{" : ", ").append(name).append(": ").append(written(value));
    return *this;
  }
  template <class T>
  Flow& unless(std::string_view name, const T& value, const T& usual) {
    return value == usual ? *this : key(name, value);
  }
  template <class T>
  Flow& set(std::string_view name, const std::optional<T>& value) {
    return value ? key(name, *value) : *this;
  }
  [[nodiscard]] bool empty() const { return text_.empty(); }
  [[nodiscard]] std::string done() const { return text_ + "}"; }

 private:
  std::string text_;
};

std::string window(const WindowOptions& options) {
  if (const auto* const count = std::get_if<CountWindowOptions>(&options))
    return Flow{}.key("type", std::string{"count"}).key("size", count->size).done();
  const auto& time = std::get<TimeWindowOptions>(options);
  return Flow{}
      .key("type", std::string{"time"})
      .key("duration", time.duration)
      .unless("buckets", time.buckets, TimeWindowOptions{}.buckets)
      .done();
}

std::string failure_rate(const CircuitBreakerOptions& options) {
  if (!options.failure_rate_confidence) return written(*options.failure_rate);
  return Flow{}
      .key("above", *options.failure_rate)
      .key("confidence", *options.failure_rate_confidence)
      .done();
}

Flow weights(const FailureWeights& weights) {
  Flow flow;
  for (const FailureType type : failure_types) {
    if (weights[type] != 1) flow.key(to_string(type), static_cast<std::uint32_t>(weights[type]));
  }
  return flow;
}

Flow half_open(const HalfOpenOptions& options) {
  const HalfOpenOptions usual;
  return Flow{}
      .unless("permitted_calls", options.permitted_calls, usual.permitted_calls)
      .set("success_threshold", options.success_threshold)
      .set("max_concurrent", options.max_concurrent)
      .unless("max_failure_rate", options.max_failure_rate, usual.max_failure_rate)
      .unless("probe_interval", options.probe_interval, usual.probe_interval)
      .unless("max_wait", options.max_wait, usual.max_wait);
}

std::string adaptive(const AdaptiveOptions& options) {
  return Flow{}
      .key("samples", options.samples)
      .key("failures", Flow{}
                           .key("strict_above", options.failures.strict_above)
                           .key("lax_below", options.failures.lax_below)
                           .key("step", options.failures.step)
                           .key("least", options.failures.least)
                           .key("most", options.failures.most)
                           .done())
      .key("opening", Flow{}
                          .key("long_above", options.opening.long_above)
                          .key("short_below", options.opening.short_below)
                          .key("lengthen", options.opening.lengthen)
                          .key("longest", options.opening.longest)
                          .key("shorten", options.opening.shorten)
                          .key("shortest", options.opening.shortest)
                          .done())
      .done();
}

Flow ramp(const RampOptions& options) {
  Flow made;
  made.key("duration", options.duration).key("from", options.from);
  if (!options.controller) return made;
  made.key("controller", std::string("true"));
  if (options.controller->step) made.key("step", *options.controller->step);
  made.key("minimum", options.controller->minimum)
      .key("max_failure_rate", options.controller->max_failure_rate)
      .key("growth", options.controller->growth);
  return made;
}

Flow level(const LevelOptions& options) {
  Flow made;
  made.set("minimum_calls", options.minimum_calls);
  if (options.failure_rate && options.failure_rate_confidence) {
    made.key("failure_rate", Flow{}
                                 .key("above", *options.failure_rate)
                                 .key("confidence", *options.failure_rate_confidence)
                                 .done());
  } else {
    made.set("failure_rate", options.failure_rate);
  }
  if (options.slow_call)
    made.key(
        "slow_call",
        Flow{}.key("threshold", options.slow_call->threshold).key("rate", options.slow_call->rate).done());
  if (options.latency)
    made.key("latency",
             Flow{}.key("quantile", options.latency->quantile).key("above", options.latency->above).done());
  return made.set("consecutive_failures", options.consecutive_failures)
      .set("failure_balance", options.failure_balance)
      .set("open_duration", options.open_duration)
      .set("calm", options.calm);
}

Flow levels(const LevelsOptions& options) {
  Flow made;
  for (const BreakerLevel each : breaker_levels) {
    const Flow own = level(options[each]);
    made.key(to_string(each), own.empty() ? std::string("{}") : own.done());
  }
  return made.key("escalate_above", options.escalate_above);
}

class Block {
 public:
  explicit Block(std::string_view indent) : indent_(indent) {}

  void line(std::string_view name, const std::string& value) {
    text_.append(indent_).append(name).append(": ").append(value).append("\n");
  }
  template <class T>
  void unless(std::string_view name, const T& value, const T& usual) {
    if (value != usual) line(name, written(value));
  }
  void truth(std::string_view name, bool value) {
    if (value) line(name, "true");
  }
  void flow(std::string_view name, const Flow& value) {
    if (!value.empty()) line(name, value.done());
  }

  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  std::string_view indent_;
  std::string text_;
};

void write_rules(const CircuitBreakerOptions& options, Block& block) {
  if (options.needs_window()) block.line("window", window(options.window));
  if (options.needs_minimum_calls()) block.line("minimum_calls", written(options.minimum_calls));
  if (options.failure_rate) block.line("failure_rate", failure_rate(options));
  block.flow("weights", weights(options.weights));
  if (options.slow_call) {
    block.flow("slow_call",
               Flow{}.key("threshold", options.slow_call->threshold).key("rate", options.slow_call->rate));
  }
  if (options.latency) {
    block.flow("latency",
               Flow{}.key("quantile", options.latency->quantile).key("above", options.latency->above));
  }
  if (options.consecutive_failures)
    block.line("consecutive_failures", written(*options.consecutive_failures));
  if (options.failure_balance) block.line("failure_balance", written(*options.failure_balance));
  if (options.stuck_calls) {
    block.flow(
        "stuck_calls",
        Flow{}.key("older_than", options.stuck_calls->older_than).key("count", options.stuck_calls->count));
  }
}

void write_opening(const CircuitBreakerOptions& options, Block& block) {
  const CircuitBreakerOptions usual;
  block.line("open_duration", written(options.open_duration));
  block.unless("backoff", options.backoff, usual.backoff);
  // Left out, it is as long as open_duration at least.
  block.unless("max_open_duration", options.max_open_duration,
               std::max(usual.max_open_duration, options.open_duration));
  block.unless("jitter", options.jitter, usual.jitter);
  block.truth("honor_retry_after", options.honor_retry_after);
  block.truth("probe_automatically", options.probe_automatically);
  block.flow("half_open", half_open(options.half_open));
  if (options.ramp) block.flow("ramp", ramp(*options.ramp));
  if (options.adaptive) block.line("adaptive", adaptive(*options.adaptive));
  if (options.levels) block.flow("levels", levels(*options.levels));
}

}  // namespace

std::string breaker_yaml(const CircuitBreakerOptions& options, std::string_view indent) {
  Block block(indent);
  write_rules(options, block);
  write_opening(options, block);
  return block.take();
}

std::string yaml_key(std::string_view name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  const bool is_plain = !name.empty() && name.front() != '-' && std::all_of(name.begin(), name.end(), plain);
  if (is_plain) return std::string(name);
  return boost::json::serialize(boost::json::string_view(name.data(), name.size()));
}

}  // namespace switchgear::lab
