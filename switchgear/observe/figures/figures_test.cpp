#include "switchgear/observe/figures/figures.hpp"

#include <gtest/gtest.h>

#include "switchgear/observe/figures/apdex.hpp"
#include "switchgear/observe/figures/flapping.hpp"
#include "switchgear/observe/figures/health_score.hpp"
#include "switchgear/observe/figures/history_fixture.hpp"
#include "switchgear/observe/figures/sums.hpp"

namespace switchgear::figures {
namespace {

using namespace std::chrono_literals;

TEST(Figures, AreEmptyOfACircuitOfWhichNothingIsKnown) {
  const Figures figures = PastOf{}.figures(3600);
  EXPECT_EQ(figures.health_score, 100) << "nothing is known to be wrong";
  EXPECT_FALSE(figures.success_rate);
  EXPECT_FALSE(figures.effectiveness);
  EXPECT_TRUE(figures.opened.empty());
  EXPECT_FALSE(figures.doubtful_openings);
  EXPECT_FALSE(figures.false_positive_rate);
  EXPECT_FALSE(figures.mean_time_to_recovery);
  EXPECT_FALSE(figures.time_saved);
  EXPECT_FALSE(figures.cascades_prevented);
  EXPECT_FALSE(figures.transitions_per_hour);
  EXPECT_FALSE(figures.fallback_success_rate);
  EXPECT_FALSE(figures.p99);
  EXPECT_FALSE(figures.apdex);
  EXPECT_FALSE(figures.availability_gained);
  EXPECT_FALSE(figures.business);
}

TEST(Figures, AddSamplesUpFieldByField) {
  PastOf past;
  for (const double from : {0.0, 40.0}) {
    CircuitSample& each = past.sample(from, 3, 2, 1);
    each.ignored = 4;
    each.slow = 5;
    each.fallbacks_answered = 6;
    each.fallbacks_queued = 7;
    each.fallbacks_failed = 8;
    each.state = from == 0 ? State::open : State::closed;
  }
  const CircuitSample sum = sum_of(past.history.samples);
  EXPECT_EQ(sum.from, PastOf::at(0));
  EXPECT_EQ(sum.length, 20s) << "the gap does not count";
  EXPECT_EQ(sum.state, State::closed);
  EXPECT_EQ(sum.successes, 6U);
  EXPECT_EQ(failures_in(sum), 4U);
  EXPECT_EQ(sum.rejected, 2U);
  EXPECT_EQ(sum.ignored, 8U);
  EXPECT_EQ(sum.slow, 10U);
  EXPECT_EQ(sum.fallbacks_answered, 12U);
  EXPECT_EQ(sum.fallbacks_queued, 14U);
  EXPECT_EQ(sum.fallbacks_failed, 16U);
  EXPECT_EQ(calls_in(sum.successes_took), 6U);
  EXPECT_EQ(sum.failure_time, 4 * 50ms);
}

TEST(Figures, ScoreAnOpenBreakerByItsStateItsWindowAndItsOpenings) {
  PastOf past;
  past.opens(10);
  past.probes(40);
  past.relapses(41);
  EXPECT_EQ(health_score(State::open, {.calls = 50, .failures = 30}, openings_among(past.present.last)),
            100 - 50 - 25 - 5 - 5);
  EXPECT_EQ(health_score(State::half_open, {.calls = 50, .failures = 11}, {}), 100 - 25 - 10);
  EXPECT_EQ(health_score(State::closed, {.calls = 50, .failures = 10}, {}), 100) << "0.8 is not below 0.8";
  EXPECT_EQ(health_score(State::disabled, {.calls = 50, .failures = 25}, {}), 90) << "0.5 is not below 0.5";
  PastOf bad;
  for (int i = 0; i < 10; ++i) bad.opens(i);
  EXPECT_EQ(health_score(State::open, {.calls = 1, .failures = 1}, openings_among(bad.present.last)), 0)
      << "not below 0";
}

TEST(Figures, CountARelapseToTheOpeningThatItProlongs) {
  PastOf past;
  past.opens(10);
  past.probes(40);
  past.relapses(41);
  past.probes(71);
  past.closes(74);
  const Figures figures = past.figures(200);
  ASSERT_EQ(figures.opened.size(), 1U);
  EXPECT_EQ(figures.opened[0].relapses, 1U);
  EXPECT_EQ(figures.opened[0].first_look, PastOf::at(40));
  EXPECT_EQ(figures.mean_time_to_recovery, 64s);
}

TEST(Figures, LeaveOutAnOpeningThatBeganBeforeTheSpan) {
  PastOf past;
  past.relapses(5);  // the first that is known of it
  past.probes(35);
  past.closes(36);
  past.change(50, State::closed, State::open, Rule::restored, 3);
  past.closes(60);
  const Figures figures = past.figures(200);
  EXPECT_TRUE(figures.opened.empty());
  EXPECT_FALSE(figures.mean_time_to_recovery);
}

TEST(Figures, SaveForEachRefusedCallWhatTheFailuresTookThatOpenedTheBreaker) {
  PastOf past;
  past.sample(0, 20, 0, 0, 10ms);
  past.sample(10, 20, 30, 0, 2s);
  past.opens(20);
  past.sample(20, 0, 0, 400);
  past.sample(30, 0, 0, 100);
  past.present.capacity = 70;
  const Figures figures = past.figures(40);
  EXPECT_EQ(figures.time_saved, 500 * 2s);
  ASSERT_EQ(figures.protections.size(), 1U);
  EXPECT_EQ(figures.protections[0].stuck_at_once(), 40 * 2.0) << "40 calls a second, each stuck for 2 s";
  EXPECT_EQ(figures.cascades_prevented, 1U);
}

TEST(Figures, CountNoCascadeThatTheCallersHadRoomForNorAnyWithoutACapacity) {
  PastOf past;
  past.sample(10, 20, 30, 0, 2s);
  past.opens(20);
  past.sample(20, 0, 0, 400);
  past.present.capacity = 81;
  EXPECT_EQ(past.figures(30).cascades_prevented, 0U);
  past.present.capacity.reset();
  EXPECT_FALSE(past.figures(30).cascades_prevented);
}

TEST(Figures, DoubtAnOpeningAfterWhichNothingFailed) {
  PastOf past;
  past.opens(10);
  past.sample(10, 0, 0, 50);
  past.probes(40);
  past.closes(41);
  for (const double from : {40, 50, 60, 70}) past.sample(from, 10);
  EXPECT_FALSE(past.figures(60).false_positive_rate) << "one open_duration after it closed is not over";
  const Figures figures = past.figures(80);
  EXPECT_EQ(figures.doubtful_openings, 1U);
  EXPECT_EQ(figures.false_positive_rate, 1.0);
}

TEST(Figures, DoNotDoubtAnOpeningAfterWhichSomethingFailedOrAProbeDid) {
  PastOf failing;
  failing.opens(10);
  failing.probes(40);
  failing.closes(41);
  failing.sample(40, 10);
  failing.sample(60, 10, 1);
  EXPECT_EQ(failing.figures(80).false_positive_rate, 0.0);
  PastOf probe;
  probe.opens(10);
  probe.probes(40);
  probe.closes(41).value = 0.2;  // a tolerated probe
  probe.sample(40, 10);
  EXPECT_EQ(probe.figures(80).false_positive_rate, 0.0);
}

TEST(Figures, CannotJudgeAnOpeningWithoutSamples) {
  PastOf past;
  past.opens(10);
  past.probes(40);
  past.closes(41);
  EXPECT_FALSE(past.figures(80).false_positive_rate);
}

TEST(Figures, CallABreakerFlappingThatChangedMoreThanFiveTimesInAnHour) {
  PastOf past;
  for (int i = 0; i < 5; ++i) past.opens(60 * i + 1);
  EXPECT_FALSE(past.figures(3000).flapping);
  past.opens(400);
  EXPECT_TRUE(past.figures(3000).flapping);
  EXPECT_FALSE(past.figures(3602).flapping) << "the first is more than an hour ago";
  EXPECT_EQ(past.figures(7200).transitions_per_hour, 3.0);
}

TEST(Figures, CallNoBreakerFlappingThatOnlyAnOperatorChanged) {
  PastOf past;
  for (int i = 0; i < 10; ++i) {
    past.change(60 * i + 1, State::closed, State::forced_open, Rule::operator_command);
    past.change(60 * i + 31, State::forced_open, State::closed, Rule::operator_command);
  }
  EXPECT_FALSE(past.figures(3000).flapping);
  for (int i = 0; i < 6; ++i) past.opens(1000 + i);
  EXPECT_TRUE(past.figures(3000).flapping);
}

TEST(Figures, WeighRecentChangesMoreAsNagiosDoes) {
  PastOf past;
  past.opens(195);  // between the last two looks, at 190 and 200
  EXPECT_DOUBLE_EQ(flap_percentage(past.history.transitions, State::open, PastOf::at(200)), 100 * 1.2 / 20);
  PastOf old;
  old.opens(5);
  EXPECT_DOUBLE_EQ(flap_percentage(old.history.transitions, State::open, PastOf::at(200)), 100 * 0.8 / 20);
  EXPECT_DOUBLE_EQ(flap_percentage({}, State::closed, PastOf::at(200)), 0);
}

TEST(Figures, InterpolateAQuantileWithinItsBucketAndSayHowFarItMayBeOff) {
  Buckets buckets{};
  buckets[7] = 80;  // 50 to 100 ms
  buckets[9] = 20;  // 250 to 500 ms
  const auto p50 = quantile(buckets, 0.5);
  ASSERT_TRUE(p50);
  EXPECT_EQ(p50->value, 81'250us) << "the 50th of 80 calls";
  EXPECT_EQ(p50->at_least, 50ms);
  EXPECT_EQ(p50->at_most, 100ms);
  EXPECT_EQ(quantile(buckets, 0.9)->value, 375ms);
  buckets[16] = 100;  // longer than a minute
  EXPECT_EQ(quantile(buckets, 0.99)->value, 60s);
  EXPECT_FALSE(quantile(buckets, 0.99)->at_most);
}

TEST(Figures, CountASuccessWithinFourTargetsHalfAndAFailureNotAtAll) {
  PastOf past;
  past.sample(0, 60, 0, 0, 80ms);    // within 100 ms
  past.sample(10, 30, 0, 0, 200ms);  // within 250 ms, so within 400 ms
  past.sample(20, 0, 10, 500, 1ms);  // failures, and refusals, which were not timed
  past.present.slow_above = 100ms;
  EXPECT_DOUBLE_EQ(past.figures(30).apdex.value(), (60 + 30 / 2.0) / 100);
}

TEST(Figures, ValueWhatWasAtRiskAndWhatAFallbackOrAQueueKept) {
  PastOf past;
  CircuitSample& sample = past.sample(0, 60, 30, 10);
  sample.fallbacks_answered = 12;
  sample.fallbacks_queued = 8;
  sample.fallbacks_failed = 5;
  past.present.value = CallValue{2.5, "EUR"};
  past.present.queue_waiting = 3;
  const Figures figures = past.figures(10);
  ASSERT_TRUE(figures.business);
  EXPECT_EQ(figures.business->at_risk, 100.0);
  EXPECT_EQ(figures.business->protected_, 42.5) << "12 answered, 5 of 8 stored ones made";
  EXPECT_EQ(figures.availability_gained, 0.17);
  EXPECT_EQ(figures.fallback_success_rate, 0.8);
  past.present.queue_waiting.reset();
  EXPECT_EQ(past.figures(10).business->protected_, 30.0) << "what became of the stored ones is not known";
}

TEST(Figures, RateEffectivenessByProtectionAvailabilityAndStability) {
  PastOf past;
  past.sample(0, 90, 10, 100).fallbacks_answered = 60;
  past.opens(1);
  past.probes(4);
  past.closes(5);
  const auto parts = past.figures(10).effectiveness;
  ASSERT_TRUE(parts);
  EXPECT_DOUBLE_EQ(parts->protection, 80);
  EXPECT_DOUBLE_EQ(parts->availability, 75);
  EXPECT_DOUBLE_EQ(parts->stability, 97);
  EXPECT_DOUBLE_EQ(parts->mean(), 84);
  PastOf refused;
  refused.sample(0, 0, 0, 10);
  EXPECT_DOUBLE_EQ(refused.figures(10).effectiveness->protection, 100) << "nothing bad was let through";
}

TEST(Figures, KnowOfABreakerWithoutAWindowThatItsLastCallsFailed) {
  PastOf past;
  past.present.window = {.consecutive_failures = 4};
  EXPECT_EQ(past.figures(60).health_score, 100);
  past.present.window.consecutive_failures = 5;
  EXPECT_EQ(past.figures(60).health_score, 75);
}

TEST(Figures, TakeAnOpeningForOverOnceTheBreakerIsFoundClosed) {
  PastOf past;
  past.present.capacity = 10;
  past.sample(0, 0, 10, 0, 1s);
  past.opens(9);
  past.sample(10, 0, 0, 20);  // then the process is killed
  past.present.state = State::closed;
  past.sample(60, 1000);
  EXPECT_EQ(past.figures(70).cascades_prevented, 0U) << "1000 good calls would not have been stuck";
}

}  // namespace
}  // namespace switchgear::figures
