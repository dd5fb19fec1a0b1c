#include "app/chaos/shapes.hpp"

namespace switchgear::chaos {
namespace {

/// Steps of equal length; those at 0 are healthy.
std::vector<Phase> steps_of(const std::vector<double>& errors, const Phase& frame) {
  std::vector<Phase> phases;
  const auto count = static_cast<Duration::rep>(errors.size());
  for (Duration::rep i = 0; i < count; ++i) {
    const double share = errors[static_cast<std::size_t>(i)];
    if (share == 0) continue;
    Phase phase = frame;
    phase.at = frame.at + frame.length * i / count;
    phase.length = frame.at + frame.length * (i + 1) / count - phase.at;
    phase.errors = Ramp{share, share};
    if (!phases.empty() && phases.back().errors == phase.errors &&
        phases.back().at + phases.back().length == phase.at) {
      phases.back().length += phase.length;
    } else {
      phases.push_back(phase);
    }
  }
  return phases;
}

/// Slow from the second to the eleventh of fourteen parts.
std::vector<Phase> slow(double seconds, const Phase& frame) {
  constexpr Duration::rep parts = 14;
  Phase phase = frame;
  phase.at = frame.at + frame.length / parts;
  phase.length = frame.length * 10 / parts;
  if (!phase.latency) phase.latency = Ramp{seconds, seconds};
  return {phase};
}

std::vector<double> oscillating() {
  std::vector<double> errors(2, 0.0);
  for (int i = 0; i < 9; ++i) errors.insert(errors.end(), {0.02, 0.06});
  errors.insert(errors.end(), 2, 0.0);
  return errors;
}

std::vector<double> sustained() {
  std::vector<double> errors(18, 0.0);
  for (std::size_t i = 4; i < 14; ++i) errors[i] = 0.2;
  return errors;
}

}  // namespace

std::vector<Phase> phases_of(Shape shape, const Phase& frame) {
  Phase narrowed = frame;
  switch (shape) {
    case Shape::error_spike_20:
      return steps_of({0, 0, 0, 0.2, 0, 0, 0}, frame);
    case Shape::error_spike_100:
      return steps_of({0, 0, 0, 1, 0, 0, 0}, frame);
    case Shape::gradual_increase:
      return steps_of({0, 0.015, 0.02, 0.025, 0.03, 0.035, 0.04, 0.045, 0.05, 0}, frame);
    case Shape::near_target_error_rate:
      return steps_of({0, 0.012, 0.012, 0.012, 0.012, 0}, frame);
    case Shape::one_of_many_services_degradation:
      if (!narrowed.instance) narrowed.instance = 1;
      return slow(9.95, narrowed);
    case Shape::oscillating_errors:
      return steps_of(oscillating(), frame);
    case Shape::slow_query:
      if (narrowed.path.empty() && narrowed.share == 1) narrowed.share = 0.1;
      return slow(9.5, narrowed);
    case Shape::sudden_error_spikes:
      return steps_of({0, 0, 0, 0.2, 0, 0, 0, 0.6, 0, 0, 0, 1, 0, 0, 0}, frame);
    case Shape::sustained_load:
      return steps_of(sustained(), frame);
  }
  return {};
}

}  // namespace switchgear::chaos
