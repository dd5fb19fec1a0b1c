#include "tests/model/adaptive_model.hpp"

#include <algorithm>
#include <cmath>

namespace switchgear::model {

namespace {

__extension__ using Int128 = __int128;

std::uint32_t streak_for(double failure_rate, std::int64_t base, const AdaptiveFailures& rule) {
  std::int64_t limit = base;
  if (failure_rate > rule.strict_above)
    limit = std::min(base, std::max<std::int64_t>(base - rule.step, rule.least));
  if (failure_rate < rule.lax_below)
    limit = std::max(base, std::min<std::int64_t>(base + rule.step, rule.most));
  return static_cast<std::uint32_t>(limit);
}

Duration opening_for(Duration mean, Duration base, const AdaptiveOpening& rule) {
  const auto times = [&](double factor) {
    return Duration{std::llround(static_cast<double>(base.count()) * factor)};
  };
  if (mean > rule.long_above) return std::max(base, std::min(times(rule.lengthen), rule.longest));
  if (mean < rule.short_below) return std::min(base, std::max(times(rule.shorten), rule.shortest));
  return base;
}

}  // namespace

ModelAdapted adapted(const CircuitBreakerOptions& options, const std::vector<ModelSample>& samples) {
  ModelAdapted made;
  made.consecutive_failures = options.consecutive_failures.value_or(0);
  made.open_duration = options.open_duration;
  if (!options.adaptive) return made;
  made.samples = std::min<std::size_t>(options.adaptive->samples, samples.size());
  const std::vector<ModelSample> last(samples.end() - static_cast<std::ptrdiff_t>(made.samples),
                                      samples.end());
  std::vector<Duration> good;
  for (const ModelSample& sample : last) {
    if (sample.verdict == Verdict::success) good.push_back(sample.latency);
  }
  const std::size_t failed = made.samples - good.size();
  if (made.samples > 0) made.failure_rate = static_cast<double>(failed) / static_cast<double>(made.samples);
  if (!good.empty()) {
    Int128 sum = 0;
    for (const Duration latency : good) sum += latency.count();
    made.mean_latency = Duration{static_cast<Duration::rep>(sum / static_cast<Int128>(good.size()))};
  }
  if (made.samples < options.adaptive->samples) return made;
  if (options.consecutive_failures)
    made.consecutive_failures =
        streak_for(made.failure_rate, made.consecutive_failures, options.adaptive->failures);
  if (made.mean_latency)
    made.open_duration = opening_for(*made.mean_latency, options.open_duration, options.adaptive->opening);
  return made;
}

}  // namespace switchgear::model
