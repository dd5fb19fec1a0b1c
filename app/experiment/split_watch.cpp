#include "app/experiment/split_watch.hpp"

#include <algorithm>
#include <utility>

namespace switchgear::experiment {

namespace {

constexpr double alpha = 0.05;
/// A part of the rate of bad calls: a difference that one would wish to find.
constexpr double worth_finding = 0.2;

constexpr std::size_t at(Arm arm) noexcept { return static_cast<std::size_t>(arm); }

std::uint64_t openings(const BreakerRegistry& registry, const std::string& circuit, TimePoint now) {
  const auto breaker = registry.find(circuit);
  return breaker ? breaker->snapshot(now).totals.opened : 0;
}

Spread spread_of(const Split& split, const Split::Totals& totals) {
  const auto divided = split.divided(totals.values);
  return {divided[at(Arm::current)], divided[at(Arm::candidate)],
          score_of(totals.arms[at(Arm::current)].groups, totals.arms[at(Arm::candidate)].groups)};
}

}  // namespace

const char* to_string(Halt halt) noexcept {
  switch (halt) {
    case Halt::by_operator:
      return "operator";
    case Halt::harmful:
      return "harmful";
    case Halt::held:
      return "start";
    case Halt::none:
      break;
  }
  return "none";
}

SplitWatch::SplitWatch(std::shared_ptr<Split> split, BreakerRegistry& registry, TimePoint now)
    : split_(std::move(split)),
      registry_(registry),
      current_circuit_(split_->subject().service),
      candidate_circuit_(split_->subject().service + "/" + split_->subject().options.candidate),
      since_(now),
      current_opened_(openings(registry, current_circuit_, now)),
      candidate_opened_(openings(registry, candidate_circuit_, now)),
      trial_({split_->subject().options.share, alpha}),
      next_(now + split_->subject().options.block),
      turn_(split_->block_at(registry.anchor().to_wall(now))) {
  if (split_->held()) {
    halt_ = Halt::held;
    halted_ = registry.anchor().to_wall(now);
    return;
  }
  current_watch_ = ArmWatch::of(registry, current_circuit_);
  candidate_watch_ = ArmWatch::of(registry, candidate_circuit_);
}

std::optional<Verdict> SplitWatch::look(TimePoint now) {
  if (halt_ != Halt::none) return std::nullopt;
  note_commands(now);
  const Verdict before = trial_.finding().verdict;
  if (!split_->by_value()) {
    look_at_turns(now);
  } else if (now >= next_) {
    const Split::Totals totals = split_->totals();
    take(totals);
    judge(totals, now);
    next_ = std::max(next_, now - split_->subject().options.block / 2) + split_->subject().options.block;
  }
  const Verdict after = trial_.finding().verdict;
  return after == before ? std::nullopt : std::optional{after};
}

void SplitWatch::note_commands(TimePoint now) {
  const auto lets_all_pass = [&](const std::string& circuit) {
    const auto breaker = registry_.find(circuit);
    return breaker && breaker->snapshot(now).metrics_only;
  };
  split_->set_commanded(lets_all_pass(current_circuit_) || lets_all_pass(candidate_circuit_));
}

/// The trial gets a block when the candidate's next turn begins: then each arm has had at least one turn
/// whole, but for the calls that ended in a turn after theirs.
void SplitWatch::look_at_turns(TimePoint now) {
  const std::int64_t turn = split_->block_at(registry_.anchor().to_wall(now));
  const std::int64_t before = std::exchange(turn_, turn);
  if (turn == before) return;
  const Split::Totals totals = split_->totals();
  take(totals);
  const bool begins =
      split_->choose_block(turn).arm == Arm::candidate && split_->choose_block(before).arm == Arm::current;
  if (begins && candidate_.calls != 0) judge(totals, now);
}

void SplitWatch::take(const Split::Totals& totals) {
  current_ = current_ + (totals.arms[at(Arm::current)].block - last_.arms[at(Arm::current)].block);
  candidate_ = candidate_ + (totals.arms[at(Arm::candidate)].block - last_.arms[at(Arm::candidate)].block);
  last_ = totals;
}

void SplitWatch::judge(const Split::Totals& totals, TimePoint now) {
  const std::uint64_t before = trial_.finding().blocks;
  if (split_->by_value()) {
    const Spread spread = spread_of(*split_, totals);
    trial_.add(current_, candidate_, &spread);
  } else {
    trial_.add(current_, candidate_);
  }
  current_ = candidate_ = {};
  if (trial_.finding().blocks != before) keep_point(now);
}

/// When there are too many, every second one goes.
void SplitWatch::keep_point(TimePoint now) {
  const Finding finding = trial_.finding();
  if (finding.blocks % stride_ != 0) return;
  history_.push_back({registry_.anchor().to_wall(now), finding.blocks, finding.difference,
                      finding.current_rate, finding.candidate_rate});
  if (history_.size() < most_points) return;
  stride_ *= 2;
  std::erase_if(history_, [&](const SplitPoint& point) { return point.blocks % stride_ != 0; });
}

void SplitWatch::halt(Halt why, TimePoint now) {
  end_watching(now);
  split_->stop();
  halt_ = why;
  halted_ = registry_.anchor().to_wall(now);
}

void SplitWatch::halt_as_before(Halt why, WallAnchor::Wall at) {
  current_watch_.reset();
  candidate_watch_.reset();
  split_->stop();
  halt_ = why;
  halted_ = at;
}

void SplitWatch::end_watching(TimePoint now) {
  if (current_watch_) current_openings_ = current_watch_->openings(now);
  if (candidate_watch_) candidate_openings_ = candidate_watch_->openings(now);
  current_watch_.reset();
  candidate_watch_.reset();
}

std::optional<SplitBreaker> SplitWatch::breaker_of(const std::string& circuit, std::uint64_t opened_before,
                                                   const ArmWatch* watch, const ArmOpenings& before,
                                                   TimePoint now) const {
  const auto breaker = registry_.find(circuit);
  if (!breaker) return std::nullopt;
  const BreakerSnapshot seen = breaker->snapshot(now);
  const std::uint64_t opened = seen.totals.opened;
  return SplitBreaker{circuit, seen.state, opened >= opened_before ? opened - opened_before : opened,
                      watch == nullptr ? before : watch->openings(now)};
}

std::optional<SplitNeed> SplitWatch::need(const Finding& finding, const Split::Totals& totals) const {
  if (finding.blocks == 0 || !(finding.current_rate > 0)) return std::nullopt;
  const auto calls = [&](Arm arm) {
    return static_cast<double>(totals.arms[at(arm)].block.calls) / static_cast<double>(finding.blocks);
  };
  if (!(calls(Arm::current) > 0 && calls(Arm::candidate) > 0)) return std::nullopt;
  const double both = 2 / (1 / calls(Arm::current) + 1 / calls(Arm::candidate));
  const double difference = worth_finding * finding.current_rate;
  return SplitNeed{difference, Trial::blocks_needed(finding.current_rate, difference, both, alpha)};
}

SplitStanding SplitWatch::standing(TimePoint now) const {
  const SplitSubject& subject = split_->subject();
  const Split::Totals totals = split_->totals();
  SplitStanding seen;
  seen.options = subject.options;
  seen.service = subject.service;
  seen.since = registry_.anchor().to_wall(since_);
  seen.halt = halt_;
  seen.halted = halted_;
  seen.finding = trial_.finding();
  const auto arm = [&](Arm which, const std::string& policy, std::optional<SplitBreaker> breaker) {
    const ArmTotals& has = totals.arms[at(which)];
    return SplitArm{policy, has.block, has.refused, split_->durations(which).snapshot(), std::move(breaker)};
  };
  seen.current =
      arm(Arm::current, subject.policy,
          breaker_of(current_circuit_, current_opened_, current_watch_.get(), current_openings_, now));
  seen.candidate = arm(
      Arm::candidate, subject.options.candidate,
      breaker_of(candidate_circuit_, candidate_opened_, candidate_watch_.get(), candidate_openings_, now));
  seen.history = history_;
  seen.left_out = totals.left_out;
  seen.values = totals.values.estimate();
  seen.need = need(seen.finding, totals);
  return seen;
}

}  // namespace switchgear::experiment
