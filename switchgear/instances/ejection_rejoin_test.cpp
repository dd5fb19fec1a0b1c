// Instances that leave and come back, and options that change while some are out.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "switchgear/instances/ejection_fixture.hpp"

namespace switchgear::instances {
namespace {

using namespace std::chrono_literals;

TEST(Ejection, ComesBackEjectedWhenItLeavesAndRejoins) {
  TestService service{only_5xx(1), 3};
  service.answer(0, 500);
  const TimePoint until = service.seen(0).until;
  service.ejection.remove("0", service.now);
  EXPECT_EQ(service.recorder.events.back().reason, InstanceReason::left);
  service.pass(5s);
  service.add("0");
  EXPECT_TRUE(service.at(0).ejected());
  EXPECT_EQ(service.recorder.events.back().kind, InstanceEvent::Kind::ejected);
  EXPECT_EQ(service.recorder.events.back().reason, InstanceReason::rejoined);
  EXPECT_EQ(service.seen(0).until, until);
  EXPECT_EQ(service.seen(0).times, 1U);
  service.pass(25s);
  EXPECT_FALSE(service.at(0).ejected());
}

TEST(Ejection, ForgetsAnInstanceThatLeftWhenItsEjectionsNeedNotBeRemembered) {
  TestService service{only_5xx(1), 3};
  service.answer(0, 500);
  service.ejection.remove("0", service.now);
  service.pass(50s + 1ns);
  service.add("0");
  EXPECT_FALSE(service.at(0).ejected());
  EXPECT_EQ(service.seen(0).times, 0U);
}

TEST(Ejection, IsNewOnceHoweverOftenItsInstanceLeavesAndRejoins) {
  TestService service{only_5xx(1), 3};
  service.answer(0, 500);
  for (int i = 0; i < 5; ++i) {
    service.pass(1s);
    service.ejection.remove("0", service.now);
    service.add("0");
  }
  EXPECT_EQ(service.recorder.of(InstanceEvent::Kind::ejected).size(), 6U) << "each is told";
  EXPECT_EQ(std::ranges::count_if(service.recorder.events, is_new_ejection), 1);
}

TEST(Ejection, EndsWhenTheNewOptionsHaveNoRule) {
  TestService before{only_5xx(1), 3};
  before.answer(0, 500);
  before.answer(1, 500);
  before.ejection.remove("1", before.now);
  EjectionOptions off = only_5xx();
  off.consecutive_5xx.reset();
  TestService after{off, 0};
  after.ejection.continue_from(before.ejection, before.now);
  ASSERT_EQ(after.recorder.events.size(), 1U);
  EXPECT_EQ(after.recorder.events[0].kind, InstanceEvent::Kind::returned);
  EXPECT_EQ(after.recorder.events[0].reason, InstanceReason::switched_off);
  after.now = before.now;
  for (const char* name : {"0", "1"}) after.add(name);
  EXPECT_EQ(after.ejected(), 0U) << "nor is one that had left";
}

TEST(Ejection, StaysWhenTheNewOptionsHaveAnotherRule) {
  TestService before{only_5xx(1), 3};
  before.answer(0, 500);
  EjectionOptions other = only_5xx();
  other.consecutive_5xx.reset();
  other.success_rate = SuccessRateRule{};
  TestService after{other, 0};
  after.ejection.continue_from(before.ejection, before.now);
  EXPECT_TRUE(after.seen(0).ejected);
  EXPECT_TRUE(after.recorder.events.empty());
}

}  // namespace
}  // namespace switchgear::instances
