// The rules, the length of an ejection, the limits and the events, one at a time.
#include "switchgear/instances/ejection.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

#include "switchgear/instances/ejection_fixture.hpp"

namespace switchgear::instances {
namespace {

using namespace std::chrono_literals;
using Kind = InstanceEvent::Kind;

TEST(EjectionOptions, HaveEnvoysDefaultsAndAreValid) {
  const EjectionOptions options;
  EXPECT_TRUE(validate(options).empty());
  EXPECT_EQ(options.consecutive_5xx->count, 5U);
  EXPECT_EQ(options.consecutive_gateway->enforce, 0.0);
  EXPECT_EQ(options.failure_percentage->enforce, 0.0);
  EXPECT_EQ(options.max_ejected, 0.1);
}

TEST(EjectionOptions, NameEveryProblemByItsKey) {
  EjectionOptions options;
  options.consecutive_5xx = ConsecutiveRule{0, 2.0};
  options.consecutive_local = ConsecutiveRule{70'000};
  options.success_rate->stdev = -1;
  options.success_rate->minimum_hosts = 0;
  options.failure_percentage->threshold = 0;
  options.failure_percentage->volume = 17'000'000;
  options.interval = 0s;
  options.base = 10s;
  options.max = 5s;
  options.jitter = -1s;
  options.max_ejected = 1.1;
  options.panic = -0.1;
  std::vector<std::string> keys;
  for (const OptionProblem& problem : validate(options)) keys.push_back(problem.key);
  const std::vector<std::string> wanted{"consecutive_5xx.count",
                                        "consecutive_5xx.enforce",
                                        "consecutive_local.count",
                                        "success_rate.stdev",
                                        "success_rate.minimum_hosts",
                                        "failure_percentage.threshold",
                                        "failure_percentage.volume",
                                        "interval",
                                        "max",
                                        "jitter",
                                        "max_ejected",
                                        "panic"};
  EXPECT_EQ(keys, wanted);
  EXPECT_THROW(Ejection("payment", options, 1, TimePoint{}), std::invalid_argument);
}

TEST(Ejection, TakesAnInstanceOutAfterSoManyFailuresInARowAndShowsWhy) {
  TestService service{only_5xx(3), 2};
  service.answer(0, 500, 2);
  service.answer(0, 404);
  service.answer(0, 500, 2);
  EXPECT_TRUE(service.at(0).usable());
  service.answer(0, 599);
  EXPECT_FALSE(service.at(0).usable());
  EXPECT_TRUE(service.at(1).usable());

  ASSERT_EQ(service.recorder.events.size(), 1U);
  const InstanceEvent& event = service.recorder.events[0];
  EXPECT_EQ(event.kind, Kind::ejected);
  EXPECT_EQ(event.instance->name(), "0");
  EXPECT_EQ(event.finding, (Finding{EjectionRule::consecutive_5xx, 3, 3}));
  EXPECT_EQ(event.until, service.now + 30s);
  EXPECT_EQ(event.times, 1U);
  EXPECT_EQ(event.instances, 2U);
  EXPECT_EQ(event.ejected, 1U);
  EXPECT_EQ(event.healthy, 1U);
}

TEST(Ejection, TakesItBackAtItsTimeAndNotBefore) {
  TestService service{only_5xx(), 1};
  service.answer(0, 500, 3);
  service.pass(30s - 1ns);
  EXPECT_TRUE(service.at(0).ejected());
  service.pass(1ns);
  EXPECT_FALSE(service.at(0).ejected());
  EXPECT_EQ(service.at(0).fresh_since(), service.now) << "slow start begins anew";
  const InstanceEvent& event = service.recorder.events.back();
  EXPECT_EQ(event.kind, Kind::returned);
  EXPECT_EQ(event.reason, InstanceReason::time_is_over);
  EXPECT_EQ(event.finding.rule, EjectionRule::consecutive_5xx);
  EXPECT_EQ(event.number, 2U);
}

TEST(Ejection, CountsGatewayErrorsApartFromOtherServerErrors) {
  EjectionOptions options = only_5xx(100);
  options.consecutive_gateway = ConsecutiveRule{3};
  TestService service{options, 1};
  service.answer(0, 502, 2);
  service.answer(0, 500);
  service.answer(0, 504, 2);
  EXPECT_FALSE(service.at(0).ejected());
  service.answer(0, 503);
  EXPECT_TRUE(service.at(0).ejected());
  EXPECT_EQ(service.recorder.events[0].finding.rule, EjectionRule::consecutive_gateway);
}

TEST(Ejection, ReadsAnErrorWithoutAnAnswerAsA5xxUnlessTheyAreCountedApart) {
  for (const LocalErrors local : {LocalErrors::as_5xx, LocalErrors::apart}) {
    EjectionOptions options = only_5xx(4);
    options.consecutive_local = ConsecutiveRule{6};
    options.local_errors = local;
    TestService service{options, 1};
    service.answer(0, 500, 2);
    service.end(0, CallEnd::local_error(), 2);
    EXPECT_EQ(service.at(0).ejected(), local == LocalErrors::as_5xx);
    if (local == LocalErrors::as_5xx) continue;
    service.end(0, CallEnd::local_error(), 3);
    EXPECT_FALSE(service.at(0).ejected());
    service.end(0, CallEnd::local_error());
    EXPECT_TRUE(service.at(0).ejected());
    EXPECT_EQ(service.recorder.events[0].finding.rule, EjectionRule::consecutive_local);
  }
}

TEST(Ejection, CountsAnAnswerOfAnyStatusAsAConnectionThatWorks) {
  EjectionOptions options = only_5xx(100);
  options.consecutive_local = ConsecutiveRule{3};
  options.local_errors = LocalErrors::apart;
  TestService service{options, 1};
  for (int i = 0; i < 5; ++i) {
    service.end(0, CallEnd::local_error(), 2);
    service.answer(0, 500);
  }
  EXPECT_FALSE(service.at(0).ejected());
}

EjectionOptions only_success_rate(SuccessRateRule rule) {
  EjectionOptions options = only_5xx();
  options.consecutive_5xx.reset();
  options.success_rate = rule;
  return options;
}

TEST(Ejection, FindsTheInstanceWhoseSuccessRateIsFarBelowTheOthers) {
  TestService service{only_success_rate({.stdev = 1.9, .minimum_hosts = 5, .volume = 100}), 6};
  for (std::size_t i = 0; i < 5; ++i) service.answer(i, 200, 100);
  service.answer(5, 200, 50);
  service.answer(5, 500, 50);
  EXPECT_EQ(service.ejected(), 0U) << "rates are judged when the interval is over";
  service.pass(10s);
  EXPECT_EQ(service.ejected(), 1U);
  EXPECT_TRUE(service.at(5).ejected());
  const InstanceEvent& event = service.recorder.events[0];
  EXPECT_EQ(event.finding.rule, EjectionRule::success_rate);
  EXPECT_DOUBLE_EQ(event.finding.value, 0.5);
  // mean 11/12, deviation √(5/144)
  EXPECT_NEAR(event.finding.threshold, 0.91666667 - 1.9 * 0.18633900, 1e-6);
}

TEST(Ejection, JudgesNoSuccessRateWithTooFewCallsOrInstances) {
  TestService service{only_success_rate({.stdev = 0.5, .minimum_hosts = 5, .volume = 100}), 5};
  for (std::size_t i = 0; i < 4; ++i) service.answer(i, 200, 100);
  service.answer(4, 500, 99);
  service.pass(10s);
  EXPECT_EQ(service.ejected(), 0U) << "the fifth has too few calls, so four are too few instances";
  service.answer(4, 500);
  service.pass(10s);
  EXPECT_EQ(service.ejected(), 0U) << "calls of an earlier interval do not count";
}

TEST(Ejection, FindsNoOutlierAmongEquals) {
  TestService service{only_success_rate({.stdev = 0, .minimum_hosts = 2, .volume = 3}), 7};
  for (std::size_t i = 0; i < 7; ++i) {
    service.answer(i, 200, 2);
    service.answer(i, 500);
  }
  service.pass(10s);
  EXPECT_EQ(service.ejected(), 0U);
}

TEST(Ejection, FindsAFailurePercentageAtItsThresholdAndTakesTheWorstFirst) {
  EjectionOptions options = only_5xx();
  options.consecutive_5xx.reset();
  options.failure_percentage = FailurePercentageRule{0.85, 5, 20, 1.0, 0.0};
  options.max_ejected = 0.2;
  TestService service{options, 5};
  for (std::size_t i = 0; i < 3; ++i) service.answer(i, 200, 20);
  service.answer(0, 500, 3);
  service.answer(3, 200, 3);
  service.answer(3, 500, 17);
  service.answer(4, 200, 2);
  service.answer(4, 503, 18);
  service.pass(10s);
  EXPECT_TRUE(service.at(4).ejected()) << "the worst";
  EXPECT_FALSE(service.at(3).ejected()) << "at the threshold, but one of five is the limit";
  const auto spared = service.recorder.of(Kind::spared);
  ASSERT_EQ(spared.size(), 1U);
  EXPECT_EQ(spared[0].instance->name(), "3");
  EXPECT_EQ(spared[0].reason, InstanceReason::max_ejected);
  EXPECT_EQ(spared[0].finding, (Finding{EjectionRule::failure_percentage, 0.85, 0.85}));
}

TEST(Ejection, JudgesLocalErrorsByRatesOfTheirOwn) {
  EjectionOptions options = only_5xx();
  options.consecutive_5xx.reset();
  options.local_errors = LocalErrors::apart;
  options.failure_percentage = FailurePercentageRule{0.5, 2, 10, 0.0, 1.0};
  TestService service{options, 3};
  service.answer(0, 500, 20);
  service.answer(1, 200, 20);
  service.end(2, CallEnd::local_error(), 20);
  service.pass(10s);
  EXPECT_FALSE(service.at(0).ejected()) << "its answers are observed only";
  EXPECT_TRUE(service.at(2).ejected());
  const auto spared = service.recorder.of(Kind::spared);
  ASSERT_EQ(spared.size(), 1U);
  EXPECT_EQ(spared[0].reason, InstanceReason::not_enforced);
}

TEST(Ejection, EnforcesARuleForItsShareOfTheFindings) {
  EjectionOptions options = only_5xx(1);
  options.consecutive_5xx->enforce = 0.25;
  options.base = options.max = 1s;
  TestService service{options, 1};
  for (int i = 0; i < 2'000; ++i) {
    service.answer(0, 500);
    service.pass(1s);
  }
  const auto ejected = static_cast<double>(service.recorder.of(Kind::ejected).size());
  EXPECT_NEAR(ejected / 2'000, 0.25, 0.04) << "four standard deviations";
  EXPECT_EQ(service.recorder.of(Kind::spared).size() + service.recorder.of(Kind::ejected).size(), 2'000U);
}

TEST(Ejection, OnlyTellsOfARuleWithShareZeroAndLetsTheNextOneAct) {
  EjectionOptions options = only_5xx(5);
  options.consecutive_gateway = ConsecutiveRule{5, 0.0};
  TestService service{options, 1};
  service.answer(0, 503, 5);
  ASSERT_EQ(service.recorder.events.size(), 2U);
  EXPECT_EQ(service.recorder.events[0].kind, Kind::spared);
  EXPECT_EQ(service.recorder.events[0].finding.rule, EjectionRule::consecutive_gateway);
  EXPECT_EQ(service.recorder.events[1].kind, Kind::ejected);
  EXPECT_EQ(service.recorder.events[1].finding.rule, EjectionRule::consecutive_5xx);
}

TEST(Ejection, LastsLongerEachTimeInARowUpToItsMaximum) {
  EjectionOptions options = only_5xx(1);
  options.base = 30s;
  options.max = 100s;
  options.interval = 1h;
  TestService service{options, 1};
  for (const Duration length : {30s, 60s, 90s, 100s, 100s, 100s}) {
    service.answer(0, 500);
    EXPECT_EQ(service.recorder.events.back().until - service.now, length);
    service.pass(length);
    EXPECT_FALSE(service.at(0).ejected());
  }
  EXPECT_EQ(service.seen(0).times, 4U);
}

TEST(Ejection, ForgivesOneTimeForEachIntervalInWhichItWasNeverOut) {
  EjectionOptions options = only_5xx(1);
  options.base = 10s;
  options.interval = 10s;
  TestService service{options, 1};
  service.answer(0, 500);  // at 0 s, back at 10 s
  service.pass(15s);
  EXPECT_EQ(service.seen(0).times, 1U);
  service.answer(0, 500);  // at 15 s, back at 35 s
  EXPECT_EQ(service.seen(0).times, 2U);
  service.pass(25s - 1ns);
  EXPECT_EQ(service.seen(0).times, 2U) << "it was out until 35 s, so the interval up to 40 s is not healthy";
  service.pass(10s);
  EXPECT_EQ(service.seen(0).times, 2U);
  service.pass(1ns);
  EXPECT_EQ(service.seen(0).times, 1U) << "at 50 s";
  service.pass(10s);
  EXPECT_EQ(service.seen(0).times, 0U);
  service.pass(60s);
  service.answer(0, 500);
  EXPECT_EQ(service.recorder.events.back().times, 1U);
}

TEST(Ejection, AddsJitterToTheMaximumTooAndDrawsItFromTheSeed) {
  EjectionOptions options = only_5xx(1);
  options.base = options.max = 30s;
  options.jitter = 10s;
  std::vector<Duration> lengths[2];
  for (auto& of_run : lengths) {
    TestService service{options, 50, 7};
    for (std::size_t i = 0; i < 50; ++i) service.answer(i, 500);
    for (const InstanceEvent& event : service.recorder.events) of_run.push_back(event.until - service.now);
    EXPECT_GE(*std::min_element(of_run.begin(), of_run.end()), 30s);
    EXPECT_LE(*std::max_element(of_run.begin(), of_run.end()), 40s);
    EXPECT_GT(*std::max_element(of_run.begin(), of_run.end()), 37s);
  }
  EXPECT_EQ(lengths[0], lengths[1]);
}

class EjectionLimit : public ::testing::TestWithParam<std::size_t> {};

TEST_P(EjectionLimit, IsNeverExceededAndAlwaysReached) {
  const std::size_t instances = GetParam();
  for (int percent = 0; percent <= 100; ++percent) {
    for (const bool always_one : {false, true}) {
      EjectionOptions options = only_5xx(1);
      options.max_ejected = percent / 100.0;
      options.always_one = always_one;
      TestService service{options, instances};
      for (std::size_t i = 0; i < instances; ++i) service.answer(i, 500);
      const std::size_t allowed = instances * static_cast<std::size_t>(percent) / 100;
      ASSERT_EQ(service.ejected(), std::max<std::size_t>(allowed, always_one ? 1 : 0))
          << instances << " instances, " << percent << " %";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Of, EjectionLimit, ::testing::Range<std::size_t>(1, 11),
                         ::testing::PrintToStringParamName());

TEST(Ejection, CountsAnewAfterTheLimitSparedAnInstance) {
  EjectionOptions options = only_5xx(3);
  options.max_ejected = 0.5;
  TestService service{options, 2};
  service.answer(0, 500, 3);
  service.answer(1, 500, 5);
  EXPECT_EQ(service.recorder.of(Kind::spared).size(), 1U) << "not one for each further failure";
  service.pass(30s);
  service.answer(1, 500);
  EXPECT_TRUE(service.at(1).ejected());
}

TEST(Ejection, TakesBackThoseWhoseTimeIsOverBeforeItJudgesAnother) {
  EjectionOptions options = only_5xx(1);
  options.max_ejected = 0.5;
  TestService service{options, 2};
  service.answer(0, 500);
  service.now += 30s;  // the timer is late
  service.answer(1, 500);
  EXPECT_FALSE(service.at(0).ejected());
  EXPECT_TRUE(service.at(1).ejected());
}

TEST(Ejection, KeepsItsLimitWhenInstancesLeave) {
  EjectionOptions options = only_5xx(1);
  options.max_ejected = 0.5;
  TestService service{options, 4};
  service.answer(0, 500);
  service.pass(1s);
  service.answer(1, 500);
  EXPECT_TRUE(service.ejection.remove("3", service.now));
  EXPECT_FALSE(service.at(0).ejected()) << "two of three are too many; this one would have been back first";
  EXPECT_TRUE(service.at(1).ejected());
  EXPECT_EQ(service.recorder.events.back().reason, InstanceReason::max_ejected);
  EXPECT_FALSE(service.ejection.remove("3", service.now));
}

TEST(Ejection, KeepsTheStateOfTheInstancesThatStay) {
  TestService service{only_5xx(3), 3};
  service.answer(0, 500, 3);
  service.answer(1, 500, 2);
  const std::vector<std::string> names{"1", "new", "0"};
  const auto now_there = service.ejection.set_instances(names, service.now);
  ASSERT_EQ(now_there.size(), 3U);
  EXPECT_EQ(now_there[0].get(), &service.at(1));
  EXPECT_EQ(now_there[2].get(), &service.at(0));
  EXPECT_TRUE(service.at(0).ejected());
  service.answer(1, 500);
  EXPECT_TRUE(service.at(1).ejected());
}

TEST(Ejection, DoesNotJudgeACallOfAnInstanceThatLeft) {
  TestService service{only_5xx(1), 2};
  InstanceCall call = service.call(0);
  service.ejection.remove("0", service.now);
  service.ejection.record(std::move(call), CallEnd::answered(500), service.now);
  EXPECT_TRUE(service.recorder.events.empty());
  EXPECT_EQ(service.at(0).in_flight(), 0U);
}

TEST(Ejection, DoesNotCountCallsBetweenLeavingAndRejoining) {
  TestService service{only_5xx(2), 2};
  service.answer(0, 500, 2);
  service.pass(30s);
  service.ejection.remove("0", service.now);
  service.answer(0, 500, 5);  // a worker that has not heard of it
  InstanceCall late = service.call(0);
  service.add("0");
  service.answer(0, 500);
  service.ejection.record(std::move(late), CallEnd::answered(500), service.now);
  EXPECT_FALSE(service.at(0).ejected());
  service.answer(0, 500);
  EXPECT_TRUE(service.at(0).ejected());
}

TEST(Ejection, EndsByAGoodHealthCheck) {
  TestService service{only_5xx(2), 2};
  service.answer(0, 500, 2);
  service.ejection.on_health(service.at(0), Ejection::Health::bad, service.now);
  EXPECT_TRUE(service.at(0).ejected());
  service.ejection.on_health(service.at(0), Ejection::Health::good, service.now);
  EXPECT_TRUE(service.at(0).usable());
  EXPECT_EQ(service.recorder.events.back().reason, InstanceReason::good_check);
  EXPECT_EQ(service.seen(0).times, 1U) << "the next one is longer all the same";
  service.answer(0, 500);
  EXPECT_TRUE(service.at(0).usable());
  service.answer(0, 500);
  EXPECT_EQ(service.recorder.events.back().until - service.now, 60s);
}

TEST(Ejection, ThatIsOverDoesNotBringBackAnInstanceWhoseChecksAreBadAndSaysSo) {
  TestService service{only_5xx(2), 4};
  service.ejection.on_health(service.at(0), Ejection::Health::bad, service.now);
  service.answer(0, 500, 2);
  ASSERT_TRUE(service.at(0).ejected());
  service.pass(31s);
  EXPECT_FALSE(service.at(0).ejected());
  EXPECT_FALSE(service.at(0).usable());
  const InstanceEvent& event = service.recorder.events.back();
  EXPECT_EQ(event.kind, InstanceEvent::Kind::returned);
  EXPECT_TRUE(event.found_bad);
  EXPECT_EQ(event.healthy, 3U);
}

TEST(Ejection, PutsAnInstanceOutOfUseWhileItsChecksAreBadWhateverTheLimit) {
  EjectionOptions options = only_5xx(1);
  options.max_ejected = 0;
  TestService service{options, 2};
  service.ejection.on_health(service.at(0), Ejection::Health::bad, service.now);
  service.ejection.on_health(service.at(1), Ejection::Health::bad, service.now);
  EXPECT_FALSE(service.at(0).usable());
  EXPECT_FALSE(service.at(1).usable());
  EXPECT_FALSE(service.at(0).ejected());
  service.pass(1h);
  EXPECT_FALSE(service.at(0).usable()) << "only a good check brings it back";
  service.ejection.on_health(service.at(0), Ejection::Health::good, service.now);
  EXPECT_TRUE(service.at(0).usable());
}

TEST(Ejection, PanicsWhileTooFewInstancesAreHealthyAndSaysSo) {
  EjectionOptions options = only_5xx(1);
  options.panic = 0.5;
  TestService service{options, 4};
  service.answer(0, 500);
  service.answer(1, 500);
  EXPECT_FALSE(service.ejection.panicking()) << "half is enough";
  service.answer(2, 500);
  EXPECT_TRUE(service.ejection.panicking());
  EXPECT_EQ(service.recorder.events.back().kind, Kind::panic_began);
  EXPECT_EQ(service.recorder.events.back().healthy, 1U);
  service.answer(2, 500, 10);
  EXPECT_EQ(service.seen(2).times, 1U) << "calls that panic sends to ejected instances do not prolong it";
  service.pass(30s);
  EXPECT_FALSE(service.ejection.panicking());
  EXPECT_EQ(service.recorder.of(Kind::panic_ended).size(), 1U);
}

TEST(Ejection, CountsBadChecksAndChangesOfMembersForPanic) {
  EjectionOptions options = only_5xx(1);
  options.panic = 0.5;
  TestService service{options, 4};
  for (std::size_t i = 0; i < 3; ++i) {
    service.ejection.on_health(service.at(i), Ejection::Health::bad, service.now);
  }
  EXPECT_TRUE(service.ejection.panicking());
  service.add("4");
  service.add("5");
  EXPECT_FALSE(service.ejection.panicking()) << "three of six";
  service.ejection.set_instances(std::vector<std::string>{}, service.now);
  EXPECT_FALSE(service.ejection.panicking()) << "nothing to panic about";
}

}  // namespace
}  // namespace switchgear::instances
