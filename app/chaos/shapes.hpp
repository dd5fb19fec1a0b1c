// The nine shapes of trouble with which Semian's authors try their breakers (Shopify/semian,
// experiments/experiments/, at 74be612): named as there, with the shares, latencies and proportions of there.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "app/chaos/scenario.hpp"

namespace switchgear::chaos {

enum class Shape : std::uint8_t {
  error_spike_20,
  error_spike_100,
  gradual_increase,
  near_target_error_rate,
  one_of_many_services_degradation,
  oscillating_errors,
  slow_query,
  sudden_error_spikes,
  sustained_load,
};

inline constexpr std::array<std::string_view, 9> shape_names{"error_spike_20",
                                                             "error_spike_100",
                                                             "gradual_increase",
                                                             "near_target_error_rate",
                                                             "one_of_many_services_degradation",
                                                             "oscillating_errors",
                                                             "slow_query",
                                                             "sudden_error_spikes",
                                                             "sustained_load"};

/// Its phases within `frame`, which says when, for how long, and whom it concerns; healthy stretches have
/// none. `one_of_many_services_degradation` concerns the first instance, and `slow_query` a tenth of the
/// requests, unless the frame names an instance, or a path or share.
[[nodiscard]] std::vector<Phase> phases_of(Shape shape, const Phase& frame);

}  // namespace switchgear::chaos
