// Breakers by value around a call: the one of the value that comes with the call.
#pragma once

#include <utility>

#include "switchgear/pipeline/held.hpp"
#include "switchgear/pipeline/layer.hpp"
#include "switchgear/pipeline/layers/never_waits.hpp"
#include "switchgear/policy/breakers_by_value.hpp"

namespace switchgear {

/// As RecordingLayer. Its refusal concerns calls of the same value alone.
template <>
class Layer<BreakersByValue> : public NeverWaits {
 public:
  Gate enter(BreakersByValue& breakers, Call& call, TimePoint now) noexcept {
    auto permit = breakers.try_acquire(call.options->value, now);
    if (!permit) {
      call.refuse(permit.rejection());
      call.refused_alone = true;
      return Gate::refuse;
    }
    permit_.take(*std::move(permit));
    return Gate::go;
  }
  Turn leave(BreakersByValue&, Call& call, Ending& ending, TimePoint now) noexcept {
    if (ending.came_back() && !call.hurried) (*permit_).record(*ending.outcome, now);
    permit_.drop();
    return Turn::outward;
  }
  /// The permit keeps its place here: to record it again does nothing.
  void answer_began(const Outcome& outcome, TimePoint now) noexcept {
    if (permit_) (*permit_).record(outcome, now);
  }
  void set_aside(TimePoint now) noexcept {
    if (permit_) permit_.get().set_aside(now);
  }
  void set_aside(const Outcome& so_far, TimePoint now) noexcept {
    if (permit_) permit_.get().set_aside(so_far, now);
  }
  void take_up(BreakersByValue&, TimePoint now) noexcept {
    if (permit_) permit_.get().take_up(now);
  }
  bool readmit(BreakersByValue&, Call& call, Duration, TimePoint now) noexcept {
    if (!permit_) return true;
    const auto rejection = permit_.get().readmit(now);
    if (!rejection) return true;
    call.refuse(*rejection);
    call.refused_alone = true;
    return false;
  }

 private:
  detail::Held<BreakersByValue::Permit> permit_;
};

}  // namespace switchgear
