// A group of breakers around a call: each of them sees it.
#pragma once

#include "switchgear/pipeline/layer.hpp"
#include "switchgear/pipeline/layers/recording.hpp"
#include "switchgear/policy/breaker_group.hpp"

namespace switchgear {

template <>
class Layer<BreakerGroup> : public RecordingLayer<BreakerGroup, BreakerGroup::Permits> {
 public:
  using Fast = Layer;

  void set_aside(TimePoint now) noexcept {
    if (permit_) permit_.get().set_aside(now);
  }
  void set_aside(const Outcome& so_far, TimePoint now) noexcept {
    if (permit_) permit_.get().set_aside(so_far, now);
  }
  void take_up(BreakerGroup& group, TimePoint now) noexcept {
    if (permit_) group.take_up(permit_.get(), now);
  }
  bool readmit(BreakerGroup& group, Call& call, Duration, TimePoint now) noexcept {
    if (!permit_) return true;
    const auto rejection = group.readmit(permit_.get(), now);
    if (rejection) call.refuse(*rejection);
    return !rejection;
  }
};

}  // namespace switchgear
