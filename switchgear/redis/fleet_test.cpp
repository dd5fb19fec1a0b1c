// Members of a fleet with a real Redis: what users of their breakers see.
#include "switchgear/redis/fleet.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <thread>

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

TEST(Fleet, SecondForceIsFollowedByMembersThatRememberTheFirst) {
  RedisServer server;
  TestFleet fleet(server, 3);
  const auto all_forced = [&] {
    return fleet.all([](TestMember& m) { return m.reason() == Reason::forced_open; });
  };
  const auto none_forced = [&] { return fleet.all([](TestMember& m) { return m.reason() == admitted; }); };
  for (int i = 0; i < 3; ++i) {  // epochs, and a release that all remember
    ASSERT_TRUE(fleet[0].fleet->force_open("payment", 1min, "ann"));
    ASSERT_TRUE(soon(all_forced));
    ASSERT_TRUE(fleet[1].fleet->release("payment", "bob"));
    ASSERT_TRUE(soon(none_forced));
  }
  (void)server.run({"FLUSHALL"});
  ASSERT_TRUE(fleet[2].fleet->force_open("payment", 1min, "eve"));
  ASSERT_TRUE(soon(all_forced)) << "at once after the loss, before any member has put its own back";
  const auto until = TestMember::now() + 500ms;  // five reports
  while (TestMember::now() < until)
    ASSERT_TRUE(all_forced()) << "the release that was remembered has undone it";
  ASSERT_TRUE(fleet[0].fleet->release("payment", "bob"));
  ASSERT_TRUE(soon(none_forced));
  server.kill();
  server.start();
  TestFleet late(server, 1);  // which knows of no command
  ASSERT_TRUE(late[0].fleet->force_open("payment", 1s, "eve"));
  EXPECT_TRUE(soon(all_forced));
  ASSERT_TRUE(soon(none_forced)) << "it ends";
  (void)server.run({"FLUSHALL"});
  ASSERT_TRUE(late[0].fleet->force_open("payment", 1min, "eve"));
  EXPECT_TRUE(soon(all_forced)) << "one that is over does not stand in its way";
}

TEST(Fleet, OneBadProcessThatIsStartedAgainHasOneVote) {
  const RedisServer server;
  TestFleet fleet(server, 2);
  const auto yes = [&] {
    const auto voters = fleet[1].seen().view.voters;
    return std::count_if(voters.begin(), voters.end(),
                         [](const FleetVoter& voter) { return voter.vote == FleetVote::yes; });
  };
  fleet[0].fail_until_open();
  ASSERT_TRUE(soon([&] { return yes() == 1; }));
  fleet[0].fleet.reset();  // as by a reload
  EXPECT_TRUE(soon([&] { return yes() == 0; }, 500ms)) << "its vote would have lasted a second";
  fleet[0].fleet = std::make_unique<Fleet>(fleet[0].registry, test_fleet(server.address()));
  ASSERT_TRUE(soon([&] {
    fleet[0].fail();
    return yes() == 1;
  }));
  EXPECT_FALSE(fleet[1].seen().open);
  fleet[0].fleet.reset();
  ASSERT_TRUE(soon([&] { return yes() == 0; }));
  // As by SIGKILL: the first one cannot take anything back.
  FleetOptions same = test_fleet(server.address());
  same.identity = "gateway1";
  TestFleet others(server.address(), 0);
  TestMember first(others, same), second(others, same);
  first.fail_until_open();
  second.fail_until_open();
  ASSERT_TRUE(soon([&] {
    first.fail();
    second.fail();
    return yes() == 1;
  }));
  const auto until = TestMember::now() + 500ms;
  while (TestMember::now() < until) {
    first.fail();
    second.fail();
    ASSERT_FALSE(fleet[1].seen().open) << "two runs of one process are not a quorum";
  }
}

TEST(Fleet, FewCallsAreEnoughToRecoverSoon) {
  const RedisServer server;
  TestFleet fleet(server, 3);
  fleet[0].fail_until_open();
  fleet[1].fail_until_open();
  ASSERT_TRUE(soon([&] { return fleet.all([](TestMember& member) { return member.seen().open; }); }));
  // A call in 1.2 s at each member: twelve reports. The lease lasts 2 s, and half of it is less than a call
  // apart.
  const TimePoint began = TestMember::now();
  std::array<int, 3> made{};
  ASSERT_TRUE(soon(
      [&] {
        for (std::size_t i = 0; i < 3; ++i) {
          const auto due = began + 1200ms * made[i] + 400ms * static_cast<int>(i);
          if (TestMember::now() >= due) fleet[i].call(1), ++made[i];
        }
        return !fleet[0].seen().open;
      },
      20s));
  EXPECT_LT(TestMember::now() - began, 5s)
      << "two probes of one member, 1.2 s apart, after its first refusal";
  EXPECT_EQ(fleet.reached, 2);
}

