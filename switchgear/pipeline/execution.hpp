// One call's way through a pipeline.
#pragma once

#include <cstdint>
#include <optional>
#include <tuple>
#include <utility>

#include "switchgear/pipeline/fast_lane.hpp"
#include "switchgear/pipeline/machine.hpp"

namespace switchgear {

/// The machine of one call: the drivers (sync/, async/, the gateway) are loops around it.
///
///     Execution execution{pipeline.policies(), options};
///     Step step = execution.start(now());
///     while (step.kind != Step::Kind::done) {
///       if (step.kind == Step::Kind::attempt) {
///         const Outcome outcome = make_call(step.until);
///         step = execution.on_outcome(step.branch, outcome, now());
///       } else {
///         wait_until(step.until);
///         step = execution.on_timer(now());
///       }
///     }
///     execution.ending();                              // how it ended; execution.rejection(): why not
///
/// With a hedge, attempts run at once: after each `attempt` call on_timer() again, until it says `wait`. With
/// a wait there may then be attempts in flight: report their outcomes as they come. Destroyed before it is
/// done, it gives back whatever it holds; what was in flight counts as ignored. Threads: one at a time. Never
/// allocates. Neither copied nor moved.
template <class... Policies>
class Execution {
 public:
  using Machine = MachineOf<Policies...>;
  static inline const CallOptions no_options{};
  static constexpr bool hedges = Machine::hedges;
  /// Whether calls may answer with T.
  template <class T>
  static constexpr bool takes = (takes_answer<Policies, T> && ...);

  /// Borrows all of it. `waker` is called when a wait may be over; without one nothing waits for another
  /// call. `answer` is an Answer<T>*, when policies of the pipeline keep values; takes<T> must hold.
  [[gnu::always_inline]] explicit Execution(const std::tuple<Borrowed<Policies>...>& policies,
                                            const CallOptions& options = no_options, Waker* waker = nullptr,
                                            void* answer = nullptr) noexcept
      : policies_(policies), call_(options, waker, answer) {}
  /// Takes over from a fast lane, which has made try_start().
  Execution(FastLane<Policies...>&& lane, void* answer) noexcept
      : policies_(lane.policies_),
        call_(lane.call_),
        machine_(std::move(lane.layers_), lane.at_, lane.gate_) {
    call_.answer = answer;
  }
  Execution(const Execution&) = delete;
  Execution& operator=(const Execution&) = delete;

  [[gnu::always_inline]] Step start(TimePoint now) noexcept { return machine_.start(policies_, call_, now); }

  /// The step of a call that a fast lane did not admit. Precondition: its try_start() said false.
  Step go_on(TimePoint now) noexcept { return machine_.go_on(policies_, call_, now); }

  /// The attempt of `branch` has ended. One that was cancelled by its caller ended with Outcome::ignored().
  [[gnu::always_inline]] Step on_outcome(unsigned branch, const Outcome& outcome, TimePoint now) noexcept {
    return machine_.on_outcome(policies_, call_, branch, outcome, now);
  }

  /// The attempt of `branch` was cut off, or came back too late, because its time was over. Returns as
  /// on_outcome() does; if this ends the call, rejection() names whose limit it was.
  Step on_timeout(unsigned branch, Duration latency, TimePoint now, CutOff how = CutOff::at_limit) noexcept {
    machine_.blame_limit(call_, branch, how);
    return on_outcome(branch, Outcome::failure(FailureType::timeout, latency), now);
  }

  /// The answer of `branch` has begun and may go on for as long as it likes, as an event stream does.
  /// Policies that judge calls (breaker, adaptive limit) take `outcome`, whose latency runs to this moment,
  /// for the attempt's; the others keep what they hold until on_outcome(), which must still come. Call after
  /// commit().
  void answer_began(unsigned branch, const Outcome& outcome, TimePoint now) noexcept {
    machine_.answer_began(policies_, branch, outcome, now);
  }

  /// The attempt of `branch` waits for its own caller from here on, as for one that sends its request slowly:
  /// its breakers do not count it among the calls that are stuck, and a probe gives its place to another.
  void set_aside(unsigned branch, TimePoint now) noexcept { machine_.set_aside(policies_, branch, now); }
  /// The same of an attempt whose answer has begun and whose caller is slow to take it: a probe counts as
  /// `so_far`, now, because the dependency has answered; any other call counts when it ends.
  void set_aside(unsigned branch, const Outcome& so_far, TimePoint now) noexcept {
    machine_.set_aside(policies_, branch, so_far, now);
  }
  /// It waits for what it calls again, or its outcome is at hand. Call once after set_aside().
  void take_up(unsigned branch, TimePoint now) noexcept { machine_.take_up(policies_, branch, now); }
  /// In place of take_up() for an attempt that has not reached what it calls, and was set aside because it
  /// waited for something of its caller's own, such as a free connection: `waited` is not its time. A probe
  /// that gave its place to another requests a new one. Returns when the attempt must have ended: its timeout
  /// runs on from where it stood, a deadline stays. Empty: a breaker refuses; then call on_refusal().
  [[nodiscard]] std::optional<TimePoint> readmit(unsigned branch, Duration waited, TimePoint now) noexcept {
    return machine_.readmit(policies_, call_, branch, waited, now);
  }
  /// readmit() was empty, and nothing is left of the attempt. Returns as on_outcome() does.
  Step on_refusal(unsigned branch, TimePoint now) noexcept {
    return machine_.on_refusal(policies_, call_, branch, now);
  }

  /// The answer that is on its way will be its own caller's alone. Callers that wait for it at a cache make
  /// their own calls, from now on and not one after the other; this call goes on, and is judged when it ends.
  void will_not_share() noexcept { machine_.will_not_share(policies_); }

  /// A wait is over, or may be. Never too early, never too late.
  Step on_timer(TimePoint now) noexcept { return machine_.on_timer(policies_, call_, now); }

  /// The caller goes away while it waits, or while attempts race. Done at once; those in flight are to be
  /// cancelled, and not reported. Without a hedge, not while the attempt is in flight: cancel that, and
  /// report it with Outcome::ignored().
  Step cancel(TimePoint now) noexcept { return machine_.cancel(policies_, call_, now); }

  /// The answer has begun to reach the caller: from here on, no policy makes another attempt or answers in
  /// its stead.
  void commit() noexcept { machine_.commit(call_); }

  /// How it all ended. Precondition: done.
  [[nodiscard]] const Ending& ending() const noexcept { return machine_.ending(); }
  /// Precondition: ending().how is `refused`, `cancelled` or `injected`.
  [[nodiscard]] const Rejection& rejection() const noexcept { return *call_.rejection; }
  [[nodiscard]] const std::optional<Rejection>& last_rejection() const noexcept { return call_.rejection; }

  [[nodiscard]] std::uint32_t attempts() const noexcept { return machine_.attempts(call_); }
  [[nodiscard]] bool chaos() const noexcept { return machine_.chaos(call_); }

 private:
  const std::tuple<Borrowed<Policies>...>& policies_;
  Call call_;
  Machine machine_;
};

}  // namespace switchgear
