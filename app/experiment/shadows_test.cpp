#include "app/experiment/shadows.hpp"

#include <gtest/gtest.h>

#include <random>

#include "app/lab/replay.hpp"

namespace switchgear::experiment {
namespace {

using namespace std::chrono_literals;

CircuitBreakerOptions opens_after(std::uint32_t failures, Duration length = 10s) {
  CircuitBreakerOptions options;
  options.consecutive_failures = failures;
  options.open_duration = length;
  options.half_open.permitted_calls = 1;
  return options;
}

class ShadowsTest : public testing::Test {
 protected:
  ShadowsTest() {
    set("now", opens_after(1'000));
    set("strict", opens_after(2));
    set("patient", opens_after(5));
    config::Service& service = config.services["payment"];
    service.name = "payment";
    service.policy = "now";
    service.shadows = {"strict", "patient"};
    breaker = registry.put("payment", *config.policies["now"].circuit_breaker, now);
  }
  void set(const std::string& name, const CircuitBreakerOptions& options) {
    config.policies[name].name = name;
    config.policies[name].circuit_breaker = options;
  }
  void call(Verdict verdict, Duration latency = 10ms) {
    auto permit = breaker->try_acquire(now);
    now += latency;
    if (permit) std::move(*permit).record(verdict, now);
    now += 90ms;
  }
  ShadowedService seen() { return shadows.all(now).at(0); }

  TimePoint now{1h};
  config::Config config;
  BreakerRegistry registry{{now, {}}, 0};
  std::shared_ptr<CircuitBreaker> breaker;
  Shadows shadows{registry};
};

TEST_F(ShadowsTest, DecideAboutEveryCallAndRefuseNone) {
  shadows.apply(config, now);
  for (int i = 0; i < 3; ++i) call(Verdict::success);
  for (int i = 0; i < 4; ++i) call(Verdict::failure);
  call(Verdict::success);
  const ShadowedService found = seen();
  EXPECT_EQ(found.in_force.calls, 8U);
  EXPECT_EQ(found.in_force.let_bad, 4U);
  EXPECT_EQ(found.in_force.unknown, 0U);
  ASSERT_EQ(found.shadows.size(), 2U);
  const Decisions& strict = found.shadows[0].decisions;
  EXPECT_EQ(found.shadows[0].policy, "strict");
  EXPECT_EQ(strict.let_bad, 2U);
  EXPECT_EQ(strict.refused_bad, 2U);
  EXPECT_EQ(strict.refused_good, 1U);
  EXPECT_EQ(strict.opened, 1U);
  EXPECT_EQ(strict.state, State::open);
  const Decisions& patient = found.shadows[1].decisions;
  EXPECT_EQ(patient.let_bad, 4U);
  EXPECT_EQ(patient.opened, 0U);
  EXPECT_EQ(breaker->state(), State::closed);
}

TEST_F(ShadowsTest, CountWhatTheBreakerInForceRefuses) {
  set("now", opens_after(1));
  breaker = registry.put("payment", *config.policies["now"].circuit_breaker, now);
  shadows.apply(config, now);
  call(Verdict::failure);
  call(Verdict::success);
  EXPECT_EQ(seen().in_force.unknown, 1U);
  EXPECT_EQ(seen().in_force.opened, 1U);
  EXPECT_EQ(seen().shadows[0].decisions.calls, 1U) << "how the refused one would have ended is unknown";
}

TEST_F(ShadowsTest, AreDrivenByTheHealthChecksOfTheirService) {
  shadows.apply(config, now);
  const HealthRows rows{.unhealthy = 2, .healthy = 2};
  const auto check = [&](const char* service, CheckAnswer answer) {
    for (int i = 0; i < 2; ++i) shadows.on_check(service, answer, rows, now);
  };
  check("cart", CheckAnswer::bad);
  EXPECT_EQ(seen().shadows[0].decisions.state, State::closed) << "another service's";
  check("payment", CheckAnswer::bad);
  for (const ShadowFinding& shadow : seen().shadows) {
    EXPECT_EQ(shadow.decisions.state, State::open);
    EXPECT_EQ(shadow.decisions.opened, 1U);
  }
  call(Verdict::success);
  EXPECT_EQ(seen().shadows[0].decisions.refused_good, 1U);
  check("payment", CheckAnswer::good);
  EXPECT_EQ(seen().shadows[0].decisions.state, State::half_open);
}

TEST_F(ShadowsTest, GoOnAcrossAReloadThatChangesNothingOfTheirs) {
  shadows.apply(config, now);
  call(Verdict::failure);
  set("other", opens_after(7));
  shadows.apply(config, now);
  EXPECT_EQ(seen().in_force.calls, 1U);
}

TEST_F(ShadowsTest, BeginAnewTogetherWhenOneOfThemChanges) {
  shadows.apply(config, now);
  call(Verdict::failure);
  set("patient", opens_after(6));
  shadows.apply(config, now);
  call(Verdict::failure);
  EXPECT_EQ(seen().in_force.calls, 1U);
  EXPECT_EQ(seen().shadows[0].decisions.let_bad, 1U);
}

TEST_F(ShadowsTest, StopWhenTheFileNamesThemNoMore) {
  shadows.apply(config, now);
  config.services["payment"].shadows.clear();
  shadows.apply(config, now);
  EXPECT_TRUE(shadows.empty());
  call(Verdict::failure);
  EXPECT_TRUE(shadows.all(now).empty());
}

/// As `switchgear replay` would have decided about the same calls, which end before the next ones begin.
TEST_F(ShadowsTest, DecideAsReplayDoes) {
  set("strict", opens_after(2, 700ms));
  shadows.apply(config, now);
  std::mt19937_64 random(1);
  struct Counted : lab::ReplayReport {
    void on_operation(const lab::Operation& operation) override { refused += operation.rejection ? 1 : 0; }
    void on_transition(const Transition&) override {}
    void on_adapted(const AdaptedEvent&) override {}
    void on_end(const lab::ReplaySummary& summary) override { opened = summary.breaker.totals.opened; }
    std::uint64_t refused = 0, opened = 0;
  } expected;
  lab::Replay replay("strict", *config.policies["strict"].circuit_breaker, 1, expected);
  for (int i = 0; i < 5'000; ++i) {
    lab::TraceEntry entry;
    entry.at = now;
    entry.result.verdict = random() % 3 == 0 ? Verdict::failure : Verdict::success;
    entry.result.latency = 10ms;
    ASSERT_FALSE(replay.play(entry));
    call(entry.result.verdict);
  }
  replay.finish();
  const Decisions strict = seen().shadows[0].decisions;
  EXPECT_EQ(strict.refused_good + strict.refused_bad, expected.refused);
  EXPECT_EQ(strict.opened, expected.opened);
  EXPECT_GT(expected.opened, 100U);
}

}  // namespace
}  // namespace switchgear::experiment
