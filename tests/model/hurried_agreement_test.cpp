// Calls that their callers cut short, through a pipeline of breaker and timeout, against the model: random
// policies, random deadlines, calls that overlap. SWITCHGEAR_SEED sets the first seed, SWITCHGEAR_CASES how
// many follow.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "switchgear/pipeline/pipeline.hpp"
#include "switchgear/policy/circuit_breaker.hpp"
#include "switchgear/policy/time_limit.hpp"
#include "tests/model/random_case.hpp"

namespace switchgear::model {
namespace {

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

BreakerContext context_of(const Case& given) {
  BreakerContext context;
  context.seed = given.jitter_seed;
  context.created = given.start;
  return context;
}

/// A breaker around a timeout, the calls that are under way, and the model of both.
class Callers {
 public:
  explicit Callers(const Case& given)
      : timeout_length_(given.timeout),
        rows_(given.rows),
        breaker_("b", given.options, context_of(given)),
        model_(given.options, given.jitter_seed) {
    if (given.timeout) timeout_.emplace("t", *given.timeout);
    pipeline_.emplace(&breaker_, timeout_ ? &*timeout_ : nullptr);
  }

  void take(const Step& step) {
    end_calls(step.at);
    if (step.kind == Step::Kind::call) start(step);
    if (step.kind == Step::Kind::command) {
      model_.command(step.order, step.at);
      breaker_.command(static_cast<Command>(step.order), step.at);
    }
    if (step.kind == Step::Kind::check) {
      model_.check(step.answer, rows_, step.at);
      breaker_.on_check(step.answer, rows_, step.at);
    }
    compare();
  }

  void finish() { end_calls(TimePoint::max()); }

  /// That ended at their callers' deadlines, and counted for nothing.
  [[nodiscard]] std::uint64_t hurried() const { return hurried_; }
  [[nodiscard]] std::uint64_t opened() const { return model_.totals().opened; }

 private:
  using Guarded = Pipeline<Optional<CircuitBreaker>, Optional<Timeout>>;
  struct Running {
    CallOptions options;
    std::unique_ptr<Guarded::Machine> machine;
    unsigned branch = 0;
    std::size_t id = 0;
    std::optional<Outcome> outcome;  ///< empty: it is cut off
    Duration takes{};
    bool is_hurried = false;
  };

  void start(const Step& step) {
    auto call = std::make_unique<Running>();
    if (step.deadline) call->options.deadline = step.at + *step.deadline;
    call->machine = std::make_unique<Guarded::Machine>(pipeline_->policies(), call->options);
    call->id = step.id;
    const switchgear::Step first = call->machine->start(step.at);
    const Decision expected = model_.acquire(step.id, step.at);
    ASSERT_EQ(first.kind == switchgear::Step::Kind::attempt, expected.admitted);
    if (!expected.admitted) {
      EXPECT_EQ(call->machine->rejection().reason, expected.reason);
      EXPECT_EQ(call->machine->rejection().retry_after, expected.retry_after);
      return;
    }
    call->branch = first.branch;
    const Duration left = saturating_sub(first.until, step.at);
    if (step.deadline || timeout_length_) {
      EXPECT_EQ(left, least(step.deadline, timeout_length_)) << "the narrower of the two limits";
    }
    if (step.outcome.latency < left) call->outcome = step.outcome;
    call->takes = std::min(step.outcome.latency, left);
    call->is_hurried =
        !call->outcome && step.deadline && timeout_length_ && *step.deadline < *timeout_length_;
    running_.emplace(std::pair{saturating_add(step.at, call->takes), started_++}, std::move(call));
  }

  static Duration least(const std::optional<Duration>& deadline, const std::optional<Duration>& timeout) {
    return std::min(deadline.value_or(Duration::max()), timeout.value_or(Duration::max()));
  }

  void end_calls(TimePoint until) {
    while (!running_.empty() && running_.begin()->first.first <= until) {
      const auto next = running_.extract(running_.begin());
      end(*next.mapped(), next.key().first);
      compare();
    }
  }

  void end(Running& call, TimePoint now) {
    if (call.outcome) {
      (void)call.machine->on_outcome(call.branch, *call.outcome, now);
      model_.record(call.id, *call.outcome, now);
      return;
    }
    (void)call.machine->on_timeout(call.branch, call.takes, now);
    if (call.is_hurried) {
      ++hurried_;
      model_.abandon(call.id, TimePoint::min());  // a permit that is dropped is shown no time
    } else {
      model_.record(call.id, Outcome::failure(FailureType::timeout, call.takes), now);
    }
  }

  void compare() {
    EXPECT_EQ(to_string(breaker_.state()), to_string(model_.state()));
    const CallTotals totals = breaker_.snapshot(model_.latest()).totals;
    EXPECT_EQ(totals.calls, model_.totals().calls);
    EXPECT_EQ(totals.successes, model_.totals().successes);
    EXPECT_EQ(totals.failures, model_.totals().failures);
    EXPECT_EQ(totals.ignored, model_.totals().ignored);
    EXPECT_EQ(totals.rejected, model_.totals().rejected);
    EXPECT_EQ(totals.late, model_.totals().late);
    EXPECT_EQ(totals.opened, model_.totals().opened);
  }

  const std::optional<Duration> timeout_length_;
  const HealthRows rows_;
  CircuitBreaker breaker_;
  std::optional<Timeout> timeout_;
  std::optional<Guarded> pipeline_;
  BreakerModel model_;
  std::map<std::pair<TimePoint, std::uint64_t>, std::unique_ptr<Running>> running_;  ///< by end and start
  std::uint64_t started_ = 0, hurried_ = 0;
};

std::string story(const Case& given) {
  std::string text = "seed " + std::to_string(given.seed) +
                     " (SWITCHGEAR_SEED=" + std::to_string(given.seed) + " SWITCHGEAR_CASES=1 repeats it)\n" +
                     describe(given.options) + '\n';
  if (given.timeout) text += "timeout " + std::to_string(given.timeout->count()) + "ns\n";
  for (const Step& step : given.steps) text += "  " + describe(step) + '\n';
  return text;
}

TEST(HurriedCallers, AgreeWithTheModelOnRandomPoliciesAndCalls) {
  const std::uint64_t first = from_environment("SWITCHGEAR_SEED", 230'000'001);
  const std::uint64_t cases = from_environment("SWITCHGEAR_CASES", 10'000);
  std::uint64_t hurried = 0, opened = 0;
  for (std::uint64_t seed = first; seed < first + cases; ++seed) {
    const Case given = random_hurried_case(seed);
    Callers callers(given);
    for (const Step& step : given.steps) {
      callers.take(step);
      if (HasFailure()) FAIL() << story(given);
    }
    callers.finish();
    if (HasFailure()) FAIL() << story(given);
    hurried += callers.hurried();
    opened += callers.opened();
  }
  if (cases < 10'000) return;
  EXPECT_GE(hurried, 10'000U) << "the random calls hardly reach what they are made for";
  EXPECT_GE(opened, 2'000U);
}

}  // namespace
}  // namespace switchgear::model
