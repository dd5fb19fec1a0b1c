// Several attempts at once for one call: what an execution becomes when one of its policies is a hedge.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

#include "switchgear/pipeline/sequence.hpp"
#include "switchgear/policy/hedge.hpp"
#include "switchgear/policy/retry.hpp"

namespace switchgear {

/// `Outer` stands around all attempts of a race, `Inner` around each of them.
///
/// A race begins when the outer layers let the call in. Its first branch starts at once, the next ones
/// Hedge::delay() after the one before, while nothing has succeeded. The first success wins: the branches
/// that are still under way are dropped, which their policies count as ignored. A failure waits for the
/// others; the last one is the race's, and a failure counts more than a refusal.
template <class HedgePolicy, class Outer, class Inner>
class HedgedMachine;

template <class HedgePolicy, class... Outer, class... Inner>
class HedgedMachine<HedgePolicy, std::tuple<Outer...>, std::tuple<Inner...>> {
 public:
  static constexpr bool hedges = true;
  using Policy = std::tuple<Borrowed<Outer>..., Borrowed<HedgePolicy>, Borrowed<Inner>...>;

  Step start(const Policy& policies, Call& call, TimePoint now) noexcept {
    return outer_step(policies, call, outer_.start(outer_of(policies), call, now), now);
  }

  Step on_outcome(const Policy& policies, Call& call, unsigned branch, const Outcome& outcome,
                  TimePoint now) noexcept {
    Branch& ended = *branches_[branch];
    ended.state = BranchState::running;
    if (!began_) record_race(policies, outcome, now);
    return branch_step(policies, call, branch,
                       ended.sequence.on_outcome(inner_of(policies), ended.call, outcome, now), now);
  }

  /// The race is won: the attempts of all other branches are the driver's to abandon.
  void answer_began(const Policy& policies, unsigned branch, const Outcome& outcome, TimePoint now) noexcept {
    began_ = true;
    record_race(policies, outcome, now);
    for (unsigned other = 0; other < begun_; ++other) {
      if (other != branch) branches_[other].reset();
    }
    branches_[branch]->sequence.answer_began(outcome, now);
    outer_.answer_began(outcome, now);
  }

  void set_aside(const Policy&, unsigned branch, TimePoint now) noexcept {
    branches_[branch]->sequence.set_aside(now);
  }
  void set_aside(const Policy&, unsigned branch, const Outcome& so_far, TimePoint now) noexcept {
    branches_[branch]->sequence.set_aside(so_far, now);
  }
  void take_up(const Policy& policies, unsigned branch, TimePoint now) noexcept {
    branches_[branch]->sequence.take_up(inner_of(policies), now);
  }

  std::optional<TimePoint> readmit(const Policy& policies, Call&, unsigned branch, Duration waited,
                                   TimePoint now) noexcept {
    Branch& asking = *branches_[branch];
    if (!asking.sequence.readmit(inner_of(policies), asking.call, waited, now)) return std::nullopt;
    return asking.call.limit;
  }
  Step on_refusal(const Policy& policies, Call& call, unsigned branch, TimePoint now) noexcept {
    Branch& refused = *branches_[branch];
    refused.state = BranchState::running;
    return branch_step(policies, call, branch,
                       refused.sequence.refused(inner_of(policies), refused.call, now), now);
  }

  void will_not_share(const Policy& policies) noexcept {
    outer_.will_not_share(outer_of(policies));
    for (std::optional<Branch>& branch : branches_) {
      if (branch) branch->sequence.will_not_share(inner_of(policies));
    }
  }

  Step on_timer(const Policy& policies, Call& call, TimePoint now) noexcept {
    if (!racing_) return outer_step(policies, call, outer_.on_timer(outer_of(policies), call, now), now);
    for (unsigned branch = 0; branch < begun_; ++branch) {
      std::optional<Branch>& waiting = branches_[branch];
      if (!waiting || waiting->state != BranchState::waiting) continue;
      const Step step = waiting->sequence.on_timer(inner_of(policies), waiting->call, now);
      if (step.kind == Step::Kind::wait) {
        waiting->until = step.until;
        continue;
      }
      return branch_step(policies, call, branch, step, now);
    }
    if (now >= next_hedge_ && next_hedge_ != TimePoint::max()) {
      next_hedge_ = TimePoint::max();
      if (auto hedge = hedge_of(policies)->try_hedge(now, begun_, saturating_sub(now, race_start_)))
        return launch(policies, call, now, *std::move(hedge));
    }
    return wait_for_race();
  }

