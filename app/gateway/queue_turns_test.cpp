#include "app/gateway/queue_turns.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "switchgear/testing/manual_time.hpp"

namespace switchgear::gateway {
namespace {

using namespace std::chrono_literals;
using End = QueueTurns::End;

/// A queue in front of a service, with a breaker that a bad answer opens and a good one closes. Time passes
/// in steps of a look.
struct Replay {
  testing::ManualTime time;
  CallQueue queue{"orders"};
  QueueTurns turns;
  QueueTurns::Seen breaker{};
  Duration open_for = 2s;
  bool closes = true;                               ///< with the first good answer
  bool counts_first = true;                         ///< a bad answer that counts opens the breaker
  std::map<std::string, End, std::less<>> answers;  ///< others are good
  std::vector<std::string> made;
  int openings = 0;

  Replay() { (void)look(); }
  void store(const std::vector<std::string>& calls) {
    for (const std::string& call : calls) ASSERT_TRUE(queue.try_push(call, time.now()));
  }
  void open() {
    ++openings;
    breaker.state = State::open;
    breaker.since = time.now();
    breaker.left = open_for;
  }
  void close() { breaker.state = State::closed; }
  bool look() { return turns.may_begin(&breaker, time.now()); }
  void step() {
    time.advance(250ms);
    if (breaker.state == State::open) breaker.left = open_for - (time.now() - breaker.since);
    if (!look()) return;
    auto lease = turns.take(queue, time.now());
    if (!lease) return;
    const std::string call = lease->call().payload;
    const auto answer = answers.find(call);
    const End how = answer == answers.end() ? End::good : answer->second;
    made.push_back(call);
    turns.end(*std::move(lease), how, time.now());
    if (how == End::good && closes) {
      close();
    } else if (how == End::bad && !turns.is_doubted() && counts_first) {
      open();
    } else if (breaker.state == State::open) {
      breaker.state = State::half_open;
      breaker.since = time.now();
    }
  }
  void run(Duration length) {
    for (const TimePoint end = time.now() + length; time.now() < end;) step();
  }
  std::vector<std::string> first(std::size_t count) const {
    return {made.begin(), made.begin() + static_cast<std::ptrdiff_t>(std::min(count, made.size()))};
  }
};

TEST(QueueTurns, AnotherCallProbesAfterOneThatFailedAsTheProbe) {
  Replay replay;
  replay.store({"poison", "a", "b", "c"});
  replay.answers["poison"] = End::bad;
  replay.open();
  replay.run(10s);
  EXPECT_EQ(replay.first(2), (std::vector<std::string>{"poison", "a"}));
  EXPECT_EQ(replay.queue.size(), 1U) << "only that one is left";
  EXPECT_EQ(replay.openings, 2) << "the outage, and the first bad answer";
  replay.run(10min);
  EXPECT_EQ(replay.openings, 2) << "later ones say nothing new about a service that has worked since";
  EXPECT_EQ(replay.breaker.state, State::closed);
  EXPECT_LT(replay.made.size(), 40U) << "its pause grows to half a minute";
  EXPECT_GT(replay.made.size(), 20U) << "it is not forgotten";
}

TEST(QueueTurns, ManyBadCallsHoldUpTheOthersForOneProbeEach) {
  Replay replay;
  for (int i = 0; i < 5; ++i) replay.answers["poison " + std::to_string(i)] = End::bad;
  for (const auto& [call, how] : replay.answers) replay.store({call});
  replay.store({"a", "b", "c"});
  replay.open();
  replay.run(2min);
  EXPECT_EQ(replay.queue.size(), 5U);
  EXPECT_EQ(replay.openings, 6);
  EXPECT_EQ(replay.breaker.state, State::closed);
}

TEST(QueueTurns, BadAnswersThatDoNotCountForTheBreakerHoldUpNoOtherEither) {
  Replay replay;  // as of a 429 or 425
  replay.counts_first = false;
  replay.store({"poison", "worse", "a", "b"});
  replay.answers = {{"poison", End::bad}, {"worse", End::bad}};
  replay.open();
  replay.run(2s + 3s);
  EXPECT_EQ(replay.queue.size(), 2U) << "two pauses later the others are made";
}

TEST(QueueTurns, KeepTheOrderOfCallsThatWereProbesOfALongOutage) {
  Replay replay;
  replay.store({"a", "b", "c", "d", "e"});
  replay.answers = {{"a", End::bad}, {"b", End::bad}, {"c", End::bad}};
  replay.open();
  while (replay.made.size() < 3) replay.step();
  replay.answers.clear();
  replay.made.clear();
  replay.run(5s);
  EXPECT_EQ(replay.made, (std::vector<std::string>{"d", "a", "b", "c", "e"})) << "one has been the probe";
}

TEST(QueueTurns, ServiceThatStaysAwayIsProbedByTheOnlyCallAndCountsAsDown) {
  Replay replay;
  replay.store({"only"});
  replay.answers["only"] = End::bad;
  replay.open();
  replay.run(1min);
  EXPECT_GE(replay.openings, 4);
  EXPECT_EQ(replay.breaker.state, State::open);
}

TEST(QueueTurns, LiveRequestsHaveTheProbeFirst) {
  Replay replay;
  replay.store({"poison", "a"});
  replay.answers["poison"] = End::bad;
  replay.open();
  replay.run(1s);
  ++replay.breaker.rejected;  // a request came, and was refused
  replay.run(2s);
  EXPECT_TRUE(replay.made.empty()) << "due, and left to requests for as long again";
  replay.breaker.state = State::half_open;  // one has come
  replay.breaker.since = replay.time.now();
  replay.breaker.probes = 1;
  replay.run(500ms);
  EXPECT_TRUE(replay.made.empty()) << "and it has not been answered yet";
  replay.close();
  replay.run(5s);
  EXPECT_EQ(replay.first(2), (std::vector<std::string>{"poison", "a"}));
  EXPECT_EQ(replay.queue.size(), 1U);
}

TEST(QueueTurns, BesideLiveRequestsABadStoredCallDoesNotReopenTheBreakerAtOnce) {
  Replay replay;
  replay.store({"poison"});
  replay.answers["poison"] = End::bad;
  replay.open();
  ++replay.breaker.rejected;
  while (replay.made.empty()) replay.step();
  EXPECT_TRUE(replay.turns.is_doubted());
  EXPECT_EQ(replay.breaker.state, State::half_open) << "the probe is left to requests";
  EXPECT_EQ(replay.openings, 1);
}

TEST(QueueTurns, ABadCallDoesNotReopenABreakerThatIsHalfOpenAndHasHadAGoodAnswer) {
  Replay replay;
  replay.store({"poison", "a"});
  replay.answers["poison"] = End::bad;
  replay.closes = false;  // more probes decide
  replay.open();
  replay.run(1min);
  EXPECT_EQ(replay.queue.size(), 1U);
  EXPECT_EQ(replay.openings, 2);
  EXPECT_EQ(replay.breaker.state, State::half_open);
}

TEST(QueueTurns, WithoutLiveRequestsAStoredCallProbesAsSoonAsTheBreakerIsDue) {
  Replay replay;
  replay.store({"a"});
  replay.open();
  replay.run(2s);
  EXPECT_EQ(replay.made, (std::vector<std::string>{"a"}));
}

TEST(QueueTurns, EveryThirdBadAnswerOfAServiceThatWorksPutsACallBehindTheOthers) {
  Replay replay;
  replay.counts_first = false;
  replay.store({"poison", "a"});
  replay.answers = {{"poison", End::bad}, {"a", End::bad}};
  while (std::ranges::count(replay.made, "poison") < 3) replay.step();
  const auto lease = replay.queue.try_lease();
  ASSERT_TRUE(lease);
  EXPECT_EQ(lease->call().payload, "a");
}

TEST(QueueTurns, ACallThatAPolicyRefusedStaysTheNextAfterAPauseThatGrows) {
  Replay replay;
  replay.store({"a", "b"});
  replay.answers["a"] = End::refused;
  replay.run(1s);
  EXPECT_EQ(replay.made, (std::vector<std::string>{"a", "a"}));
  replay.answers.clear();
  replay.run(5s);
  EXPECT_EQ(replay.made, (std::vector<std::string>{"a", "a", "a", "b"}));
}

TEST(QueueTurns, GiveGoodCallsATurnBetweenAnyNumberOfBadOnes) {
  Replay replay;
  replay.counts_first = false;
  for (int i = 0; i < 200; ++i) {
    const std::string call = "poison " + std::to_string(i);
    replay.answers[call] = End::bad;
    replay.store({call});
  }
  while (replay.made.size() < 200) replay.step();
  replay.run(30s);
  replay.made.clear();
  replay.store({"a", "b", "c", "d"});
  replay.run(20s);
  EXPECT_EQ(replay.queue.size(), 200U);
}

}  // namespace
}  // namespace switchgear::gateway
