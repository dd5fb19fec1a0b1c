// Admission control around a call.
#pragma once

#include "switchgear/pipeline/layer.hpp"
#include "switchgear/pipeline/layers/recording.hpp"
#include "switchgear/policy/admission_control.hpp"

namespace switchgear {

template <>
class Layer<AdmissionControl> : public RecordingLayer<AdmissionControl, AdmissionControl::Permit> {
 public:
  using Fast = Layer;
};

}  // namespace switchgear
