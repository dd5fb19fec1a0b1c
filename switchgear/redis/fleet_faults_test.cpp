// What happens to a fleet when its Redis fails in each way it can: no call waits, and no refusal for the
// fleet outlives what is fresh.
#include <gtest/gtest.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): SIGSTOP

#include <algorithm>

#include "switchgear/redis/fleet_fixture.hpp"
#include "switchgear/redis/fleet_scripts.hpp"
#include "switchgear/redis/relay_fixture.hpp"

namespace switchgear::redis {
namespace {

/// Three members, two of which have opened the fleet for the third; its dependency works.
class FleetFaults : public ::testing::Test {
 protected:
  FleetFaults() {
    fleet[0].fail_until_open();
    fleet[1].fail_until_open();
    if (!soon([&] { return fleet[2].reason() == Reason::fleet_open; }))
      throw std::runtime_error("it did not open");
  }

  /// The longest decision while `during` is waited for.
  Duration slowest_decision_until(const std::function<bool()>& holds, std::chrono::milliseconds patience) {
    Duration slowest{};
    const auto until = TestMember::now() + patience;
    while (!holds() && TestMember::now() < until) {
      for (int i = 0; i < 1000; ++i) {
        const TimePoint before = TestMember::now();
        (void)fleet[2].breaker->try_acquire(before);
        times_.push_back(TestMember::now() - before);
      }
      std::sort(times_.begin(), times_.end());
      slowest =
          std::max(slowest, times_[times_.size() / 2]);  // a median: another process may take the processor
      times_.clear();
    }
    return slowest;
  }

  void expect_alone_within_fresh() {
    const Duration slowest = slowest_decision_until([&] { return fleet[2].reason() == admitted; }, 1500ms);
    EXPECT_LT(slowest, 50us) << "a decision never waits for Redis";
    EXPECT_EQ(fleet[2].reason(), admitted) << "the refusal has outlived `fresh`";
    EXPECT_TRUE(soon([&] {
      for (auto& member : fleet) member->call(1);
      return fleet.all_closed();
    })) << "each on its own";
  }
  void expect_together_again() {
    ASSERT_TRUE(soon([&] { return fleet.all([](TestMember& member) { return member.seen().fresh; }); }, 15s));
    ASSERT_TRUE(soon([&] {
      for (auto& member : fleet) member->call(1);
      return fleet.all_closed();
    }));
    EXPECT_TRUE(soon([&] {
      fleet[0].fail();
      fleet[1].fail();
      return fleet[2].seen().open;
    })) << "and warn each other again";
  }

  RedisServer server;
  TestFleet fleet{server, 3};

