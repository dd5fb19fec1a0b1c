#include "app/lab/compare/simulation.hpp"

#include <gtest/gtest.h>

#include <random>
#include <sstream>

#include "app/lab/compare/calls_fixture.hpp"
#include "app/lab/replay.hpp"

namespace switchgear::lab {
namespace {

using namespace std::chrono_literals;

analysis::Policy named(const std::string& name) {
  analysis::Policy policy;
  policy.name = name;
  return policy;
}

RetryOptions tries(std::uint32_t attempts, Duration pause) {
  RetryOptions options;
  options.max_attempts = attempts;
  options.backoff = Backoff::fixed;
  options.base = pause;
  options.jitter = Jitter::none;
  return options;
}

BulkheadOptions slots(std::uint32_t running, std::uint32_t queued, Duration wait) {
  BulkheadOptions options;
  options.max_concurrent = running;
  options.max_queue = queued;
  options.max_wait = wait;
  return options;
}

HedgeOptions hedged(Duration delay, std::uint32_t most) {
  HedgeOptions options;
  options.delay = delay;
  options.max_hedges = most;
  return options;
}

class SimulationTest : public testing::Test {
 protected:
  Course play(Unknown unknown = Unknown::succeeds) {
    return simulate(policy, {}, calls, unknown, 0, progress);
  }
  static std::uint64_t refused(const Course& course, Reason reason) {
    return course.refused[static_cast<std::size_t>(reason)];
  }

