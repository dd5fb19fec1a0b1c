// Each policy's layer: its part in a call on the way in and out. The policies decide; a layer keeps the state
// of one call: a permit, a place in a queue, the number of attempts.
#pragma once

#include <algorithm>
#include <concepts>
#include <optional>
#include <string>
#include <utility>

#include "switchgear/pipeline/held.hpp"
#include "switchgear/pipeline/layer.hpp"
#include "switchgear/policy/adaptive_limit.hpp"
#include "switchgear/policy/breaker_group.hpp"
#include "switchgear/policy/bulkhead.hpp"
#include "switchgear/policy/chaos.hpp"
#include "switchgear/policy/circuit_breaker.hpp"
#include "switchgear/policy/rate_limiter.hpp"
#include "switchgear/policy/retry.hpp"
#include "switchgear/policy/time_limit.hpp"

namespace switchgear {

/// For layers that never wait.
class NeverWaits {
 public:
  template <class Policy>
  Gate resume(Policy&, Call&, TimePoint) noexcept {
    return Gate::go;
  }
};

/// Takes a permit from a policy that records how the call ended. A refusal by another policy, outside or
/// inside, is not a result of the call: the permit is dropped, which counts as ignored.
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
  [[gnu::always_inline]] Turn leave(Policy&, Call&, Ending& ending, TimePoint now) noexcept {
    if (ending.came_back()) (*permit_).record(*ending.outcome, now);
    permit_.drop();
    return Turn::outward;
  }
  /// The permit keeps its place here: to record it again does nothing.
  void answer_began(const Outcome& outcome, TimePoint now) noexcept {
    if (permit_) (*permit_).record(outcome, now);
  }

 private:
  detail::Held<Permit> permit_;
};

template <>
class Layer<CircuitBreaker> : public RecordingLayer<CircuitBreaker, CircuitBreaker::Permit> {
 public:
  using Fast = Layer;
};

template <>
class Layer<BreakerGroup> : public RecordingLayer<BreakerGroup, BreakerGroup::Permits> {
 public:
  using Fast = Layer;
};

template <>
class Layer<AdaptiveLimit> : public RecordingLayer<AdaptiveLimit, AdaptiveLimit::Permit> {
 public:
  using Fast = Layer;
};

template <>
class Layer<Bulkhead> {
 public:
  class Fast {
   public:
    [[gnu::always_inline]] Gate try_enter(Bulkhead& bulkhead, Call&, TimePoint) noexcept {
      auto permit = bulkhead.try_slot();
      if (!permit) [[unlikely]]
        return Gate::defer;
      permit_.take(*std::move(permit));
      return Gate::go;
    }
    [[gnu::always_inline]] void leave_well(Bulkhead&, const Outcome&, TimePoint) noexcept { permit_.drop(); }

   private:
    friend Layer;
    detail::Held<Bulkhead::Permit> permit_;
  };

  Layer() = default;
  explicit Layer(Fast&& taken) noexcept : permit_(std::move(taken.permit_)) {}

  [[gnu::always_inline]] Gate enter(Bulkhead& bulkhead, Call& call, TimePoint now) noexcept {
    auto permit = bulkhead.try_slot();
    if (!permit) [[unlikely]]
      return queue_up(bulkhead, call, now);
    permit_.take(*std::move(permit));
    return Gate::go;
  }
  Gate resume(Bulkhead& bulkhead, Call& call, TimePoint now) noexcept {
    auto permit = now < until_ ? bulkhead.poll(*ticket_) : bulkhead.leave(*ticket_);
    if (!permit && now < until_) {
      call.until = until_;
      return Gate::wait;
    }
    ticket_.reset();
    if (permit) {
      permit_.take(*std::move(permit));
      return Gate::go;
    }
    call.refuse(bulkhead.refuse(Reason::queue_timeout));
    return Gate::refuse;
  }
  [[gnu::always_inline]] Turn leave(Bulkhead&, Call&, Ending&, TimePoint) noexcept {
    permit_.drop();
    return Turn::outward;
  }

