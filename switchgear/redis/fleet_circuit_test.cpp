// One circuit of one member, with manual time and views made by hand: F2 to F6 of fleet_circuit.hpp.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "switchgear/redis/fleet_circuit_fixture.hpp"

namespace switchgear::redis {
namespace {

TEST_F(OneMember, SaysWhatItsOwnCallsShow) {
  EXPECT_EQ(circuit.report().vote, FleetVote::abstains) << "no calls, no vote";
  bench.succeed(4);
  look();
  EXPECT_EQ(circuit.report().vote, FleetVote::no);
  EXPECT_TRUE(circuit.report().dissents);
  bench.fail(2);
  look();
  EXPECT_EQ(circuit.report().vote, FleetVote::no);
  EXPECT_FALSE(circuit.report().dissents) << "a third of its calls fail";
  bench.fail(2);
  look();
  EXPECT_EQ(circuit.report().vote, FleetVote::yes);
  EXPECT_EQ(circuit.report().calls, 8U);
}

TEST_F(OneMember, OpenedBreakerWithoutCallsWaits) {
  bench.fail(4);
  look();
  EXPECT_EQ(circuit.report().vote, FleetVote::yes);
  bench.time.advance(10s);
  look();
  EXPECT_EQ(circuit.report().vote, FleetVote::waits) << "its opening is over, and no call has come";
  see(view(1, true));
  EXPECT_EQ(reason(), Reason::fleet_open);
  look();
  EXPECT_EQ(circuit.report().vote, FleetVote::yes);
  bench.command(Command::reset);
  look();
  EXPECT_EQ(circuit.report().vote, FleetVote::abstains);
  EXPECT_TRUE(circuit.wants_vote(bench.time.now())) << "which is told at once";
}

TEST_F(OneMember, ThatProbesOnlyForTheOthersHasNoVoteThatItWaits) {
  see(view(1, true));
  circuit.on_lease(1, 10s, bench.time.now(), bench.breaker, bench.time.now());
  look();
  EXPECT_EQ(bench.state(), State::half_open);
  EXPECT_EQ(circuit.report().vote, FleetVote::abstains);
  bench.fail(2);
  see(view(2, true));
  circuit.on_lease(2, 10s, bench.time.now(), bench.breaker, bench.time.now());
  look();
  EXPECT_EQ(bench.state(), State::half_open);
  EXPECT_EQ(circuit.report().vote, FleetVote::waits) << "now it has";
}

TEST_F(OneMember, VotesWithEachReportWhileTheFleetIsOpen) {
  see(view(1, true, 60s));
  (void)circuit.vote_sent(bench.time.now());
  bench.time.advance(900ms);
  EXPECT_TRUE(circuit.wants_vote(bench.time.now())) << "so that votes are counted";
  see(view(2, false));
  (void)circuit.vote_sent(bench.time.now());
  bench.time.advance(900ms);
  EXPECT_FALSE(circuit.wants_vote(bench.time.now()));
}

TEST_F(OneMember, OldCallsAreNoEvidence) {
  bench.succeed(10);
  look();
  bench.time.advance(6s);
  look();
  EXPECT_EQ(circuit.report().vote, FleetVote::abstains);
  see(view(1, true, 10s));
  EXPECT_EQ(reason(), Reason::fleet_open);
}

TEST_F(OneMember, RefusesForTheFleetNoLongerThanTheViewIsFresh) {
  see(view(1, true, 60s));
  EXPECT_EQ(reason(), Reason::fleet_open);
  bench.time.advance(4999ms);
  look();
  EXPECT_EQ(reason(), Reason::fleet_open);
  bench.time.advance(1ms);
  EXPECT_EQ(reason(), admitted) << "whether the thread has looked or not";
}

TEST_F(OneMember, AdviceThatIsOverCostsCallsNothing) {
  see(view(1, true, 60s));
  ASSERT_TRUE(bench.snapshot().advised);
  bench.time.advance(20s);
  look();
  EXPECT_FALSE(bench.snapshot().advised);
  EXPECT_FALSE(circuit.busy(bench.time.now()));
}

TEST_F(OneMember, ViewIsAsOldAsTheQuestion) {
  circuit.on_view(view(1, true, 60s), bench.time.now() - 3s, bench.time.now());
  look();
  bench.time.advance(2s);
  EXPECT_EQ(reason(), admitted);
}

TEST_F(OneMember, OpeningCountsFromItsOwnQuestionHoweverFreshOtherAnswersAre) {
  see(view(1, false));
  circuit.on_view(view(2, true, 60s), bench.time.now() - 3s, bench.time.now());  // it was long under way
  look();
  EXPECT_EQ(reason(), Reason::fleet_open);
  bench.time.advance(2s);
  EXPECT_EQ(reason(), admitted);
}

TEST_F(OneMember, DissenterIsNeverRefusedForTheFleet) {
  bench.succeed(10);
  look();
  see(view(1, true, 60s));
  EXPECT_EQ(reason(), admitted);
  bench.fail(3);
  look();
  EXPECT_EQ(reason(), Reason::fleet_open) << "its own calls do not speak for the dependency any more";
}

TEST_F(OneMember, EpochThatFallsIsIgnoredInAnyIncarnation) {
  see(view(5, false));
  see(view(4, true, 60s));
  see(view(4, true, 60s, "another"));
  EXPECT_EQ(reason(), admitted);
  EXPECT_EQ(circuit.epoch(), 5U);
  see(view(6, true, 60s));
  EXPECT_EQ(reason(), Reason::fleet_open);
}

TEST_F(OneMember, FlushOfTheStoreIsNeitherAnOpeningNorAClosing) {
  bench.fail(4);
  ASSERT_EQ(bench.state(), State::open);
  look();
  see(view(1, true, 10s));
  see(view(1, false, 0s, "after the flush"));
  bench.time.advance(2s);
  look();
  EXPECT_EQ(bench.state(), State::open) << "its own opening goes on";
  EXPECT_EQ(circuit.report().vote, FleetVote::yes);
  EXPECT_TRUE(circuit.wants_vote(bench.time.now()) || circuit.epoch() == 1);
}

TEST_F(OneMember, RecoveryEndsItsOwnOpeningInProbesOfItsOwn) {
  bench.fail(4);
  look();
  see(view(1, true, 10s));
  see(view(2, false));
  EXPECT_EQ(circuit.report().vote, FleetVote::abstains) << "or two such members would open the fleet again";
  bench.time.advance(1s);
  look();
  ASSERT_EQ(bench.state(), State::half_open);
  EXPECT_EQ(bench.events.transitions.back().rule, Rule::fleet);
  bench.succeed(2);
  EXPECT_EQ(bench.state(), State::closed);
}

TEST_F(OneMember, OnlyAMemberThatCallsAskForBidsForTheProbe) {
  see(view(1, true, 0s));
  bench.time.advance(1s);
  look();
  EXPECT_FALSE(circuit.wants_probe(bench.time.now())) << "it would keep the lease from others";
  EXPECT_EQ(reason(), Reason::fleet_open);
  look();
  EXPECT_TRUE(circuit.wants_probe(bench.time.now()));
}

TEST_F(OneMember, LeaseLetsItsCallsProbeAndTheirVerdictIsTheResult) {
  see(view(1, true, 0s));
  circuit.on_lease(7, 10s, bench.time.now(), bench.breaker, bench.time.now());
  ASSERT_EQ(bench.state(), State::half_open);
  look();
  EXPECT_FALSE(circuit.wants_result());
  bench.succeed(2);
  look();
  ASSERT_TRUE(circuit.wants_result());
  EXPECT_EQ(circuit.lease()->result, FleetLease::Result::ok);
  EXPECT_EQ(circuit.lease()->fence, 7U);
  see(view(2, false));
  bench.time.advance(1s);
  look();
  EXPECT_EQ(bench.state(), State::closed) << "it has recovered already";
}

TEST_F(OneMember, FailedProbeIsToldAndOpensItsOwnBreaker) {
  see(view(1, true, 0s));
  circuit.on_lease(7, 10s, bench.time.now(), bench.breaker, bench.time.now());
  bench.fail(1);
  look();
  EXPECT_EQ(circuit.lease()->result, FleetLease::Result::failed);
  EXPECT_EQ(bench.state(), State::open);
}

TEST_F(OneMember, LeaseIsKeptForTheNextCallAndOfferedToOthersWhenThatDoesNotCome) {
  for (int i = 0; i < 6; ++i) {  // a call in 6 s
    see(view(1, true, 0s));
    EXPECT_EQ(reason(), Reason::fleet_open);
    bench.time.advance(6s);
  }
  see(view(1, true, 0s));
  EXPECT_EQ(circuit.probe_gap(bench.time.now()), 6s);
  circuit.on_lease(7, 10s, bench.time.now(), bench.breaker, bench.time.now());
  EXPECT_FALSE(circuit.wants_to_keep_lease(bench.time.now()));
  for (int i = 0; i < 11; ++i) {
    bench.time.advance(1s);
    see(view(1, true, 0s));
    ASSERT_TRUE(circuit.wants_to_keep_lease(bench.time.now())) << i;
    EXPECT_EQ(circuit.probe_gap(bench.time.now()), 6s);
    circuit.on_lease(7, 10s, bench.time.now(), bench.breaker, bench.time.now());
  }
  bench.time.advance(1s);
  look();
  EXPECT_GT(circuit.probe_gap(bench.time.now()), 1h) << "a member with calls may have it";
  EXPECT_TRUE(circuit.wants_to_keep_lease(bench.time.now())) << "but nobody else may want it";
  circuit.on_no_lease(bench.time.now());
  EXPECT_FALSE(circuit.lease());
}

TEST_F(OneMember, LeaseWhoseProbeHangsIsNotKept) {
  see(view(1, true, 0s));
  circuit.on_lease(7, 10s, bench.time.now(), bench.breaker, bench.time.now());
  const auto hanging = bench.acquire();
  ASSERT_TRUE(hanging);
  bench.time.advance(2s);
  look();
  EXPECT_EQ(circuit.probe_gap(bench.time.now()), 0s) << "its probes have begun";
  EXPECT_FALSE(circuit.wants_to_keep_lease(bench.time.now()));
}

TEST_F(OneMember, MemberWhoseNextCallIsNearAsksBeforeOneWhoseIsFar) {
  for (int i = 0; i < 8; ++i) {  // a call in 8 s
    see(view(1, true, 0s));
    (void)reason();
    look();
    bench.time.advance(i < 7 ? 8s : 2s);
  }
  see(view(2, true, 0s));  // over just now, and its next call comes in 6 s
  bench.time.advance(1s);
  see(view(2, true, 0s));
  EXPECT_FALSE(circuit.wants_probe(bench.time.now())) << "one with an earlier call may have asked";
  bench.time.advance(1s);
  see(view(2, true, 0s));
  FleetView held = view(2, true, 0s);
  EXPECT_TRUE(circuit.wants_probe(bench.time.now())) << "well before its call";
  held.probe_holder = "another";
  held.probe_left = 10s;
  held.probe_gap = 2s;
  see(held);
  EXPECT_FALSE(circuit.wants_probe(bench.time.now()));
  held.probe_gap = 20s;
  see(held);
  EXPECT_TRUE(circuit.wants_probe(bench.time.now())) << "its own call is much nearer";
}

TEST_F(OneMember, OwnOpeningIsNotHeldBeyondWhatIsFresh) {
  bench.fail(4);
  look();
  for (int i = 0; i < 12; ++i) {
    see(view(1, true, 0s));
    bench.time.advance(1s);
  }
  see(view(1, true, 0s));
  EXPECT_EQ(reason(), Reason::fleet_open) << "its own opening is over, and another one probes";
  bench.time.advance(5s);
  EXPECT_EQ(reason(), admitted) << "the store has said nothing for as long as it counts";
}

TEST_F(OneMember, NoOpeningIsBelievedToLastLongerThanThePolicyAllows) {
  see(view(1, true, 24h * 300));
  const TimePoint end = bench.time.now() + one_members_options().max_open_duration;
  EXPECT_EQ(circuit.open_until(), end);
  bench.time.advance(4s);
  see(view(1, true, 24h * 300));
  EXPECT_EQ(circuit.open_until(), end) << "nor does it move on with each view";
}

TEST_F(OneMember, LeaseThatIsOverHereHoldsTheProbesBackAgain) {
  see(view(1, true, 0s));
  circuit.on_lease(7, 2s, bench.time.now() - 1s, bench.breaker, bench.time.now());
  bench.time.advance(1s);
  see(view(1, true, 0s));
  EXPECT_FALSE(circuit.lease());
  EXPECT_EQ(reason(), Reason::fleet_open);
}

RC_GTEST_PROP(FleetMemberProperty, RefusalForTheFleetNeedsAFreshViewWhateverComes, ()) {
  FleetOptions options;
  FleetCircuit circuit(options, 3);
  Bench bench(one_members_options());
  bench.time.advance(1s);
  std::uint64_t highest = 0;
  TimePoint last_open_view = TimePoint::min();
  for (int step = *rc::gen::inRange(1, 80); step > 0; --step) {
    bench.time.advance(std::chrono::milliseconds{*rc::gen::inRange(0, 3000)});
    const TimePoint now = bench.time.now();
    FleetView view;
    view.incarnation = *rc::gen::elementOf(std::vector<std::string>{"i", "i", "j"});
    view.epoch = static_cast<std::uint64_t>(*rc::gen::inRange(0, 12));
    view.open = *rc::gen::arbitrary<bool>();
    const Duration age = std::chrono::milliseconds{*rc::gen::inRange(0, 2000)};
    const std::uint64_t before = circuit.epoch();
    circuit.on_view(view, now - age, now);
    if (view.open && view.epoch >= before) last_open_view = std::max(last_open_view, now - age);
    if (*rc::gen::inRange(0, 4) == 0) circuit.on_lease(1, 10s, now - age, bench.breaker, now);
    circuit.look(bench.breaker, now);
    RC_ASSERT(circuit.epoch() >= highest);
    highest = circuit.epoch();
    auto result = bench.acquire();
    if (result) {
      std::move(*result).record(*rc::gen::elementOf(std::vector{Verdict::success, Verdict::failure}), now);
    } else if (result.rejection().reason == Reason::fleet_open) {
      RC_ASSERT(last_open_view != TimePoint::min());
      RC_ASSERT(now < last_open_view + options.fresh);
      RC_ASSERT(*result.rejection().retry_after <= options.fresh);
    }
  }
}

}  // namespace
}  // namespace switchgear::redis
