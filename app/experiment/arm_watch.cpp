#include "app/experiment/arm_watch.hpp"

#include <utility>

namespace switchgear::experiment {

namespace {
constexpr int good_enough = 10;  ///< calls in a row
}  // namespace

class ArmWatch::Sink final : public EventSink {
 public:
  explicit Sink(Duration open_duration) : open_duration_(open_duration) {}

  void on_call(const CallEvent& call) override {
    if (call.verdict == Verdict::ignored) return;
    const bool bad = call.verdict == Verdict::failure || call.slow;
    const std::lock_guard lock(mutex_);
    if (closed_at_) after_closing(call);
    if (!bad) {
      if (++good_ >= good_enough) bad_since_.reset();
      return;
    }
    good_ = 0;
    const TimePoint began = call.at - call.latency;
    if (opened_at_ && began <= *opened_at_) return explain(began);
    if (!bad_since_) bad_since_ = began;
  }

  void on_transition(const Transition& transition) override {
    const std::lock_guard lock(mutex_);
    if (transition.rule == Rule::operator_command) {
      open_ = false;
      closed_at_.reset();
      bad_since_.reset();
      unexplained_ = false;
    } else if (transition.to == State::open) {
      transition.from == State::half_open ? relapsed() : opened(transition.at);
      opened_at_ = transition.at;
    } else if (transition.to == State::closed && open_) {
      open_ = false;
      // Of the first half-open period: a relapse has been judged.
      if (transition.value > 0) {
        ++seen_.judged;
      } else {
        closed_at_ = transition.at;
        called_ = false;
      }
    }
  }

  [[nodiscard]] ArmOpenings seen(TimePoint now) {
    const std::lock_guard lock(mutex_);
    if (closed_at_ && now >= *closed_at_ + open_duration_) judge();
    return seen_;
  }

 private:
  void after_closing(const CallEvent& call) {
    if (call.at >= *closed_at_ + open_duration_) return judge();
    if (call.at - call.latency < *closed_at_) return;  // it began before
    called_ = true;
    if (call.verdict != Verdict::failure) return;
    ++seen_.judged;
    closed_at_.reset();
  }

  /// Nothing failed for long enough.
  void judge() {
    closed_at_.reset();
    if (!called_) return;
    ++seen_.judged;
    ++seen_.doubtful;
  }

  void opened(TimePoint at) {
    if (closed_at_) {  // something failed soon after
      if (at >= *closed_at_ + open_duration_) {
        judge();
      } else {
        ++seen_.judged;
        closed_at_.reset();
      }
    }
    open_ = true;
    unexplained_ = !bad_since_;
    if (unexplained_) return;
    ++seen_.detected;
    seen_.until_open += saturating_sub(at, *bad_since_);
    bad_since_.reset();
  }

  /// A breaker tells of its opening before it tells of the call that opened it.
  void explain(TimePoint began) {
    if (!std::exchange(unexplained_, false)) return;
    ++seen_.detected;
    seen_.until_open += saturating_sub(*opened_at_, began);
  }

  void relapsed() {
    if (open_) ++seen_.judged;
    open_ = unexplained_ = false;
    bad_since_.reset();
  }

  const Duration open_duration_;
  std::mutex mutex_;
  std::optional<TimePoint> bad_since_;
  int good_ = 0;
  std::optional<TimePoint> opened_at_;  ///< the last time
  bool unexplained_ = false;            ///< no bad call was seen before that
  bool open_ = false;  ///< since an opening that was seen, and its first half-open is not over
  std::optional<TimePoint> closed_at_;
  bool called_ = false;  ///< since then
  ArmOpenings seen_;
};

std::unique_ptr<ArmWatch> ArmWatch::of(BreakerRegistry& registry, const std::string& circuit) {
  const auto breaker = registry.find(circuit);
  if (!breaker) return nullptr;
  auto sink = std::make_shared<Sink>(breaker->options().open_duration);
  if (!registry.subscribe(circuit, sink, Interest::calls | Interest::transitions)) return nullptr;
  return std::unique_ptr<ArmWatch>(new ArmWatch(registry, circuit, std::move(sink)));
}

ArmWatch::~ArmWatch() { registry_.unsubscribe(circuit_, sink_); }

ArmOpenings ArmWatch::openings(TimePoint now) const { return sink_->seen(now); }

}  // namespace switchgear::experiment
