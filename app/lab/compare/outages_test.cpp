#include "app/lab/compare/outages.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "app/lab/compare/calls_fixture.hpp"

namespace switchgear::lab {
namespace {

using namespace std::chrono_literals;

TEST(Outages, AreFromTheFirstFailureToTheEndOfTheLast) {
  Calls calls;
  add(calls, 30, 0s, 100ms, Verdict::success);
  add(calls, 20, 3s, 100ms, Verdict::failure);
  add(calls, 30, 5s, 100ms, Verdict::success);
  const auto outages = find_outages(calls);
  ASSERT_EQ(outages.size(), 1U);
  EXPECT_EQ(outages[0].from, TimePoint{3s});
  EXPECT_EQ(outages[0].to, TimePoint{4900ms + call_latency});
  EXPECT_EQ(outages[0].failures, 20U);
  EXPECT_EQ(outages[0].calls, 20U);
}

TEST(Outages, AreNotAFewFailuresAmongManyGoodCalls) {
  Calls calls;
  for (int i = 0; i < 100; ++i)
    add(calls, 1, i * 100ms, 0s, i % 3 == 0 ? Verdict::failure : Verdict::success);
  EXPECT_TRUE(find_outages(calls).empty());
}

TEST(Outages, HalfOfTheCallsIsEnough) {
  Calls calls;
  for (int i = 0; i < 100; ++i)
    add(calls, 1, i * 100ms, 0s, i % 2 == 0 ? Verdict::failure : Verdict::success);
  ASSERT_EQ(find_outages(calls).size(), 1U);
  EXPECT_EQ(find_outages(calls)[0].failures, 50U);
}

TEST(Outages, NeedCallsThatAreNotAMinuteApart) {
  Calls calls;
  add(calls, 40, 0s, 10s, Verdict::failure);
  EXPECT_TRUE(find_outages(calls).empty());
  Calls closer;
  add(closer, 40, 0s, 3s, Verdict::failure);
  EXPECT_EQ(find_outages(closer).size(), 1U);
}

TEST(Outages, PassOverIgnoredAndUnknownCalls) {
  Calls calls;
  add(calls, 30, 0s, 10ms, Verdict::ignored);
  add(calls, 30, 1s, 10ms, Verdict::failure);
  for (RecordedCall& call : calls) call.known = call.verdict == Verdict::ignored;
  EXPECT_TRUE(find_outages(calls).empty());
}

TEST(Outages, TwoOfThemStayApart) {
  Calls calls;
  add(calls, 30, 0s, 10ms, Verdict::failure);
  add(calls, 100, 1s, 10ms, Verdict::success);
  add(calls, 30, 3s, 10ms, Verdict::failure);
  ASSERT_EQ(find_outages(calls).size(), 2U);
  EXPECT_EQ(find_outages(calls)[1].from, TimePoint{3s});
}

}  // namespace
}  // namespace switchgear::lab
