#include "switchgear/observe/report/report.hpp"

#include <gtest/gtest.h>

#include "switchgear/observe/diagnosis/situation_fixture.hpp"
#include "switchgear/observe/report/charts.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;
using figures::PastOf;

Report report_of(const Situation& situation, PastFrom past = PastFrom::history) {
  CircuitPresent present = situation.present;
  present.last = situation.past.present.last;
  return make_report(situation.past.history, {PastOf::at(0), PastOf::at(situation.now)}, std::move(present),
                     past);
}

Situation an_outage() {
  Situation situation;
  for (int i = 0; i < 100; ++i) situation.past.sample(10 * i, 200, 1);
  situation.past.sample(1000, 80, 120, 0, 900ms);
  situation.past.opens(1009);
  for (int i = 0; i < 3; ++i) situation.past.sample(1010 + 10 * i, 0, 0, 190);
  situation.past.probes(1039);
  situation.past.closes(1040);
  for (int i = 0; i < 20; ++i) situation.past.sample(1040 + 10 * i, 210);
  situation.now = 1240;
  return situation;
}

std::size_t count_of(const std::string& text, std::string_view what) {
  std::size_t found = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
  return found;
}

TEST(Report, TellsOfAnOutageInFiguresAnOperatorReads) {
  const std::string text = report_text(report_of(an_outage()));
  for (const char* line : {
           "Report on payment\n2026-03-01 12:00:00 to 2026-03-01 12:20:40 UTC, 20 min 40 s",
           "health score         95 of 100     now closed",
           "openings             1             1 doubtful, false positive rate 100%",
           "time to recovery     31 s",
           "time saved           8 min 33 s",
           "2026-03-01 12:16:49  failure_rate 0.6 >= 0.5: 30 of 50 calls failed",
           "closed after 31 s, 570 refused",
       })
    EXPECT_NE(text.find(line), std::string::npos) << line << "\n" << text;
}

TEST(Report, TellsHowLongAMultiLevelBreakerWasAtItsLevels) {
  using enum BreakerLevel;
  Situation situation = an_outage();
  const auto change = [&](int at, BreakerLevel from, BreakerLevel to) {
    PastLevel past;
    past.wall = PastOf::at(at);
    past.change.from = from;
    past.change.to = to;
    situation.past.history.levels.push_back(past);
  };
  change(1009, warning, critical);
  change(1019, critical, emergency);
  change(1200, emergency, critical);
  const std::string text = report_text(report_of(situation));
  EXPECT_NE(text.find("level                critical      2 escalations, 1 descent; at critical for 50 s, at "
                      "emergency for 3 min 1 s"),
            std::string::npos)
      << text;
  EXPECT_EQ(report_text(report_of(an_outage())).find("\nlevel"), std::string::npos);
}

TEST(Report, SaysNoDataInsteadOfNought) {
  Situation nothing;
  const std::string text = report_text(report_of(nothing));
  EXPECT_NE(text.find("success rate         no data"), std::string::npos) << text;
  EXPECT_NE(text.find("p99                  no data"), std::string::npos) << text;
  EXPECT_EQ(text.find("nan"), std::string::npos) << text;
}

TEST(Report, SaysWhatIsMissingWithoutAStoredHistory) {
  const std::string text = report_text(report_of(an_outage(), PastFrom::memory));
  EXPECT_NE(text.find("From memory: without a stored history, counts are since 2026-03-01 12:00:00 UTC"),
            std::string::npos)
      << text;
}

TEST(Report, DrawsAtMostAsManyPointsAsAPictureShows) {
  Situation day;
  for (int i = 0; i < 8640; ++i) day.past.sample(10 * i, 5);
  day.now = 86'400;
  const Report report = report_of(day);
  EXPECT_LE(report.course.size(), most_report_points);
  EXPECT_GE(report.course.size(), most_report_points * 3 / 4);
  double calls = 0;
  for (const ReportPoint& each : report.course) calls += each.successes * to_seconds(each.length);
  EXPECT_NEAR(calls, 8640 * 5, 1) << "no sample is lost, none counts twice";
}

