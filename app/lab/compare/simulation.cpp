#include "app/lab/compare/simulation.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <functional>
#include <memory>
#include <numeric>
#include <queue>
#include <tuple>
#include <utility>

#include "app/lab/guards.hpp"
#include "switchgear/config/configured_policies.hpp"
#include "switchgear/pipeline/answer.hpp"

namespace switchgear::lab {

namespace {

using Policies = config::ConfiguredPolicies<int>;
using RacingExecution = Policies::Racing::Machine;
constexpr std::size_t most_branches = Hedge::most + 1;

class ChangeLog : public EventSink {
 public:
  void on_transition(const Transition& transition) override {
    changes.push_back({transition.at, transition.from, transition.to});
  }
  std::vector<StateChange> changes;
};

/// Of breakers by value: how often one opened.
class OpeningCount : public EventSink {
 public:
  void on_transition(const Transition& transition) override {
    if (transition.from == State::closed && transition.to == State::open) ++opened;
  }
  std::uint64_t opened = 0;
};

/// One call under way. Kept and used again when it has ended.
class Running final : public Waker {
 public:
  explicit Running(std::vector<Running*>& list) : woken_list_(list) {}

  /// A policy says that the call's wait may be over: the simulation looks after the event at hand.
  void wake() noexcept override {
    if (!std::exchange(woken, true)) woken_list_.push_back(this);
  }

  /// What comes with the call: whose it is, and how much time there is.
  const CallOptions& about(const RecordedCall& call, bool by_value) {
    options.deadline = saturating_add(call.at, call.deadline);
    options.value = {};
    if (by_value && call.value != 0) {
      const auto end = std::to_chars(value_.data(), value_.data() + value_.size(), call.value).ptr;
      options.value = {value_.data(), static_cast<std::size_t>(end - value_.data())};
    }
    return options;
  }

  std::size_t index = 0;  ///< of the recorded call
  CallOptions options;    ///< outlive the execution
  Answer<int> answer;
  std::optional<RacingExecution> execution;
  /// What is to come back. An event whose number is another one is about something that was given up.
  std::array<std::uint64_t, most_branches> attempts{};
  std::uint64_t wait = 0;
  bool woken = false;

 private:
  std::array<char, 10> value_{};
  std::vector<Running*>& woken_list_;
};

struct Event {
  enum class Kind : std::uint8_t { attempt_ends, wait_ends };  // at one instant in this order

  TimePoint at{};
  Kind kind = Kind::wait_ends;
  std::uint8_t branch = 0;
  bool timed_out = false;
  Running* call = nullptr;
  std::uint64_t number = 0;  ///< of all events, in the order in which they were set up
  Outcome outcome{};

  /// For a queue that has the next one on top.
  friend bool operator<(const Event& left, const Event& right) noexcept {
    return std::tie(left.at, left.kind, left.number) > std::tie(right.at, right.kind, right.number);
  }
};

class Simulation {
 public:
  Simulation(const analysis::Policy& policy, const Setting& setting, const Calls& calls, Unknown unknown,
             std::uint64_t seed)
      : calls_(calls),
        unknown_(unknown),
        typical_(typical_latency(calls)),
        policies_(policy, context(policy, setting, calls.front().at, seed), nullptr),
        pipeline_(policies_.racing_pipeline()) {
    waits_.reserve(calls.size());
  }

  Course run(Progress& progress) {
    for (std::size_t i = 0; i < calls_.size(); ++i) {
      come_to(calls_[i].at);
      begin(i);
      progress.step(i);
    }
    while (!events_.empty()) next_event();
    return finish();
  }

 private:
  config::PolicyContext<int> context(const analysis::Policy& policy, const Setting& setting, TimePoint begin,
                                     std::uint64_t seed) {
    config::PolicyContext<int> context;
    context.name = policy.name;
    context.breaker.sink = &log_;
    context.breaker.seed = seed;
    context.breaker.created = begin;
    context.now = begin;
    context.timeout = setting.timeout;
    context.by_value = by_value(policy, setting, context.breaker);
    context.value = [](const analysis::ValueFallback&) { return 0; };
    return context;
  }

