// The part of a layer that lets a call in or refuses it, and never makes it wait.
#pragma once

#include "switchgear/pipeline/call.hpp"

namespace switchgear {

/// For layers that never wait.
class NeverWaits {
 public:
  template <class Policy>
  Gate resume(Policy&, Call&, TimePoint) noexcept {
    return Gate::go;
  }
};

}  // namespace switchgear