  Step cancel(const Policy& policies, Call& call, TimePoint now) noexcept {
    if (!racing_) {
      call_in_flight_.release();
      return outer_.cancel(outer_of(policies), call, now);
    }
    const std::uint16_t losers = end_race(call);
    Ending ending;
    ending.how = Ending::How::cancelled;
    call.refuse(Reason::cancelled, "caller", {});
    call_in_flight_.release();
    Step step = outer_.on_ending(outer_of(policies), call, ending, now);
    step.losers = losers;
    return step;
  }

  void blame_limit(Call&, unsigned branch, CutOff how) noexcept { branches_[branch]->call.blame_limit(how); }
  void commit(Call& call) noexcept {
    call.committed = true;
    next_hedge_ = TimePoint::max();
    for (std::optional<Branch>& branch : branches_) {
      if (branch) branch->call.committed = true;
    }
  }

  [[nodiscard]] const Ending& ending() const noexcept { return outer_.ending(); }
  [[nodiscard]] std::uint32_t attempts(const Call&) const noexcept { return attempts_; }
  [[nodiscard]] bool chaos(const Call& call) const noexcept { return call.chaos; }

 private:
  static constexpr std::size_t most_branches = Hedge::most + 1;
  enum class BranchState : std::uint8_t { running, waiting, in_flight };
  struct Branch {
    Branch(const Call& outer, RetryBudget::InFlight hedged) : call(outer), hedge(std::move(hedged)) {}
    Call call;
    RetryBudget::InFlight hedge;  ///< of the budget; the first branch is no hedge, and holds nothing
    Sequence<Inner...> sequence;
    BranchState state = BranchState::running;
    TimePoint until = TimePoint::max();
  };

  template <std::size_t... I>
  static auto outer_of(const Policy& policies, std::index_sequence<I...>) noexcept {
    return std::tuple<Borrowed<Outer>...>{std::get<I>(policies)...};
  }
  static auto outer_of(const Policy& policies) noexcept {
    return outer_of(policies, std::make_index_sequence<sizeof...(Outer)>{});
  }
  template <std::size_t... I>
  static auto inner_of(const Policy& policies, std::index_sequence<I...>) noexcept {
    return std::tuple<Borrowed<Inner>...>{std::get<sizeof...(Outer) + 1 + I>(policies)...};
  }
  static auto inner_of(const Policy& policies) noexcept {
    return inner_of(policies, std::make_index_sequence<sizeof...(Inner)>{});
  }
  static Hedge* hedge_of(const Policy& policies) noexcept {
    auto& hedge = std::get<sizeof...(Outer)>(policies).get();
    if constexpr (std::is_same_v<HedgePolicy, Hedge>) {
      return &hedge;
    } else {
      return hedge.policy;
    }
  }

  void record_race(const Policy& policies, const Outcome& outcome, TimePoint now) noexcept {
    if (Hedge* hedge = hedge_of(policies); hedge != nullptr && outcome.is_good())
      hedge->record(saturating_sub(now, race_start_), now);
  }

  /// A budget lives on calls being counted. A retry that shares it does so; else it is done here.
  template <std::size_t... I>
  void count_call(const Policy& policies, TimePoint now, std::index_sequence<I...>) noexcept {
    const Hedge* hedge = hedge_of(policies);
    if (hedge == nullptr || hedge->budget() == nullptr) return;
    if (!(counts_for(std::get<I>(policies).get(), hedge->budget()) || ...))
      call_in_flight_ = hedge->budget()->on_call(now);
  }
  template <class Other>
  static bool counts_for(const Other&, const RetryBudget*) noexcept {
    return false;
  }
  static bool counts_for(const Retry& retry, const RetryBudget* budget) noexcept {
    return retry.budget() == budget;
  }
  static bool counts_for(const Optional<Retry>& retry, const RetryBudget* budget) noexcept {
    return retry.policy != nullptr && counts_for(*retry.policy, budget);
  }

  Step outer_step(const Policy& policies, Call& call, const Step& step, TimePoint now) noexcept {
    if (step.kind == Step::Kind::done) call_in_flight_.release();
    if (step.kind != Step::Kind::attempt) return step;
    if (!std::exchange(counted_, true))
      count_call(policies, now, std::make_index_sequence<std::tuple_size_v<Policy>>{});
    racing_ = true;
    race_start_ = now;
    begun_ = 0;
    last_.reset();
    return launch(policies, call, now);
  }

