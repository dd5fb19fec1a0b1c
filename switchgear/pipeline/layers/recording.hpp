// The layer of a policy that hears how calls end.
#pragma once

#include <utility>

#include "switchgear/pipeline/held.hpp"
#include "switchgear/pipeline/layers/never_waits.hpp"

namespace switchgear {

/// Takes a permit from a policy that hears how the call ended. A refusal by something outside or inside is
/// nobody's result, nor is a time limit that was shorter than the pipeline's own because the caller was in a
/// hurry: the permit is dropped, which counts as ignored.
template <class Policy, class Permit>
class RecordingLayer : public NeverWaits {
 public:
  [[gnu::always_inline]] Gate enter(Policy& policy, Call& call, TimePoint now) noexcept {
    auto permit = policy.try_acquire(now);
    if (!permit) [[unlikely]] {
      call.refuse(permit.rejection());
      return Gate::refuse;
    }
    permit_.take(*std::move(permit));
    return Gate::go;
  }
  [[gnu::always_inline]] Gate try_enter(Policy& policy, Call& call, TimePoint now) noexcept {
    return enter(policy, call, now);
  }
  [[gnu::always_inline]] void leave_well(Policy&, const Outcome& outcome, TimePoint now) noexcept {
    (*permit_).record(outcome, now);
  }
  [[gnu::always_inline]] Turn leave(Policy&, Call& call, Ending& ending, TimePoint now) noexcept {
    if (ending.came_back() && !call.hurried) (*permit_).record(*ending.outcome, now);
    permit_.drop();
    return Turn::outward;
  }
  /// The permit keeps its place here: to record it again does nothing.
  void answer_began(const Outcome& outcome, TimePoint now) noexcept {
    if (permit_) (*permit_).record(outcome, now);
  }

 protected:
  detail::Held<Permit> permit_;
};

}  // namespace switchgear
