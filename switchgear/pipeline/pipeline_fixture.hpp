// Drives an execution in manual time, attempt by attempt, as a script says.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "switchgear/pipeline/pipeline.hpp"
#include "switchgear/testing/manual_time.hpp"

namespace switchgear::testing {

/// How one attempt goes: it takes so long, and ends so.
struct Scripted {
  Duration takes{};
  Verdict verdict = Verdict::success;
  FailureType type = FailureType::exception;
  std::optional<Duration> retry_after{};
  Repeat repeat = Repeat::by_verdict;
};

class NoWaker final : public Waker {
 public:
  void wake() noexcept override { ++woken; }
  int woken = 0;
};

/// What a whole call came to.
struct Ran {
  Ending::How how = Ending::How::cancelled;
  Outcome outcome{};  ///< of the last attempt, when there was one
  std::optional<Rejection> rejection;
  std::uint32_t attempts = 0;
  std::vector<Duration> started;  ///< of each attempt, since the call began
  Duration took{};

  [[nodiscard]] bool failed() const {
    return how == Ending::How::completed && outcome.verdict == Verdict::failure;
  }
};

/// Runs one call to its end, one attempt at a time: for pipelines without a hedge.
template <class P>
Ran run(const P& pipeline, ManualTime& time, std::deque<Scripted> script, const CallOptions& options = {}) {
  NoWaker waker;
  typename P::Machine execution{pipeline.policies(), options, &waker};
  Ran ran;
  const TimePoint begin = time.now();
  Step step = execution.start(begin);
  for (int steps = 0; step.kind != Step::Kind::done && steps < 1000; ++steps) {
    if (step.kind == Step::Kind::wait) {
      if (step.until > time.now()) time.advance(step.until - time.now());
      step = execution.on_timer(time.now());
      continue;
    }
    ran.started.push_back(time.now() - begin);
    Scripted next = script.empty() ? Scripted{} : script.front();
    if (script.size() > 1) script.pop_front();  // the last one repeats
    if (saturating_sub(step.until, time.now()) <= next.takes) {
      const Duration taken = step.until - time.now();
      ran.outcome = Outcome::failure(FailureType::timeout, taken);
      time.advance(taken);
      step = execution.on_timeout(step.branch, taken, time.now());
      continue;
    }
    time.advance(next.takes);
    ran.outcome = {next.verdict, next.type, next.takes, next.retry_after, next.repeat};
    step = execution.on_outcome(step.branch, ran.outcome, time.now());
  }
  ran.how = execution.ending().how;
  ran.rejection = execution.last_rejection();
  ran.attempts = execution.attempts();
  ran.took = time.now() - begin;
  return ran;
}

inline Scripted fails(FailureType type = FailureType::connection_error, Duration takes = {}) {
  return {takes, Verdict::failure, type, {}, Repeat::by_verdict};
}
inline Scripted succeeds(Duration takes = {}) {
  return {takes, Verdict::success, {}, {}, Repeat::by_verdict};
}

}  // namespace switchgear::testing
