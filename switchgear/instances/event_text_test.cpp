#include "switchgear/instances/event_text.hpp"

#include <gtest/gtest.h>

#include <string>

#include "switchgear/instances/ejection_fixture.hpp"

namespace switchgear::instances {
namespace {

using std::chrono::seconds;

TEST(InstanceEventText, SaysWhyAnInstanceIsLeftOutAndForHowLong) {
  InstanceEvent event;
  event.instance = std::make_shared<const Instance>("10.0.0.1:80", TimePoint{});
  event.finding = {EjectionRule::consecutive_5xx, 5, 5};
  event.until = event.at + seconds{30};
  event.instances = 3;
  event.ejected = 1;
  event.healthy = 2;
  EXPECT_EQ(
      text_of(event),
      "instance 10.0.0.1:80 is left out for 30s: 5 failed calls in a row (limit 5); 1 of 3 instances is "
      "out");
  event.kind = InstanceEvent::Kind::returned;
  event.reason = InstanceReason::good_check;
  event.ejected = 0;
  event.healthy = 3;
  EXPECT_EQ(text_of(event),
            "instance 10.0.0.1:80 is used again: its health check is good; 0 of 3 instances are out");
  event.kind = InstanceEvent::Kind::spared;
  event.reason = InstanceReason::max_ejected;
  EXPECT_EQ(text_of(event),
            "instance 10.0.0.1:80 is still used, although 5 failed calls in a row (limit 5): max_ejected "
            "allows no further one to be out");
}

TEST(InstanceEventText, DoesNotCallAnInstanceUsedWhoseHealthCheckIsBad) {
  InstanceEvent event;
  event.kind = InstanceEvent::Kind::returned;
  event.instance = std::make_shared<const Instance>("10.0.0.1:80", TimePoint{});
  event.reason = InstanceReason::time_is_over;
  event.found_bad = true;
  event.instances = 3;
  event.healthy = 2;
  EXPECT_EQ(
      text_of(event),
      "the ejection of instance 10.0.0.1:80 has ended: its time is over; it is still left out, because its "
      "health check is bad; 1 of 3 instances is out");
  event.panic = true;
  event.healthy = 0;
  EXPECT_EQ(
      text_of(event),
      "the ejection of instance 10.0.0.1:80 has ended: its time is over; its health check is bad; 3 of 3 "
      "instances are out")
      << "in panic it gets calls all the same";
  event.reason = InstanceReason::left;
  EXPECT_EQ(text_of(event),
            "instance 10.0.0.1:80 has left the service while it was left out; 3 of 3 instances are out");
}

TEST(InstanceEventText, DoesNotCallAnInstanceLeftOutWhileAllAreUsed) {
  InstanceEvent event;
  event.instance = std::make_shared<const Instance>("10.0.0.1:80", TimePoint{});
  event.finding = {EjectionRule::consecutive_5xx, 5, 5};
  event.until = event.at + seconds{30};
  event.instances = 3;
  event.panic = true;
  EXPECT_EQ(
      text_of(event),
      "instance 10.0.0.1:80 is ejected for 30s, but still used, because too few are healthy: 5 failed calls "
      "in a row (limit 5); 3 of 3 instances are out");
}

TEST(InstanceEventText, SaysThatAnEjectionGoesOnAndRoundsWhatIsLeftOfIt) {
  InstanceEvent event;
  event.instance = std::make_shared<const Instance>("10.0.0.1:80", TimePoint{});
  event.finding = {EjectionRule::consecutive_5xx, 2, 2};
  event.reason = InstanceReason::rejoined;
  event.until = event.at + std::chrono::nanoseconds{19'796'124'882};
  event.instances = 3;
  event.healthy = 2;
  const std::string evidence = ": 2 failed calls in a row (limit 2); 1 of 3 instances is out";
  EXPECT_EQ(text_of(event), "instance 10.0.0.1:80 has rejoined, and is still left out for 19.8s" + evidence);
  event.until = event.at + std::chrono::nanoseconds{196'124'882};
  EXPECT_EQ(text_of(event), "instance 10.0.0.1:80 has rejoined, and is still left out for 0.197s" + evidence);
  event.kind = InstanceEvent::Kind::returned;
  event.reason = InstanceReason::switched_off;
  event.healthy = 3;
  EXPECT_EQ(text_of(event),
            "instance 10.0.0.1:80 is used again: ejection is switched off; 0 of 3 instances are out");
}

TEST(InstanceEventText, SaysWhenAllAreUsed) {
  InstanceEvent event;
  event.kind = InstanceEvent::Kind::panic_began;
  event.instances = 4;
  event.healthy = 1;
  EXPECT_EQ(text_of(event), "1 of 4 instances is healthy: all are used");
  event.kind = InstanceEvent::Kind::panic_ended;
  event.healthy = 2;
  EXPECT_EQ(text_of(event), "2 of 4 instances are healthy: only these are used");
  event.instances = event.healthy = 1;
  EXPECT_EQ(text_of(event), "1 of 1 instance is healthy: only this one is used");
}

TEST(InstanceEventText, NamesWhatARuleSaw) {
  const auto text = [](EjectionRule rule, double value, double threshold) {
    return text_of(Finding{rule, value, threshold});
  };
  EXPECT_EQ(text(EjectionRule::consecutive_gateway, 1, 1), "1 gateway error in a row (limit 1)");
  EXPECT_EQ(text(EjectionRule::consecutive_local, 7, 5), "7 unanswered calls in a row (limit 5)");
  EXPECT_EQ(text(EjectionRule::success_rate, 0.5, 0.8125),
            "50 % of its calls succeeded, far below the others (limit 81.3 %)");
  EXPECT_EQ(text(EjectionRule::success_rate_local, 0.999, 1),
            "99.9 % of its calls were answered, far below the others (limit 100 %)");
  EXPECT_EQ(text(EjectionRule::failure_percentage, 0.9, 0.85), "90 % of its calls failed (limit 85 %)");
  EXPECT_EQ(text(EjectionRule::failure_percentage_local, 0.9, 0.85),
            "90 % of its calls had no answer (limit 85 %)");
}

}  // namespace
}  // namespace switchgear::instances
