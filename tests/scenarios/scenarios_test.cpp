// One table of stories, four kinds of caller, the same decisions.
#include <gtest/gtest.h>

#include <string>

#include "tests/scenarios/scenario.hpp"

namespace switchgear::scenarios {
namespace {

class Scenarios : public ::testing::TestWithParam<Scenario> {};

TEST_P(Scenarios, DecidesTheSameForABlockingCaller) {
  if (GetParam().several_at_once) {
    // A thread makes one attempt at a time; the pipeline would not compile.
    ASSERT_NE(GetParam().policy.find("hedge"), std::string::npos);
    return;
  }
  EXPECT_EQ(play_blocking(GetParam()), expected(GetParam()));
}
TEST_P(Scenarios, DecidesTheSameForAnAwaitingCaller) {
  EXPECT_EQ(play_awaited(GetParam()), expected(GetParam()));
}
TEST_P(Scenarios, DecidesTheSameForACallerWithACallback) {
  EXPECT_EQ(play_callback(GetParam()), expected(GetParam()));
}
TEST_P(Scenarios, DecidesTheSameForAClientOfTheGateway) {
  EXPECT_EQ(play_gateway(GetParam()), expected(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(All, Scenarios, ::testing::ValuesIn(scenarios()),
                         [](const auto& story) { return story.param.name; });

}  // namespace
}  // namespace switchgear::scenarios
