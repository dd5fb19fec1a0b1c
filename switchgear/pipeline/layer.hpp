// The interface of a policy in a pipeline, and the two general shapes: any policy, and an optional one.
#pragma once

#include <concepts>

#include "switchgear/pipeline/call.hpp"

namespace switchgear {

/// One policy's part in one call: specialise it to put a policy of your own into a pipeline.
///
///     template <> class Layer<MyPolicy> {
///      public:
///       Gate enter(MyPolicy&, Call&, TimePoint now) noexcept;           // a call goes in
///       Gate resume(MyPolicy&, Call&, TimePoint now) noexcept;          // after it said `wait`, or `again`
///       Turn leave(MyPolicy&, Call&, Ending&, TimePoint now) noexcept;  // what it let in has ended
///     };
///
/// A layer that records how calls end may also have answer_began(outcome, now): the answer to what it let in
/// has begun and may go on for as long as it likes. leave() is still called, at its end.
///
/// One whose permit says that a dependency is busy may also have set_aside(now) and take_up(policy, now): the
/// attempt waits for its own caller from here on, or for the dependency again. And set_aside(so_far, now),
/// for an attempt whose answer has begun, and would count as `so_far` if it ended now. And readmit(policy,
/// call, waited, now), in the place of take_up() for an attempt that has not reached the dependency yet, and
/// was set aside for so long: false, with `Call::rejection`, if it must not go on.
///
/// Default-constructed once per call. leave() is called once for every `go`, unless the caller goes away:
/// then the destructor alone gives back what is held. Neither copied nor moved. A layer may also offer a fast
/// lane: see fast_lane.hpp.
template <class Policy>
class Layer;

template <class L, class Policy>
concept LayerOf = std::default_initializable<L> &&
    requires(L layer, Policy& policy, Call& call, Ending& ending, TimePoint now) {
  { layer.enter(policy, call, now) }
  noexcept->std::same_as<Gate>;
  { layer.resume(policy, call, now) }
  noexcept->std::same_as<Gate>;
  { layer.leave(policy, call, ending, now) }
  noexcept->std::same_as<Turn>;
};

/// Whether a policy can stand around calls that answer with T. One that keeps answers knows a single type.
template <class Policy, class T>
inline constexpr bool takes_answer = true;

/// Stands in a pipeline for a policy that may be absent: Pipeline{&retry, static_cast<Bulkhead*>(nullptr)}.
template <class Policy>
struct Optional {
  Policy* policy = nullptr;
};

template <class Policy, class T>
inline constexpr bool takes_answer<Optional<Policy>, T> = takes_answer<Policy, T>;

template <class Policy>
class Layer<Optional<Policy>> {
 public:
  Gate enter(Optional<Policy>& optional, Call& call, TimePoint now) noexcept {
    return optional.policy == nullptr ? Gate::go : layer_.enter(*optional.policy, call, now);
  }
  Gate resume(Optional<Policy>& optional, Call& call, TimePoint now) noexcept {
    return layer_.resume(*optional.policy, call, now);
  }
  Turn leave(Optional<Policy>& optional, Call& call, Ending& ending, TimePoint now) noexcept {
    return optional.policy == nullptr ? Turn::outward : layer_.leave(*optional.policy, call, ending, now);
  }
  void answer_began(const Outcome& outcome, TimePoint now) noexcept requires requires(Layer<Policy>& layer) {
    layer.answer_began(outcome, now);
  }
  { layer_.answer_began(outcome, now); }
  void set_aside(TimePoint now) noexcept requires requires(Layer<Policy>& layer) { layer.set_aside(now); }
  { layer_.set_aside(now); }
  void set_aside(const Outcome& so_far, TimePoint now) noexcept requires requires(Layer<Policy>& layer) {
    layer.set_aside(so_far, now);
  }
  { layer_.set_aside(so_far, now); }
  void take_up(Optional<Policy>& optional, TimePoint now) noexcept requires
      requires(Layer<Policy>& layer, Policy& policy) {
    layer.take_up(policy, now);
  }
  {
    if (optional.policy != nullptr) layer_.take_up(*optional.policy, now);
  }
  bool readmit(Optional<Policy>& optional, Call& call, Duration waited, TimePoint now) noexcept requires
      requires(Layer<Policy>& layer, Policy& policy) {
    layer.readmit(policy, call, waited, now);
  }
  { return optional.policy == nullptr || layer_.readmit(*optional.policy, call, waited, now); }
  void will_not_share(Optional<Policy>& optional) noexcept requires
      requires(Layer<Policy>& layer, Policy& policy) {
    layer.will_not_share(policy);
  }
  {
    if (optional.policy != nullptr) layer_.will_not_share(*optional.policy);
  }

 private:
  Layer<Policy> layer_;
};

}  // namespace switchgear
