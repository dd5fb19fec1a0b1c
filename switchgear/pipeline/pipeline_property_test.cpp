// Whatever becomes of calls, in whatever order: nothing that was taken is kept, nothing is given back twice.
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "switchgear/pipeline/pipeline.hpp"
#include "switchgear/policy/property_fixture.hpp"
#include "switchgear/testing/manual_time.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;

class Woken final : public Waker {
 public:
  void wake() noexcept override { ++times; }
  int times = 0;
};

CircuitBreakerOptions nervous() {
  CircuitBreakerOptions options;
  options.consecutive_failures = 3;
  options.open_duration = 300ms;
  options.half_open.permitted_calls = 2;
  return options;
}

/// Every policy that takes something, small enough to be exhausted often.
struct Policies {
  explicit Policies(TimePoint now) : breaker("all", nervous(), {nullptr, 0, {}, now}) {}
  RateLimiter limiter{"all", {.rate = 20, .burst = 3, .max_wait = 200ms}};
  Bulkhead bulkhead{"all", {.max_concurrent = 2, .max_queue = 2, .max_wait = 150ms}};
  AdaptiveLimit adaptive{"all"};
  Deadline deadline{"all", 1s};
  RetryBudget budget{"all", {.ratio = 0.5, .mode = BudgetMode::concurrent, .min_concurrency = 1}};
  Retry retry{"all", {.max_attempts = 3, .base = 40ms, .max_delay = 100ms}, 7, &budget};
  Hedge hedge{"all", {.delay = Duration{60ms}, .max_hedges = 2}, &budget};
  CircuitBreaker breaker;
  Timeout timeout{"all", 250ms};
};

/// One call, driven by chance.
template <class P>
class Driven {
 public:
  Driven(const P& pipeline, TimePoint now) : execution_(pipeline.policies(), options_, &waker_) {
    act(execution_.start(now), now);
  }

  [[nodiscard]] bool done() const { return done_; }
  [[nodiscard]] std::size_t flying() const { return flying_.size(); }

  void end(std::size_t which, const Outcome& outcome, TimePoint now) {
    const unsigned branch = take(which);
    act(execution_.on_outcome(branch, outcome, now), now);
  }
  void time_out(std::size_t which, TimePoint now) {
    const unsigned branch = take(which);
    act(execution_.on_timeout(branch, 1ms, now), now);
  }
  /// Whether it is due or not: too early is allowed.
  void look_again(TimePoint now) {
    if (waiting_) act(execution_.on_timer(now), now);
  }
  void cancel(TimePoint now) {
    if (waiting_ || P::Machine::hedges) act(execution_.cancel(now), now);
  }

 private:
  unsigned take(std::size_t which) {
    const auto at = flying_.begin() + static_cast<std::ptrdiff_t>(which % flying_.size());
    const unsigned branch = *at;
    flying_.erase(at);
    return branch;
  }
  void act(Step step, TimePoint now) {
    for (;;) {
      std::erase_if(flying_, [&](unsigned branch) { return (step.losers >> branch & 1U) != 0; });
      waiting_ = step.kind == Step::Kind::wait;
      done_ = step.kind == Step::Kind::done;
      if (step.kind != Step::Kind::attempt) return;
      flying_.push_back(step.branch);
      if constexpr (!P::Machine::hedges) return;
      step = execution_.on_timer(now);
    }
  }

  CallOptions options_;
  Woken waker_;
  typename P::Machine execution_;
  std::vector<unsigned> flying_;
  bool waiting_ = false;
  bool done_ = false;
};

