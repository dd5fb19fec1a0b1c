// Injected faults.
#pragma once

#include <algorithm>
#include <utility>

#include "switchgear/pipeline/layer.hpp"
#include "switchgear/policy/chaos.hpp"
#include "switchgear/policy/circuit_breaker.hpp"

namespace switchgear {

/// Injects what the seed says. Stands inside the policies that are to notice: a delay is part of the
/// attempt's latency for them, and one that lasts until the limit is a timeout.
template <>
class Layer<Chaos> {
 public:
  using Fast = Layer;

  Gate enter(Chaos& chaos, Call& call, TimePoint now) noexcept {
    using Kind = Chaos::Injection::Kind;
    const Chaos::Injection injection = chaos.next();
    delayed_ = {};
    if (injection.kind == Kind::none) [[likely]]
      return Gate::go;
    call.chaos = true;
    call.refuse(Reason::chaos, chaos.name(), {});
    switch (injection.kind) {
      case Kind::fail:
        call.injected = Outcome::failure(injection.type, {});
        return Gate::inject;
      case Kind::delay:
        until_ = std::min(saturating_add(now, injection.delay), call.limit);
        times_out_ = until_ == call.limit && call.limit != TimePoint::max();
        break;
      case Kind::timeout:
        if (call.limit == TimePoint::max()) {  // nobody would ever stop waiting
          call.injected = Outcome::failure(FailureType::timeout, {});
          return Gate::inject;
        }
        times_out_ = true;
        until_ = call.limit;
        break;
      case Kind::force_open:
        if (CircuitBreaker* target = chaos.target()) target->command(Command::force_open, now);
        call.refuse(Reason::forced_open, chaos.name(), {});
        return Gate::refuse;
      case Kind::none:
      case Kind::abort:
        return Gate::refuse;
    }
    started_ = now;
    call.until = until_;
    return Gate::wait;
  }
  [[gnu::always_inline]] Gate try_enter(Chaos& chaos, Call&, TimePoint) noexcept {
    return chaos.enabled() ? Gate::defer : Gate::go;
  }
  void leave_well(Chaos&, const Outcome&, TimePoint) noexcept {}
  Gate resume(Chaos& chaos, Call& call, TimePoint now) noexcept {
    call.until = until_;
    if (now < until_) return Gate::wait;
    const Duration waited = saturating_sub(now, started_);
    if (!std::exchange(times_out_, false) && now < call.limit) {
      delayed_ = waited;
      return Gate::go;
    }
    call.refuse(Reason::chaos, chaos.name(), {});
    call.injected = Outcome::failure(FailureType::timeout, waited);
    return Gate::inject;
  }
  Turn leave(Chaos&, Call& call, Ending& ending, TimePoint) noexcept {
    if (delayed_ > Duration::zero() && ending.came_back()) {
      Outcome late = *ending.outcome;
      late.latency = saturating_add(TimePoint{late.latency}, delayed_).time_since_epoch();
      ending.outcome = &call.injected.emplace(late);
    }
    return Turn::outward;
  }

 private:
  TimePoint until_;
  TimePoint started_;
  bool times_out_ = false;
  Duration delayed_{};  ///< by so much the attempt that was let in was late
};

}  // namespace switchgear
