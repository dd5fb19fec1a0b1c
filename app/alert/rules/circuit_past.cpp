#include "app/alert/rules/circuit_past.hpp"

#include <algorithm>
#include <utility>

namespace switchgear::alert {

namespace {

constexpr Duration fine_span = std::chrono::minutes{10};

[[nodiscard]] CallsSeen plus(const CallsSeen& a, const CallsSeen& b) noexcept {
  return {a.succeeded + b.succeeded, a.failed + b.failed, a.rejected + b.rejected, a.took + b.took};
}

[[nodiscard]] bool went_back(const CallsSeen& now, const CallsSeen& before) noexcept {
  return now.succeeded < before.succeeded || now.failed < before.failed || now.rejected < before.rejected;
}

}  // namespace

CallsSeen minus(const CallsSeen& a, const CallsSeen& b) noexcept {
  return {a.succeeded - b.succeeded, a.failed - b.failed, a.rejected - b.rejected, a.took - b.took};
}

void CallsOverTime::Line::add(const Point& point, Duration span) {
  if (points.empty() || (point.totals != points.back().totals && point.at - points.back().at >= step))
    points.push_back(point);
  // One point before the span stays: it has the totals at the span's beginning.
  while (points.size() > 1 && points[1].at <= point.at - span) {
    points.pop_front();
    from_the_start = false;
  }
}

CallsSeen CallsOverTime::Line::at(Moment moment) const {
  const auto after =
      std::ranges::upper_bound(points, moment, {}, [](const Point& point) { return point.at; });
  if (after != points.begin()) return std::prev(after)->totals;
  // Before the first point: a circuit that is new had no calls; of any other one it is not known.
  return from_the_start || points.empty() ? CallsSeen{} : points.front().totals;
}

void CallsOverTime::add(const CallsSeen& totals, Moment at) {
  if (went_back(totals, last_)) before_ = sum_;
  last_ = totals;
  sum_ = plus(before_, totals);
  fine_.add({at, sum_}, fine_span);
  coarse_.add({at, sum_},
              std::max(longest_, fine_span));  // also while no rule asks: a reload may widen a span
}

CallsSeen CallsOverTime::within(Duration span, Moment now) const {
  return minus(sum_, (span <= fine_span ? fine_ : coarse_).at(now - span));
}

void CallsOverTime::clock_was_set(Duration by) {
  for (Line* line : {&fine_, &coarse_}) {
    for (Point& point : line->points) point.at += by;
  }
}

void CircuitPast::enter(State state, Moment at, const std::string& evidence) {
  state_ = state;
  since_ = at;
  unannounced_since_.reset();
  if (state == State::open || state == State::forced_open) {
    if (!opened_at_) {
      opened_at_ = at;
      opened_by_ = evidence;
    }
  } else if (state != State::half_open) {
    opened_at_.reset();
    opened_by_.clear();
  }
}

void CircuitPast::changed(const StateChange& change) {
  // Each of a breaker's transitions has the instant it was due, which may be before one that was noticed
  // earlier.
  if (!change.by_operator)
    changes_.push_back(changes_.empty() ? change.at : std::max(change.at, changes_.back()));
  while (!changes_.empty() && (changes_.size() > most_changes || changes_.front() <= change.at - longest_))
    changes_.pop_front();
  seen_ = true;
  if (change.to != state_) enter(change.to, change.at, change.evidence);
}

void CircuitPast::saw(State state, const CallsSeen& totals, Moment at) {
  calls_.add(totals, at);
  const bool first = !std::exchange(seen_, true);
  if (state == state_) return unannounced_since_.reset();
  if (!unannounced_since_) unannounced_since_ = at;
  if (first || at - *unannounced_since_ >= patience) enter(state, at, {});
}

void CircuitPast::clock_was_set(Duration by) {
  since_ = shifted(since_, by);
  if (opened_at_) *opened_at_ += by;
  if (unannounced_since_) *unannounced_since_ += by;
  for (Moment& change : changes_) change += by;
  calls_.clock_was_set(by);
}

std::uint64_t CircuitPast::changes_within(Duration span, Moment now) const {
  return static_cast<std::uint64_t>(changes_.end() - std::ranges::upper_bound(changes_, now - span));
}

}  // namespace switchgear::alert