 private:
  std::vector<Duration> times_;
};

TEST_F(FleetFaults, StoppedProcess) {
  server.signal(SIGSTOP);
  expect_alone_within_fresh();
  server.signal(SIGCONT);
  expect_together_again();
}

TEST_F(FleetFaults, MembersThatRecoverByThemselvesMeanwhileCloseItForIdleOnes) {
  server.signal(SIGSTOP);
  ASSERT_TRUE(soon([&] {
    for (int i = 0; i < 2; ++i) fleet[static_cast<std::size_t>(i)].call(1);
    return fleet.all_closed();
  })) << "each on its own";
  server.signal(SIGCONT);
  const auto call = [&] {
    fleet[0].call(1);
    fleet[1].call(1);
  };
  ASSERT_TRUE(soon([&] {
    call();
    return fleet[2].seen().fresh && fleet[2].seen().view.epoch > 0;
  }));
  EXPECT_TRUE(soon([&] {
    call();
    return !fleet[2].seen().open && fleet[2].reason() == admitted;
  })) << "the third has not called meanwhile";
  EXPECT_EQ(fleet[2].seen().view.yes, 0U);
}

TEST_F(FleetFaults, ResetOfTheMembersClosesItForAll) {
  for (auto& member : fleet) member->breaker->command(Command::reset, TestMember::now());
  ASSERT_TRUE(soon([&] { return fleet.all([](TestMember& m) { return !m.seen().open; }); }))
      << "without a call";
  EXPECT_TRUE(soon([&] { return fleet.all([](TestMember& m) { return m.reason() == admitted; }); }));
}

TEST_F(FleetFaults, KilledAndStartedEmpty) {
  server.kill();
  expect_alone_within_fresh();
  server.start();
  expect_together_again();
}

TEST_F(FleetFaults, PausedClients) {
  (void)server.run({"CLIENT", "PAUSE", "3000", "ALL"});
  expect_alone_within_fresh();
  expect_together_again();
}

TEST_F(FleetFaults, DemotedToAReplica) {
  (void)server.run({"REPLICAOF", "127.0.0.1", "1"});  // of nothing: every write gets READONLY
  expect_alone_within_fresh();
  (void)server.run({"REPLICAOF", "NO", "ONE"});
  expect_together_again();
}

TEST_F(FleetFaults, ForgottenScripts) {
  (void)server.run({"SCRIPT", "FLUSH"});
  expect_together_again();
}

TEST_F(FleetFaults, FlushedDataChangesNoBreakersState) {
  fleet[0].breaker->command(Command::force_open, TestMember::now());
  const auto before = fleet[0].seen().view.incarnation;
  (void)server.run({"FLUSHALL"});
  ASSERT_TRUE(soon([&] { return fleet[0].seen().view.incarnation != before; }));
  EXPECT_EQ(fleet[0].breaker->state(), State::forced_open);
  EXPECT_EQ(fleet[2].breaker->state(), State::closed);
  fleet[0].breaker->command(Command::reset, TestMember::now());
  expect_together_again();
}

TEST_F(FleetFaults, FullMemory) {
  (void)server.run({"CONFIG", "SET", "maxmemory", "1"});
  expect_alone_within_fresh();
  (void)server.run({"CONFIG", "SET", "maxmemory", "0"});
  expect_together_again();
}

TEST_F(FleetFaults, EvictedKeys) {
  fleet[0].breaker->command(Command::force_open, TestMember::now());
  const auto before = fleet[0].seen().view.incarnation;
  (void)server.run({"CONFIG", "SET", "maxmemory-policy", "allkeys-random"});
  const std::string info = server.run({"INFO", "memory"}).text;
  const auto used = std::stoll(info.substr(info.find("used_memory:") + 12));
  (void)server.run({"CONFIG", "SET", "maxmemory", std::to_string(used + 1'000'000)});
  // What is written makes room for itself, also by the fleet's keys.
  ASSERT_TRUE(soon([&] {
    (void)server.run({"EVAL", "for i = 1, 100 do redis.call('SET', i .. ARGV[1], string.rep('x', 10000)) end",
                      "0", std::to_string(TestMember::now().time_since_epoch().count())});
    return fleet[0].seen().view.incarnation != before;
  }));
  EXPECT_EQ(fleet[0].breaker->state(), State::forced_open);
  EXPECT_EQ(fleet[2].breaker->state(), State::closed);
  (void)server.run({"CONFIG", "SET", "maxmemory", "0"});
  fleet[0].breaker->command(Command::reset, TestMember::now());
  expect_together_again();
}

TEST_F(FleetFaults, KeysOfAnotherKind) {
  (void)server.run({"FLUSHALL"});
  (void)server.run({"SET", "{sg:shop:payment}:fleet", "x"});
  expect_alone_within_fresh();
  (void)server.run({"DEL", "{sg:shop:payment}:fleet"});
  expect_together_again();
}

TEST_F(FleetFaults, MemberThatIsCutOffDecidesAloneAndHearsOfWhatItMissed) {
  Relay relay(server.port());
  TestFleet away(relay.address(), 1);
  ASSERT_TRUE(soon([&] {
    fleet[0].fail();
    fleet[1].fail();
    return away[0].reason() == Reason::fleet_open;
  }));
  relay.cut = true;
  const TimePoint cut = TestMember::now();
  // The others stay open: it must not hear of that.
  while (away[0].reason() != admitted && TestMember::now() < cut + 3s) {
    fleet[0].fail();
    fleet[1].fail();
  }
  EXPECT_EQ(away[0].reason(), admitted);
  EXPECT_LE(TestMember::now() - cut, 1s + 300ms) << "its refusals have outlived `fresh`";
  const auto known = away[0].seen().view.epoch;
  ASSERT_TRUE(soon([&] {
    for (auto& member : fleet) member->call(1);
    return fleet.all_closed() && !fleet[0].seen().open;
  })) << "the others recover without it";
  relay.cut = false;
  EXPECT_TRUE(soon([&] { return away[0].seen().fresh && away[0].seen().view.epoch > known; }));
  EXPECT_FALSE(away[0].seen().open);
  EXPECT_EQ(away[0].reason(), admitted);
}

TEST_F(FleetFaults, SlowLinkIsHeardOverAndOneThatIsTooSlowIsAsNone) {
  Relay relay(server.port());
  relay.delay = 20ms;
  TestFleet away(relay.address(), 1);
  const auto others_fail = [&] {
    fleet[0].fail();
    fleet[1].fail();
  };
  ASSERT_TRUE(soon([&] {
    others_fail();
    return away[0].reason() == Reason::fleet_open;
  })) << away[0].fleet->status().trouble;
  relay.delay = 300ms;  // and a command has 100 ms
  const TimePoint slowed = TestMember::now();
  while (away[0].reason() != admitted && TestMember::now() < slowed + 3s) others_fail();
  EXPECT_EQ(away[0].reason(), admitted);
  EXPECT_LE(TestMember::now() - slowed, 1s + 300ms) << "its refusals have outlived `fresh`";
  EXPECT_TRUE(soon([&] { return away[0].fleet->status().trouble != ""; }));
  relay.delay = 0ms;
  EXPECT_TRUE(soon([&] {
    others_fail();
    return away[0].reason() == Reason::fleet_open;
  })) << "and they warn it again";
}

TEST(FleetFailover, OldStateOfAReplicaThatLagsDoesNotComeBack) {
  RedisServer master({"--repl-diskless-sync-delay", "0"});
  const RedisServer replica;
  (void)replica.run({"REPLICAOF", "127.0.0.1", std::to_string(master.port())});
  ASSERT_TRUE(soon([&] { return replica.run({"ROLE"}).items.at(3).text == "connected"; }));
  Relay relay(master.port());
  TestFleet fleet(relay.address(), 3);
  fleet[0].fail_until_open();
  fleet[1].fail_until_open();
  ASSERT_TRUE(soon([&] { return fleet[2].reason() == Reason::fleet_open; }));
  ASSERT_TRUE(soon([&] { return replica.run({"HGET", "{sg:shop:payment}:fleet", "state"}).text == "open"; }));
  (void)replica.run({"REPLICAOF", "NO", "ONE"});  // and so it does not hear of the recovery
  ASSERT_TRUE(soon([&] {
    for (auto& member : fleet) member->call(1);
    return fleet.all_closed() && !fleet[2].seen().open;
  }));
  const std::uint64_t known = fleet[2].seen().view.epoch;
  relay.server = replica.port();
  master.kill();
  const TimePoint killed = TestMember::now();
  while (TestMember::now() < killed + 2s) {
    // Votes that the replica still has may count until their members have voted there, or they are old.
    if (TestMember::now() > killed + 1s + 300ms) {
      ASSERT_EQ(fleet[2].reason(), admitted) << "the opening that is over has come back";
    }
    const FleetCircuitStatus seen = fleet[2].seen();
    ASSERT_GE(seen.view.epoch, known);
    if (seen.fresh && seen.view.epoch >= known &&
        replica.run({"EXISTS", "{sg:shop:payment}:votes"}).integer == 1 &&
        TestMember::now() > killed + 1500ms)
      break;
  }
  EXPECT_TRUE(soon([&] { return fleet[2].seen().fresh; }));
  EXPECT_TRUE(soon([&] {
    for (auto& member : fleet) member->call(1);
    return replica.run({"HGET", "{sg:shop:payment}:fleet", "state"}).text == "closed";
  }));
  EXPECT_TRUE(soon([&] {
    fleet[0].fail();
    fleet[1].fail();
    return fleet[2].reason() == Reason::fleet_open;
  })) << "and members warn each other there";
}

TEST_F(FleetFaults, OperatorsCommandOutlivesTheDeathOfRedis) {
  ASSERT_TRUE(fleet[0].fleet->force_open("payment", 3s, "ann"));
  ASSERT_TRUE(
      soon([&] { return fleet.all([](TestMember& m) { return m.reason() == Reason::forced_open; }); }));
  server.kill();
  const TimePoint killed = TestMember::now();
  while (TestMember::now() < killed + 1500ms) ASSERT_EQ(fleet[2].reason(), Reason::forced_open);
  server.start();
  TestFleet late(server, 1);
  EXPECT_TRUE(soon([&] { return late[0].reason() == Reason::forced_open; }, 2s))
      << "the members have put it back";
  EXPECT_TRUE(soon(
      [&] { return fleet.all([](TestMember& m) { return m.breaker->state() != State::forced_open; }); }, 4s))
      << "and it ends at its time";
}

TEST_F(FleetFaults, CommandGivenWhileRedisIsDownIsSpreadLater) {
  server.kill();
  ASSERT_TRUE(soon([&] { return !fleet[0].fleet->status().connected; }));
  ASSERT_TRUE(fleet[0].fleet->force_open("payment", 1min, "ann"));
  EXPECT_TRUE(soon([&] { return fleet[0].reason() == Reason::forced_open; }, 1s))
      << "at once where it was given";
  EXPECT_NE(fleet[2].reason(), Reason::forced_open);
  server.start();
  EXPECT_TRUE(soon([&] { return fleet[2].reason() == Reason::forced_open; }));
}

/// Two members, of which the first has a network of its own.
class FleetCommands : public ::testing::Test {
 protected:
  FleetCommands() {  // as after any command before: else a command that comes late is only told NOSCRIPT
    (void)server.run({"SCRIPT", "LOAD", fleet_scripts::force().text()});
  }

