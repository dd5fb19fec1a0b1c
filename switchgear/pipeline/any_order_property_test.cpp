// Policies in any order and number around calls that end in any way: what the caller is told makes sense, and
// nothing that was taken is kept.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "switchgear/pipeline/any_policy_fixture.hpp"
#include "switchgear/pipeline/pipeline.hpp"
#include "switchgear/policy/property_fixture.hpp"
#include "switchgear/testing/manual_time.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;
using testing::AnyPolicy;

class NobodyWaits final : public Waker {
 public:
  void wake() noexcept override {}
};

ChaosOptions some_of_everything() {
  ChaosOptions options;
  options.enabled = true;
  options.fail = {0.1, FailureType::http_error};
  options.delay = {0.1, 0ms, 400ms};
  options.timeout = {0.1};
  options.abort = {0.1};
  return options;
}

CircuitBreakerOptions nervous() {
  CircuitBreakerOptions options;
  options.consecutive_failures = 3;
  options.open_duration = 300ms;
  options.half_open.permitted_calls = 2;
  return options;
}

/// Two of most, since users nest them; small enough to be exhausted often.
struct Policies {
  explicit Policies(TimePoint now)
      : begin(now),
        breaker("inner", nervous(), {nullptr, 0, {}, now}),
        other_breaker("outer", nervous(), {nullptr, 1, {}, now}) {}

  TimePoint begin;
  RateLimiter limiter{"limiter", {.rate = 20, .burst = 3, .max_wait = 200ms}};
  RateLimiter other_limiter{"other limiter", {.rate = 40, .burst = 1, .max_wait = 50ms}};
  Bulkhead bulkhead{"bulkhead", {.max_concurrent = 2, .max_queue = 2, .max_wait = 150ms}};
  Bulkhead other_bulkhead{"other bulkhead", {.max_concurrent = 1, .max_queue = 4, .max_wait = 500ms}};
  AdaptiveLimit adaptive{"adaptive limit", {.initial = 2, .min_limit = 1, .max_limit = 3}};
  AdmissionControl admission{"admission", {.success_rate = 0.9, .window = 1s, .max_rejection = 0.3}, 5};
  Deadline deadline{"deadline", 1s};
  Timeout timeout{"timeout", 250ms};
  Timeout other_timeout{"other timeout", 400ms};
  RetryBudget budget{"budget", {.ratio = 0.5, .min_per_second = 1}};
  Retry retry{"retry", {.max_attempts = 3, .base = 40ms, .max_delay = 100ms}, 7, &budget};
  RetryBudget in_flight{"in flight", {.ratio = 0.5, .mode = BudgetMode::concurrent, .min_concurrency = 1}};
  Retry other_retry{"other retry", {.max_attempts = 2, .base = 0ms, .jitter = Jitter::none}, 0, &in_flight};
  CircuitBreaker breaker;
  CircuitBreaker other_breaker;
  Chaos chaos{"chaos", some_of_everything(), 11};
  Cache<int> cache{"cache", {.ttl = 100ms, .max_entries = 2}};
  Fallback<int> value = Fallback<int>::value("value", -1);
  Fallback<int> remembered = Fallback<int>::cached("remembered", {.max_stale = 1s, .max_entries = 1});
  CallQueue queue{"queue", {.max = 5}};
  Fallback<int> later = Fallback<int>::queue("later", queue);
  Fallback<int> fails = Fallback<int>::fail("fails", "no");
  Hedge hedge{"hedge", {.delay = Duration{60ms}, .max_hedges = 2}, &budget};

  [[nodiscard]] std::vector<AnyPolicy> all() {
    return {{&limiter},     {&other_limiter}, {&bulkhead},      {&other_bulkhead}, {&adaptive},
            {&admission},   {&deadline},      {&timeout},       {&other_timeout},  {&retry},
            {&other_retry}, {&breaker},       {&other_breaker}, {&chaos},          {&cache},
            {&value},       {&remembered},    {&later},         {&fails}};
  }
};

/// One call, driven at random, with its caller's result.
template <class P>
class Driven {
 public:
  Driven(const P& pipeline, TimePoint now, const CallOptions& options)
      : options_(options), execution_(pipeline.policies(), options_, &waker_, &answer_) {
    act(execution_.start(now), now);
  }

