#include "app/gateway/service/instance_set.hpp"

#include <gtest/gtest.h>
#include <spdlog/sinks/null_sink.h>

#include <chrono>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace switchgear::gateway {
namespace {

using namespace std::chrono_literals;

constexpr WallAnchor::Wall noon{std::chrono::seconds{1772366400}};

/// Two instances, of which one may be out; a call that fails puts it there.
class InstanceSetTest : public testing::Test {
 protected:
  InstanceSetTest() {
    service.name = "shop";
    service.upstreams = {{{"10.0.0.1", 80}}, {{"10.0.0.2", 80}}};
    service.ejection.emplace();
    service.ejection->consecutive_5xx = instances::ConsecutiveRule{1};
    service.ejection->max_ejected = 0.5;
  }
  void fail(InstanceSet& set, std::size_t which, TimePoint at) {
    const InstanceSet::Shared all = set.follow(service.upstreams, at);
    set.ejection().record(instances::InstanceCall{all[which]}, instances::CallEnd::answered(503), at);
  }
  std::vector<LoggedInstance> told() {
    std::vector<LoggedInstance> all;
    for (const auto& event : reader.read().events) all.push_back(std::get<LoggedInstance>(*event));
    return all;
  }

  const TimePoint start{1h};
  config::Service service;
  spdlog::logger log{"test", std::make_shared<spdlog::sinks::null_sink_mt>()};
  std::shared_ptr<EventQueue> events = std::make_shared<EventQueue>();
  EventQueue::Reader reader{events};
  InstanceNews news{events, WallAnchor{start, noon}};
};

TEST_F(InstanceSetTest, TellsOfAnEjectionAndTheReturnWithTheEvidenceAndTheTimeOfDay) {
  InstanceSet set{service, nullptr, news, log, 1, start};
  fail(set, 0, start + 2s);
  set.ejection().tick(start + 32s);
  const auto all = told();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].service, "shop");
  EXPECT_EQ(all[0].instance, "10.0.0.1:80");
  EXPECT_EQ(all[0].what, "ejected");
  EXPECT_EQ(all[0].text,
            "instance 10.0.0.1:80 is left out for 30s: 1 failed call in a row (limit 1); 1 of 2 instances is "
            "out");
  EXPECT_EQ(all[0].at, start + 2s);
  EXPECT_EQ(all[0].wall, noon + 2s);
  EXPECT_EQ(all[0].weight, LoggedInstance::Weight::warning);
  EXPECT_EQ(all[1].what, "returned");
  EXPECT_EQ(all[1].text, "instance 10.0.0.1:80 is used again: its time is over; 0 of 2 instances are out");
  EXPECT_EQ(all[1].wall, noon + 32s);
  EXPECT_EQ(all[1].weight, LoggedInstance::Weight::news);
}

TEST_F(InstanceSetTest, PanicIsToldOfTheWholeService) {
  service.ejection->panic = 1;
  InstanceSet set{service, nullptr, news, log, 1, start};
  fail(set, 1, start);
  const auto all = told();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[1].what, "panic_began");
  EXPECT_EQ(all[1].instance, "");
  EXPECT_EQ(all[1].weight, LoggedInstance::Weight::warning);
}

TEST_F(InstanceSetTest, DoesNotTellOfAnInstanceThatIsSparedHoweverOftenItIsFound) {
  InstanceSet set{service, nullptr, news, log, 1, start};
  fail(set, 0, start);
  for (int i = 0; i < 10; ++i) fail(set, 1, start);
  EXPECT_EQ(told().size(), 1U);
}

TEST_F(InstanceSetTest, CountsAnEjectionOnceThoughItsInstanceLeavesAndRejoins) {
  InstanceSet set{service, nullptr, news, log, 1, start};
  fail(set, 0, start);
  for (int i = 0; i < 3; ++i) {
    (void)set.follow({service.upstreams[1]}, start + 1s);
    (void)set.follow(service.upstreams, start + 1s);
  }
  EXPECT_EQ(set.ejections(start + 1s).at("10.0.0.1:80"), 1U);
  const auto all = told();
  ASSERT_EQ(all.size(), 7U);
  EXPECT_EQ(all[6].text.find("instance 10.0.0.1:80 has rejoined, and is still left out for 29s: "), 0U);
  EXPECT_EQ(all[6].weight, LoggedInstance::Weight::news);
}

TEST_F(InstanceSetTest, TellsTheEjectionsOfAnInstanceThatHasLeftForAMinuteMore) {
  InstanceSet set{service, nullptr, news, log, 1, start};
  fail(set, 0, start);
  (void)set.follow({service.upstreams[1]}, start + 1s);
  EXPECT_EQ(set.ejections(start + 60s).size(), 1U);
  EXPECT_TRUE(set.ejections(start + 61s).empty());
  (void)set.follow(service.upstreams, start + 60s);
  EXPECT_EQ(set.ejections(start + 70s).size(), 1U) << "it came back in time";
  (void)set.follow({service.upstreams[1]}, start + 80s);
  (void)set.follow(service.upstreams, start + 140s);
  EXPECT_TRUE(set.ejections(start + 140s).empty());
}

TEST_F(InstanceSetTest, ASetThatAnotherOneHasReplacedTellsNothing) {
  InstanceSet before{service, nullptr, news, log, 1, start};
  const InstanceSet::Shared all = before.follow(service.upstreams, start);
  before.retire();
  const InstanceSet after{service, &before, news, log, 1, start};
  before.ejection().record(instances::InstanceCall{all[0]}, instances::CallEnd::answered(503), start);
  EXPECT_TRUE(told().empty());
}

}  // namespace
}  // namespace switchgear::gateway
