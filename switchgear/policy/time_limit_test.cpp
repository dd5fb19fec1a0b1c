#include "switchgear/policy/time_limit.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>

namespace switchgear {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint now{1h};

TEST(TimeClasses, AreTheFourOfTheHouse) {
  EXPECT_EQ(time_class("health_check"), 10s);
  EXPECT_EQ(time_class("standard"), 30s);
  EXPECT_EQ(time_class("long"), 120s);
  EXPECT_EQ(time_class("batch"), 300s);
  EXPECT_EQ(time_classes.size(), 4U);
  for (const std::string_view unknown : {"", "Standard", "standar", "standard "}) {
    EXPECT_EQ(time_class(unknown), std::nullopt) << unknown;
  }
}

TEST(Timeout, EndsAnAttemptAfterItsLengthAndNoLaterThanTheCall) {
  const Timeout timeout{"payment", 2s};
  EXPECT_EQ(timeout.name(), "payment");
  EXPECT_EQ(timeout.length(), 2s);
  EXPECT_EQ(timeout.end(now), now + 2s);
  EXPECT_EQ(timeout.end(now, now + 1s), now + 1s);
  EXPECT_EQ(timeout.end(now, now + 3s), now + 2s);
}

TEST(Deadline, OfAChildNeverEndsAfterItsParents) {
  const Deadline checkout{TimeLimit{"checkout", 10s}};
  const Deadline payment{"payment", *time_class("standard")};
  const TimePoint parent = checkout.end(now);
  EXPECT_EQ(payment.end(now + 1s, parent), parent);
  EXPECT_EQ(checkout.end(now, payment.end(now)), now + 10s);
}

TEST(TimeLimits, EndAtTheEndOfTimeInsteadOfOverflowing) {
  EXPECT_EQ((Deadline{"payment", Duration::max()}.end(now)), TimePoint::max());
  EXPECT_EQ((Timeout{"payment", 1s}.end(TimePoint::max())), TimePoint::max());
}

TEST(TimeLimits, AreOneNanosecondOrLonger) {
  EXPECT_TRUE(validate(TimeLimit{"payment", 1ns}).empty());
  for (const Duration length : {Duration{0ns}, Duration{-1s}}) {
    const auto problems = validate(TimeLimit{"payment", length});
    ASSERT_EQ(problems.size(), 1U);
    EXPECT_EQ(problems[0].key, "length");
    EXPECT_THROW((Timeout{"payment", length}), std::invalid_argument);
    EXPECT_THROW((Deadline{"payment", length}), std::invalid_argument);
  }
}

}  // namespace
}  // namespace switchgear
