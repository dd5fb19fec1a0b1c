#include "switchgear/policy/partial.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>

#include "switchgear/policy/property_fixture.hpp"

namespace switchgear {
namespace {

using Decision = Partial::Decision;

TEST(Partial, AcceptsAtTheSuccessThatMakesItCertain) {
  Partial batch{10, 0.7};
  for (int i = 0; i < 6; ++i) EXPECT_EQ(batch.record(Verdict::success), Decision::undecided);
  EXPECT_EQ(batch.record(Verdict::success), Decision::accepted);
}

TEST(Partial, StopsAtTheFailureThatMakesItImpossible) {
  Partial batch{10, 0.7};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(batch.record(Verdict::failure), Decision::undecided);
  EXPECT_EQ(batch.record(Verdict::failure), Decision::impossible);
}

TEST(Partial, StaysWithItsDecision) {
  Partial accepted{4, 0.5};
  accepted.record(Verdict::success);
  EXPECT_EQ(accepted.record(Verdict::success), Decision::accepted);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(accepted.record(Verdict::failure), Decision::accepted);

  Partial impossible{4, 0.75};
  impossible.record(Verdict::failure);
  EXPECT_EQ(impossible.record(Verdict::failure), Decision::impossible);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(impossible.record(Verdict::success), Decision::impossible);
}

TEST(Partial, TakesAnIgnoredCallForNoSuccess) {
  Partial batch{2, 0.6};
  EXPECT_EQ(batch.record(Verdict::ignored), Decision::impossible);
}

TEST(Partial, IsAcceptedFromTheStartWhenNoSuccessIsNeeded) {
  EXPECT_EQ((Partial{0, 1.0}.decision()), Decision::accepted);
  EXPECT_EQ((Partial{5, 0.0}.decision()), Decision::accepted);
}

TEST(Partial, CountsNoMoreVerdictsThanCalls) {
  Partial batch{2, 1.0};
  batch.record(Verdict::success);
  batch.record(Verdict::success);
  batch.record(Verdict::success);
  EXPECT_EQ(batch.recorded(), 2U);
  EXPECT_EQ(batch.successes(), 2U);
}

TEST(Partial, RefusesARatioThatIsNone) {
  EXPECT_THROW((Partial{3, -0.1}), std::invalid_argument);
  EXPECT_THROW((Partial{3, 1.1}), std::invalid_argument);
  EXPECT_THROW((Partial{3, std::numeric_limits<double>::quiet_NaN()}), std::invalid_argument);
}

TEST(PartialNeeded, IsNotFooledByRounding) {
  EXPECT_EQ(Partial::needed(10, 0.7), 7U);
  EXPECT_EQ(Partial::needed(3, 1.0 / 3), 1U);
  EXPECT_EQ(Partial::needed(3, 2.0 / 3), 2U);
  EXPECT_EQ(Partial::needed(100, 0.07), 7U);
  EXPECT_EQ(Partial::needed(100, 0.29), 29U);
  EXPECT_EQ(Partial::needed(10, 0.71), 8U);
  EXPECT_EQ(Partial::needed(1, std::numeric_limits<double>::min()), 1U);
  EXPECT_EQ(Partial::needed(std::numeric_limits<std::uint32_t>::max(), 1.0),
            std::numeric_limits<std::uint32_t>::max());
}

TEST(PartialNeeded, IsTheNumeratorOfEveryFractionUpToThreeHundred) {
  for (std::uint32_t calls = 1; calls <= 300; ++calls) {
    for (std::uint32_t successes = 0; successes <= calls; ++successes) {
      const double ratio = static_cast<double>(successes) / static_cast<double>(calls);
      ASSERT_EQ(Partial::needed(calls, ratio), successes) << successes << " / " << calls;
    }
  }
}

TEST(PartialNeeded, RoundsEveryDecimalRatioUpExactly) {
  EXPECT_TRUE(holds(20'000, [] {
    constexpr std::uint64_t scale = 1'000'000;
    const auto calls = *rc::gen::inRange<std::uint64_t>(0, std::uint64_t{1} << 32U);
    const auto millionths = *rc::gen::inRange<std::uint64_t>(0, scale + 1);
    const auto needed = Partial::needed(static_cast<std::uint32_t>(calls),
                                        static_cast<double>(millionths) / static_cast<double>(scale));
    RC_ASSERT(needed == (calls * millionths + scale - 1) / scale);
  }));
}

/// What is certain after `recorded` verdicts of which `successes` were good, by trying every end the batch
/// may have.
Decision by_trying_every_end(unsigned calls, unsigned recorded, unsigned successes, unsigned percent) {
  bool some_end_is_good = false;
  bool some_end_is_bad = false;
  for (unsigned ends = 0; ends < 1U << (calls - recorded); ++ends) {
    const unsigned in_the_end = successes + static_cast<unsigned>(__builtin_popcount(ends));
    const bool good = in_the_end * 100 >= percent * calls;
    (good ? some_end_is_good : some_end_is_bad) = true;
  }
  if (!some_end_is_bad) return Decision::accepted;
  return some_end_is_good ? Decision::undecided : Decision::impossible;
}

TEST(Partial, DecidesAtTheEarliestCertainMomentOfEveryCourse) {
  for (const unsigned percent : {0U, 1U, 10U, 25U, 30U, 50U, 51U, 70U, 75U, 80U, 90U, 99U, 100U}) {
    for (unsigned calls = 1; calls <= 8; ++calls) {
      for (unsigned course = 0; course < 1U << calls; ++course) {
        Partial batch{calls, percent / 100.0};
        unsigned successes = 0;
        ASSERT_EQ(batch.decision(), by_trying_every_end(calls, 0, 0, percent));
        for (unsigned i = 0; i < calls; ++i) {
          const bool success = (course >> i & 1U) != 0;
          if (success) ++successes;
          ASSERT_EQ(batch.record(success ? Verdict::success : Verdict::failure),
                    by_trying_every_end(calls, i + 1, successes, percent))
              << percent << " % of " << calls << ", course " << course << ", after " << i + 1;
        }
      }
    }
  }
}

TEST(Partial, DecidesLargeBatchesAtTheEarliestCertainMoment) {
  EXPECT_TRUE(holds(300, [] {
    const auto calls = *rc::gen::inRange<std::uint32_t>(1, 2'000);
    const auto percent = *rc::gen::inRange<std::uint32_t>(0, 101);
    const auto good_in_ten = *rc::gen::inRange<std::uint32_t>(0, 11);
    Partial batch{calls, percent / 100.0};
    std::uint64_t successes = 0;
    for (std::uint32_t i = 1; i <= calls; ++i) {
      const bool success = *rc::gen::inRange<std::uint32_t>(0, 10) < good_in_ten;
      if (success) ++successes;
      const bool worst_is_good = successes * 100 >= std::uint64_t{percent} * calls;
      const bool best_is_good = (successes + calls - i) * 100 >= std::uint64_t{percent} * calls;
      const Decision expected = worst_is_good  ? Decision::accepted
                                : best_is_good ? Decision::undecided
                                               : Decision::impossible;
      RC_ASSERT(batch.record(success ? Verdict::success : Verdict::failure) == expected);
    }
  }));
}

}  // namespace
}  // namespace switchgear