TEST(Report, DrawsAHistoryThatIsYoungerThanItsSpanAsFinelyAsItCan) {
  CircuitHistory young;
  for (int i = 0; i < 60; ++i) {
    CircuitSample sample;
    sample.from = PastOf::at(86'000 + i);
    sample.length = 1s;
    young.samples.push_back(sample);
  }
  EXPECT_EQ(course_of(young.samples, {PastOf::at(0), PastOf::at(86'060)}).size(), 60U);
  EXPECT_TRUE(course_of({}, {PastOf::at(0), PastOf::at(86'060)}).empty());
}

TEST(Report, ShowsTheStateFromTheFirstMomentToTheLast) {
  const Report report = report_of(an_outage());
  ASSERT_EQ(report.states.size(), 4U);
  EXPECT_EQ(report.states[0].state, State::closed);
  EXPECT_EQ(report.states[0].span.from, PastOf::at(0));
  EXPECT_EQ(report.states[1].state, State::open);
  EXPECT_EQ(report.states[1].span.to, PastOf::at(1039));
  EXPECT_EQ(report.states[3].span.to, PastOf::at(1240));
}

TEST(Report, ShowsNoStateForTimeThatWasNotRecorded) {
  Situation restarted;
  for (int at = 100; at < 200; at += 10) restarted.past.sample(at, 5);
  restarted.past.opens(195);
  restarted.past.history.samples.back().state = State::open;
  restarted.past.present.state = State::closed;  // the process is killed, and begins again
  for (int at = 300; at < 400; at += 10) restarted.past.sample(at, 5);
  restarted.now = 405;
  const std::vector<StateStretch> states = report_of(restarted).states;
  ASSERT_EQ(states.size(), 3U);
  EXPECT_EQ(states[0].state, State::closed);
  EXPECT_EQ(states[0].span.from, PastOf::at(100));
  EXPECT_EQ(states[1].state, State::open);
  EXPECT_EQ(states[1].span.to, PastOf::at(200));
  EXPECT_EQ(states[2].state, State::closed) << "a new process begins with closed breakers";
  EXPECT_EQ(states[2].span.from, PastOf::at(300));
  EXPECT_EQ(states[2].span.to, PastOf::at(405));
}

TEST(Report, IsOneHtmlFileThatNeedsNothingElse) {
  const std::string page = report_html(report_of(an_outage()));
  EXPECT_TRUE(page.starts_with("<!doctype html>"));
  for (const char* foreign : {"<script", "http://", "https://", "src=", "href=", "url(", "@import"})
    EXPECT_EQ(page.find(foreign), std::string::npos) << foreign;
  EXPECT_EQ(count_of(page, "<svg"), 3U) << "state, calls, latency";
  EXPECT_EQ(count_of(page, "<svg"), count_of(page, "aria-label"));
  for (const char* tag : {"section", "figure", "svg", "table", "div", "dl", "p"}) {
    EXPECT_EQ(count_of(page, std::string{"<"} + tag + ">") + count_of(page, std::string{"<"} + tag + " "),
              count_of(page, std::string{"</"} + tag + ">"))
        << tag;
  }
  EXPECT_EQ(page.find("nan"), std::string::npos);
}

TEST(Report, NeverMakesMarkupOfAName) {
  Situation named = an_outage();
  named.present.circuit = "<img src=x onerror=alert(1)>\"'&\xff";
  named.present.around.value = figures::CallValue{2, "<b>EUR"};
  named.present.others = {{"<i>other", named.past.at(1010)}};
  named.settle(State::open, 1009);
  const std::string page = report_html(report_of(named));
  EXPECT_EQ(page.find("<img"), std::string::npos);
  EXPECT_EQ(page.find("<b>EUR"), std::string::npos);
  EXPECT_EQ(page.find("<i>other"), std::string::npos);
  EXPECT_NE(page.find("&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;\xef\xbf\xbd"), std::string::npos);
}

TEST(Report, ShowsNoCurvesOfWhatOnlyMemoryKnows) {
  EXPECT_EQ(count_of(report_html(report_of(an_outage(), PastFrom::memory)), "<svg"), 1U);
  Situation nothing;
  EXPECT_EQ(count_of(report_html(report_of(nothing)), "<svg"), 1U);
}

TEST(Charts, RoundTheTopOfAnAxis) {
  EXPECT_DOUBLE_EQ(charts::round_top(0), 1);
  EXPECT_DOUBLE_EQ(charts::round_top(0.034), 0.05);
  EXPECT_DOUBLE_EQ(charts::round_top(20), 20);
  EXPECT_DOUBLE_EQ(charts::round_top(21), 50);
  EXPECT_DOUBLE_EQ(charts::round_top(51), 100);
}

}  // namespace
}  // namespace switchgear
