#include "app/lab/tune/tuner.hpp"

#include <gtest/gtest.h>

#include <random>
#include <sstream>

#include "app/lab/replay.hpp"
#include "app/lab/tune/breaker_yaml.hpp"
#include "app/lab/tune/search_space.hpp"
#include "app/lab/tune/weather_fixture.hpp"
#include "switchgear/config/config.hpp"

namespace switchgear::lab {
namespace {

using namespace std::chrono_literals;

Point random_point(std::mt19937_64& random) {
  std::uniform_real_distribution<double> uniform;
  Point point{};
  for (double& each : point) each = uniform(random);
  return point;
}

TEST(SearchSpace, EveryPointIsAValidBreaker) {
  std::mt19937_64 random(1);
  CircuitBreakerOptions base;
  base.slow_call = SlowCallRule{};
  base.failure_rate = 0.5;
  base.ramp = RampOptions{};
  for (int i = 0; i < 5'000; ++i) {
    const CircuitBreakerOptions options = at(random_point(random), base);
    ASSERT_TRUE(validate(options).empty()) << validate(options).front().message;
    ASSERT_EQ(options.slow_call, base.slow_call);
    ASSERT_EQ(options.ramp, base.ramp);
  }
}

TEST(BreakerYaml, IsReadBackAsTheSameOptions) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 500; ++i) {
    CircuitBreakerOptions base;
    base.failure_rate = 0.5;
    if (random() % 2 == 0) base.slow_call = SlowCallRule{1500ms, 0.25};
    if (random() % 2 == 0) base.latency = LatencyRule{0.99, 3s};
    if (random() % 2 == 0) base.stuck_calls = StuckCallsRule{7s, 3};
    if (random() % 2 == 0) base.ramp = RampOptions{20s, 0.05};
    if (base.ramp && random() % 2 == 0) base.ramp->controller = RampControllerOptions{2s, 7, 0.25, 1.25};
    if (random() % 2 == 0) base.adaptive.emplace().samples = 30;
    if (random() % 2 == 0) base.backoff = 1.5;
    if (random() % 2 == 0) base.jitter = 0.1;
    if (random() % 2 == 0) base.probe_automatically = base.honor_retry_after = true;
    CircuitBreakerOptions options = random() % 4 == 0 ? base : at(random_point(random), base);
    if (options.failure_rate && random() % 3 == 0) {
      options.failure_rate_confidence = 0.95;
    } else if (random() % 2 == 0) {
      options.weights[FailureType::timeout] = 2;
    }
    if (!validate(options).empty()) continue;
    const std::string yaml = "version: 1\npolicies:\n  " + yaml_key("a b") + ":\n    circuit_breaker:\n" +
                             breaker_yaml(options, "      ");
    const config::Loaded loaded = config::load_text(yaml, "tuned.yaml");
    ASSERT_TRUE(loaded.config) << loaded.errors.front().text() << '\n' << yaml;
    CircuitBreakerOptions read = *loaded.config->policies.at("a b").circuit_breaker;
    // Not written, because no rule uses it.
    if (!options.needs_window()) read.window = options.window;
    if (!options.needs_minimum_calls()) read.minimum_calls = options.minimum_calls;
    ASSERT_TRUE(read == options) << yaml;
  }
}

TEST(Bootstrap, IsAroundTheSumAndNarrowerForSteadierDifferences) {
  std::mt19937_64 random(3);
  std::normal_distribution<double> noise(1, 2);
  std::vector<double> differences(400);
  for (double& each : differences) each = noise(random);
  const Interval interval = bootstrap(differences, 1, 7);
  // 400 ± 1.96 · 2 · √400
  EXPECT_NEAR(interval.low, 400 - 78, 60);
  EXPECT_NEAR(interval.high, 400 + 78, 60);
  EXPECT_EQ(bootstrap({5}, 3, 0).low, 5);
  EXPECT_EQ(bootstrap(std::vector<double>(50, 0.0), 4, 0).high, 0);
}

TEST(Bootstrap, ASingleGoodStretchIsNotEnough) {
  std::vector<double> differences(100, 0);
  for (std::size_t i = 40; i < 45; ++i) differences[i] = 100;
  EXPECT_LE(bootstrap(differences, 5, 0).low, 0);
}

