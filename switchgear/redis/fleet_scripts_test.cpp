// The store's side against a plain model of it: S1 to S5 of fleet_scripts.hpp after every step of random
// ones.
#include "switchgear/redis/fleet_scripts.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "switchgear/redis/fleet_store_fixture.hpp"

namespace switchgear::redis {
namespace {

TEST(FleetStore, OneMemberNeverOpensTheFleet) {
  Circuit circuit;
  for (int seq = 1; seq <= 10; ++seq) EXPECT_FALSE(is_open(circuit.vote("a", seq, 'y', 0, 60'000, 0.001, 1)));
}

TEST(FleetStore, OpensWithTheSecondVoteAndTellsTheChannel) {
  Circuit circuit;
  (void)circuit.vote("a", 1, 'y', 0);
  const Reply view = circuit.vote("b", 1, 'y', 0);
  EXPECT_TRUE(is_open(view));
  EXPECT_EQ(epoch(view), 1);
  EXPECT_EQ(view.items.at(7).text, "2 of 2 members with evidence find it down");
  EXPECT_GT(view.items.at(3).integer, 59'000);
}

TEST(FleetStore, HealthyEvidenceIsAVoteAgainstAndSilenceIsNone) {
  Circuit circuit;
  for (int i = 0; i < 5; ++i) (void)circuit.vote("healthy" + std::to_string(i), 1, 'n', 0);
  for (int i = 0; i < 50; ++i) (void)circuit.vote("idle" + std::to_string(i), 1, '-', 0);
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(is_open(circuit.vote("bad" + std::to_string(i), 1, 'y', 0)));
  int seq = 0;
  EXPECT_TRUE(soon([&] { return is_open(circuit.vote("bad4", ++seq, 'y', 0)); })) << "five of ten";
}

TEST(FleetStore, VoteThatHasExpiredOrWasSentBeforeTheLastOneIsNothing) {
  Circuit circuit;
  (void)circuit.vote("a", 1, 'y', 0, 1);
  ASSERT_TRUE(soon([&] { return circuit.pull(0, true).items.size() == view_size; })) << "expired";
  EXPECT_FALSE(is_open(circuit.vote("b", 7, 'n', 0)));
  EXPECT_FALSE(is_open(circuit.vote("b", 7, 'y', 0))) << "a double of a message";
  EXPECT_FALSE(is_open(circuit.vote("b", 6, 'y', 0))) << "an older message";
  EXPECT_FALSE(is_open(circuit.vote("c", 1, 'y', 0)));
}

TEST(FleetStore, VoteFromBeforeARecoveryCannotOpenItAgain) {
  Circuit circuit;
  (void)circuit.vote("a", 1, 'y', 0);
  const Reply open = circuit.vote("b", 1, 'y', 0);
  circuit.end_opening();
  const std::int64_t fence = circuit.acquire(incarnation(open), 1, "a").items.at(1).integer;
  const Reply closed = circuit.result(incarnation(open), 1, fence, "ok");
  EXPECT_FALSE(is_open(closed));
  EXPECT_EQ(epoch(closed), 2);
  (void)circuit.vote("a", 2, 'y', 1);
  EXPECT_FALSE(is_open(circuit.vote("b", 2, 'y', 1))) << "neither has heard of the recovery";
  (void)circuit.vote("a", 3, 'y', 2);
  EXPECT_TRUE(is_open(circuit.vote("b", 3, 'y', 2)));
}

TEST(FleetStore, OneProbeAtATimeAndNoneBeforeTheOpeningIsOver) {
  Circuit circuit;
  (void)circuit.vote("a", 1, 'y', 0);
  const std::string incarnated = incarnation(circuit.vote("b", 1, 'y', 0));
  EXPECT_EQ(circuit.acquire(incarnated, 1, "a").items.at(1).text, "early");
  circuit.end_opening();
  const Reply lease = circuit.acquire(incarnated, 1, "a");
  ASSERT_EQ(lease.items.at(0).integer, 1);
  EXPECT_EQ(circuit.acquire(incarnated, 1, "b").items.at(1).text, "held");
  EXPECT_EQ(circuit.acquire(incarnated, 1, "a").items.at(1).integer, lease.items.at(1).integer)
      << "whoever holds it may ask again, as after a reply that was lost";
  (void)circuit.result(incarnated, 1, lease.items.at(1).integer, "unused");
  EXPECT_GT(circuit.acquire(incarnated, 1, "b").items.at(1).integer, lease.items.at(1).integer);
}

TEST(FleetStore, FailedProbeOpensForLonger) {
  Circuit circuit;
  (void)circuit.vote("a", 1, 'y', 0, 60'000, 0.5, 2, 10);
  const std::string incarnated = incarnation(circuit.vote("b", 1, 'y', 0, 60'000, 0.5, 2, 10));
  Reply lease;
  ASSERT_TRUE(soon([&] {
    lease = circuit.acquire(incarnated, 1, "a");
    return lease.items.at(0).integer == 1;
  }));
  const Reply view = circuit.result(incarnated, 1, lease.items.at(1).integer, "failed");
  EXPECT_TRUE(is_open(view));
  EXPECT_EQ(epoch(view), 2);
  EXPECT_EQ(view.items.at(4).integer, 1) << "relapses";
  EXPECT_EQ(circuit.raw({"HGET", "{sg:t:c}:fleet", "open_for"}).text, "20");
}

TEST(FleetStore, FlushIsANewIncarnationThatNoMemberSeesFall) {
  Circuit circuit;
  (void)circuit.vote("a", 1, 'y', 4);
  const Reply before = circuit.vote("b", 1, 'y', 4);
  ASSERT_EQ(epoch(before), 5);
  (void)circuit.raw({"FLUSHALL"});
  const Reply after = circuit.pull(5);
  EXPECT_NE(incarnation(after), incarnation(before));
  EXPECT_EQ(epoch(after), 5);
  EXPECT_FALSE(is_open(after));
  EXPECT_EQ(epoch(circuit.pull(3)), 5) << "a member that has seen less does not lower it";
}

TEST(FleetStore, StateOfALaggingReplicaDoesNotComeBack) {
  Circuit circuit;
  (void)circuit.vote("a", 1, 'y', 0);
  const Reply open = circuit.vote("b", 1, 'y', 0);
  const Reply seen = circuit.pull(7);  // a member has seen six more epochs on the server that is gone
  EXPECT_NE(incarnation(seen), incarnation(open));
  EXPECT_EQ(epoch(seen), 7);
  EXPECT_FALSE(is_open(seen));
}

TEST(FleetStore, OperatorsCommandIsNewerThanThoseBeforeAndEndsByItself) {
  Circuit circuit;
  EXPECT_EQ(circuit.force(0, "open", 60'000).items.at(9).text, "open");
  const std::int64_t first = circuit.pull(0).items.at(8).integer;
  const std::int64_t second = circuit.force(0, "none", 60'000).items.at(8).integer;
  EXPECT_GT(second, first);
  EXPECT_EQ(circuit.force(first, "open", 60'000).items.at(9).text, "none")
      << "one that a member remembers is older";
  EXPECT_EQ(circuit.force(second + 5, "open", 1).items.at(8).integer, second + 5)
      << "or newer, after a flush";
  EXPECT_TRUE(soon([&] { return circuit.pull(0).items.at(9).text == "none"; }));
}

TEST(FleetStore, DetailShowsTheVotes) {
  Circuit circuit;
  (void)circuit.vote("host~1", 3, 'n', 0);
  const Reply view = circuit.pull(0, true);
  ASSERT_EQ(view.items.size(), view_size + 3);
  EXPECT_EQ(view.items[view_size].text, "host~1");
  EXPECT_EQ(view.items[view_size + 1].text, "3:n:20:10");
  EXPECT_GT(view.items[view_size + 2].integer, 50'000);
}

TEST(FleetStore, CommandAfterAFlushIsNewerThanAllBeforeIt) {
  Circuit circuit;
  (void)circuit.force(0, "open", 60'000);
  const std::int64_t before = circuit.force(0, "none", 60'000).items.at(8).integer;
  ASSERT_TRUE(soon([&] { return circuit.clock() > before; }));
  (void)circuit.raw({"FLUSHALL"});
  const Reply forced = circuit.force(0, "open", 60'000);  // by a member that has just been started
  EXPECT_GT(forced.items.at(8).integer, before);
  EXPECT_EQ(circuit.force(before, "none", 60'000).items.at(9).text, "open")
      << "a release that members remember does not undo it";
  (void)circuit.raw({"FLUSHALL"});
  EXPECT_GT(circuit.force(0, "open", 60'000, before + 1'000'000'000).items.at(8).integer,
            before + 1'000'000'000)
      << "the clock of the store was set back, and the member knows a later command";
}

TEST(FleetStore, CommandThatWasLongUnderWayDoesNotReplaceALaterOne) {
  Circuit circuit;
  const std::int64_t released = circuit.force(0, "none", 60'000).items.at(8).integer;
  EXPECT_EQ(circuit.force(0, "open", 60'000, 0, 600'000).items.at(8).integer, released)
      << "given ten minutes ago, by a member that was cut off";
  EXPECT_EQ(circuit.force(0, "open", 60'000, released, 600'000).items.at(9).text, "open")
      << "its member had seen the release";
}

TEST(FleetStore, TimeOnTheWayCountsAgainstACommandAsItsAgeDoes) {
  Circuit circuit;
  const std::int64_t released = circuit.force(0, "none", 60'000).items.at(8).integer;
  EXPECT_EQ(circuit.force(0, "open", 60'000, 0, 1, 500).items.at(8).integer, released)
      << "sent as soon as it was given, half a second before the release";
  EXPECT_EQ(circuit.force(0, "open", 60'000, 0, 1, 0).items.at(9).text, "open") << "this one came after it";
  EXPECT_LE(circuit.force(0, "open", 60'000, 0, 1, 0).items.at(10).integer, 60'000);

  (void)circuit.raw({"FLUSHALL"});
  EXPECT_LE(circuit.force(0, "open", 60'000, 0, 1, 20'000).items.at(10).integer, 40'000);
  EXPECT_EQ(circuit.force(0, "open", 3'000, 0, 1, 8'000).items.at(9).text, "none")
      << "it was given after that one, and its time is over";
  const std::int64_t remembered = circuit.clock() - 10'000;
  (void)circuit.raw({"FLUSHALL"});
  EXPECT_EQ(circuit.force(remembered, "open", 3'000, 0, 0, 8'000).items.at(9).text, "none")
      << "so it is for one that is put back";
}

TEST(FleetStore, ClockThatWasSetBackRefusesNoCommand) {
  Circuit circuit;
  (void)circuit.force(0, "none", 60'000);
  (void)circuit.raw({"HSET", "{sg:t:c}:fleet", "command_given", "99999999999999"});
  EXPECT_EQ(circuit.force(0, "open", 60'000).items.at(9).text, "open");
  EXPECT_EQ(circuit.force(0, "none", 60'000, 0, 1, -3'600'000).items.at(9).text, "none")
      << "given by a member that last saw the clock before it was set back";
}

/// An open circuit whose votes expire after 600 ms; `others` go on saying `says` until the store has counted
/// often enough to have closed it, had it been going to.
class OpenCircuit {
 public:
  static constexpr int lease = 600;

  OpenCircuit() {
    vote("a", 'y');
    vote("b", 'y');
  }
  void vote(const std::string& member, char says) {
    view = circuit.vote(member, ++seq_, says, epoch_seen(), lease);
  }
  [[nodiscard]] bool closes_while(const std::vector<std::pair<std::string, char>>& others) {
    std::set<std::string> counts;
    while (is_open(view) && counts.size() < 5) {
      for (const auto& [member, says] : others) vote(member, says);
      counts.insert(circuit.raw({"HGET", "{sg:t:c}:fleet", "tallied"}).text);
    }
    return !is_open(view);
  }
  [[nodiscard]] std::int64_t epoch_seen() const { return view.items.empty() ? 0 : epoch(view); }

  Circuit circuit;
  Reply view;

 private:
  int seq_ = 0;
};

TEST(FleetStore, ClosesWithoutAProbeWhenNoMemberFindsItDownAnyMore) {
  OpenCircuit open;
  ASSERT_TRUE(is_open(open.view));
  EXPECT_FALSE(open.closes_while({{"a", 'n'}, {"b", 'y'}, {"c", '-'}})) << "b does";
  EXPECT_EQ(open.view.items.at(5).integer, 1) << "and votes are counted anew";
  EXPECT_TRUE(open.closes_while({{"a", 'n'}, {"b", '-'}, {"c", '-'}}));
  EXPECT_EQ(epoch(open.view), 2);
  EXPECT_EQ(open.view.items.at(5).integer, 0);
}

TEST(FleetStore, MembersThatWereResetHaveNoVoteThatHoldsItOpen) {
  OpenCircuit open;
  EXPECT_TRUE(open.closes_while({{"a", '-'}, {"b", '-'}}));
}

TEST(FleetStore, MembersThatWaitForACallHoldItOpenUnlessItWorksForAnother) {
  OpenCircuit open;
  EXPECT_FALSE(open.closes_while({{"a", 'w'}, {"b", '-'}, {"c", '-'}}));
  EXPECT_TRUE(open.closes_while({{"a", 'w'}, {"b", '-'}, {"c", 'n'}}));
}

TEST(FleetStore, MemberThatHasTheLeaseButNoCallsDoesNotHoldItOpen) {
  OpenCircuit open;
  open.circuit.end_opening();
  ASSERT_EQ(open.circuit.acquire(incarnation(open.view), 1, "c").items.at(0).integer, 1);
  EXPECT_TRUE(open.closes_while({{"a", 'n'}, {"b", '-'}, {"c", '-'}}));
  EXPECT_EQ(open.view.items.at(12).text, "") << "the lease is over with the opening";
}

TEST(FleetStore, VoteForDownThatExpiredStandsForAnotherLease) {
  OpenCircuit open;
  const auto says = [&](const std::string& member) {
    const Reply seen = open.circuit.pull(0, true);
    for (std::size_t i = view_size; i + 2 < seen.items.size(); i += 3) {
      if (seen.items[i].text == member) return seen.items[i + 1].text.substr(2, 1);
    }
    return std::string{};
  };
  // As after the store has been stopped: c is back first, then a; b is gone for good.
  ASSERT_TRUE(soon([&] {
    open.vote("c", 'n');
    return says("a") == "l" && says("b") == "l";
  }));
  EXPECT_TRUE(is_open(open.view));
  open.vote("a", 'n');
  EXPECT_TRUE(is_open(open.view)) << "b may come back yet";
  EXPECT_TRUE(soon([&] {
    open.vote("c", 'n');
    return !is_open(open.view);
  }));
}

TEST(FleetStore, QuorumIsCountedInWholeNumbers) {
  const auto opens_with = [](double quorum, int voters) {
    Circuit circuit;
    for (int i = 0; i < voters; ++i) (void)circuit.vote("m" + std::to_string(i), 1, 'n', 0);
    for (int yes = 1; yes <= voters; ++yes) {
      if (is_open(circuit.vote("m" + std::to_string(yes - 1), 2, 'y', 0, 60'000, quorum))) return yes;
    }
    return 0;
  };
  EXPECT_EQ(opens_with(0.6666, 3), 2);
  EXPECT_EQ(opens_with(2.0 / 3, 3), 2);
  EXPECT_EQ(opens_with(0.6667, 3), 3);
  EXPECT_EQ(opens_with(0.55, 20), 11) << "0.55 * 20 is a little more than 11 in binary";
  EXPECT_EQ(opens_with(0.5, 5), 3);
  EXPECT_EQ(opens_with(1, 4), 4);
  EXPECT_EQ(fleet_scripts::parts_of(0.55), "550000000");
}

TEST(FleetStore, MemberThatIsStartedAnewHasOneVote) {
  Circuit circuit;
  (void)circuit.vote_of_run("a", "1", 90, 'y');
  EXPECT_FALSE(is_open(circuit.vote_of_run("a", "2", 1, 'y')));
  EXPECT_EQ(circuit.pull(0, true).items.at(view_size + 1).text, "1:y:20:10")
      << "in place of the old one, whatever its seq";
  EXPECT_TRUE(is_open(circuit.vote_of_run("b", "3", 1, 'y')));
}

TEST(FleetStore, MemberThatLeavesTakesItsVoteAlong) {
  Circuit circuit;
  (void)circuit.vote_of_run("a", "1", 5, 'y');
  EXPECT_EQ(circuit.leave("a", "0").integer, 0) << "a later run has voted";
  EXPECT_EQ(circuit.leave("a", "1").integer, 1);
  EXPECT_FALSE(is_open(circuit.vote_of_run("b", "2", 1, 'y')));
  EXPECT_EQ(circuit.leave("nobody", "1").integer, 0);
}

TEST(FleetStore, LeaseGoesToAMemberWhoseCallsAreMuchMoreFrequent) {
  Circuit circuit;
  (void)circuit.vote("a", 1, 'y', 0);
  const std::string incarnated = incarnation(circuit.vote("b", 1, 'y', 0));
  circuit.end_opening();
  const std::int64_t fence = circuit.acquire(incarnated, 1, "a", 6000).items.at(1).integer;
  EXPECT_EQ(circuit.acquire(incarnated, 1, "b", 4000).items.at(1).text, "held") << "not much more";
  EXPECT_EQ(circuit.acquire(incarnated, 1, "a", 6000).items.at(1).integer, fence)
      << "it asks again, and keeps it";
  EXPECT_GT(circuit.acquire(incarnated, 1, "b", 100).items.at(1).integer, fence);
  EXPECT_EQ(circuit.acquire(incarnated, 1, "a", 6000).items.at(1).text, "held");
  (void)circuit.acquire(incarnated, 1, "b", 0);  // its probes have begun
  EXPECT_EQ(circuit.acquire(incarnated, 1, "c", 1).items.at(1).text, "held");
  EXPECT_EQ(epoch(circuit.result(incarnated, 1, fence, "ok")), 1) << "a's fence does not count any more";
}

TEST(FleetStore, ValuesThatNoMemberWroteAreReplacedAndCounted) {
  // Lua counts exactly to 2^53: what is there, or gets there when one is added, is none of theirs.
  const std::vector<std::pair<std::string, std::string>> table{
      {"epoch", "x"},      {"epoch", "-3"},       {"epoch", "1e99"},   {"epoch", "9007199254740993"},
      {"state", "ajar"},   {"opened_at", "inf"},  {"open_for", "nan"}, {"epoch", "4503599627370495"},
      {"fence", "0x10"},   {"tallied", "later"},  {"incarnation", ""}, {"command_epoch", "4503599627370496"},
      {"repairs", "many"}, {"command_epoch", "?"}};
  for (const auto& [field, value] : table) {
    Circuit circuit;
    const Reply before = circuit.vote("a", 1, 'n', 3);
    (void)circuit.raw({"HSET", "{sg:t:c}:fleet", field, value});
    const Reply after = circuit.pull(3);
    ASSERT_EQ(after.items.size(), view_size) << field << " = " << value << ": " << after.text;
    EXPECT_NE(incarnation(after), incarnation(before)) << field;
    EXPECT_EQ(epoch(after), 3) << field;
    EXPECT_FALSE(is_open(after)) << field;
    EXPECT_GE(after.items.at(15).integer, 1) << field;
    (void)circuit.vote("a", 2, 'y', 3);
    EXPECT_TRUE(is_open(circuit.vote("b", 1, 'y', 3))) << field << ": and the fleet goes on";
  }
}

TEST(FleetStore, VotesThatNoMemberWroteAreDropped) {
  for (const char* vote :
       {"", "x", "1:y:2:3:99999999999999999999:r", "1:y:2:3", "1:z:2:3:4:r", "-1:y:0:0:1:r"}) {
    Circuit circuit;
    (void)circuit.pull(0);
    (void)circuit.raw({"HSET", "{sg:t:c}:votes", "a", vote});
    (void)circuit.raw({"HSET", "{sg:t:c}:votes", "z", vote});
    EXPECT_EQ(circuit.pull(0, true).items.size(), view_size) << vote;
    EXPECT_FALSE(is_open(circuit.vote("a", 1, 'y', 0))) << vote;
    EXPECT_TRUE(is_open(circuit.vote("b", 1, 'y', 0))) << vote << ": two votes, and no third";
  }
}

TEST(FleetStore, ClockThatWasSetBackProlongsNothing) {
  Circuit circuit;
  (void)circuit.vote("a", 1, 'y', 0);
  const std::string incarnated = incarnation(circuit.vote("b", 1, 'y', 0));
  const std::string ahead = "99999999999999";
  (void)circuit.raw(
      {"HSET", "{sg:t:c}:fleet", "opened_at", ahead, "probe_until", ahead, "probe_holder", "z"});
  EXPECT_LE(circuit.pull(0).items.at(3).integer, 60'000) << "no longer than it was to be";
  EXPECT_EQ(circuit.pull(0).items.at(12).text, "") << "and a lease that cannot be is over";
  (void)circuit.raw({"HSET", "{sg:t:c}:fleet", "open_for", ahead, "opened_at", "1"});
  EXPECT_EQ(circuit.acquire(incarnated, 1, "a").items.at(0).integer, 1)
      << "no opening lasts longer than the policy allows";
  (void)circuit.force(0, "open", 1000);
  (void)circuit.raw({"HSET", "{sg:t:c}:fleet", "command_until", ahead});
  EXPECT_LE(circuit.pull(0).items.at(10).integer, 1000);
}

/// The rules in a few lines: what the store must be after each operation. No lease ends in it.
struct Model {
  struct Vote {
    int seq = 0;
    char says = '-';
  };
  struct Lease {
    std::string holder;
    std::int64_t fence = 0;
  };
  std::string incarnation;
  std::int64_t epoch = 0, fence = 0;
  bool open = false, over = false;
  std::map<std::string, Vote> votes;
  std::optional<Lease> lease;

  void ensure(std::int64_t floor, const std::string& seen) {
    if (!incarnation.empty() && epoch >= floor) return;
    incarnation = seen;
    epoch = std::max(epoch, floor);
    open = false;
    votes.clear();
    lease.reset();
  }
  void vote(const std::string& member, int seq, char says, std::int64_t floor) {
    Vote& mine = votes[member];
    if (seq <= mine.seq) return;
    mine = {seq, floor < epoch && says == 'y' ? '-' : says};
    if (open || mine.says != 'y') return;
    const auto count = [&](char of) {
      return std::count_if(votes.begin(), votes.end(),
                           [&](const auto& each) { return each.second.says == of; });
    };
    const auto electorate = count('y') + count('n');
    if (count('y') < std::max<std::int64_t>(2, (electorate + 1) / 2)) return;
    open = true;
    over = false;
    ++epoch;
    lease.reset();
  }
};

RC_GTEST_PROP(FleetStore, IsWhatAPlainModelOfItIs, ()) {
  Circuit circuit;
  Model model;
  std::vector<Model::Lease> granted;
  std::set<std::int64_t> closed_epochs;
  std::map<std::string, std::int64_t> highest;
  const std::vector<std::string> members{"a", "b", "c"};
  const int steps = *rc::gen::inRange(5, 60);
  for (int step = 0; step < steps; ++step) {
    const std::string member = *rc::gen::elementOf(members);
    const std::int64_t floor =
        std::max<std::int64_t>(0, model.epoch - *rc::gen::weightedElement<int>({{8, 0}, {2, 1}, {1, -1}}));
    const int what = *rc::gen::inRange(0, 20);
    Reply view;
    if (what < 9) {
      const char says = *rc::gen::elementOf(std::vector<char>{'y', 'y', 'n', '-'});
      const int seq = *rc::gen::inRange(1, 30);
      view = circuit.vote(member, seq, says, floor);
      model.ensure(floor, incarnation(view));
      model.vote(member, seq, says, floor);
    } else if (what < 12) {
      circuit.end_opening();
      model.over = true;
      if (model.incarnation.empty()) model.incarnation.clear();
      const Reply lease = circuit.acquire(model.incarnation, floor, member);
      const bool may = !model.incarnation.empty() && floor == model.epoch && model.open &&
                       (!model.lease || model.lease->holder == member);
      RC_ASSERT((lease.items.at(0).integer == 1) == may);
      if (may && !model.lease) model.lease = Model::Lease{member, ++model.fence};
      if (may) {
        RC_ASSERT(lease.items.at(1).integer == model.lease->fence);
        granted.push_back(*model.lease);
      }
      view = circuit.pull(0);
      model.ensure(0, incarnation(view));
    } else if (what < 16 && !granted.empty()) {
      const Model::Lease lease = *rc::gen::elementOf(granted);
      const std::string said = *rc::gen::elementOf(std::vector<std::string>{"ok", "failed", "unused"});
      const std::string of = model.incarnation;
      view = circuit.result(of, floor, lease.fence, said);
      model.ensure(0, incarnation(view));
      if (model.open && floor == model.epoch && model.lease && model.lease->fence == lease.fence) {
        model.lease.reset();
        if (said == "ok") {
          RC_ASSERT(closed_epochs.insert(model.epoch).second);
          model.open = false;
          model.votes.clear();
        }
        if (said != "unused") ++model.epoch;
      }
    } else if (what == 19) {
      (void)circuit.raw({"FLUSHALL"});
      model = Model{"", 0, 0, false, false, {}, std::nullopt};
      granted.clear();
      closed_epochs.clear();
      const auto top = std::max_element(highest.begin(), highest.end(),
                                        [](const auto& a, const auto& b) { return a.second < b.second; });
      const std::int64_t seen = top == highest.end() ? 0 : top->second;
      view = circuit.pull(seen);
      model.ensure(seen, incarnation(view));
    } else {
      view = circuit.pull(floor);
      model.ensure(floor, incarnation(view));
    }
    RC_ASSERT(incarnation(view) == model.incarnation);
    RC_ASSERT(epoch(view) == model.epoch);
    RC_ASSERT(is_open(view) == model.open);
    RC_ASSERT(epoch(view) >= highest[incarnation(view)]);
    highest[incarnation(view)] = epoch(view);
  }
}

}  // namespace
}  // namespace switchgear::redis
