#include "tests/model/ramp_model.hpp"

#include <algorithm>

namespace switchgear::model {

namespace {

class Story {
 public:
  Story(const RampOptions& options, TimePoint start) : options_(options) {
    ramp_.share = ramp_.safe_share = options.from;
    ramp_.began = start;
  }

  void add(const RampCall& call) {
    if (over_) return;
    const bool began_before = call.at - call.latency < ramp_.began;
    if (began_before) return;
    ramp_.step.push_back(call);
  }

  void settle(TimePoint now) {
    if (end() && *end() <= now) end_step(*end());
  }

  /// After the call that makes the calls enough.
  void settle_late(TimePoint at) {
    if (end() && *end() <= at) end_step(at);
  }

  ModelRamp done() {
    ramp_.due = end();
    return ramp_;
  }

 private:
  [[nodiscard]] std::optional<TimePoint> end() const {
    if (over_ || ramp_.step.size() < options_.controller->minimum) return std::nullopt;
    return ramp_.began + options_.controller->step.value_or(options_.duration / 10);
  }

  void end_step(TimePoint at) {
    RampTurn turn;
    turn.at = at;
    turn.calls = ramp_.step.size();
    turn.failed = static_cast<std::uint64_t>(std::count_if(ramp_.step.begin(), ramp_.step.end(),
                                                           [](const RampCall& call) { return call.failed; }));
    const double rate = static_cast<double>(turn.failed) / static_cast<double>(turn.calls);
    const bool bad = turn.failed > 0 && rate >= options_.controller->max_failure_rate;
    if (bad && ramp_.share <= options_.from) {
      turn.opens = over_ = true;
      ramp_.turns.push_back(turn);
      return;
    }
    if (bad) {
      if (ramp_.safe_share == ramp_.share)
        ramp_.safe_share = std::max(options_.from, ramp_.share / options_.controller->growth);
      ramp_.share = ramp_.safe_share;
      ++falls_;
      ramp_.hold = 1;
      for (int doubled = 0; doubled < falls_ && ramp_.hold < 64; ++doubled) ramp_.hold *= 2;
      turn.change = RampChange::fell;
    } else {
      ramp_.safe_share = ramp_.share;
      if (ramp_.share == 1) {
        turn.change = RampChange::over;
        over_ = true;
      } else if (ramp_.hold <= 1) {
        ramp_.hold = 0;
        ramp_.share = std::min(1.0, ramp_.share * options_.controller->growth);
        turn.change = RampChange::grew;
      } else {
        --ramp_.hold;
      }
    }
    turn.share = ramp_.share;
    turn.safe_share = ramp_.safe_share;
    turn.hold = ramp_.hold;
    ramp_.turns.push_back(turn);
    ramp_.began = at;
    ramp_.step.clear();
  }

  const RampOptions& options_;
  ModelRamp ramp_;
  int falls_ = 0;
  bool over_ = false;
};

}  // namespace

ModelRamp ramp_after(const RampOptions& options, TimePoint start, const std::vector<RampCall>& calls,
                     std::size_t judged, TimePoint now) {
  Story story(options, start);
  for (std::size_t i = 0; i < judged; ++i) {
    story.settle(calls[i].at);
    story.add(calls[i]);
    story.settle_late(calls[i].at);
  }
  story.settle(now);
  for (std::size_t i = judged; i < calls.size(); ++i) story.add(calls[i]);
  return story.done();
}

}  // namespace switchgear::model
