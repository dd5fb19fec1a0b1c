// Layers one inside the other around one attempt at a time: the part of an execution that knows no hedge.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <utility>

#include "switchgear/pipeline/layer.hpp"

namespace switchgear {

/// How a pipeline keeps one of its policies: borrowed.
template <class Policy>
struct Borrowed {
  Policy* policy;
  [[nodiscard]] Policy& get() const noexcept { return *policy; }
};
template <class Policy>
struct Borrowed<Optional<Policy>> {
  mutable Optional<Policy> policy;
  [[nodiscard]] Optional<Policy>& get() const noexcept { return policy; }
};

/// The state machine:
///
///   start() ──▶ in through the layers ──all say go──▶ attempt ──on_outcome()──▶ out through the layers ──▶
///   done
///                    │      ▲                                                      │
///                  wait     └───────────────────── again, after a wait ────────────┘
///
/// | a layer says          | where                                             |
/// |-----------------------|---------------------------------------------------|
/// | go, wait              | enter<I>(), resume_at<I>()                        |
/// | refuse, answer, inject| stop_at<I>(): the layers outside of it are left   |
/// | outward, again        | leave<I>()                                        |
///
/// Layers are left innermost first. Threads: one at a time.
template <class... Policies>
class Sequence {
 public:
  static_assert((LayerOf<Layer<Policies>, Policies> && ...));
  static constexpr std::size_t size = sizeof...(Policies);
  using Policy = std::tuple<Borrowed<Policies>...>;

  Sequence() = default;
  /// Goes on where a fast lane ended (fast_lane.hpp): as if the last step had been `attempt`, or with
  /// go_on().
  template <class... Fast>
  Sequence(std::tuple<Fast...>&& layers, std::size_t at, Gate gate) noexcept
      : layers_(std::move(layers)), at_(at), gate_(gate) {}
  Sequence(const Sequence&) = delete;
  Sequence& operator=(const Sequence&) = delete;

  [[gnu::always_inline]] Step start(const Policy& policies, Call& call, TimePoint now) noexcept {
    return enter<0>(policies, call, now);
  }

  /// The step of a call that a fast lane did not admit.
  Step go_on(const Policy& policies, Call& call, TimePoint now) noexcept {
    if (at_ == size) {
      --call.attempts;  // counted before it turned out to be too late
      call.refuse_for_limit(Reason::deadline_exceeded);
      ending_ = {Ending::How::refused, &Ending::nothing};
      return leave<size>(policies, call, now);
    }
    return go_on_at<0>(policies, call, now);
  }

  /// The attempt has ended. Precondition: the last step was `attempt`.
  [[gnu::always_inline]] Step on_outcome(const Policy& policies, Call& call, const Outcome& outcome,
                                         TimePoint now) noexcept {
    ending_.how = Ending::How::completed;
    ending_.outcome = &outcome;
    const Step step = leave<size>(policies, call, now);
    keep_outcome();
    return step;
  }

  /// A part further inside, which is not of this sequence, has ended so. Precondition: the last step was
  /// `attempt`.
  Step on_ending(const Policy& policies, Call& call, const Ending& ending, TimePoint now) noexcept {
    ending_ = ending;
    const Step step = leave<size>(policies, call, now);
    keep_outcome();
    return step;
  }

  /// The attempt's answer has begun. Precondition: the last step was `attempt`.
  void answer_began(const Outcome& outcome, TimePoint now) noexcept {
    const auto tell = [&](auto& layer) {
      if constexpr (requires { layer.answer_began(outcome, now); }) layer.answer_began(outcome, now);
    };
    std::apply([&](auto&... layers) { (tell(layers), ...); }, layers_);
  }

  /// The attempt waits for its caller from here on. Precondition: the last step was `attempt`.
  void set_aside(TimePoint now) noexcept {
    const auto tell = [&](auto& layer) {
      if constexpr (requires { layer.set_aside(now); }) layer.set_aside(now);
    };
    std::apply([&](auto&... layers) { (tell(layers), ...); }, layers_);
  }

  void set_aside(const Outcome& so_far, TimePoint now) noexcept {
    const auto tell = [&](auto& layer) {
      if constexpr (requires { layer.set_aside(so_far, now); }) layer.set_aside(so_far, now);
    };
    std::apply([&](auto&... layers) { (tell(layers), ...); }, layers_);
  }

  /// It waits for what it calls again. Precondition: as for set_aside().
  void take_up(const Policy& policies, TimePoint now) noexcept {
    const auto tell = [&](auto& layer, auto& policy) {
      if constexpr (requires { layer.take_up(policy, now); }) layer.take_up(policy, now);
    };
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (tell(std::get<I>(layers_), std::get<I>(policies).get()), ...);
    }
    (std::make_index_sequence<sizeof...(Policies)>{});
  }

