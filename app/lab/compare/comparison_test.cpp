#include "app/lab/compare/comparison.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "app/lab/compare/calls_fixture.hpp"
#include "app/lab/compare/chart.hpp"
#include "app/lab/compare/comparison_report.hpp"

namespace switchgear::lab {
namespace {

using namespace std::chrono_literals;

StateChange opens(Duration at) { return {TimePoint{at}, State::closed, State::open}; }
StateChange closes(Duration at) { return {TimePoint{at}, State::half_open, State::closed}; }

TEST(Judge, AnOpeningWithinAnOutageNoticesIt) {
  Course course;
  course.changes = {opens(12s), closes(30s)};
  const Notice notice = judge(course, {{TimePoint{10s}, TimePoint{20s}, 30, 30}});
  EXPECT_EQ(notice.opened, 1U);
  EXPECT_EQ(notice.doubtful, 0U);
  EXPECT_EQ(notice.noticed, 1U);
  EXPECT_EQ(notice.median, Duration{2s});
}

TEST(Judge, AnOpeningOutsideOfThemIsDoubtful) {
  Course course;
  course.changes = {opens(5s), closes(6s), opens(21s), closes(30s)};
  const Notice notice = judge(course, {{TimePoint{10s}, TimePoint{20s}, 30, 30}});
  EXPECT_EQ(notice.doubtful, 2U);
  EXPECT_EQ(notice.noticed, 0U);
  EXPECT_EQ(notice.median, std::nullopt);
}

TEST(Judge, OneThatIsOpenAlreadyNoticesAtOnce) {
  Course course;
  course.changes = {opens(12s)};
  const std::vector<Outage> outages{{TimePoint{10s}, TimePoint{20s}, 30, 30},
                                    {TimePoint{40s}, TimePoint{50s}, 30, 30}};
  const Notice notice = judge(course, outages);
  EXPECT_EQ(notice.noticed, 2U);
  EXPECT_EQ(notice.median, Duration{0s});
  EXPECT_EQ(notice.longest, Duration{2s});
}

TEST(Judge, ARelapseIsNoNewOpening) {
  Course course;
  course.changes = {opens(12s),
                    {TimePoint{13s}, State::open, State::half_open},
                    {TimePoint{14s}, State::half_open, State::open}};
  EXPECT_EQ(judge(course, {}).opened, 1U);
}

class CompareTest : public testing::Test {
 protected:
  CompareTest() {
    plain.name = "plain";
    guarded.name = "guarded";
    guarded.circuit_breaker = CircuitBreakerOptions{};
    guarded.circuit_breaker->consecutive_failures = 5;
    guarded.circuit_breaker->open_duration = 10s;
    add(calls, 50, 0s, 100ms, Verdict::success);
    add(calls, 50, 5s, 100ms, Verdict::failure);
    add(calls, 50, 10s, 100ms, Verdict::success);
  }
  std::string text() {
    std::ostringstream out;
    print_text(compare({plain, guarded}, calls, 0, progress), out);
    return out.str();
  }

  std::ostringstream ignored;
  Progress progress{ignored, false, ""};
  analysis::Policy plain, guarded;
  Calls calls;
};

TEST_F(CompareTest, PutsThePoliciesSideBySide) {
  const Comparison comparison = compare({plain, guarded}, calls, 0, progress);
  ASSERT_EQ(comparison.arms.size(), 2U);
  EXPECT_EQ(comparison.failed, 50U);
  EXPECT_EQ(comparison.outages.size(), 1U);
  EXPECT_EQ(comparison.arms[0].if_good.course.failed, 50U);
  EXPECT_FALSE(comparison.arms[0].has_breaker);
  EXPECT_EQ(comparison.arms[1].if_good.course.failed, 5U);
  EXPECT_EQ(comparison.arms[1].if_good.notice.median, 400ms + call_latency);
  EXPECT_EQ(comparison.arms[1].if_good.course.spared_bad, 45U);
  EXPECT_FALSE(comparison.arms[1].if_bad);
}

TEST_F(CompareTest, SaysSoInATable) {
  const std::string table = text();
  EXPECT_NE(table.find("150 calls in 14.9s, 50 failed\n1 outage, together 4.92s"), std::string::npos)
      << table;
  EXPECT_NE(table.find("50 (33.33%)    5 (3.33%)"), std::string::npos) << table;
  EXPECT_NE(table.find("outages noticed"), std::string::npos) << table;
}

TEST_F(CompareTest, BoundsWhatRefusalsHide) {
  for (std::size_t i = 60; i < 100; ++i) calls[i].known = false;
  const Comparison comparison = compare({plain}, calls, 0, progress);
  EXPECT_EQ(comparison.unknown, 40U);
  EXPECT_EQ(comparison.failed, 10U);
  EXPECT_EQ(comparison.arms[0].if_good.course.failed, 10U);
  ASSERT_TRUE(comparison.arms[0].if_bad);
  EXPECT_EQ(comparison.arms[0].if_bad->course.failed, 50U);
  EXPECT_NE(text().find("10 (6.67%) … 50 (33.33%)"), std::string::npos) << text();
}

TEST_F(CompareTest, DrawsAWholePictureWithEscapedNames) {
  guarded.name = "a<b>&\"c";
  const std::string picture = chart(compare({plain, guarded}, calls, 0, progress), calls);
  EXPECT_EQ(picture.substr(0, 40), R"(<svg xmlns="http://www.w3.org/2000/svg" )");
  EXPECT_NE(picture.find("a&lt;b&gt;&amp;"), std::string::npos);
  EXPECT_EQ(picture.find("a<b>"), std::string::npos);
  EXPECT_NE(picture.find("open at 5.42s for"), std::string::npos);
}

TEST_F(CompareTest, ASingleCallIsEnough) {
  calls.resize(1);
  EXPECT_NE(text().find("1 call in 0ms, 0 failed"), std::string::npos) << text();
}

}  // namespace
}  // namespace switchgear::lab