  std::ostringstream ignored;
  Progress progress{ignored, false, ""};
  analysis::Policy policy = named("payment");
  Calls calls;
};

TEST_F(SimulationTest, WithoutPoliciesTheCallsAreAsRecorded) {
  add(calls, 6, 0s, 1s, Verdict::success, 30ms);
  add(calls, 3, 6s, 1s, Verdict::failure, 50ms);
  add(calls, 1, 9s, 1s, Verdict::ignored, 1ms);
  const Course course = play();
  EXPECT_EQ(course.calls, 10U);
  EXPECT_EQ(course.answered, 6U);
  EXPECT_EQ(course.failed, 3U);
  EXPECT_EQ(course.ignored, 1U);
  EXPECT_EQ(course.attempts, 10U);
  EXPECT_EQ(course.median, 30ms);
  EXPECT_EQ(course.longest, 50ms);
}

TEST_F(SimulationTest, ARetryMeetsWhatTheNextRecordedCallMet) {
  policy.retry = tries(3, 100ms);
  add(calls, 1, 0s, 0s, Verdict::failure, 10ms);  // again at 110 ms: as the call of 200 ms
  add(calls, 1, 50ms, 0s, Verdict::success, 10ms);
  add(calls, 1, 200ms, 0s, Verdict::success, 5ms);
  const Course course = play();
  EXPECT_EQ(course.answered, 3U);
  EXPECT_EQ(course.attempts, 4U);
  EXPECT_EQ(course.attempts_failed, 1U);
  EXPECT_EQ(course.longest, 115ms);
}

TEST_F(SimulationTest, AtTheEndARetryMeetsWhatTheLastCallMet) {
  policy.retry = tries(2, 100ms);
  add(calls, 1, 0s, 0s, Verdict::success, 10ms);
  add(calls, 1, 1s, 0s, Verdict::failure, 10ms);
  const Course course = play();
  EXPECT_EQ(course.failed, 1U);
  EXPECT_EQ(course.attempts, 3U);
  EXPECT_EQ(course.longest, 120ms);
}

TEST_F(SimulationTest, ACallThatIsLongerThanTheTimeoutIsCutOffThere) {
  policy.timeout = 100ms;
  add(calls, 1, 0s, 0s, Verdict::success, 99ms);
  add(calls, 1, 1s, 0s, Verdict::success, 100ms);
  add(calls, 1, 2s, 0s, Verdict::success, 5s);
  const Course course = play();
  EXPECT_EQ(course.answered, 1U);
  EXPECT_EQ(course.failed, 2U);
  EXPECT_EQ(course.longest, 100ms);
}

TEST_F(SimulationTest, ABulkheadQueuesThenRefuses) {
  policy.bulkhead = slots(1, 1, 1s);
  add(calls, 3, 0s, 10ms, Verdict::success, 100ms);  // runs; waits until 100 ms; refused
  const Course course = play();
  EXPECT_EQ(course.answered, 2U);
  EXPECT_EQ(refused(course, Reason::bulkhead_full), 1U);
  EXPECT_EQ(course.spared_good, 1U);
  EXPECT_EQ(course.longest, 190ms) << "90 ms in the queue";
}

TEST_F(SimulationTest, ARateLimiterLetsSoManyThroughASecond) {
  policy.rate_limiter = RateLimiterOptions{};
  policy.rate_limiter->rate = 10;
  policy.rate_limiter->burst = 10;
  add(calls, 1'000, 0s, 10ms, Verdict::success, 1ms);
  const Course course = play();
  EXPECT_GE(course.answered, 108U);
  EXPECT_LE(course.answered, 110U);
  EXPECT_EQ(refused(course, Reason::rate_limited), 1'000 - course.answered);
}

TEST_F(SimulationTest, AHedgeCutsTheTail) {
  policy.hedge = hedged(50ms, 1);
  add(calls, 1, 0s, 0s, Verdict::success, 5s);
  add(calls, 1, 60ms, 0s, Verdict::success, 10ms);
  const Course course = play();
  EXPECT_EQ(course.attempts, 3U);
  EXPECT_EQ(course.answered, 2U);
  EXPECT_EQ(course.longest, 60ms);
}

TEST_F(SimulationTest, AFallbackAnswersForFailuresAndRefusals) {
  policy.fallback = analysis::ValueFallback{};
  policy.circuit_breaker = CircuitBreakerOptions{};
  policy.circuit_breaker->consecutive_failures = 2;
  policy.circuit_breaker->open_duration = 60s;
  add(calls, 4, 0s, 1s, Verdict::failure);
  const Course course = play();
  EXPECT_EQ(course.substituted, 4U);
  EXPECT_EQ(course.attempts, 2U);
  EXPECT_EQ(course.spared_bad, 2U);
  ASSERT_EQ(course.changes.size(), 1U);
  EXPECT_EQ(course.changes[0].at, TimePoint{1s + call_latency});
}

TEST_F(SimulationTest, UnknownCallsEndAsTheGuessSays) {
  add(calls, 3, 0s, 1s, Verdict::success, 30ms);
  add(calls, 2, 3s, 1s, Verdict::success, 0ms);
  calls[3].known = calls[4].known = false;
  EXPECT_EQ(play(Unknown::succeeds).answered, 5U);
  const Course bad = play(Unknown::fails);
  EXPECT_EQ(bad.failed, 2U);
  EXPECT_EQ(bad.median, 30ms) << "they take as long as the others do";
}

// --- the breaker alone must decide as `replay` decides

CircuitBreakerOptions random_breaker(std::mt19937_64& random) {
  const auto pick = [&](auto... all) {
    const std::array values{all...};
    return values[random() % values.size()];
  };
  CircuitBreakerOptions options;
  if (random() % 2 == 0) {
    options.window = CountWindowOptions{pick(4U, 10U, 50U)};
  } else {
    options.window = TimeWindowOptions{.duration = pick(Duration{1s}, Duration{10s})};
  }
  options.minimum_calls = pick(1U, 4U);
  options.failure_rate = pick(0.3, 0.5, 1.0);
  if (random() % 2 == 0) options.consecutive_failures = pick(2U, 5U);
  options.open_duration = pick(Duration{200ms}, Duration{3s});
  options.half_open.permitted_calls = pick(1U, 3U);
  options.half_open.max_wait = pick(Duration{500ms}, Duration{10s});
  options.probe_automatically = random() % 2 == 0;
  options.jitter = pick(0.0, 0.3);
  return options;
}

Calls random_calls(std::mt19937_64& random) {
  Calls calls;
  TimePoint at{};
  std::uniform_real_distribution<double> uniform;
  double bad = 0.1;
  for (int i = 0; i < 300; ++i) {
    if (i % 60 == 0) bad = uniform(random);
    at += std::chrono::milliseconds{random() % 200};
    const Verdict verdict = uniform(random) < bad    ? Verdict::failure
                            : uniform(random) < 0.05 ? Verdict::ignored
                                                     : Verdict::success;
    calls.push_back(
        {at, std::chrono::milliseconds{random() % 900}, {}, verdict, FailureType::http_error, true});
  }
  return calls;
}

class ChangesOnly : public ReplayReport {
 public:
  void on_operation(const Operation& operation) override { refused += operation.rejection ? 1 : 0; }
  void on_transition(const Transition& transition) override {
    changes.push_back({transition.at, transition.from, transition.to});
  }
  void on_adapted(const AdaptedEvent&) override {}
  void on_end(const ReplaySummary&) override {}
  std::vector<StateChange> changes;
  std::uint64_t refused = 0;
};

TEST_F(SimulationTest, ABreakerAloneDecidesAsReplayDoes) {
  std::uint64_t openings = 0;
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    std::mt19937_64 random(seed);
    policy.circuit_breaker = random_breaker(random);
    calls = random_calls(random);
    const Course course = simulate(policy, {}, calls, Unknown::succeeds, seed, progress);

    ChangesOnly expected;
    Replay replay("payment", *policy.circuit_breaker, seed, expected);
    for (const RecordedCall& call : calls) {
      TraceEntry entry;
      entry.at = call.at;
      entry.result = {call.verdict, call.type, call.latency, {}};
      ASSERT_FALSE(replay.play(entry));
    }
    replay.finish();

    ASSERT_EQ(course.all_refused(), expected.refused) << "seed " << seed;
    ASSERT_EQ(course.attempts, calls.size() - expected.refused);
    ASSERT_LE(course.changes.size(), expected.changes.size());
    for (std::size_t i = 0; i < course.changes.size(); ++i) {
      ASSERT_EQ(course.changes[i].at, expected.changes[i].at) << "seed " << seed;
      ASSERT_EQ(course.changes[i].to, expected.changes[i].to) << "seed " << seed;
    }
    openings += course.changes.size();
  }
  EXPECT_GT(openings, 2'000U);
}

TEST_F(SimulationTest, EveryCallHasOneEnd) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    std::mt19937_64 random(seed);
    calls = random_calls(random);
    policy = named("payment");
    if (random() % 2 == 0) policy.circuit_breaker = random_breaker(random);
    if (random() % 2 == 0) policy.retry = tries(3, 20ms);
    if (random() % 2 == 0) policy.hedge = hedged(100ms, 2);
    if (random() % 2 == 0) policy.timeout = 300ms;
    if (random() % 2 == 0) policy.deadline = 700ms;
    if (random() % 2 == 0) policy.bulkhead = slots(3, 2, 200ms);
    if (random() % 4 == 0) policy.fallback = analysis::ValueFallback{};
    const Course course = simulate(policy, {}, calls, Unknown::succeeds, seed, progress);
    ASSERT_EQ(course.answered + course.substituted + course.failed + course.ignored + course.all_refused(),
              calls.size())
        << "seed " << seed;
    ASSERT_LE(course.attempts_failed, course.attempts);
    ASSERT_LE(course.longest, policy.deadline ? 900ms : 1h) << "seed " << seed;
    const Course again = simulate(policy, {}, calls, Unknown::succeeds, seed, progress);
    ASSERT_EQ(again.attempts, course.attempts);
    ASSERT_EQ(again.answered, course.answered);
  }
}

}  // namespace
}  // namespace switchgear::lab
