// What a played service does with its requests.
#include "app/chaos/script.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <vector>

namespace switchgear::chaos {
namespace {

using namespace std::chrono_literals;
using Kind = stage::Reaction::Kind;

Scenario scenario_of(std::vector<Phase> phases, std::uint64_t seed = 7) {
  Scenario scenario;
  scenario.seed = seed;
  scenario.services["payment"] = {.ports = {0, 0}, .latency = 20ms};
  scenario.services["stock"] = {.ports = {0}};
  scenario.phases = std::move(phases);
  return scenario;
}

/// From 10s for 10s, at payment.
Phase phase() {
  Phase phase;
  phase.at = 10s;
  phase.length = 10s;
  phase.service = "payment";
  return phase;
}

std::vector<stage::Reaction> reactions(const Script& script, Duration now, std::uint64_t count = 1000) {
  std::vector<stage::Reaction> all;
  for (std::uint64_t i = 0; i < count; ++i) all.push_back(script.reaction({i, 0, "/payment/x"}, now));
  return all;
}

double failing(const Script& script, Duration now) {
  const auto all = reactions(script, now);
  return static_cast<double>(std::count_if(all.begin(), all.end(),
                                           [](const stage::Reaction& each) { return each.status >= 500; })) /
         static_cast<double>(all.size());
}

TEST(Script, TheSameSeedPlaysTheSameFaults) {
  Phase errors = phase();
  errors.errors = Ramp{0.3, 0.3};
  errors.reset = Ramp{0.1, 0.1};
  const Scenario scenario = scenario_of({errors});
  const auto first = reactions(Script{scenario, "payment", 1}, 12s);
  EXPECT_EQ(first, reactions(Script{scenario, "payment", 1}, 12s));
  EXPECT_NE(first, reactions(Script{scenario, "payment", 2}, 12s)) << "instances fail apart";
  EXPECT_NE(first, reactions(Script{scenario_of({errors}, 8), "payment", 1}, 12s));
}

TEST(Script, FailsTheShareThatAPhaseSaysWhileItLasts) {
  Phase errors = phase();
  errors.errors = Ramp{0.3, 0.3};
  const Script script{scenario_of({errors}), "payment", 1};
  EXPECT_EQ(failing(script, 9'999ms), 0);
  EXPECT_NEAR(failing(script, 10s), 0.3, 0.05);
  EXPECT_NEAR(failing(script, 19'999ms), 0.3, 0.05);
  EXPECT_EQ(failing(script, 20s), 0);
  EXPECT_EQ(failing(Script{scenario_of({errors}), "stock", 1}, 15s), 0);
}

TEST(Script, ARampRises) {
  Phase errors = phase();
  errors.errors = Ramp{0, 0.6};
  const Script script{scenario_of({errors}), "payment", 1};
  EXPECT_EQ(failing(script, 10s), 0);
  EXPECT_NEAR(failing(script, 15s), 0.3, 0.05);
  EXPECT_NEAR(failing(script, 19'900ms), 0.6, 0.05);
}

TEST(Script, FlappingIsOnAndOff) {
  Phase errors = phase();
  errors.errors = Ramp{1, 1};
  errors.flapping = 2s;
  const Script script{scenario_of({errors}), "payment", 1};
  EXPECT_EQ(failing(script, 11s), 1);
  EXPECT_EQ(failing(script, 13s), 0);
  EXPECT_EQ(failing(script, 15s), 1);
}

TEST(Script, OneInstanceAndOnePathFailAlone) {
  Phase errors = phase();
  errors.errors = Ramp{1, 1};
  errors.instance = 2;
  errors.path = "/payment/slow";
  const Scenario scenario = scenario_of({errors});
  EXPECT_EQ((Script{scenario, "payment", 1}.reaction({0, 0, "/payment/slow/1"}, 15s).status), 200U);
  EXPECT_EQ((Script{scenario, "payment", 2}.reaction({0, 0, "/payment/slow/1"}, 15s).status), 500U);
  EXPECT_EQ((Script{scenario, "payment", 2}.reaction({0, 0, "/payment/x"}, 15s).status), 200U);
}

TEST(Script, LatencyComesOnTopAndASlowStartEndsFast) {
  Phase slow = phase();
  slow.latency = Ramp{2, 0};
  const Script script{scenario_of({slow}), "payment", 1};
  for (const auto& each : reactions(script, 5s, 100)) {
    EXPECT_GE(each.delay, 18ms);
    EXPECT_LE(each.delay, 22ms);
  }
  EXPECT_GE(script.reaction({0, 0, "/"}, 10s).delay, 2s);
  EXPECT_LE(script.reaction({0, 0, "/"}, 19'990ms).delay, 30ms);
}

TEST(Script, ABrownOutTakesAsManyAtOnceAsItHasCapacity) {
  Phase brown = phase();
  brown.capacity = Ramp{3, 3};
  const Script script{scenario_of({brown}), "payment", 1};
  EXPECT_EQ(script.reaction({0, 2, "/"}, 15s).status, 200U);
  EXPECT_EQ(script.reaction({0, 3, "/"}, 15s).status, 503U);
  EXPECT_EQ(script.reaction({0, 3, "/"}, 5s).status, 200U);
}

TEST(Script, HangsResetsAndRefuses) {
  Phase hang = phase();
  hang.hang = Ramp{1, 1};
  Phase reset = phase();
  reset.at = 20s;
  reset.reset = Ramp{1, 1};
  Phase refuse = phase();
  refuse.at = 30s;
  refuse.refuse = true;
  const Script script{scenario_of({hang, reset, refuse}), "payment", 1};
  EXPECT_EQ(script.reaction({0, 0, "/"}, 15s).kind, Kind::hang);
  EXPECT_TRUE(script.hangs(15s));
  EXPECT_FALSE(script.hangs(25s));
  EXPECT_EQ(script.reaction({0, 0, "/"}, 25s).kind, Kind::reset);
  EXPECT_TRUE(script.refuses(35s));
  EXPECT_FALSE(script.refuses(25s));
}

}  // namespace
}  // namespace switchgear::chaos
