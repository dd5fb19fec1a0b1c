#include "switchgear/core/rejection.hpp"

#include <gtest/gtest.h>

#include <string>

#include "switchgear/core/random.hpp"
#include "switchgear/core/rejected.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;

TEST(Rejection, SaysWhoRefusedWhyAndWhenToReturn) {
  EXPECT_EQ(to_string(Rejection{Reason::open, "payment", 4200ms}),
            "breaker 'payment' is open; retry in 4.2s");
}

TEST(Rejection, SaysNothingAboutAReturnNobodyKnows) {
  EXPECT_EQ(to_string(Rejection{Reason::forced_open, "payment", std::nullopt}),
            "breaker 'payment' is held open by an operator");
}

TEST(Rejection, WritesEveryWaitAsAPersonWouldReadIt) {
  const auto wait = [](Duration retry_after) {
    const std::string text = to_string(Rejection{Reason::open, "p", retry_after});
    return text.substr(text.find("retry in"));
  };
  EXPECT_EQ(wait(0s), "retry in 0s");
  EXPECT_EQ(wait(20ns), "retry in 0.001s");
  EXPECT_EQ(wait(99960ms), "retry in 100s");
  EXPECT_EQ(wait(1h), "retry in 3600s");
  EXPECT_EQ(wait(24h), "retry in 86400s");
}

TEST(Rejected, KnowsTheLevelOfTheBreakerThatRefused) {
  EXPECT_EQ(Rejected(Rejection{Reason::open, "p", 1s, BreakerLevel::critical}).level(),
            BreakerLevel::critical);
  EXPECT_EQ(Rejected(Rejection{Reason::open, "p", 1s}).level(), std::nullopt);
}

TEST(Random, RepeatsItselfFromTheSameSeedAndStaysInRange) {
  Random one{42};
  Random other{42};
  double sum = 0;
  for (int i = 0; i < 10'000; ++i) {
    const double u = one.uniform();
    ASSERT_EQ(u, other.uniform());
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
    sum += u;
  }
  EXPECT_NEAR(sum / 10'000, 0.5, 0.02);
}

}  // namespace
}  // namespace switchgear
