// Timeout and deadline.
#pragma once

#include <concepts>
#include <string>

#include "switchgear/pipeline/layer.hpp"
#include "switchgear/pipeline/layers/never_waits.hpp"
#include "switchgear/policy/time_limit.hpp"

namespace switchgear {

/// Narrows the time that what is inside may take; what is outside gets its own limit back. If the call's own
/// deadline ends at the same instant, the limit is the policy's: its caller took nothing away.
template <std::derived_from<TimeLimited> Limit>
class Layer<Limit> : public NeverWaits {
 public:
  using Fast = Layer;

  [[gnu::always_inline]] Gate enter(const TimeLimited& policy, Call& call, TimePoint now) noexcept {
    outer_limit_ = call.limit;
    outer_name_ = call.limited_by;
    const TimePoint end = policy.end(now);
    if (end < call.limit || (end == call.limit && call.limited_by == nullptr)) {
      call.limit = end;
      call.limited_by = &policy.name();
    } else if (call.limited_by == nullptr) {
      call.shortened = true;
    }
    return Gate::go;
  }
  [[gnu::always_inline]] Gate try_enter(const TimeLimited& policy, Call& call, TimePoint now) noexcept {
    return enter(policy, call, now);
  }
  void leave_well(const TimeLimited&, const Outcome&, TimePoint) noexcept {}
  [[gnu::always_inline]] Turn leave(const TimeLimited& policy, Call& call, Ending& ending,
                                    TimePoint now) noexcept {
    if (!ending.outcome->is_good()) [[unlikely]]
      note(policy, call, ending, now);
    call.limit = outer_limit_;
    call.limited_by = outer_name_;
    return Turn::outward;
  }
  /// The timeout did not run for so long. A deadline did, and so did what stands outside of this one.
  bool readmit(const TimeLimited& policy, Call& call, Duration waited,
               TimePoint) noexcept requires std::derived_from<Limit, Timeout> {
    if (call.limited_by != &policy.name()) return true;
    const TimePoint later = saturating_add(call.limit, waited);
    if (later < outer_limit_ || (later == outer_limit_ && outer_name_ == nullptr)) {
      call.limit = later;
      return true;
    }
    call.limit = outer_limit_;
    call.limited_by = outer_name_;
    call.shortened = call.shortened || outer_name_ == nullptr;
    return true;
  }

 private:
  /// Whether it was this limit: the rejection names the policy that set it.
  [[gnu::noinline]] static void note(const TimeLimited& policy, const Call& call, const Ending& ending,
                                     TimePoint now) noexcept {
    if (!call.rejection || call.rejection->policy.data() != policy.name().data()) return;
    const Reason reason = call.rejection->reason;
    if (ending.how == Ending::How::refused && reason == Reason::deadline_exceeded) {
      policy.refused(*call.rejection, now);
    } else if (ending.failed() && ending.outcome->type == FailureType::timeout &&
               reason == Reason::timed_out && now >= call.limit) {
      policy.timed_out(now);
    }
  }

  TimePoint outer_limit_;
  const std::string* outer_name_;
};

}  // namespace switchgear