TEST(Fleet, ThousandsOfCircuitsOfOneMember) {
  const RedisServer server;
  for (const std::size_t size : {1000U, 5000U}) {
    const TimePoint now = TestMember::now();
    BreakerRegistry registry({now, std::chrono::system_clock::now()}, 1);
    for (std::size_t i = 0; i < size; ++i)
      (void)registry.get_or_create("c" + std::to_string(i), test_breaker(), now);
    FleetOptions options = test_fleet(server.address());
    options.name_space = std::to_string(size);
    options.fresh = 3s;
    options.interval = 1s;
    const Fleet fleet(registry, options);
    const auto fresh = [&] {
      const FleetStatus status = fleet.status();
      return static_cast<std::size_t>(
          std::count_if(status.circuits.begin(), status.circuits.end(),
                        [](const FleetCircuitStatus& each) { return each.fresh; }));
    };
    ASSERT_TRUE(soon([&] { return fresh() == size; }, 20s)) << fresh() << " of " << size;
    const auto until = TestMember::now() + 4s;  // longer than what was heard first counts
    while (TestMember::now() < until) {
      std::this_thread::sleep_for(100ms);
      ASSERT_EQ(fresh(), size) << "not all are heard of in time";
    }
    const FleetStatus status = fleet.status();
    EXPECT_LE(status.commands.failed, 64U)
        << "a machine that stalls loses what is under way, once: " << status.trouble;
    EXPECT_LE(status.commands.connects, 2U);
    EXPECT_LT(status.round, 2500ms);
    RecordProperty(
        "round_ms_" + std::to_string(size),
        static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(status.round).count()));
  }
}

TEST(Fleet, ForceOpenOutlivesAChangeOfTheFleetWithoutRedis) {
  RedisServer server;
  TestFleet fleet(server, 1);
  server.kill();
  ASSERT_TRUE(fleet[0].fleet->force_open("payment", 2s, "ann"));
  ASSERT_TRUE(soon([&] { return fleet[0].reason() == Reason::forced_open; }));
  const TimePoint changed = TestMember::now();
  FleetMemory memory = fleet[0].fleet->hand_over();
  EXPECT_EQ(fleet[0].reason(), Reason::forced_open);
  FleetOptions next = test_fleet(server.address());
  next.fresh = 2s;
  fleet[0].fleet = std::make_unique<Fleet>(fleet[0].registry, next, std::move(memory));
  ASSERT_TRUE(soon([&] { return fleet[0].seen().forced_open; }));
  EXPECT_EQ(fleet[0].seen().forced_by, "ann");
  server.start();
  TestFleet late(server, 1);
  EXPECT_TRUE(soon([&] { return late[0].reason() == Reason::forced_open; })) << "Redis hears of it";
  EXPECT_TRUE(soon([&] { return fleet[0].reason() == admitted; }, 3s)) << "and it ends";
  EXPECT_GE(TestMember::now() - changed, 1500ms);
}

TEST(Fleet, TroubleThatMendsItselfIsNotShown) {
  const RedisServer server;
  TestFleet fleet(server, 1);
  (void)server.run({"SCRIPT", "FLUSH"});
  const auto sent = fleet[0].fleet->status().commands.sent;
  ASSERT_TRUE(soon([&] { return fleet[0].fleet->status().commands.sent > sent + 5; }));
  EXPECT_EQ(fleet[0].fleet->status().trouble, "");
  EXPECT_EQ(fleet[0].fleet->status().commands.failed, 0U);
}

TEST(Fleet, ValuesInRedisThatNoMemberWroteAreSaidAndDoNotStopIt) {
  const RedisServer server;
  TestFleet fleet(server, 2);
  (void)server.run({"HSET", "{sg:shop:payment}:fleet", "epoch", "many", "state", "ajar"});
  (void)server.run({"HSET", "{sg:shop:payment}:votes", "z", "?"});
  EXPECT_TRUE(soon([&] { return fleet[0].seen().view.repairs >= 1; }));
  (void)server.run({"DEL", "{sg:shop:payment}:votes"});
  (void)server.run({"SET", "{sg:shop:payment}:votes", "x"});
  EXPECT_TRUE(soon([&] { return fleet[0].seen().trouble.find("WRONGTYPE") != std::string::npos; }));
  EXPECT_EQ(fleet[0].reason(), admitted);
  (void)server.run({"DEL", "{sg:shop:payment}:votes"});
  EXPECT_TRUE(soon([&] { return fleet[0].seen().trouble.empty(); }));
  fleet[0].fail_until_open();
  fleet[1].fail_until_open();
  EXPECT_TRUE(soon([&] { return fleet[0].seen().open; }));
  (void)server.run({"HSET", "{sg:shop:payment}:fleet", "open_for", "99999999999"});
  EXPECT_TRUE(soon([&] {
    for (auto& member : fleet) member->call(1);
    return fleet.all_closed() && !fleet[0].seen().open;
  })) << "an opening of three years ends with the longest of the policy";
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