  /// It is about to reach what it calls, after it was set aside for so long. False: a layer refuses, and
  /// refused() must follow. Precondition: as for set_aside().
  [[nodiscard]] bool readmit(const Policy& policies, Call& call, Duration waited, TimePoint now) noexcept {
    const auto ask = [&](auto& layer, auto& policy) {
      if constexpr (requires { layer.readmit(policy, call, waited, now); }) {
        return layer.readmit(policy, call, waited, now);
      } else {
        return true;
      }
    };
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return (ask(std::get<I>(layers_), std::get<I>(policies).get()) && ...);
    }
    (std::make_index_sequence<sizeof...(Policies)>{});
  }
  Step refused(const Policy& policies, Call& call, TimePoint now) noexcept {
    return on_ending(policies, call, {Ending::How::refused, &Ending::nothing}, now);
  }

  void will_not_share(const Policy& policies) noexcept {
    const auto tell = [](auto& layer, auto& policy) {
      if constexpr (requires { layer.will_not_share(policy); }) layer.will_not_share(policy);
    };
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (tell(std::get<I>(layers_), std::get<I>(policies).get()), ...);
    }
    (std::make_index_sequence<sizeof...(Policies)>{});
  }

  /// The wait may be over. Precondition: the last step was `wait`. Too early is allowed: the answer is the
  /// same wait.
  Step on_timer(const Policy& policies, Call& call, TimePoint now) noexcept {
    if constexpr (size == 0) {
      return {};
    } else {
      return resume_at<0>(policies, call, now);
    }
  }

  /// The caller goes away while it waits. Precondition: the last step was `wait`.
  Step cancel(const Policy& policies, Call& call, TimePoint now) noexcept {
    ending_.how = Ending::How::cancelled;
    ending_.outcome = &Ending::nothing;
    call.refuse(Reason::cancelled, "caller", {});
    if constexpr (size == 0) {
      return {};
    } else {
      return cancel_at<0>(policies, call, now);
    }
  }

  [[nodiscard]] const Ending& ending() const noexcept { return ending_; }

 private:
  template <std::size_t I>
  [[gnu::always_inline]] Step enter(const Policy& policies, Call& call, TimePoint now) noexcept {
    if constexpr (I == size) {
      if (now >= call.limit) [[unlikely]] {
        call.refuse_for_limit(Reason::deadline_exceeded);
        ending_ = {Ending::How::refused, &Ending::nothing};
        return leave<size>(policies, call, now);
      }
      return {.kind = Step::Kind::attempt, .number = ++call.attempts, .until = call.limit};
    } else {
      const Gate gate = std::get<I>(layers_).enter(std::get<I>(policies).get(), call, now);
      if (gate == Gate::go) [[likely]]
        return enter<I + 1>(policies, call, now);
      return stop_at<I>(policies, call, gate, now);
    }
  }

  template <std::size_t I>
  Step go_on_at(const Policy& policies, Call& call, TimePoint now) noexcept {
    if constexpr (I < size) {
      return at_ == I ? stop_at<I>(policies, call, gate_, now) : go_on_at<I + 1>(policies, call, now);
    } else {
      return {};
    }
  }

  template <std::size_t I>
  [[gnu::noinline]] Step stop_at(const Policy& policies, Call& call, Gate gate, TimePoint now) noexcept {
    switch (gate) {
      case Gate::go:
        return enter<I + 1>(policies, call, now);
      case Gate::wait:
        return wait_at<I>(call);
      case Gate::refuse:
        ending_.how = Ending::How::refused;
        ending_.outcome = &Ending::nothing;
        break;
      case Gate::answer:
        ending_.how = Ending::How::answered;
        ending_.outcome = &Ending::success;
        break;
      case Gate::defer:
        return enter<I>(policies, call, now);
      case Gate::inject:
        ending_.how = Ending::How::injected;
        ending_.outcome = &*call.injected;
        break;
    }
    return leave<I>(policies, call, now);
  }

  /// Leaves layer I-1 and everything outside of it.
  template <std::size_t I>
  [[gnu::always_inline]] Step leave(const Policy& policies, Call& call, TimePoint now) noexcept {
    if constexpr (I == 0) {
      return {};
    } else {
      const Turn turn = std::get<I - 1>(layers_).leave(std::get<I - 1>(policies).get(), call, ending_, now);
      if (turn == Turn::outward) [[likely]]
        return leave<I - 1>(policies, call, now);
      return wait_at<I - 1>(call);
    }
  }

  template <std::size_t I>
  Step wait_at(const Call& call) noexcept {
    at_ = I;
    return {.kind = Step::Kind::wait, .until = call.until};
  }

  template <std::size_t I>
  Step resume_at(const Policy& policies, Call& call, TimePoint now) noexcept {
    if constexpr (I + 1 < size) {
      if (at_ != I) return resume_at<I + 1>(policies, call, now);
    }
    assert(at_ == I);
    return stop_at<I>(policies, call, std::get<I>(layers_).resume(std::get<I>(policies).get(), call, now),
                      now);
  }

  template <std::size_t I>
  Step cancel_at(const Policy& policies, Call& call, TimePoint now) noexcept {
    if constexpr (I + 1 < size) {
      if (at_ != I) return cancel_at<I + 1>(policies, call, now);
    }
    // The layer that waits is inside of nothing yet: its own destructor gives back what it waits for.
    std::destroy_at(&std::get<I>(layers_));
    std::construct_at(&std::get<I>(layers_));
    return leave<I>(policies, call, now);
  }

  /// The driver's own outcome is gone when it gets the step.
  void keep_outcome() noexcept {
    kept_ = *ending_.outcome;
    ending_.outcome = &kept_;
  }

  std::tuple<Layer<Policies>...> layers_;
  Ending ending_;
  Outcome kept_;
  std::size_t at_ = 0;    ///< the layer that waits, or where the fast lane ended
  Gate gate_ = Gate::go;  ///< that layer's decision
};

}  // namespace switchgear