  std::shared_ptr<BreakersByValue> by_value(const analysis::Policy& policy, const Setting& setting,
                                            BreakerContext context) {
    if (!setting.values) return nullptr;
    const Setting::Values& values = *setting.values;
    const auto& breaker = values.breaker ? values.breaker : policy.circuit_breaker;
    if (!breaker) return nullptr;
    context.sink = &openings_of_values_;
    return std::make_shared<BreakersByValue>(values.header, *breaker, values.limits, context);
  }

  // --- time

  /// Everything that happens until then, and at that very instant.
  void come_to(TimePoint at) {
    while (!events_.empty() && events_.top().at <= at) next_event();
    pass_to(at);
  }

  void next_event() {
    const Event event = events_.top();
    events_.pop();
    Running& call = *event.call;
    if (event.kind == Event::Kind::attempt_ends) {
      if (call.attempts[event.branch] != event.number) return;
      pass_to(event.at);
      call.attempts[event.branch] = 0;
      end_attempt(call, event);
    } else {
      if (call.wait != event.number) return;
      pass_to(event.at);
      call.wait = 0;
      go_on(call, call.execution->on_timer(now_));
    }
    wake_waiting();
  }

  /// An automatic probe, or a hung one, is the breaker's own doing.
  void pass_to(TimePoint at) {
    if (CircuitBreaker* const breaker = policies_.breaker()) {
      while (const auto due = breaker->next_due()) {
        if (*due > at) break;
        breaker->advance(*due);
      }
    }
    if (BreakersByValue* const values = policies_.objects().by_value.get()) idle_.pass_to(at, *values);
    now_ = at;
  }

  /// Calls that a policy has woken go on in the order in which it did so.
  void wake_waiting() {
    for (std::size_t i = 0; i < woken_.size(); ++i) {
      Running& call = *woken_[i];
      if (!std::exchange(call.woken, false) || call.wait == 0) continue;
      call.wait = 0;
      go_on(call, call.execution->on_timer(now_));
    }
    woken_.clear();
  }

  // --- one call

  void begin(std::size_t index) {
    Running& call = spare();
    call.index = index;
    const bool by_value = policies_.objects().by_value != nullptr;
    call.execution.emplace(pipeline_.policies(), call.about(calls_[index], by_value), &call, &call.answer);
    ++course_.calls;
    go_on(call, call.execution->start(now_));
    wake_waiting();
  }

  void go_on(Running& call, Step step) {
    for (;;) {
      for (unsigned branch = 0; step.losers != 0; ++branch, step.losers >>= 1U) {
        if ((step.losers & 1U) != 0) call.attempts[branch] = 0;
      }
      if (step.kind == Step::Kind::done) return end(call);
      if (step.kind == Step::Kind::wait) {
        if (step.until > now_) return wait(call, step.until);
      } else {
        call.answer.forget();
        send(call, step);
      }
      step = call.execution->on_timer(now_);
    }
  }

  void wait(Running& call, TimePoint until) {
    call.wait = ++events_made_;
    if (until != TimePoint::max())
      events_.push({until, Event::Kind::wait_ends, 0, false, &call, call.wait, {}});
  }

  void send(Running& call, const Step& step) {
    ++course_.attempts;
    const RecordedCall& answer = step.number == 1 ? calls_[call.index] : next_call(call.index);
    Outcome outcome = outcome_of(answer);
    TimePoint end = saturating_add(now_, outcome.latency);
    bool timed_out = end >= step.until;
    if (timed_out) {
      end = std::max(now_, step.until);
      // If its caller's time was over when it was ignored, it did not fail.
      const bool ignored = outcome.verdict == Verdict::ignored && step.until == call.options.deadline;
      outcome = ignored ? Outcome::ignored(end - now_) : Outcome::failure(FailureType::timeout, end - now_);
      timed_out = !ignored;
    }
    call.attempts[step.branch] = ++events_made_;
    events_.push({end, Event::Kind::attempt_ends, step.branch, timed_out, &call, events_made_, outcome});
  }

  /// The recorded call that began next, at this instant or later; the last one when there is none.
  const RecordedCall& next_call(std::size_t own) {
    auto next = std::lower_bound(calls_.begin() + static_cast<std::ptrdiff_t>(own), calls_.end(), now_,
                                 [](const RecordedCall& each, TimePoint at) { return each.at < at; });
    if (next != calls_.end() && next == calls_.begin() + static_cast<std::ptrdiff_t>(own)) ++next;
    return next == calls_.end() ? calls_.back() : *next;
  }

