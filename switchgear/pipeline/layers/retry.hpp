// Further attempts of a call.
#pragma once

#include "switchgear/pipeline/layer.hpp"
#include "switchgear/policy/retry.hpp"

namespace switchgear {

template <>
class Layer<Retry> {
 public:
  using Fast = Layer;

  [[gnu::always_inline]] Gate enter(Retry& retry, Call&, TimePoint now) noexcept {
    retry.on_call(now);
    progress_ = {};
    return Gate::go;
  }
  [[gnu::always_inline]] Gate try_enter(Retry& policy, Call& call, TimePoint now) noexcept {
    return enter(policy, call, now);
  }
  void leave_well(Retry&, const Outcome&, TimePoint) noexcept {}
  Gate resume(Retry&, Call& call, TimePoint now) noexcept {
    call.until = until_;
    return now < until_ ? Gate::wait : Gate::go;
  }
  [[gnu::always_inline]] Turn leave(Retry& retry, Call& call, Ending& ending, TimePoint now) noexcept {
    if (ending.outcome->is_good()) [[likely]] {
      retry.on_success(progress_);
      return Turn::outward;
    }
    return leave_slow(retry, call, ending, now);
  }

 private:
  Turn leave_slow(Retry& retry, Call& call, const Ending& ending, TimePoint now) noexcept {
    if (!ending.came_back() || !call.repeatable() || call.committed) return Turn::outward;
    const auto next = retry.next_attempt(progress_, *ending.outcome, now, call.limit);
    if (!next) return Turn::outward;
    call.until = until_ = *next;
    return Turn::again;
  }

  Retry::Progress progress_;
  TimePoint until_;
};

}  // namespace switchgear
