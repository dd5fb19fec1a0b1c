#include "switchgear/registry/presets.hpp"

#include <array>
#include <string>

#include "switchgear/core/raise.hpp"

namespace switchgear {

namespace {

using std::chrono::seconds;

// clang-format off
// The more a wrong call costs, the sooner the breaker opens; the less the user can repair the dependency, the
// longer it stays open.
constexpr std::array table{
    //     name              in a row  rate  open           probes  slow         probe interval
    Preset{"payment",               3, 0.10, seconds{60},        5, seconds{2},  seconds{0}},
    Preset{"authentication",        3, 0.15, seconds{45},        3, seconds{2},  seconds{0}},
    Preset{"core",                  5, 0.25, seconds{30},        3, seconds{5},  seconds{0}},
    Preset{"analytics",            10, 0.50, seconds{15},        2, seconds{10}, seconds{0}},
    Preset{"third_party",           5, 0.30, seconds{120},       3, seconds{8},  seconds{60}},
    Preset{"internal",              8, 0.60, seconds{20},        2, seconds{10}, seconds{0}},
};
// clang-format on

}  // namespace

std::span<const Preset> presets() noexcept { return table; }

CircuitBreakerOptions options_of(const Preset& preset) {
  CircuitBreakerOptions options;
  options.consecutive_failures = preset.consecutive_failures;
  options.failure_rate = preset.failure_rate;
  options.slow_call = SlowCallRule{.threshold = preset.slow_threshold, .rate = 0.5};
  options.open_duration = preset.open_duration;
  options.half_open.permitted_calls = preset.permitted_calls;
  options.half_open.probe_interval = preset.probe_interval;
  return options;
}

CircuitBreakerOptions preset(std::string_view name) {
  std::string known;
  for (const Preset& each : table) {
    if (each.name == name) return options_of(each);
    known += known.empty() ? "" : ", ";
    known += each.name;
  }
  detail::raise_invalid("preset '" + std::string{name} + "' does not exist, only " + known);
}

}  // namespace switchgear
