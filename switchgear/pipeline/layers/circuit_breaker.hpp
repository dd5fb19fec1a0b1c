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

  void set_aside(TimePoint now) noexcept {
    if (permit_) (*permit_).set_aside(now);
  }
  void take_up(CircuitBreaker& breaker, TimePoint now) noexcept {
    if (!permit_) return;
    CircuitBreaker::Permit& permit = permit_.get();
    permit.counts() ? permit.take_up(now) : void(permit = breaker.rejoin(now));
  }
};

}  // namespace switchgear
