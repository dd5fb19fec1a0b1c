#include "switchgear/observe/call_durations.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace switchgear {
namespace {

using namespace std::chrono_literals;
constexpr TimePoint start{1h};

TEST(CallDurations, GivesTheSameHistogramsForTheSameName) {
  CallDurations durations;
  const auto payment = durations.of("payment");
  for (int i = 0; i < 100; ++i) (void)durations.of("circuit-" + std::to_string(i));
  EXPECT_EQ(durations.of("payment"), payment);
  EXPECT_EQ(durations.find("payment"), payment);
}

TEST(CallDurations, ForgetsANameAMinuteAfterItsLastUse) {
  CallDurations durations;
  const auto used = durations.of("used");
  auto removed = durations.of("removed");
  durations.forget_unused(start);
  durations.forget_unused(start + 1h);
  ASSERT_NE(durations.find("removed"), nullptr) << "a call is under way";
  removed.reset();
  durations.forget_unused(start + 2h);
  durations.forget_unused(start + 2h + 59s);
  EXPECT_NE(durations.find("removed"), nullptr) << "the last counts can still be read";
  durations.forget_unused(start + 2h + 60s);
  EXPECT_EQ(durations.find("removed"), nullptr);
  EXPECT_EQ(durations.find("used"), used);
}

TEST(CallDurations, GoesOnCountingForANameThatComesBackSoonAndBeginsAnewLater) {
  CallDurations durations;
  durations.of("payment")->success.record(1s);
  durations.forget_unused(start);
  auto again = durations.of("payment");
  durations.forget_unused(start + 50s);
  again.reset();
  durations.forget_unused(start + 70s);
  durations.forget_unused(start + 129s);
  EXPECT_EQ(durations.of("payment")->success.snapshot().count, 1U);
  durations.forget_unused(start + 130s);
  EXPECT_EQ(durations.of("payment")->success.snapshot().count, 0U);
}

TEST(CallDurations, KeepsSuccessAndFailureApart) {
  CallDurations durations;
  durations.of("payment")->failure.record(std::chrono::seconds{1});
  EXPECT_EQ(durations.find("payment")->success.snapshot().count, 0U);
  EXPECT_EQ(durations.find("payment")->failure.snapshot().count, 1U);
}

TEST(CallDurations, AServiceHasAllOfItsCallsAndItsCircuitThoseThatItJudged) {
  CallDurations durations;
  durations.of("shop")->success.record(std::chrono::seconds{1});
  durations.of_policy("shop/candidate")->success.record(std::chrono::seconds{2});
  durations.beside("shop")->success.record(std::chrono::seconds{2});
  EXPECT_EQ(durations.find("shop")->success.snapshot().count, 1U);
  EXPECT_EQ(durations.find("shop/candidate")->success.snapshot().count, 1U);
  EXPECT_EQ(durations.of_service("shop").success.count, 2U);
  EXPECT_EQ(durations.of_service("shop").success.sum, Duration{std::chrono::seconds{3}});
  EXPECT_EQ(durations.of_service("cart").success.count, 0U);
  std::vector<std::string> services;
  durations.for_each_service(
      [&](const std::string& name, const ServiceDurations&) { services.push_back(name); });
  EXPECT_EQ(services, std::vector<std::string>{"shop"}) << "a policy's circuit is not a service";
}

TEST(CallDurations, FindsNothingUnderANameNobodyUsed) {
  const CallDurations durations;
  EXPECT_EQ(durations.find("payment"), nullptr);
}

}  // namespace
}  // namespace switchgear
