#include "switchgear/core/result.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace switchgear {
namespace {

using namespace std::chrono_literals;

TEST(Result, HoldsAMoveOnlyValue) {
  Result<std::unique_ptr<int>> result{std::make_unique<int>(7)};
  ASSERT_TRUE(result.has_value());
  Result<std::unique_ptr<int>> moved{std::move(result)};
  EXPECT_EQ(**moved, 7);
}

TEST(Result, HoldsARejectionInPlaceOfTheValue) {
  const Result<int> result{Rejection{Reason::open, "payment", 2s}};
  ASSERT_FALSE(result);
  EXPECT_EQ(result.rejection().reason, Reason::open);
  EXPECT_EQ(result.rejection().policy, "payment");
  EXPECT_EQ(result.rejection().retry_after, 2s);
}

TEST(Result, DestroysWhatItHoldsOnce) {
  auto counted = std::make_shared<int>(1);
  {
    Result<std::shared_ptr<int>> result{std::shared_ptr<int>(counted)};
    const Result<std::shared_ptr<int>> moved{std::move(result)};
    EXPECT_EQ(counted.use_count(), 2);
  }
  EXPECT_EQ(counted.use_count(), 1);
}

}  // namespace
}  // namespace switchgear