 private:
  [[gnu::noinline]] Gate queue_up(Bulkhead& bulkhead, Call& call, TimePoint now) noexcept {
    until_ = std::min(saturating_add(now, bulkhead.options().max_wait), call.limit);
    auto entry = Bulkhead::Entry::refused;
    if (until_ > now && call.waker != nullptr) {
      ticket_.emplace();
      entry = bulkhead.join(*ticket_, *call.waker);
    }
    switch (entry) {
      case Bulkhead::Entry::granted:
        permit_.take(*bulkhead.poll(*ticket_));
        ticket_.reset();
        return Gate::go;
      case Bulkhead::Entry::waiting:
        call.until = until_;
        return Gate::wait;
      case Bulkhead::Entry::refused:
        break;
    }
    ticket_.reset();
    call.refuse(bulkhead.refuse(Reason::bulkhead_full));
    return Gate::refuse;
  }

  detail::Held<Bulkhead::Permit> permit_;
  std::optional<Bulkhead::Ticket> ticket_;
  TimePoint until_;
};

template <>
class Layer<RateLimiter> {
 public:
  using Fast = Layer;

  Layer() = default;
  Layer(Layer&& other) noexcept : limiter_(std::exchange(other.limiter_, nullptr)), token_(other.token_) {}
  Layer(const Layer&) = delete;
  Layer& operator=(const Layer&) = delete;
  ~Layer() {
    if (limiter_ == nullptr) [[likely]]
      return;
    const RateLimiter::Token unused = token_;
    limiter_->give_back(unused);
  }

  [[gnu::always_inline]] Gate enter(RateLimiter& limiter, Call& call, TimePoint now) noexcept {
    auto token = limiter.reserve(now, call.waker != nullptr ? call.limit : now);
    if (!token) [[unlikely]] {
      call.refuse(token.rejection());
      return Gate::refuse;
    }
    if (token->at <= now) [[likely]]
      return Gate::go;
    token_ = *token;
    limiter_ = &limiter;
    call.until = token_.at;
    return Gate::wait;
  }
  [[gnu::always_inline]] Gate try_enter(RateLimiter& policy, Call& call, TimePoint now) noexcept {
    return enter(policy, call, now);
  }
  void leave_well(RateLimiter&, const Outcome&, TimePoint) noexcept {}
  Gate resume(RateLimiter&, Call& call, TimePoint now) noexcept {
    call.until = token_.at;
    if (now < token_.at) return Gate::wait;
    limiter_ = nullptr;
    return Gate::go;
  }
  Turn leave(RateLimiter&, Call&, Ending&, TimePoint) noexcept { return Turn::outward; }

 private:
  RateLimiter* limiter_ = nullptr;  ///< set while the token lies in the future
  RateLimiter::Token token_{};
};

/// Narrows the time that what is inside may take; what is outside gets its own limit back.
template <std::derived_from<TimeLimited> Limit>
class Layer<Limit> : public NeverWaits {
 public:
  using Fast = Layer;

  [[gnu::always_inline]] Gate enter(const TimeLimited& policy, Call& call, TimePoint now) noexcept {
    outer_limit_ = call.limit;
    outer_name_ = call.limited_by;
    const TimePoint end = policy.end(now);
    if (end < call.limit) {
      call.limit = end;
      call.limited_by = &policy.name();
    }
    return Gate::go;
  }
  [[gnu::always_inline]] Gate try_enter(const TimeLimited& policy, Call& call, TimePoint now) noexcept {
    return enter(policy, call, now);
  }
  void leave_well(const TimeLimited&, const Outcome&, TimePoint) noexcept {}
  [[gnu::always_inline]] Turn leave(const TimeLimited&, Call& call, Ending&, TimePoint) noexcept {
    call.limit = outer_limit_;
    call.limited_by = outer_name_;
    return Turn::outward;
  }

 private:
  TimePoint outer_limit_;
  const std::string* outer_name_;
};

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
    if (ending.outcome->is_good()) [[likely]]
      return Turn::outward;
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
        if (call.limit == TimePoint::max()) {  // the wait would never end
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