template <class MakePipeline>
void check_conservation(const MakePipeline& make) {
  testing::ManualTime time;
  Policies policies{time.now()};
  const auto pipeline = make(policies);
  using Call = Driven<std::remove_const_t<decltype(pipeline)>>;
  std::vector<std::unique_ptr<Call>> calls;
  const auto steps = *rc::gen::container<std::vector<std::pair<int, unsigned>>>(
      rc::gen::pair(rc::gen::inRange(0, 100), rc::gen::arbitrary<unsigned>()));
  for (const auto& [chance, which] : steps) {
    time.advance(std::chrono::milliseconds{which % 50});
    if (chance < 30 || calls.empty()) {
      calls.push_back(std::make_unique<Call>(pipeline, time.now()));
      continue;
    }
    const std::size_t index = which % calls.size();
    Call& call = *calls[index];
    const bool flies = call.flying() != 0;
    if (chance < 50 && flies)
      call.end(which, Outcome::success(1ms), time.now());
    else if (chance < 65 && flies)
      call.end(which, Outcome::failure(FailureType::connection_error, 1ms), time.now());
    else if (chance < 70 && flies)
      call.end(which, Outcome::ignored(), time.now());
    else if (chance < 76 && flies)
      call.time_out(which, time.now());
    else if (chance < 90)
      call.look_again(time.now());
    else if (chance < 95)
      call.cancel(time.now());
    else
      calls.erase(calls.begin() + static_cast<std::ptrdiff_t>(index));  // dropped in the middle
    if (index < calls.size() && calls[index]->done())
      calls.erase(calls.begin() + static_cast<std::ptrdiff_t>(index));
    RC_ASSERT(policies.bulkhead.snapshot().in_use <= 2U);
    RC_ASSERT(policies.bulkhead.snapshot().waiting <= 2U);
    RC_ASSERT(policies.budget.snapshot(time.now()).calls <= calls.size());
  }
  calls.clear();

  RC_ASSERT(policies.bulkhead.snapshot().in_use == 0U);
  RC_ASSERT(policies.bulkhead.snapshot().waiting == 0U);
  RC_ASSERT(policies.adaptive.snapshot().in_flight == 0U);
  RC_ASSERT(policies.budget.snapshot(time.now()).calls == 0U);
  RC_ASSERT(policies.budget.snapshot(time.now()).retries == 0U);
  const BreakerSnapshot breaker = policies.breaker.snapshot(time.now());
  RC_ASSERT(breaker.half_open.in_flight == 0U);
  RC_ASSERT(breaker.totals.calls ==
            breaker.totals.successes + breaker.totals.failures + breaker.totals.ignored);
  const RateLimiterSnapshot tokens = policies.limiter.snapshot(time.now());
  RC_ASSERT(tokens.totals.given_back <= tokens.totals.admitted);
}

TEST(PipelineProperty, WhateverBecomesOfCallsNothingTheyTookIsKept) {
  EXPECT_TRUE(holds(1500, [] {
    check_conservation([](Policies& p) {
      return Pipeline{p.limiter, p.bulkhead, p.adaptive, p.deadline, p.retry, p.breaker, p.timeout};
    });
  }));
}

TEST(PipelineProperty, NorInTheOppositeOrder) {
  EXPECT_TRUE(holds(1000, [] {
    check_conservation([](Policies& p) {
      return Pipeline{p.timeout, p.breaker, p.retry, p.deadline, p.adaptive, p.bulkhead, p.limiter};
    });
  }));
}

TEST(PipelineProperty, NorWhenAttemptsRaceAndWaitInsideOfTheRace) {
  EXPECT_TRUE(holds(1500, [] {
    check_conservation([](Policies& p) {
      return Pipeline{p.deadline, p.retry, p.hedge, p.bulkhead, p.limiter, p.adaptive, p.breaker, p.timeout};
    });
  }));
}

TEST(PipelineProperty, NorWhenOnlyTheHedgeKnowsTheBudget) {
  EXPECT_TRUE(holds(1000, [] {
    check_conservation([](Policies& p) {
      return Pipeline{p.deadline, p.bulkhead, p.hedge, p.breaker, p.timeout};
    });
  }));
}

}  // namespace
}  // namespace switchgear
