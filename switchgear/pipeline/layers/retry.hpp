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
    progress_ = {};
    retry.on_call(progress_, now);
    return Gate::go;
  }
  [[gnu::always_inline]] Gate try_enter(Retry& policy, Call& call, TimePoint now) noexcept {
    return enter(policy, call, now);
  }
  void leave_well(Retry&, const Outcome&, TimePoint) noexcept { end(); }
  Gate resume(Retry&, Call& call, TimePoint now) noexcept {
    call.until = until_;
    return now < until_ ? Gate::wait : Gate::go;
  }
  [[gnu::always_inline]] Turn leave(Retry& retry, Call& call, Ending& ending, TimePoint now) noexcept {
    if (ending.outcome->is_good()) [[likely]] {
      retry.on_success(progress_);
      end();
      return Turn::outward;
    }
    const Turn turn = leave_slow(retry, call, ending, now);
    if (turn == Turn::outward) end();
    return turn;
  }
  /// The call stays in flight; the retry has brought its answer.
  void answer_began(const Outcome&, TimePoint) noexcept { progress_.retry.release(); }

 private:
  /// Layers outside may go on, or come back.
  [[gnu::always_inline]] void end() noexcept {
    progress_.retry.release();
    progress_.call.release();
  }
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
