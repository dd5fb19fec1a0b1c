// bulkhead, rate_limiter, adaptive_limit, admission: how many calls, how often, and how many while they fail.
#include <algorithm>
#include <array>

#include "switchgear/config/option_problems.hpp"
#include "switchgear/config/sections.hpp"

namespace switchgear::config {

void read_bulkhead(const Value& value, Policy& policy) {
  static constexpr std::array<std::string_view, 2> against_another{"max_queue", "max_wait"};
  const std::size_t errors_before = value.report->errors();
  Section section(value);
  if (!section.is_mapping()) return;
  BulkheadOptions& options = policy.bulkhead.emplace();
  section.require("max_concurrent", options.max_concurrent, small_whole, "max_concurrent: 50");
  section.read("max_queue", options.max_queue, small_whole);
  section.read("max_wait", options.max_wait, Length{});
  section.read("hold_streams", policy.bulkhead_holds_streams, Truth{});
  section.finish();
  report_problems(value, validate(options), errors_before, against_another);
}

void read_rate_limiter(const Value& value, Policy& policy) {
  static constexpr std::array<std::string_view, 2> against_another{"burst", "max_wait"};
  const std::size_t errors_before = value.report->errors();
  Section section(value);
  if (!section.is_mapping()) return;
  RateLimiterOptions& options = policy.rate_limiter.emplace();
  section.require("rate", options.rate, any_number, "rate: 100");
  section.read("burst", options.burst, small_whole);
  section.read("max_wait", options.max_wait, Length{});
  section.finish();
  report_problems(value, validate(options), errors_before, against_another);
}

void read_adaptive_limit(const Value& value, Policy& policy) {
  static constexpr std::array<std::string_view, 3> against_another{"initial", "min_limit", "max_limit"};
  const std::size_t errors_before = value.report->errors();
  Section section(value);
  if (!section.is_mapping()) return;
  AdaptiveLimitOptions& options = policy.adaptive_limit.emplace();
  section.read("min_limit", options.min_limit, small_whole);
  section.read("max_limit", options.max_limit, small_whole);
  // Defaults adapt to the values in the file.
  if (!section.find("min_limit")) options.min_limit = std::min(options.min_limit, options.max_limit);
  if (!section.find("max_limit")) options.max_limit = std::max(options.min_limit, options.max_limit);
  options.initial = std::max(std::min(options.initial, options.max_limit), options.min_limit);
  section.read("initial", options.initial, small_whole);
  section.read("smoothing", options.smoothing, any_number);
  section.read("tolerance", options.tolerance, any_number);
  section.read("headroom", options.headroom, small_whole);
  section.read("sample_window", options.sample_window, Length{});
  section.read("min_samples", options.min_samples, small_whole);
  section.read("long_window", options.long_window, small_whole);
  section.finish();
  report_problems(value, validate(options), errors_before, against_another);
}

void read_admission(const Value& value, Policy& policy) {
  const std::size_t errors_before = value.report->errors();
  Section section(value);
  if (!section.is_mapping()) return;
  AdmissionControlOptions& options = policy.admission.emplace();
  section.read("success_rate", options.success_rate, any_number);
  section.read("aggression", options.aggression, any_number);
  section.read("window", options.window, Length{});
  section.read("max_rejection", options.max_rejection, any_number);
  section.read("min_per_second", options.min_per_second, any_number);
  section.finish();
  report_problems(value, validate(options), errors_before);
}

}  // namespace switchgear::config
