#include "app/alert/incident/engine.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "app/alert/incident/engine_fixture.hpp"

namespace switchgear::alert {
namespace {

using namespace std::chrono_literals;

using Lines = std::vector<std::string>;

TEST(Engine, ForetellsAFailureRateThatGrows) {
  AlertRule rule;
  rule.name = "soon";
  rule.when.forecast = ForecastCondition{0.5, {}, 15min};
  rule.notify = {"hook"};
  Alerting engine{{rule}};
  for (int minute = 0; minute < 30; ++minute) {
    engine.calls("payment", 980, 20);
    EXPECT_EQ(engine.after(1min), Lines{}) << "minute " << minute << ": it does not grow";
  }
  double failing = 20;
  Lines told;
  while (failing < 450 && told.empty()) {
    failing *= 1.2;
    const auto failed = static_cast<std::uint64_t>(failing);
    engine.calls("payment", 1'000 - failed, failed);
    told = engine.after(1min);
  }
  ASSERT_EQ(told.size(), 1U) << "before half of the calls fail";
  EXPECT_EQ(told[0].find("hook firing soon: payment: failure rate 0."), 0U) << told[0];
  EXPECT_NE(told[0].find("and growing: 0.5 in about "), std::string::npos) << told[0];
}

TEST(Engine, ForetellsALoadThatGrows) {
  AlertRule rule;
  rule.name = "soon";
  rule.when.forecast = ForecastCondition{{}, 25, 15min};
  rule.notify = {"hook"};
  Alerting engine{{rule}};
  for (int minute = 0; minute < 30; ++minute) {
    engine.took("payment", 1'000, 200s);
    EXPECT_EQ(engine.after(1min), Lines{}) << "minute " << minute << ": it does not grow";
  }
  Duration length = 200s;
  Lines told;
  while (length < 900s && told.empty()) {
    length += 20s;
    engine.took("payment", 1'000, length);
    told = engine.after(1min);
  }
  ASSERT_EQ(told.size(), 1U) << "before 15 of the 25 slots are taken";
  EXPECT_NE(told[0].find("calls in flight and growing: too many for 25 slots in about "), std::string::npos)
      << told[0];
}

}  // namespace
}  // namespace switchgear::alert
