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
  void set_aside(const Outcome& so_far, TimePoint now) noexcept {
    if (permit_) (*permit_).set_aside(so_far, now);
  }
  void take_up(CircuitBreaker& breaker, TimePoint now) noexcept {
    if (!permit_) return;
    CircuitBreaker::Permit& permit = permit_.get();
    permit.gave_place_back() ? void(permit = breaker.rejoin(now)) : permit.take_up(now);
  }
  bool readmit(CircuitBreaker& breaker, Call& call, Duration, TimePoint now) noexcept {
    if (!permit_) return true;
    CircuitBreaker::Permit& permit = permit_.get();
    if (!permit.gave_place_back()) {
      permit.take_up(now);
      return true;
    }
    auto again = breaker.try_acquire(now);
    if (!again) {
      call.refuse(again.rejection());
      return false;
    }
    permit = *std::move(again);
    return true;
  }
};

}  // namespace switchgear