  [[nodiscard]] Outcome outcome_of(const RecordedCall& call) const {
    if (call.known) return {call.verdict, call.type, call.latency, call.retry_after};
    return unknown_ == Unknown::succeeds ? Outcome::success(typical_)
                                         : Outcome::failure(FailureType::http_error, typical_);
  }

  void end_attempt(Running& call, const Event& event) {
    if (event.outcome.verdict == Verdict::failure) ++course_.attempts_failed;
    if (event.outcome.verdict == Verdict::success) call.answer.value = 0;
    go_on(call, event.timed_out ? call.execution->on_timeout(event.branch, event.outcome.latency, now_)
                                : call.execution->on_outcome(event.branch, event.outcome, now_));
  }

  void end(Running& call) {
    const RacingExecution& execution = *call.execution;
    const Ending ending = execution.ending();
    const bool nothing_sent = execution.attempts() == 0;
    switch (ending.how) {
      case Ending::How::answered:
        ++course_.substituted;
        break;
      case Ending::How::refused:
      case Ending::How::cancelled:
        ++course_.refused[static_cast<std::size_t>(execution.rejection().reason)];
        break;
      case Ending::How::completed:
      case Ending::How::injected:
        if (ending.outcome->verdict == Verdict::success) {
          ++course_.answered;
        } else {
          ++(ending.outcome->verdict == Verdict::failure ? course_.failed : course_.ignored);
        }
        break;
    }
    if (nothing_sent && ending.how != Ending::How::injected) spare_dependency(calls_[call.index]);
    waits_.push_back(now_ - calls_[call.index].at);
    call.execution.reset();
    call.attempts.fill(0);
    call.wait = 0;
    call.woken = false;
    call.answer.forget();
    spares_.push_back(&call);
  }

  void spare_dependency(const RecordedCall& call) {
    const Verdict verdict = outcome_of(call).verdict;
    if (verdict == Verdict::success) ++course_.spared_good;
    if (verdict == Verdict::failure) ++course_.spared_bad;
  }

  Running& spare() {
    if (spares_.empty()) {
      all_.push_back(std::make_unique<Running>(woken_));
      spares_.push_back(all_.back().get());
    }
    Running& call = *spares_.back();
    spares_.pop_back();
    return call;
  }

  // --- the end

  Course finish() {
    course_.end = now_;
    if (const CircuitBreaker* const breaker = policies_.breaker())
      course_.time_open = breaker->snapshot(now_).time_open;
    if (BreakersByValue* const values = policies_.objects().by_value.get()) {
      values->retire_idle(now_);
      course_.values = Course::Values{values->counts(), openings_of_values_.opened};
    }
    course_.changes = std::move(log_.changes);
    const auto quantile = [&](double share) {
      // The nearest rank: so many calls, and not fewer, waited that long at most.
      const auto count = static_cast<std::ptrdiff_t>(std::ceil(share * static_cast<double>(waits_.size())));
      const auto rank = std::max<std::ptrdiff_t>(count, 1) - 1;
      std::nth_element(waits_.begin(), waits_.begin() + rank, waits_.end());
      return waits_[static_cast<std::size_t>(rank)];
    };
    course_.median = quantile(0.5);
    course_.p99 = quantile(0.99);
    course_.longest = quantile(1);
    return std::move(course_);
  }

  const Calls& calls_;
  const Unknown unknown_;
  const Duration typical_;
  ChangeLog log_;  // before the policies, which tell it
  OpeningCount openings_of_values_;
  Policies policies_;
  const Policies::Racing pipeline_;

  TimePoint now_{};
  IdleClock idle_;
  std::uint64_t events_made_ = 0;
  std::priority_queue<Event> events_;
  std::vector<std::unique_ptr<Running>> all_;
  std::vector<Running*> spares_;
  std::vector<Running*> woken_;
  std::vector<Duration> waits_;
  Course course_;
};

}  // namespace

std::uint64_t Course::all_refused() const noexcept {
  return std::accumulate(refused.begin(), refused.end(), std::uint64_t{0});
}

Course simulate(const analysis::Policy& policy, const Setting& setting, const Calls& calls, Unknown unknown,
                std::uint64_t seed, Progress& progress) {
  return Simulation(policy, setting, calls, unknown, seed).run(progress);
}

}  // namespace switchgear::lab
