// chaos: faults on purpose.
#include <algorithm>
#include <array>

#include "switchgear/config/option_problems.hpp"
#include "switchgear/config/sections.hpp"

namespace switchgear::config {

namespace {

constexpr std::string_view example = "probability: 0.1";

void read_share(Section& section, std::string_view key, ChaosShare& share) {
  if (const auto value = section.find(key)) {
    Section fault(*value);
    fault.require("probability", share.probability, any_number, example);
    fault.finish();
  }
}

void read_fail(const Value& value, ChaosFail& fail) {
  static constexpr std::array types{to_string(FailureType::timeout), to_string(FailureType::connection_error),
                                    to_string(FailureType::http_error), to_string(FailureType::exception),
                                    to_string(FailureType::slow_response)};
  Section section(value);
  section.require("probability", fail.probability, any_number, example);
  section.read("type", fail.type, Named<FailureType>{types});
  section.finish();
}

void read_delay(const Value& value, ChaosDelay& delay) {
  Section section(value);
  section.require("probability", delay.probability, any_number, example);
  section.read("min", delay.min, Length{});
  delay.max = delay.min;
  section.read("max", delay.max, Length{});
  section.finish();
}

}  // namespace

void read_chaos(const Value& value, Policy& policy) {
  static constexpr std::array<std::string_view, 1> against_another{"delay.max"};
  const std::size_t errors_before = value.report->errors();
  Section section(value);
  if (!section.is_mapping()) return;
  ChaosOptions& options = policy.chaos.emplace();
  section.read("enabled", options.enabled, Truth{});
  section.read("seed", policy.chaos_seed, any_whole);
  if (const auto fail = section.find("fail")) read_fail(*fail, options.fail);
  if (const auto delay = section.find("delay")) read_delay(*delay, options.delay);
  read_share(section, "timeout", options.timeout);
  read_share(section, "abort", options.abort);
  read_share(section, "force_open", options.force_open);
  section.finish();
  report_problems(value, validate(options), errors_before, against_another);
}

}  // namespace switchgear::config