  Step launch(const Policy& policies, Call& call, TimePoint now,
              RetryBudget::InFlight in_flight = {}) noexcept {
    const unsigned branch = begun_++;
    Branch& begun = branches_[branch].emplace(call, std::move(in_flight));
    begun.call.attempts = attempts_;
    Hedge* hedge = hedge_of(policies);
    next_hedge_ = TimePoint::max();
    if (hedge != nullptr && call.repeatable() && !call.committed && branch < hedge->max_hedges()) {
      if (const auto delay = hedge->delay(now)) next_hedge_ = saturating_add(now, *delay);
    }
    return branch_step(policies, call, branch, begun.sequence.start(inner_of(policies), begun.call, now),
                       now);
  }

  Step branch_step(const Policy& policies, Call& call, unsigned branch, Step step, TimePoint now) noexcept {
    Branch& stepped = *branches_[branch];
    call.chaos = call.chaos || stepped.call.chaos;
    switch (step.kind) {
      case Step::Kind::attempt:
        stepped.state = BranchState::in_flight;
        step.branch = static_cast<std::uint8_t>(branch);
        step.number = ++attempts_;
        return step;
      case Step::Kind::wait:
        stepped.state = BranchState::waiting;
        stepped.until = step.until;
        return wait_for_race();
      case Step::Kind::done:
        break;
    }
    return branch_ended(policies, call, branch, now);
  }

  Step branch_ended(const Policy& policies, Call& call, unsigned branch, TimePoint now) noexcept {
    const Outcome outcome = *branches_[branch]->sequence.ending().outcome;  // may live in the branch
    const Ending ending{branches_[branch]->sequence.ending().how, &outcome};
    const bool settled = ending.came_back()
                             ? ending.outcome->verdict != Verdict::failure && !outcome.worth_repeating()
                             : ending.how == Ending::How::answered;
    const bool counts_more = settled || !last_ || !last_->came_back() || ending.came_back();
    if (counts_more) {
      call.rejection = branches_[branch]->call.rejection;
      call.hurried = branches_[branch]->call.hurried;
    }
    branches_[branch].reset();
    if (!settled) {
      if (counts_more) {
        last_outcome_ = outcome;  // the driver's own is gone by the time the others have ended
        last_ = Ending{ending.how, &last_outcome_};
      }
      const auto under_way = [](const std::optional<Branch>& other) { return other.has_value(); };
      if (std::any_of(branches_.begin(), branches_.end(), under_way)) return wait_for_race();
    }
    const Ending whole = settled ? ending : *last_;
    const std::uint16_t losers = end_race(call);
    Step step = outer_.on_ending(outer_of(policies), call, whole, now);
    if (step.kind == Step::Kind::done) call_in_flight_.release();
    step.losers = losers;
    return step;
  }

  std::uint16_t end_race(Call& call) noexcept {
    unsigned losers = 0;
    for (unsigned branch = 0; branch < begun_; ++branch) {
      if (branches_[branch] && branches_[branch]->state == BranchState::in_flight) losers |= 1U << branch;
      branches_[branch].reset();
    }
    call.attempts = attempts_;
    racing_ = false;
    next_hedge_ = TimePoint::max();
    return static_cast<std::uint16_t>(losers);
  }

  [[nodiscard]] Step wait_for_race() const noexcept {
    TimePoint until = next_hedge_;
    for (const std::optional<Branch>& branch : branches_) {
      if (branch && branch->state == BranchState::waiting) until = std::min(until, branch->until);
    }
    return {.kind = Step::Kind::wait, .until = until};
  }

  Sequence<Outer...> outer_;
  std::array<std::optional<Branch>, most_branches> branches_;
  std::optional<Ending> last_;
  Outcome last_outcome_{};
  TimePoint race_start_;
  TimePoint next_hedge_ = TimePoint::max();
  unsigned begun_ = 0;
  std::uint32_t attempts_ = 0;
  bool counted_ = false;  ///< the budget knows of the call
  RetryBudget::InFlight call_in_flight_;
  bool racing_ = false;
  bool began_ = false;  ///< answer_began() was called
};

}  // namespace switchgear