  [[nodiscard]] bool done() const { return done_; }
  [[nodiscard]] std::size_t flying() const { return flying_.size(); }

  void end(std::size_t which, const Outcome& outcome, TimePoint now) {
    const Flight flight = take(which);
    if (now >= flight.until) return times_out(flight, now);
    answer_.forget();
    if (outcome.verdict == Verdict::success) {
      answer_.value = ++values_;
    } else {
      answer_.exception = std::make_exception_ptr(std::runtime_error("down"));
    }
    act(execution_.on_outcome(flight.branch, outcome, now), now);
  }
  void time_out(std::size_t which, TimePoint now) { times_out(take(which), now); }
  /// Whether it is due or not: too early is allowed.
  void look_again(TimePoint now) {
    if (!waiting_) return;
    if (!P::Machine::hedges) answer_.forget();
    act(execution_.on_timer(now), now);
  }
  void cancel(TimePoint now) {
    if (waiting_ || P::Machine::hedges) act(execution_.cancel(now), now);
  }

 private:
  struct Flight {
    unsigned branch;
    TimePoint until;
  };

  Flight take(std::size_t which) {
    const auto at = flying_.begin() + static_cast<std::ptrdiff_t>(which % flying_.size());
    const Flight flight = *at;
    flying_.erase(at);
    return flight;
  }
  void times_out(const Flight& flight, TimePoint now) {
    answer_.forget();
    act(execution_.on_timeout(flight.branch, 1ms, now), now);
  }
  void act(Step step, TimePoint now) {
    for (;;) {
      std::erase_if(flying_, [&](const Flight& flight) { return (step.losers >> flight.branch & 1U) != 0; });
      waiting_ = step.kind == Step::Kind::wait;
      done_ = step.kind == Step::Kind::done;
      if (done_) return check_what_the_caller_is_told();
      if (waiting_) return;
      RC_ASSERT(now < step.until);
      RC_ASSERT(step.until <= options_.deadline);
      RC_ASSERT(step.number == ++attempts_);
      flying_.push_back({step.branch, step.until});
      if constexpr (!P::Machine::hedges) return;
      step = execution_.on_timer(now);
    }
  }
  void check_what_the_caller_is_told() const {
    RC_ASSERT(execution_.attempts() == attempts_);
    const Ending& ending = execution_.ending();
    const bool both_failed = answer_.details && answer_.details->failure != nullptr;
    const bool says_why = answer_.exception != nullptr || execution_.last_rejection() || both_failed;
    switch (ending.how) {
      case Ending::How::answered:
        RC_ASSERT(answer_.value.has_value());
        RC_ASSERT(!both_failed);
        break;
      case Ending::How::completed:
        if (ending.outcome->verdict == Verdict::success) {
          RC_ASSERT(answer_.value == values_);
          RC_ASSERT(!both_failed);
        } else {
          RC_ASSERT(!answer_.value.has_value());
          RC_ASSERT(says_why);
        }
        break;
      case Ending::How::injected:
        RC_ASSERT(ending.outcome->verdict == Verdict::failure);
        RC_ASSERT(says_why);
        break;
      case Ending::How::refused:
      case Ending::How::cancelled:
        RC_ASSERT(execution_.last_rejection().has_value());
        RC_ASSERT(!execution_.rejection().policy.empty());
        break;
    }
  }

  CallOptions options_;
  NobodyWaits waker_;
  Answer<int> answer_;
  typename P::Machine execution_;
  std::vector<Flight> flying_;
  std::uint32_t attempts_ = 0;
  int values_ = 0;
  bool waiting_ = false;
  bool done_ = false;
};

void check_breaker(const CircuitBreaker& breaker, TimePoint now) {
  const BreakerSnapshot seen = breaker.snapshot(now);
  RC_ASSERT(seen.half_open.in_flight == 0U);
  RC_ASSERT(seen.totals.calls == seen.totals.successes + seen.totals.failures + seen.totals.ignored);
}

/// As many as time has given, and those that are promised for the time that a caller may wait.
void check_limiter(const RateLimiter& limiter, Duration passed, TimePoint now) {
  const RateLimiterSnapshot seen = limiter.snapshot(now);
  const double given = limiter.options().rate * to_seconds(passed + limiter.options().max_wait);
  RC_ASSERT(static_cast<double>(seen.totals.admitted - seen.totals.given_back) <=
            given + limiter.options().burst);
}

