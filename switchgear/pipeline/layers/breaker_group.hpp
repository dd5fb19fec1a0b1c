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
};

}  // namespace switchgear
