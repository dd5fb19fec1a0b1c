// Members of a fleet with a real Redis: what users of their breakers see.
#include "switchgear/redis/fleet.hpp"

#include <gtest/gtest.h>

#include "switchgear/redis/fleet_fixture.hpp"

namespace switchgear::redis {
namespace {

TEST(Fleet, QuorumOpensItForMembersThatHaveNotCalledYet) {
  const RedisServer server;
  TestFleet fleet(server, 4);
  fleet.dependency_works = false;
  fleet[0].fail_until_open();
  fleet[1].fail_until_open();
  EXPECT_TRUE(
      soon([&] { return fleet[2].reason() == Reason::fleet_open && fleet[3].reason() == Reason::fleet_open; },
           2s));
  EXPECT_EQ(fleet[3].breaker->state(), State::closed) << "advice, not a state";
}

TEST(Fleet, LoneBadMemberOpensNobodyElse) {
  const RedisServer server;
  TestFleet fleet(server, 4);
  for (std::size_t i = 1; i < 4; ++i) fleet[i].call(10);
  ASSERT_TRUE(soon([&] {
    for (std::size_t i = 1; i < 4; ++i) fleet[i].call(1);
    fleet[0].fail();
    return fleet[1].seen().view.electorate == 4 && fleet[1].seen().view.yes == 1;
  })) << "its vote was counted";
  for (std::size_t i = 1; i < 4; ++i) EXPECT_EQ(fleet[i].reason(), admitted);
}

TEST(Fleet, OneMembersProbesCloseItForAll) {
  const RedisServer server;
  TestFleet fleet(server, 5);
  fleet.dependency_works = false;
  fleet[0].fail_until_open();
  fleet[1].fail_until_open();
  ASSERT_TRUE(soon([&] { return fleet[4].reason() == Reason::fleet_open; }));
  const int before = fleet.reached;
  fleet.dependency_works = true;
  ASSERT_TRUE(soon([&] {
    for (auto& member : fleet) member->call(1);
    return fleet.reached > before;
  })) << "a probe is made";
  EXPECT_TRUE(soon([&] {
    for (auto& member : fleet) member->call(1);
    return fleet.all_closed();
  }));
  EXPECT_TRUE(soon([&] { return fleet[3].reason() == admitted; }));
}

TEST(Fleet, ProbesOfADeadDependencyAreNoMoreThanPermittedForEachOpening) {
  const RedisServer server;
  TestFleet fleet(server, 6);
  fleet.dependency_works = false;
  for (auto& member : fleet) member->fail_until_open();
  ASSERT_TRUE(soon([&] { return fleet[0].seen().open; }));
  const int before = fleet.reached;
  const FleetView first = fleet[0].seen().view;
  FleetView last;
  ASSERT_TRUE(soon(
      [&] {
        for (auto& member : fleet) member->call(1);
        last = fleet[0].seen().view;
        return last.epoch >= first.epoch + 3;
      },
      30s));
  const std::uint64_t openings = last.epoch - first.epoch;
  EXPECT_LE(fleet.reached - before, static_cast<int>((openings + 1) * 2)) << "two are permitted";
  EXPECT_EQ(last.relapses - first.relapses, openings);
}

TEST(Fleet, MemberWhoseCallsSucceedIsNeverRefused) {
  const RedisServer server;
  TestFleet fleet(server, 3);
  fleet[2].call(10);
  fleet[0].fail_until_open();
  fleet[1].fail_until_open();
  ASSERT_TRUE(soon([&] { return fleet[2].seen().open; }));
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(fleet[2].reason(), admitted);
    fleet[2].call(1);
  }
  EXPECT_TRUE(fleet[2].seen().dissents);
}

TEST(Fleet, OperatorForcesAndReleasesAllMembers) {
  const RedisServer server;
  TestFleet fleet(server, 3);
  EXPECT_FALSE(fleet[0].fleet->force_open("unknown", 1min, "ann"));
  ASSERT_TRUE(fleet[0].fleet->force_open("payment", 1min, "ann"));
  ASSERT_TRUE(
      soon([&] { return fleet.all([](TestMember& m) { return m.reason() == Reason::forced_open; }); }));
  EXPECT_EQ(fleet[2].seen().forced_by, "ann");
  EXPECT_GT(fleet[2].seen().forced_left, 50s);
  ASSERT_TRUE(fleet[1].fleet->release("payment", "bob"));
  EXPECT_TRUE(soon([&] { return fleet.all([](TestMember& m) { return m.reason() == admitted; }); }));
}

TEST(Fleet, MemberThatComesLaterHearsOfTheCommand) {
  const RedisServer server;
  TestFleet fleet(server, 1);
  ASSERT_TRUE(fleet[0].fleet->force_open("payment", 1min, "ann"));
  ASSERT_TRUE(soon([&] { return !fleet[0].seen().command_on_its_way && fleet[0].seen().forced_open; }));
  TestFleet late(server, 1);
  EXPECT_TRUE(soon([&] { return late[0].reason() == Reason::forced_open; }));
}

TEST(Fleet, TwentyMembersWithADyingDependency) {
  const RedisServer server;
  TestFleet fleet(server, 20);
  const auto callers = [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) fleet[i].call(1);
  };
  const auto refuse = [&](std::size_t from) {
    for (std::size_t i = from; i < 20; ++i) {
      if (fleet[i].reason() != Reason::fleet_open) return false;
    }
    return true;
  };
  ASSERT_TRUE(soon([&] {
    callers(0, 12);
    return fleet[0].seen().dissents && fleet[11].seen().dissents;
  }));
  fleet.dependency_works = false;
  ASSERT_TRUE(soon([&] {
    callers(0, 12);
    return fleet[0].seen().open;
  }));
  EXPECT_TRUE(soon(
      [&] {
        callers(0, 12);
        return refuse(12);
      },
      2s))
      << "eight members have not made a call";
  const int before = fleet.reached;
  const auto epoch = fleet[0].seen().view.epoch;
  ASSERT_TRUE(soon([&] {
    callers(0, 20);
    return fleet[0].seen().view.epoch >= epoch + 2;
  }));
  EXPECT_LE(fleet.reached - before, 3 * 2) << "two probes for each of three openings";
  fleet.dependency_works = true;
  EXPECT_TRUE(soon(
      [&] {
        callers(0, 20);
        return fleet.all_closed() &&
               fleet.all([](TestMember& member) { return member.reason() == admitted; });
      },
      10s));
}

