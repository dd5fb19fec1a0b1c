#include "switchgear/observe/call_durations.hpp"

#include <gtest/gtest.h>

#include <string>

namespace switchgear {
namespace {

TEST(CallDurations, GivesTheSameHistogramsForTheSameNameForever) {
  CallDurations durations;
  CircuitDurations& payment = durations.of("payment");
  for (int i = 0; i < 100; ++i) (void)durations.of("circuit-" + std::to_string(i));
  EXPECT_EQ(&durations.of("payment"), &payment);
  EXPECT_EQ(durations.find("payment"), &payment);
}

TEST(CallDurations, KeepsSuccessAndFailureApart) {
  CallDurations durations;
  durations.of("payment").failure.record(std::chrono::seconds{1});
  EXPECT_EQ(durations.find("payment")->success.snapshot().count, 0U);
  EXPECT_EQ(durations.find("payment")->failure.snapshot().count, 1U);
}

TEST(CallDurations, FindsNothingUnderANameNobodyUsed) {
  const CallDurations durations;
  EXPECT_EQ(durations.find("payment"), nullptr);
}

}  // namespace
}  // namespace switchgear
