// Calls that are under way, and those that are judged before they end.
#include <gtest/gtest.h>

#include <utility>

#include "switchgear/instances/ejection_fixture.hpp"

namespace switchgear::instances {
namespace {

TEST(Ejection, CountsACallInFlightUntilItsEndOrItsDrop) {
  TestService service{only_5xx(), 1};
  InstanceCall one = service.call(0);
  {
    const InstanceCall other = service.call(0);
    EXPECT_EQ(service.at(0).in_flight(), 2U);
  }
  EXPECT_EQ(service.at(0).in_flight(), 1U);
  service.ejection.record(std::move(one), CallEnd::answered(200), service.now);
  EXPECT_EQ(service.at(0).in_flight(), 0U);
}

TEST(Ejection, JudgesACallByItsBeginningWhileItStaysInFlight) {
  TestService service{only_5xx(1), 2};
  {
    const InstanceCall call = service.call(0);
    service.ejection.record_begun(call, CallEnd::answered(101), service.now);
    EXPECT_EQ(service.at(0).in_flight(), 1U);
    EXPECT_EQ(service.at(0).calls(), 1U);
    EXPECT_FALSE(service.at(0).ejected());
    service.ejection.record_begun(call, CallEnd::answered(500), service.now);
    EXPECT_TRUE(service.at(0).ejected());
  }
  EXPECT_EQ(service.at(0).in_flight(), 0U);
  EXPECT_EQ(service.at(0).failures(), 1U) << "to be dropped is no evidence";
}

}  // namespace
}  // namespace switchgear::instances