TEST(Fleet, LeavingTakesTheAdviceBack) {
  const RedisServer server;
  TestFleet fleet(server, 3);
  fleet[0].fail_until_open();
  fleet[1].fail_until_open();
  ASSERT_TRUE(soon([&] { return fleet[2].reason() == Reason::fleet_open; }));
  fleet[2].fleet.reset();
  EXPECT_EQ(fleet[2].reason(), admitted);
}

TEST(Fleet, StatusShowsWhoVotesHow) {
  const RedisServer server;
  TestFleet fleet(server, 2);
  fleet[0].call(10);
  fleet[1].fail_until_open();
  ASSERT_TRUE(soon([&] {
    const auto voters = fleet[0].seen().view.voters;
    return voters.size() == 2 && voters[0].vote != FleetVote::abstains &&
           voters[1].vote != FleetVote::abstains;
  }));
  const FleetStatus status = fleet[0].fleet->status();
  EXPECT_TRUE(status.connected);
  EXPECT_EQ(status.members, 2U);
  EXPECT_EQ(status.name_space, "shop");
}

TEST(Fleet, OptionsThatCannotWorkAreNamedTogether) {
  BreakerRegistry registry({}, 1);
  FleetOptions options;
  options.quorum = 0;
  options.min_votes = 1;
  try {
    const Fleet fleet(registry, options);
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_EQ(std::string(error.what()),
              "fleet 'default': quorum: is 0; it must be above 0 and at most 1; min_votes: is 1; it "
              "must be 2 to "
              "10000, because a single process never decides for the others");
  }
}

}  // namespace
}  // namespace switchgear::redis