void check_nothing_is_kept(Policies& p, TimePoint now) {
  for (const Bulkhead* bulkhead : {&p.bulkhead, &p.other_bulkhead}) {
    RC_ASSERT(bulkhead->snapshot().in_use == 0U);
    RC_ASSERT(bulkhead->snapshot().waiting == 0U);
  }
  RC_ASSERT(p.adaptive.snapshot().in_flight == 0U);
  check_breaker(p.breaker, now);
  check_breaker(p.other_breaker, now);
  check_limiter(p.limiter, now - p.begin, now);
  check_limiter(p.other_limiter, now - p.begin, now);
  RC_ASSERT(p.budget.snapshot(now).totals.granted == p.retry.totals().retries + p.hedge.totals().hedges);
  RC_ASSERT(p.in_flight.snapshot(now).calls == 0U);
  RC_ASSERT(p.in_flight.snapshot(now).retries == 0U);
  RC_ASSERT(p.queue.counters().stored == p.later.counters().queued);
  Cache<int>::Ticket next;
  NobodyWaits waker;
  for (const char* key : {"a", "b"}) {
    RC_ASSERT(p.cache.join(key, next, &waker, now + 1h) == Cache<int>::Role::leader);
    p.cache.leave(next);
  }
}

template <class MakePipeline>
void check(const MakePipeline& make) {
  testing::ManualTime time;
  Policies policies{time.now()};
  std::vector<AnyPolicy> order = policies.all();
  const auto dice = *rc::gen::container<std::vector<unsigned>>(order.size(), rc::gen::arbitrary<unsigned>());
  for (std::size_t i = 1; i < order.size(); ++i) std::swap(order[i], order[dice[i] % (i + 1)]);
  const auto pipeline = make(order, policies);
  using Call = Driven<std::remove_const_t<decltype(pipeline)>>;
  std::vector<std::unique_ptr<Call>> calls;
  const auto steps = *rc::gen::container<std::vector<std::pair<int, unsigned>>>(
      rc::gen::pair(rc::gen::inRange(0, 100), rc::gen::arbitrary<unsigned>()));
  for (const auto& [chance, which] : steps) {
    time.advance(std::chrono::milliseconds{which % 50});
    const TimePoint now = time.now();
    if (chance < 30 || calls.empty()) {
      CallOptions options;
      if (which % 3 != 0) options.key = which % 3 == 1 ? "a" : "b";
      if (which % 7 == 0) options.repeatable = Repeatable::no;
      if (which % 5 == 0) options.deadline = now + std::chrono::milliseconds{which % 600};
      calls.push_back(std::make_unique<Call>(pipeline, now, options));
    } else {
      Call& call = *calls[which % calls.size()];
      const bool flies = call.flying() != 0;
      if (chance < 48 && flies)
        call.end(which, Outcome::success(1ms), now);
      else if (chance < 62 && flies)
        call.end(which, Outcome::failure(FailureType::connection_error, 1ms), now);
      else if (chance < 66 && flies)
        call.end(which, Outcome::ignored(), now);
      else if (chance < 72 && flies)
        call.time_out(which, now);
      else if (chance < 92)
        call.look_again(now);
      else if (chance < 96)
        call.cancel(now);
      else
        calls.erase(calls.begin() + static_cast<std::ptrdiff_t>(which % calls.size()));  // dropped half-way
    }
    std::erase_if(calls, [](const auto& call) { return call->done(); });
  }
  calls.clear();
  check_nothing_is_kept(policies, time.now());
}

TEST(AnyOrderProperty, TheCallerIsToldWhatHappenedAndNothingIsKept) {
  EXPECT_TRUE(holds(4000, [] {
    check([](std::vector<AnyPolicy>& o, Policies&) {
      return Pipeline{o[0], o[1], o[2], o[3], o[4], o[5], o[6]};
    });
  }));
}

TEST(AnyOrderProperty, AlsoAroundAndInsideOfARace) {
  EXPECT_TRUE(holds(4000, [] {
    check([](std::vector<AnyPolicy>& o, Policies& p) {
      return Pipeline{o[0], o[1], o[2], p.hedge, o[3], o[4], o[5]};
    });
  }));
}

}  // namespace
}  // namespace switchgear
