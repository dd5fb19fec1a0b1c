// An adaptive limit around a call.
#pragma once

#include "switchgear/pipeline/layer.hpp"
#include "switchgear/pipeline/layers/recording.hpp"
#include "switchgear/policy/adaptive_limit.hpp"

namespace switchgear {

template <>
class Layer<AdaptiveLimit> : public RecordingLayer<AdaptiveLimit, AdaptiveLimit::Permit> {
 public:
  using Fast = Layer;
};

}  // namespace switchgear
