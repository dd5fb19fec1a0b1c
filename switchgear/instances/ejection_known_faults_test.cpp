// Faults of Envoy's outlier detection that its users reported. Each test is called after what the fault did
// to them; the number is that of the report at github.com/envoyproxy/envoy/issues.
#include <gtest/gtest.h>

#include "switchgear/instances/ejection_fixture.hpp"

namespace switchgear::instances {
namespace {

using namespace std::chrono_literals;
using Kind = InstanceEvent::Kind;

// 18950: calls that began before the ejection went on failing during it. The count passed the threshold while
// it was not acted on, was not reset on return, and never equalled the threshold again.
TEST(EjectionKnownFaults, E18950AnInstanceThatKeepsFailingAfterItsReturnIsEjectedAgain) {
  EjectionOptions options = only_5xx(5);
  options.consecutive_local = ConsecutiveRule{5};
  for (const LocalErrors local : {LocalErrors::as_5xx, LocalErrors::apart}) {
    options.local_errors = local;
    TestService service{options, 2};
    std::vector<InstanceCall> hanging;
    for (int i = 0; i < 20; ++i) hanging.push_back(service.call(0));
    service.end(0, CallEnd::local_error(), 5);
    ASSERT_TRUE(service.at(0).ejected());
    for (int i = 0; i < 10; ++i) {
      service.ejection.record(std::move(hanging.back()), CallEnd::local_error(), service.now);
      hanging.pop_back();
    }
    service.pass(30s);
    ASSERT_FALSE(service.at(0).ejected());
    while (!hanging.empty()) {
      service.ejection.record(std::move(hanging.back()), CallEnd::local_error(), service.now);
      hanging.pop_back();
    }
    EXPECT_FALSE(service.at(0).ejected()) << "calls from before say nothing about the instance now";
    service.end(0, CallEnd::local_error(), 4);
    EXPECT_FALSE(service.at(0).ejected());
    service.end(0, CallEnd::local_error());
    EXPECT_TRUE(service.at(0).ejected());
  }
}

// 26758: failure percentages are judged at ticks, and each tick first took one off the multiplier of the
// instance that had just returned, so every ejection lasted as long as the first.
TEST(EjectionKnownFaults, E26758TheTimeGrowsForFailurePercentageAndSuccessRateToo) {
  for (const bool percentage : {true, false}) {
    EjectionOptions options = only_5xx();
    options.consecutive_5xx.reset();
    if (percentage) {
      options.failure_percentage = FailurePercentageRule{0.85, 1, 10, 1.0, 0.0};
    } else {
      options.success_rate = SuccessRateRule{1.0, 2, 10, 1.0, 1.0};
    }
    options.interval = 30s;
    options.base = 60s;
    TestService service{options, 5};
    std::vector<Duration> lengths;
    for (int step = 0; step < 200; ++step) {
      for (std::size_t i = 0; i < 5; ++i) {
        if (service.at(i).usable()) service.answer(i, i == 0 ? 500 : 200, 3);
      }
      service.pass(5s);
    }
    for (const InstanceEvent& event : service.recorder.of(Kind::ejected)) {
      lengths.push_back(event.until - event.at);
    }
    ASSERT_GE(lengths.size(), 5U);
    lengths.resize(5);
    EXPECT_EQ(lengths, (std::vector<Duration>{60s, 120s, 180s, 240s, 300s}));
  }
}

// 37602: the multiplier went on growing by one after base × multiplier had passed the maximum, and the
// instance needed one interval more to get back.
TEST(EjectionKnownFaults, E37602TheMultiplierStopsWhereItReachesTheMaximum) {
  EjectionOptions options = only_5xx(1);
  options.base = 2s;
  options.max = 7s;
  options.interval = 100s;
  TestService service{options, 1};
  for (int i = 0; i < 9; ++i) {
    service.answer(0, 500);
    service.pass(7s);
  }
  EXPECT_EQ(service.recorder.events.back().times, 4U) << "2 × 4 is the first to reach 7";
  service.pass(100s - 63s);
  EXPECT_EQ(service.seen(0).times, 4U);
  service.pass(400s);
  EXPECT_EQ(service.seen(0).times, 0U) << "four healthy intervals";
}

// 40697: after the first return, five or six failures were needed instead of three; and it was supposed that
// each interval resets the counts.
TEST(EjectionKnownFaults, E40697TheSameNumberOfFailuresEjectsEachTimeWhateverTheInterval) {
  EjectionOptions options = only_5xx(100);
  options.consecutive_gateway = ConsecutiveRule{3};
  options.interval = 1s;
  options.base = options.max = 5s;
  TestService service{options, 1};
  for (int round = 0; round < 10; ++round) {
    int failures = 0;
    while (!service.at(0).ejected()) {
      service.answer(0, 504);
      ++failures;
      service.pass(700ms);  // a tick lies between any two failures, or nearly
    }
    EXPECT_EQ(failures, 3);
    service.pass(5s);
  }
}

// 2671 (and Istio 20135, 10770, 8846): a service of one instance that always fails: the ejections were shown,
// and had no effect, because it was panic, which was not shown.
TEST(EjectionKnownFaults, E2671PanicIsToldAndSeenWhereItMakesEjectionsIneffective) {
  EjectionOptions options = only_5xx(5);
  options.panic = 0.5;
  TestService service{options, 1};
  service.answer(0, 501, 5);
  EXPECT_TRUE(service.at(0).ejected());
  ASSERT_EQ(service.recorder.events.size(), 2U);
  EXPECT_EQ(service.recorder.events[1].kind, Kind::panic_began);
  EXPECT_EQ(service.recorder.events[1].healthy, 0U);
  EXPECT_EQ(service.recorder.events[1].instances, 1U);
  EXPECT_TRUE(service.ejection.snapshot().panic);
  service.answer(0, 501, 95);
  EXPECT_EQ(service.recorder.of(Kind::ejected).size(), 1U);
}

// 3263, 26877: with two or three instances and a maximum of 10 %, one was ejected all the same.
TEST(EjectionKnownFaults, E3263TheMaximumHoldsForServicesOfFewInstances) {
  for (std::size_t instances = 1; instances < 10; ++instances) {
    EjectionOptions options;  // Envoy's defaults
    TestService service{options, instances};
    for (std::size_t i = 0; i < instances; ++i) service.answer(i, 500, 100);
    service.pass(10s);
    EXPECT_EQ(service.ejected(), 0U);
    EXPECT_FALSE(service.recorder.of(Kind::spared).empty()) << "but it is told";
  }
}

// 1491: the count was not reset by an ejection, so the instance was ejected only once.
TEST(EjectionKnownFaults, E1491AnInstanceIsEjectedAgainWithoutASuccessBetween) {
  TestService service{only_5xx(5), 1};
  for (int round = 0; round < 3; ++round) {
    service.answer(0, 500, 5);
    EXPECT_TRUE(service.at(0).ejected());
    service.pass(300s);
  }
  EXPECT_EQ(service.recorder.of(Kind::ejected).size(), 3U);
}

// 32442, 35186: a health check that failed, though not often enough to count as bad, ended the ejection.
TEST(EjectionKnownFaults, E32442OnlyAGoodCheckEndsAnEjection) {
  TestService service{only_5xx(1), 1};
  service.answer(0, 500);
  service.ejection.on_health(service.at(0), Ejection::Health::bad, service.now);
  EXPECT_TRUE(service.at(0).ejected());
  service.ejection.on_health(service.at(0), Ejection::Health::good, service.now);
  EXPECT_FALSE(service.at(0).ejected());
}

// Its neighbour: an instance that was bad when its checks ended stayed out for good.
TEST(EjectionKnownFaults, AnInstanceThatIsNotCheckedAnyMoreIsInUseUnlessItIsEjected) {
  TestService service{only_5xx(1), 2};
  for (std::size_t i = 0; i < 2; ++i)
    service.ejection.on_health(service.at(i), Ejection::Health::bad, service.now);
  service.ejection.on_health(service.at(0), Ejection::Health::unknown, service.now);
  EXPECT_TRUE(service.at(0).usable());
  EXPECT_FALSE(service.at(1).usable());
  service.answer(0, 500);
  service.ejection.on_health(service.at(0), Ejection::Health::unknown, service.now);
  EXPECT_TRUE(service.at(0).ejected()) << "only a good check ends an ejection";
}

// The neighbour of 40697: checks that are good throughout must not keep a failing instance from being
// ejected.
TEST(EjectionKnownFaults, GoodChecksDoNotResetTheCountsOfAnInstanceInUse) {
  TestService service{only_5xx(3), 1};
  for (int i = 0; i < 3; ++i) {
    service.answer(0, 500);
    EXPECT_EQ(service.at(0).ejected(), i == 2);
    if (i < 2) service.ejection.on_health(service.at(0), Ejection::Health::good, service.now);
  }
}

// 6016: the time of an instance that fails again and again grew without a bound.
TEST(EjectionKnownFaults, E6016TheTimeHasABound) {
  EjectionOptions options = only_5xx(1);
  options.base = std::chrono::hours{24 * 365 * 100};
  options.max = Duration::max();
  options.interval = Duration::max();
  TestService service{options, 1};
  service.answer(0, 500);
  EXPECT_GT(service.seen(0).until, service.now);
  service.ejection.on_health(service.at(0), Ejection::Health::good, service.now);
  for (int i = 0; i < 5; ++i) {
    service.answer(0, 500);
    EXPECT_GT(service.seen(0).until, service.now) << "the sum does not wrap";
    service.ejection.on_health(service.at(0), Ejection::Health::good, service.now);
  }
}

}  // namespace
}  // namespace switchgear::instances
