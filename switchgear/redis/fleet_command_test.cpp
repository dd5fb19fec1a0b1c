// An operator's commands to a fleet, as one member follows them: F7 of fleet_circuit.hpp.
#include "switchgear/redis/fleet_circuit_fixture.hpp"

namespace switchgear::redis {
namespace {

class CommandedMember : public OneMember {
 protected:
  static FleetView forced_view(std::uint64_t command_epoch) {
    FleetView forced = view(0, false);
    forced.command_epoch = command_epoch;
    forced.forced_open = true;
    forced.command_left = 60s;
    return forced;
  }
};

TEST_F(CommandedMember, OperatorsCommandEndsAtItsInstantWithoutTheStore) {
  FleetView forced = forced_view(1);
  see(forced);
  EXPECT_EQ(reason(), Reason::forced_open);
  bench.time.advance(59s);
  look();
  EXPECT_EQ(bench.state(), State::forced_open);
  bench.time.advance(1s);
  look();
  EXPECT_EQ(bench.state(), State::closed);
}

TEST_F(CommandedMember, CommandThatTheStoreHasForgottenIsPutBack) {
  FleetView forced = forced_view(3);
  see(forced);
  EXPECT_FALSE(circuit.wants_command(bench.time.now()));
  see(view(0, false, 0s, "after the flush"));
  EXPECT_TRUE(circuit.wants_command(bench.time.now()));
  EXPECT_EQ(bench.state(), State::forced_open);
}

TEST_F(CommandedMember, CommandThatIsOverDoesNotStandInTheWayOfAnother) {
  FleetView forced = forced_view(1'000);
  see(forced);
  bench.time.advance(60s);
  see(forced);
  EXPECT_EQ(bench.state(), State::closed) << "it does not begin anew";
  forced.incarnation = "after the flush";
  forced.command_epoch = 1;
  see(forced);
  EXPECT_EQ(bench.state(), State::forced_open);
}

TEST_F(CommandedMember, SecondCommandIsFollowedWhileTheFirstIsUnderWay) {
  circuit.command(true, bench.time.now() + 60s, "ann", bench.time.now());
  look();
  EXPECT_EQ(bench.state(), State::forced_open);
  const auto first = circuit.command()->order;
  circuit.command(false, bench.time.now() + 60s, "ann", bench.time.now());
  FleetView forced = forced_view(7);
  circuit.command_told(first);
  see(forced);
  EXPECT_EQ(bench.state(), State::closed);
  ASSERT_TRUE(circuit.wants_command(bench.time.now()));
  circuit.command_told(circuit.command()->order);
  forced.command_epoch = 8;
  forced.forced_open = false;
  see(forced);
  EXPECT_FALSE(circuit.wants_command(bench.time.now()));
  EXPECT_EQ(circuit.command()->epoch, 8U);
}

TEST_F(CommandedMember, WhatWasForcedStaysInForceInTheFleetThatFollows) {
  circuit.command(true, bench.time.now() + 60s, "ann", bench.time.now());
  look();
  FleetCircuit next(options, 8, circuit.hand_over(bench.breaker));
  EXPECT_EQ(bench.state(), State::forced_open);
  next.look(bench.breaker, bench.time.now());
  EXPECT_TRUE(next.forced(bench.time.now()));
  EXPECT_TRUE(next.wants_command(bench.time.now())) << "the store has not heard of it";
  bench.time.advance(60s);
  next.look(bench.breaker, bench.time.now());
  EXPECT_EQ(bench.state(), State::closed) << "and it ends";
}

TEST_F(CommandedMember, CommandToThisMemberAloneComesAfterTheFleets) {
  FleetView forced = forced_view(1);
  see(forced);
  bench.command(Command::reset);
  see(forced);
  EXPECT_EQ(bench.state(), State::closed);
  bench.command(Command::force_open);
  bench.time.advance(60s);
  look();
  EXPECT_EQ(bench.state(), State::forced_open) << "that one was not the fleet's";
}

TEST_F(CommandedMember, LaterForceOfTheFleetIsFollowedAfterAResetOfThisMemberAlone) {
  FleetView forced = forced_view(1);
  see(forced);
  bench.command(Command::reset);
  forced.command_epoch = 2;
  see(forced);
  EXPECT_EQ(bench.state(), State::forced_open) << "the first order has not ended, and the second came later";
}

TEST_F(CommandedMember, OwnForceIsNotFollowedAgainWhenTheStoreShowsIt) {
  circuit.command(true, bench.time.now() + 60s, "ann", bench.time.now());
  look();
  bench.command(Command::reset);
  circuit.command_told(circuit.command()->order);
  see(forced_view(9));
  EXPECT_EQ(bench.state(), State::closed);
}

TEST_F(CommandedMember, PutsACommandBackNoMoreThanOnceInAnInterval) {
  see(forced_view(3));
  int told = 0;
  for (int i = 0; i < 1000; ++i) {
    bench.time.advance(options.interval / 100);
    see(view(0, false, 0s, "of a store that keeps nothing"));
    if (!circuit.wants_command(bench.time.now())) continue;
    ++told;
    circuit.command_told(0);
  }
  EXPECT_GE(told, 9);
  EXPECT_LE(told, 11);
}

TEST_F(CommandedMember, EndOfTheFleetsCommandLeavesWhatThisMemberAloneWasToldBefore) {
  FleetView forced = forced_view(0);
  for (const auto& [command, state] : {std::pair{Command::force_open, State::forced_open},
                                       {Command::disable, State::disabled},
                                       {Command::metrics_only, State::closed},
                                       {Command::reset, State::closed}}) {
    bench.command(command);
    ++forced.command_epoch;
    see(forced);
    EXPECT_EQ(bench.state(), State::forced_open) << to_string(command);
    bench.time.advance(60s);
    look();
    EXPECT_EQ(bench.state(), state) << to_string(command);
    EXPECT_EQ(bench.snapshot().metrics_only, command == Command::metrics_only);
  }
}

TEST_F(CommandedMember, CommandToThisMemberAloneOutlivesASecondOneOfTheFleet) {
  FleetView forced = forced_view(1);
  see(forced);
  bench.command(Command::force_open);
  forced.command_epoch = 2;
  forced.forced_open = false;
  see(forced);
  forced.command_epoch = 3;
  forced.forced_open = true;
  see(forced);
  bench.time.advance(60s);
  look();
  EXPECT_EQ(bench.state(), State::forced_open);
}

TEST_F(CommandedMember, ProcessThatIsRestoredIsForcedOpenOnlyByTheFleetsWord) {
  FleetView forced = forced_view(1);
  see(forced);
  const WallAnchor clocks{bench.time.now(), WallAnchor::Wall{1'764'158'400s}};
  const SavedBreaker saved = bench.breaker.save(clocks);

  Bench next(one_members_options());
  next.breaker.restore(saved, {next.time.now(), clocks.to_wall(bench.time.now())});
  FleetCircuit unheard(options, 8);
  unheard.look(next.breaker, next.time.now());
  EXPECT_EQ(next.state(), State::closed) << "Redis is away, and the operator may have released it";
  unheard.on_view(forced, next.time.now(), next.time.now());
  unheard.look(next.breaker, next.time.now());
  EXPECT_EQ(next.state(), State::forced_open);

  next.breaker.restore(saved, {next.time.now(), clocks.to_wall(bench.time.now())});
  unheard.look(next.breaker, next.time.now());
  EXPECT_EQ(next.state(), State::forced_open) << "a state of before is not a command";
  next.time.advance(60s);
  unheard.look(next.breaker, next.time.now());
  EXPECT_EQ(next.state(), State::closed);
}

}  // namespace
}  // namespace switchgear::redis
