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
    print_text(compare({plain, guarded}, {}, calls, 0, progress), out);
    return out.str();
  }

  std::ostringstream ignored;
  Progress progress{ignored, false, ""};
  analysis::Policy plain, guarded;
  Calls calls;
};

TEST_F(CompareTest, PutsThePoliciesSideBySide) {
  const Comparison comparison = compare({plain, guarded}, {}, calls, 0, progress);
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
  const Comparison comparison = compare({plain}, {}, calls, 0, progress);
  EXPECT_EQ(comparison.unknown, 40U);
  EXPECT_EQ(comparison.failed, 10U);
  EXPECT_EQ(comparison.arms[0].if_good.course.failed, 10U);
  ASSERT_TRUE(comparison.arms[0].if_bad);
  EXPECT_EQ(comparison.arms[0].if_bad->course.failed, 50U);
  EXPECT_NE(text().find("10 (6.67%) … 50 (33.33%)"), std::string::npos) << text();
}

TEST_F(CompareTest, DrawsAWholePictureWithEscapedNames) {
  guarded.name = "a<b>&\"c";
  const std::string picture = chart(compare({plain, guarded}, {}, calls, 0, progress), calls);
  EXPECT_EQ(picture.substr(0, 40), R"(<svg xmlns="http://www.w3.org/2000/svg" )");
  EXPECT_NE(picture.find("a&lt;b&gt;&amp;"), std::string::npos);
  EXPECT_EQ(picture.find("a<b>"), std::string::npos);
  EXPECT_NE(picture.find("open at 5.42s for"), std::string::npos);
}

TEST_F(CompareTest, DrawsWhatWasRefusedAndBothCoursesOfTheBreaker) {
  for (std::size_t i = 60; i < 100; ++i) calls[i].known = false;
  const std::string picture = chart(compare({guarded}, {}, calls, 0, progress), calls);
  EXPECT_NE(picture.find("class=\"refused\""), std::string::npos);
  EXPECT_NE(picture.find("if the refused calls had succeeded</title>"), std::string::npos);
  EXPECT_NE(picture.find("if the refused calls had failed</title>"), std::string::npos);
}

TEST_F(CompareTest, MakesAPageWithTheTableAndTheChart) {
  guarded.name = "a<b>";
  const std::string page = comparison_html(compare({plain, guarded}, {}, calls, 0, progress), calls);
  EXPECT_EQ(page.substr(0, 15), "<!doctype html>");
  EXPECT_NE(page.find("<svg "), std::string::npos);
  EXPECT_NE(page.find("<h1>Comparison of plain, a&lt;b&gt;</h1>"), std::string::npos);
  EXPECT_NE(page.find("<p>150 calls in 14.9s, 50 failed</p>"), std::string::npos);
  EXPECT_NE(page.find("<th scope=\"row\">failed</th><td>50 (33.33%)</td><td>5 (3.33%)</td>"),
            std::string::npos);
  EXPECT_EQ(page.find("a<b>"), std::string::npos);
  EXPECT_EQ(page.find("http://"), page.find("http://www.w3.org/2000/svg")) << "it loads nothing";
}

class CompareValues : public CompareTest {
 protected:
  /// The calls of one tenant fail, those of another do not.
  CompareValues() {
    calls.clear();
    add(calls, 100, 0s, 100ms, Verdict::success);
    for (std::size_t i = 0; i < calls.size(); ++i) {
      calls[i].value = i % 2 == 0 ? 1 : 2;
      if (i % 2 == 0) calls[i].verdict = Verdict::failure;
    }
    by_tenant.values = {"x-tenant", {}, {}};
  }
  Setting by_tenant;
};

TEST_F(CompareValues, ABreakerOfTheirOwnKeepsTheFailuresOfOneFromTheOthers) {
  const Comparison comparison = compare({plain, guarded}, by_tenant, calls, 0, progress);
  EXPECT_EQ(comparison.values, 2U);
  EXPECT_FALSE(comparison.arms[0].has_values) << "without a breaker of the policy there is none of a value";
  ASSERT_TRUE(comparison.arms[1].has_values);
  const Course& course = comparison.arms[1].if_good.course;
  EXPECT_EQ(course.answered, 50U) << "all of the other tenant";
  EXPECT_EQ(course.failed, 5U);
  EXPECT_EQ(course.refused[static_cast<std::size_t>(Reason::open)], 45U);
  EXPECT_EQ(course.values->counts.rejected, 45U);
  EXPECT_EQ(course.values->opened, 1U);
  EXPECT_EQ(course.changes.size(), 0U) << "five failures in a row: never, of all calls";
}

TEST_F(CompareValues, HaveTheirOwnOptionsWhereTheServiceHas) {
  by_tenant.values->breaker = CircuitBreakerOptions{};
  by_tenant.values->breaker->consecutive_failures = 2;
  const Comparison comparison = compare({plain}, by_tenant, calls, 0, progress);
  EXPECT_EQ(comparison.arms[0].if_good.course.failed, 2U);
}

TEST_F(CompareValues, AreRowsOfTheTable) {
  std::ostringstream out;
  print_text(compare({guarded}, by_tenant, calls, 0, progress), out);
  EXPECT_NE(out.str().find("breakers by value\n  values "), std::string::npos) << out.str();
  EXPECT_EQ(out.str().find("--service"), std::string::npos) << out.str();
  std::ostringstream json;
  print_json(compare({guarded}, by_tenant, calls, 0, progress), json);
  EXPECT_NE(json.str().find(R"("values":{"made":2,"opened":1,)"), std::string::npos) << json.str();
}

TEST_F(CompareValues, AreMissedInTheTableWhereTheyAreNotPlayed) {
  EXPECT_NE(text().find("the calls have 2 values; breakers by value are played with --service\n"),
            std::string::npos)
      << text();
}

TEST_F(CompareTest, ACallerThatLeftLittleTimeOpensNoBreaker) {
  calls.clear();
  add(calls, 50, 0s, 100ms, Verdict::success, 500ms);
  guarded.timeout = 2s;
  for (RecordedCall& call : calls) call.deadline = 300ms;
  const Course hurried = compare({guarded}, {}, calls, 0, progress).arms[0].if_good.course;
  EXPECT_EQ(hurried.failed, 50U) << "for their callers";
  EXPECT_TRUE(hurried.changes.empty());
  EXPECT_EQ(hurried.longest, 300ms);
  guarded.timeout = 200ms;
  const Course slow = compare({guarded}, {}, calls, 0, progress).arms[0].if_good.course;
  EXPECT_FALSE(slow.changes.empty()) << "the policy's own limit comes first";
  guarded.timeout.reset();
  for (RecordedCall& call : calls) call.verdict = Verdict::ignored;
  const Course left = compare({guarded}, {}, calls, 0, progress).arms[0].if_good.course;
  EXPECT_EQ(left.ignored, 50U) << "as they were recorded";
  EXPECT_TRUE(left.changes.empty());
  EXPECT_EQ(left.longest, 300ms);
}

TEST(CutOffCalls, EndAtTheirDeadlineAndAreIgnoredIfThePolicyWouldHaveWaited) {
  Calls calls;
  add(calls, 3, 0s, 1s, Verdict::success, 500ms);
  calls[1].deadline = 300ms;
  calls[2].deadline = 600ms;
  Calls without = calls;
  cut_off_all(calls, 2s);
  EXPECT_EQ(calls[0].latency, 500ms);
  EXPECT_EQ(calls[1].latency, 300ms);
  EXPECT_EQ(calls[1].verdict, Verdict::ignored);
  EXPECT_EQ(calls[2].verdict, Verdict::success);
  without[0].verdict = Verdict::ignored;
  without[0].deadline = 300ms;
  cut_off_all(without, std::nullopt);
  EXPECT_EQ(without[0].verdict, Verdict::ignored) << "as it was recorded";
  EXPECT_EQ(without[0].latency, 300ms);
  EXPECT_EQ(without[1].verdict, Verdict::failure);
  EXPECT_EQ(without[1].type, FailureType::timeout);
  Calls tied;
  add(tied, 1, 0s, 1s, Verdict::success, 500ms);
  tied[0].deadline = 300ms;
  cut_off_all(tied, 300ms);
  EXPECT_EQ(tied[0].verdict, Verdict::failure) << "the policy would not have waited any longer";
}

TEST_F(CompareTest, ThePercentileOfAFewCallsIsNotBelowWhatTheyWaited) {
  calls.clear();
  add(calls, 2, 0s, 1s, Verdict::success, 10ms);
  add(calls, 1, 2s, 1s, Verdict::success, 900ms);
  const Course course = compare({plain}, {}, calls, 0, progress).arms[0].if_good.course;
  EXPECT_EQ(course.median, 10ms);
  EXPECT_EQ(course.p99, 900ms) << "99% of three calls are three";
}

TEST_F(CompareTest, ASingleCallIsEnough) {
  calls.resize(1);
  EXPECT_NE(text().find("1 call in 0ms, 0 failed"), std::string::npos) << text();
}

}  // namespace
}  // namespace switchgear::lab
