#include "switchgear/policy/evidence.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace switchgear {
namespace {

using namespace std::chrono_literals;

TEST(Evidence, TakesNoCallOfAnEarlierGeneration) {
  CircuitBreakerOptions options;
  options.window = CountWindowOptions{4};
  options.failure_rate = 1.0;
  options.minimum_calls = 1;
  CallCells cells{4};
  Evidence evidence{options, cells};
  evidence.start(1, TimePoint{0s});
  evidence.start(3, TimePoint{0s});
  std::optional<TrippedRule> tripped;
  EXPECT_FALSE(evidence.add(cells.mine(), 1, {.failed = true}, TimePoint{0s}, tripped));
  EXPECT_EQ(evidence.latest().calls, 0U);
  EXPECT_FALSE(tripped);
  EXPECT_TRUE(evidence.add(cells.mine(), 3, {.failed = true}, TimePoint{0s}, tripped));
  ASSERT_TRUE(tripped);
  EXPECT_EQ(tripped->window.failures, 1U);
}

}  // namespace
}  // namespace switchgear