class TunerTest : public testing::Test {
 protected:
  TunerTest() { settings.budget = 20s; }
  /// Over a long trace of the same weather that the tuner has not seen.
  double cost(const CircuitBreakerOptions& options, const Weather& kind) {
    const Calls calls = weather(kind, 3'600s, 999);
    CourseRunner runner(calls, 10s);
    Tally sum;
    for (const Tally& tally : runner.run(options, 0, Unknown::succeeds, runner.blocks())) sum += tally;
    return settings.costs.of(sum);
  }

  std::ostringstream ignored;
  Progress progress{ignored, false, ""};
  TuneSettings settings;
};

CircuitBreakerOptions sluggish() {
  CircuitBreakerOptions options;
  options.window = CountWindowOptions{500};
  options.minimum_calls = 300;
  options.failure_rate = 0.5;
  options.open_duration = 60s;
  return options;
}

TEST_F(TunerTest, FindsAQuickerBreakerForARealOutage) {
  const Calls calls = weather({}, 1'800s, 1);
  const Tuning tuning = tune(sluggish(), calls, settings, progress);
  EXPECT_TRUE(tuning.better);
  EXPECT_GT(tuning.held_out.interval.low, 0);
  EXPECT_GE(tuning.held_out.saved, tuning.held_out.interval.low);
  EXPECT_LE(tuning.held_out.saved, tuning.held_out.interval.high);
  EXPECT_LT(cost(tuning.best.options, {}), 0.5 * cost(sluggish(), {}));
  EXPECT_GT(tuning.trials, 256U);
  ASSERT_FALSE(tuning.front.empty());
  for (std::size_t i = 1; i < tuning.front.size(); ++i) {
    EXPECT_GT(tuning.front[i].searched.bad_let_through, tuning.front[i - 1].searched.bad_let_through);
    EXPECT_LT(tuning.front[i].searched.good_refused, tuning.front[i - 1].searched.good_refused);
  }
}

TEST_F(TunerTest, TheSameSeedFindsTheSame) {
  const Calls calls = weather({}, 600s, 1);
  const Tuning one = tune(sluggish(), calls, settings, progress),
               other = tune(sluggish(), calls, settings, progress);
  EXPECT_TRUE(one.best.options == other.best.options);
  EXPECT_EQ(one.held_out.interval.low, other.held_out.interval.low);
}

TEST_F(TunerTest, KeepsToALimitOnDoubtfulOpenings) {
  Weather dips;
  dips.every = 0s;
  dips.dip_every = 30s;
  dips.dip_length = 400ms;
  dips.dip_failures = 1;
  settings.costs.doubtful_opening = 0;
  settings.costs.bad_let_through = 100;
  settings.doubtful_per_day = 1;
  const Tuning tuning = tune(sluggish(), weather(dips, 1'200s, 4), settings, progress);
  EXPECT_EQ(tuning.best.searched.doubtful, 0);
}

TEST_F(TunerTest, ABudgetOfNothingStillJudgesTodaysPolicy) {
  settings.budget = 0s;
  const Tuning tuning = tune(sluggish(), weather({}, 600s, 1), settings, progress);
  EXPECT_TRUE(tuning.budget_used_up);
  EXPECT_FALSE(tuning.better);
  EXPECT_EQ(tuning.trials, 1U);
  EXPECT_GT(tuning.current.cost, 0);
}

TEST_F(TunerTest, AnUnknownStretchMustBeBetterBothWays) {
  Calls calls = weather({}, 1'200s, 1);
  for (RecordedCall& call : calls) call.known = !is_down({}, call.at, 1);  // every outage
  const Tuning tuning = tune(sluggish(), calls, settings, progress);
  EXPECT_FALSE(tuning.better) << "had the refused calls succeeded, no breaker is best";
}

TEST_F(TunerTest, AFewCallsAtOneInstantAreNoTrouble) {
  Calls calls(3, RecordedCall{});
  EXPECT_FALSE(tune(sluggish(), calls, settings, progress).better);
}

TEST_F(TunerTest, DecidesAsReplayDoes) {
  std::mt19937_64 random(5);
  for (int i = 0; i < 300; ++i) {
    Weather kind;
    kind.rate = 5;
    kind.every = 30s;
    kind.length = 5s;
    Calls calls = weather(kind, 120s, random());
    for (RecordedCall& call : calls)
      call.latency = std::chrono::milliseconds{random() % 3 * (random() % 700)};
    CircuitBreakerOptions base;
    base.failure_rate = 0.5;
    base.jitter = 0.2;
    const CircuitBreakerOptions options = at(random_point(random), base);
    CourseRunner runner(calls, 7s);
    Tally sum;
    for (const Tally& tally : runner.run(options, 3, Unknown::succeeds, runner.blocks())) sum += tally;

    struct Counted : ReplayReport {
      void on_operation(const Operation& operation) override {
        if (!operation.asks) return;
        const bool failed = calls[next++].verdict == Verdict::failure;
        if (operation.rejection && !failed) ++good_refused;
        if (!operation.rejection && failed) ++bad_let_through;
      }
      void on_transition(const Transition&) override {}
      void on_adapted(const AdaptedEvent&) override {}
      void on_end(const ReplaySummary&) override {}
      explicit Counted(const Calls& all) : calls(all) {}
      const Calls& calls;
      std::size_t next = 0;
      double good_refused = 0, bad_let_through = 0;
    } expected(calls);
    Replay replay("payment", options, 3, expected);
    for (const RecordedCall& call : calls) {
      TraceEntry entry;
      entry.at = call.at;
      entry.result = {call.verdict, call.type, call.latency, {}};
      ASSERT_FALSE(replay.play(entry));
    }
    ASSERT_EQ(sum.good_refused, expected.good_refused) << breaker_yaml(options, "");
    ASSERT_EQ(sum.bad_let_through, expected.bad_let_through) << breaker_yaml(options, "");
  }
}

TEST(CourseRunner, HasNoBlocksInWhichThereAreNoCalls) {
  Calls calls(4);
  calls[1].at += 9s;
  calls[2].at += 1'700'000'000s;
  calls[3].at += 1'700'000'015s;
  const CourseRunner runner(calls, 10s);
  EXPECT_EQ(runner.blocks(), 3U);
  EXPECT_EQ(runner.calls_in(0), 0U);
  EXPECT_EQ(runner.calls_in(1), 2U);
  EXPECT_EQ(runner.calls_in(2), 3U);
  EXPECT_EQ(runner.calls_in(3), 4U);
}

TEST(CourseRunner, CountsAnOpeningBetweenTwoBlocksInTheOneBefore) {
  Calls calls(2);
  calls[0].latency = 25s;
  calls[0].verdict = Verdict::failure;
  calls[1].at += 1h;
  CircuitBreakerOptions options;
  options.consecutive_failures = 1;
  CourseRunner runner(calls, 10s);
  const std::vector<Tally> tallies = runner.run(options, 0, Unknown::succeeds, runner.blocks());
  ASSERT_EQ(tallies.size(), 2U);
  EXPECT_EQ(tallies[0].doubtful, 1);
  EXPECT_EQ(tallies[1].doubtful, 0);
}

}  // namespace
}  // namespace switchgear::lab
