#include "app/lab/compare/breaker_course.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>

#include "app/lab/compare/comparison.hpp"

namespace switchgear::lab {

namespace {

constexpr auto no_seat = std::numeric_limits<std::uint32_t>::max();

using Permit = CircuitBreaker::Permit;

/// Permits of the calls under way; a place is used again.
class Seats {
 public:
  std::uint32_t take(Permit permit) {
    if (free_.empty()) {
      permits_.emplace_back(std::move(permit));
      return static_cast<std::uint32_t>(permits_.size() - 1);
    }
    const std::uint32_t seat = free_.back();
    free_.pop_back();
    permits_[seat].emplace(std::move(permit));
    return seat;
  }
  Permit leave(std::uint32_t seat) {
    free_.push_back(seat);
    Permit permit = std::move(*permits_[seat]);
    permits_[seat].reset();
    return permit;
  }

 private:
  std::vector<std::optional<Permit>> permits_;
  std::vector<std::uint32_t> free_;
};

class ChangeLog : public EventSink {
 public:
  void on_transition(const Transition& transition) override {
    changes.push_back({transition.at, transition.from, transition.to});
  }
  std::vector<StateChange> changes;
};

double seconds(Duration length) { return std::chrono::duration<double>(length).count(); }

}  // namespace

Tally& Tally::operator+=(const Tally& other) noexcept {
  bad_let_through += other.bad_let_through;
  good_refused += other.good_refused;
  undetected += other.undetected;
  doubtful += other.doubtful;
  return *this;
}

CourseRunner::CourseRunner(const Calls& calls, Duration block)
    : calls_(calls),
      block_(block),
      typical_(typical_latency(calls)),
      outages_(find_outages(calls)),
      blocks_(find_blocks()),
      ends_(calls.size()),
      seats_(calls.size(), no_seat) {
  std::iota(ends_.begin(), ends_.end(), 0U);
  const auto end = [&](std::uint32_t i) {
    return saturating_add(calls_[i].at, calls_[i].known ? calls_[i].latency : typical_);
  };
  std::stable_sort(ends_.begin(), ends_.end(), [&](auto left, auto right) { return end(left) < end(right); });
}

std::size_t CourseRunner::block_of(TimePoint at) const noexcept {
  const auto next = std::upper_bound(blocks_.begin(), blocks_.end(), at);
  return next == blocks_.begin() ? 0 : static_cast<std::size_t>(next - blocks_.begin()) - 1;
}

std::vector<TimePoint> CourseRunner::find_blocks() const {
  std::vector<TimePoint> blocks;
  for (const RecordedCall& call : calls_) {
    const TimePoint begins = call.at - (call.at - calls_.front().at) % block_;
    if (blocks.empty() || begins > blocks.back()) blocks.push_back(begins);
  }
  return blocks;
}

std::size_t CourseRunner::calls_in(std::size_t blocks) const noexcept {
  if (blocks >= blocks_.size()) return calls_.size();
  const auto end = std::lower_bound(calls_.begin(), calls_.end(), blocks_[blocks],
                                    [](const RecordedCall& call, TimePoint at) { return call.at < at; });
  return static_cast<std::size_t>(end - calls_.begin());
}

std::vector<Tally> CourseRunner::run(const CircuitBreakerOptions& options, std::uint64_t seed,
                                     Unknown unknown, std::size_t blocks) {
  ChangeLog log;
  BreakerContext context;
  context.sink = &log;
  context.seed = seed;
  context.created = calls_.front().at;
  CircuitBreaker breaker("tuned", options, context);
  std::vector<Tally> tallies(blocks);
  Seats seats;

  const Verdict guess = unknown == Unknown::succeeds ? Verdict::success : Verdict::failure;
  const auto outcome_of = [&](const RecordedCall& call) {
    return call.known ? Outcome{call.verdict, call.type, call.latency, call.retry_after}
                      : Outcome{guess, FailureType::http_error, typical_};
  };
  auto next_end = ends_.begin();
  // `started`: so many calls have begun. One that takes no time ends before the next one begins.
  const auto end_calls = [&](TimePoint until, std::uint32_t started) {
    for (; next_end != ends_.end() && *next_end < started; ++next_end) {
      const RecordedCall& call = calls_[*next_end];
      const Outcome outcome = outcome_of(call);
      const TimePoint end = saturating_add(call.at, outcome.latency);
      if (end > until) return;
      const std::uint32_t seat = std::exchange(seats_[*next_end], no_seat);
      if (seat != no_seat) seats.leave(seat).record(outcome, end);
    }
  };

  std::size_t current = 0;
  for (std::uint32_t i = 0; i < calls_.size(); ++i) {
    const RecordedCall& call = calls_[i];
    if (current + 1 < blocks_.size() && call.at >= blocks_[current + 1]) ++current;
    if (current >= blocks) break;
    end_calls(call.at, i);
    const Verdict verdict = call.known ? call.verdict : guess;
    if (auto permit = breaker.try_acquire(call.at)) {
      seats_[i] = seats.take(std::move(*permit));
      if (verdict == Verdict::failure) tallies[current].bad_let_through += 1;
    } else if (verdict == Verdict::success) {
      tallies[current].good_refused += 1;
    }
  }
  std::fill(seats_.begin(), seats_.end(), no_seat);

  for (const StateChange& change : log.changes) {
    if (change.from != State::closed || change.to != State::open) continue;
    const bool doubtful = std::none_of(outages_.begin(), outages_.end(),
                                       [&](const Outage& each) { return each.has(change.at); });
    const std::size_t block = block_of(change.at);
    if (doubtful && block < blocks) tallies[block].doubtful += 1;
  }
  for (const Outage& outage : outages_) {
    const std::size_t block = block_of(outage.from);
    if (block >= blocks) break;
    const auto at = first_open(log.changes, outage);
    tallies[block].undetected += seconds(at.value_or(outage.to) - outage.from);
  }
  return tallies;
}

}  // namespace switchgear::lab