  [[nodiscard]] std::string by(TestMember& member) const { return member.seen().view.command_by; }
  /// The first member's command has been sent, and its connection given up because no reply came.
  bool given_up() { return !first[0].fleet->status().connected; }
  bool both(const std::function<bool(TestMember&)>& holds) { return holds(first[0]) && holds(second[0]); }
  bool both_heard_of(const std::string& command_by) {
    return soon([&] {
      return both([&](TestMember& m) {
        const FleetCircuitStatus seen = m.seen();
        return seen.fresh && !seen.command_on_its_way && seen.view.command_by == command_by;
      });
    });
  }
  bool none_forced() {
    return both(
        [](TestMember& m) { return m.breaker->state() != State::forced_open && !m.seen().forced_open; });
  }

  RedisServer server;
  Relay network{server.port()};
  TestFleet first{network.address(), 1}, second{server, 1};
};

TEST_F(FleetCommands, ForceThatWasHeldUpOnTheWayDoesNotUndoTheReleaseAfterIt) {
  network.hold();
  ASSERT_TRUE(first[0].fleet->force_open("payment", 1min, "ann"));
  ASSERT_TRUE(soon([&] { return given_up(); }));
  ASSERT_TRUE(second[0].fleet->release("payment", "bob"));
  ASSERT_TRUE(soon([&] { return by(second[0]) == "bob" && !second[0].seen().command_on_its_way; }));
  network.let_go();
  ASSERT_TRUE(both_heard_of("bob"));
  EXPECT_TRUE(none_forced());
  ASSERT_TRUE(first[0].fleet->force_open("payment", 1min, "ann"));
  ASSERT_TRUE(both_heard_of("ann")) << "one that was given after it counts";
}

TEST_F(FleetCommands, ReleaseCountsThatWasGivenWhileRedisHadTheForceUnread) {
  server.signal(SIGSTOP);
  ASSERT_TRUE(first[0].fleet->force_open("payment", 1min, "ann"));
  ASSERT_TRUE(soon([&] { return given_up(); }));
  ASSERT_TRUE(first[0].fleet->release("payment", "bob"));
  // Redis reads the force now, when the release is more than a second old. If it took the force as given now,
  // the release would come too late.
  const TimePoint given = TestMember::now();
  ASSERT_TRUE(soon([&] { return TestMember::now() > given + 1200ms; }));
  server.signal(SIGCONT);
  ASSERT_TRUE(both_heard_of("bob"));
  EXPECT_TRUE(none_forced());
}

TEST_F(FleetCommands, ForceThatEndedWhileRedisStoodStillDoesNotComeBack) {
  server.signal(SIGSTOP);
  ASSERT_TRUE(first[0].fleet->force_open("payment", 500ms, "ann"));
  ASSERT_TRUE(soon([&] { return given_up() && !first[0].seen().forced_open; }));
  server.signal(SIGCONT);
  ASSERT_TRUE(both_heard_of("ann"));
  const TimePoint heard = TestMember::now();
  while (TestMember::now() < heard + 300ms) ASSERT_NE(second[0].reason(), Reason::forced_open);
  EXPECT_TRUE(none_forced());
}

}  // namespace
}  // namespace switchgear::redis
