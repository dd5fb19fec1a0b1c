// A circuit breaker around a call.
#pragma once

#include "switchgear/pipeline/layer.hpp"
#include "switchgear/pipeline/layers/recording.hpp"
#include "switchgear/policy/circuit_breaker.hpp"

namespace switchgear {

template <>
class Layer<CircuitBreaker> : public RecordingLayer<CircuitBreaker, CircuitBreaker::Permit> {
 public:
  using Fast = Layer;
};

}  // namespace switchgear
