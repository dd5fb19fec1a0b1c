// Properties in tests: rapidcheck with a seed that never changes, so that a failure seen once is seen again.
#pragma once

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <sstream>
#include <utility>

namespace switchgear {

/// Whether `property` holds for `cases` random cases. A failure prints the smallest case found and the seed.
///
///     EXPECT_TRUE(holds(500, [] { const auto k = *rc::gen::inRange(1, 100); RC_ASSERT(f(k) > 0); }));
template <class Property>
[[nodiscard]] ::testing::AssertionResult holds(int cases, Property&& property) {
  rc::detail::TestParams params;
  params.seed = 20'260'101;
  params.maxSuccess = cases;
  const auto result =
      rc::detail::checkTestable(std::forward<Property>(property), rc::detail::TestMetadata{}, params);
  std::ostringstream text;
  rc::detail::printResultMessage(result, text);
  const bool passed = result.template is<rc::detail::SuccessResult>();
  return (passed ? ::testing::AssertionSuccess() : ::testing::AssertionFailure())
         << text.str() << " (seed " << params.seed << ')';
}

}  // namespace switchgear
