// The state machine of one call, with or without a race of hedges: one interface for both.
#pragma once

#include <memory>
#include <optional>

#include "app/gateway/service/policy_set.hpp"
#include "switchgear/pipeline/execution.hpp"

namespace switchgear::gateway {

enum class UseFallback : std::uint8_t { yes, no };
enum class UseHedge : std::uint8_t { yes, no };

/// An Execution in the place where a pooled call keeps it. The one with a race is some kilobytes large and
/// made only for services that hedge. Threads: its worker's.
class CallMachine {
  template <class Use>
  decltype(auto) with(Use use) noexcept {
    if (plain_) [[likely]]
      return use(*plain_);
    return use(*hedged_);
  }

 public:
  /// `options`, `waker` and `answer` are borrowed until reset().
  switchgear::Step start(const PolicySet& policies, UseFallback fallback, UseHedge hedge,
                         const CallOptions& options, Waker& waker, switchgear::Answer<StoredAnswer>& answer,
                         TimePoint now) {
    const bool bare = fallback == UseFallback::no;
    if (policies.hedges() && hedge == UseHedge::yes) {
      const HedgedPipeline& pipeline = bare ? policies.hedged_without_fallback() : policies.hedged();
      hedged_ = std::make_unique<HedgedPipeline::Machine>(pipeline.policies(), options, &waker, &answer);
      return hedged_->start(now);
    }
    const PlainPipeline& pipeline = bare ? policies.plain_without_fallback() : policies.plain();
    plain_.emplace(pipeline.policies(), options, &waker, &answer);
    return plain_->start(now);
  }

  /// Gives back whatever the call holds; attempts under way count as ignored.
  void reset() noexcept {
    plain_.reset();
    hedged_.reset();
  }

  [[nodiscard]] bool running() const noexcept { return plain_ || hedged_; }
  /// Attempts may run at once: after each, the machine must be polled again.
  [[nodiscard]] bool races() const noexcept { return hedged_ != nullptr; }

  switchgear::Step on_outcome(unsigned branch, const Outcome& outcome, TimePoint now) noexcept {
    return with([&](auto& machine) { return machine.on_outcome(branch, outcome, now); });
  }
  switchgear::Step on_timeout(unsigned branch, Duration latency, TimePoint now, CutOff how) noexcept {
    return with([&](auto& machine) { return machine.on_timeout(branch, latency, now, how); });
  }
  switchgear::Step on_timer(TimePoint now) noexcept {
    return with([&](auto& machine) { return machine.on_timer(now); });
  }
  void answer_began(unsigned branch, const Outcome& outcome, TimePoint now) noexcept {
    with([&](auto& machine) { machine.answer_began(branch, outcome, now); });
  }
  void set_aside(unsigned branch, TimePoint now) noexcept {
    with([&](auto& machine) { machine.set_aside(branch, now); });
  }
  void set_aside(unsigned branch, const Outcome& so_far, TimePoint now) noexcept {
    with([&](auto& machine) { machine.set_aside(branch, so_far, now); });
  }
  void take_up(unsigned branch, TimePoint now) noexcept {
    with([&](auto& machine) { machine.take_up(branch, now); });
  }
  std::optional<TimePoint> readmit(unsigned branch, Duration waited, TimePoint now) noexcept {
    return with([&](auto& machine) { return machine.readmit(branch, waited, now); });
  }
  switchgear::Step on_refusal(unsigned branch, TimePoint now) noexcept {
    return with([&](auto& machine) { return machine.on_refusal(branch, now); });
  }
  void will_not_share() noexcept {
    with([](auto& machine) { machine.will_not_share(); });
  }
  void commit() noexcept {
    with([](auto& machine) { machine.commit(); });
  }
  [[nodiscard]] const Ending& ending() noexcept {
    return with([](auto& machine) -> const Ending& { return machine.ending(); });
  }
  [[nodiscard]] const std::optional<Rejection>& last_rejection() noexcept {
    return with([](auto& machine) -> const std::optional<Rejection>& { return machine.last_rejection(); });
  }
  [[nodiscard]] bool chaos() noexcept {
    return with([](auto& machine) { return machine.chaos(); });
  }

 private:
  std::optional<PlainPipeline::Machine> plain_;
  std::unique_ptr<HedgedPipeline::Machine> hedged_;
};

}  // namespace switchgear::gateway
