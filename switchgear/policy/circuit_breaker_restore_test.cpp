// A breaker's state outlives its process: saved by one, restored into another, whose clock began anew.

#include <gtest/gtest.h>

#include <chrono>

#include "switchgear/policy/breaker_fixture.hpp"
#include "switchgear/policy/saved_breaker.hpp"

namespace switchgear {
namespace {

constexpr WallAnchor::Wall noon{1'764'158'400s};

/// Fails twice a relapse, waits twice as long each time.
CircuitBreakerOptions growing() {
  CircuitBreakerOptions options = simple();
  options.backoff = 2;
  options.max_open_duration = 1min;
  return options;
}

/// A process that makes a breaker, at some reading of the monotonic clock and of the wall clock.
class Process {
 public:
  Process(const CircuitBreakerOptions& options, Duration uptime, WallAnchor::Wall wall) : bench(options) {
    bench.time.advance(uptime);
    began_ = {bench.time.now(), wall};
  }
  [[nodiscard]] WallAnchor clocks() const { return {bench.time.now(), began_.to_wall(bench.time.now())}; }
  [[nodiscard]] SavedBreaker save() const { return bench.breaker.save(clocks()); }
  void restore(const SavedBreaker& saved) { bench.breaker.restore(saved, clocks()); }

  Bench bench;

 private:
  WallAnchor began_;
};

/// Open with one relapse, for 20 s since noon + 10 s; saved 5 s later.
SavedBreaker relapsed_at_noon() {
  Process before{growing(), 1h, noon};
  before.bench.fail(2);
  before.bench.time.advance(10s);
  before.bench.fail();
  EXPECT_EQ(before.bench.state(), State::open);
  before.bench.time.advance(5s);
  return before.save();
}

TEST(RestoredBreaker, GoesOnRefusingForTheRestOfItsOpening) {
  const SavedBreaker saved = relapsed_at_noon();
  EXPECT_EQ(saved.name, "payment");
  EXPECT_EQ(saved.since, noon + 10s);
  EXPECT_EQ(saved.until, noon + 30s);

  Process after{growing(), 3s, noon + 18s};  // down for 3 s; the machine was started anew
  EXPECT_TRUE(after.bench.succeed()) << "closed, until it knows better";
  after.restore(saved);
  const auto refused = after.bench.acquire();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.rejection().reason, Reason::open);
  EXPECT_EQ(refused.rejection().retry_after, 12s);

  after.bench.time.advance(12s);
  after.bench.fail();
  EXPECT_EQ(after.bench.snapshot().retry_after, 40s) << "its second relapse since it was last closed";
}

TEST(RestoredBreaker, TellsItsListenerWhatIsLeft) {
  Process after{growing(), 0s, noon + 18s};
  after.restore(relapsed_at_noon());
  ASSERT_EQ(after.bench.events.transitions.size(), 1U);
  const Transition& told = after.bench.events.transitions[0];
  EXPECT_EQ(told.from, State::closed);
  EXPECT_EQ(told.to, State::open);
  EXPECT_EQ(told.rule, Rule::restored);
  EXPECT_EQ(told.value, 12);
  EXPECT_EQ(told.threshold, 20);
  EXPECT_EQ(told.at, after.bench.time.now());
  EXPECT_EQ(after.bench.snapshot().totals.opened, 1U);
  EXPECT_EQ(after.bench.snapshot().time_open, 0s) << "as far as this process is concerned";
}

TEST(RestoredBreaker, WhoseOpeningIsOverIsDueToProbe) {
  Process after{growing(), 0s, noon + 2h};
  after.restore(relapsed_at_noon());
  EXPECT_EQ(after.bench.state(), State::open);
  const auto probe = after.bench.acquire();
  EXPECT_TRUE(probe);
  EXPECT_EQ(after.bench.state(), State::half_open);
}

TEST(RestoredBreaker, ThatProbesByItselfDoesSo) {
  CircuitBreakerOptions options = growing();
  options.probe_automatically = true;
  Process after{options, 0s, noon + 18s};
  after.restore(relapsed_at_noon());
  after.bench.time.advance(12s);
  EXPECT_EQ(after.bench.breaker.next_due(), after.bench.time.now());
  after.bench.breaker.advance(after.bench.time.now());
  EXPECT_EQ(after.bench.state(), State::half_open);
}

TEST(RestoredBreaker, ThatWasHalfOpenAsksAnew) {
  Process before{growing(), 0s, noon};
  before.bench.fail(2);
  before.bench.time.advance(10s);
  EXPECT_TRUE(before.bench.succeed());
  const SavedBreaker saved = before.save();
  EXPECT_EQ(saved.state, State::half_open);

  Process after{growing(), 0s, noon + 11s};
  after.restore(saved);
  EXPECT_EQ(after.bench.state(), State::open);
  EXPECT_TRUE(after.bench.succeed());
  EXPECT_EQ(after.bench.state(), State::half_open) << "the good probe of before is forgotten";
  EXPECT_TRUE(after.bench.succeed());
  EXPECT_EQ(after.bench.state(), State::closed);
}

TEST(RestoredBreaker, StaysInItsOperatorsHand) {
  for (const Command command : {Command::force_open, Command::disable, Command::metrics_only}) {
    Process before{growing(), 0s, noon};
    before.bench.command(command);
    Process after{growing(), 0s, noon + 24h};
    after.restore(before.save());
    EXPECT_EQ(after.bench.state(), before.bench.state());
    EXPECT_EQ(after.bench.snapshot().metrics_only, command == Command::metrics_only);
    after.bench.command(Command::reset);
    EXPECT_EQ(after.bench.state(), State::closed);
    EXPECT_FALSE(after.bench.snapshot().metrics_only);
  }
}

TEST(RestoredBreaker, IsNotHeldOpenByWhatAFleetHadForced) {
  for (const Command before_it : {Command::reset, Command::disable, Command::metrics_only}) {
    Process before{growing(), 0s, noon};
    before.bench.command(before_it);
    EXPECT_TRUE(before.bench.breaker.force_for_fleet(before.bench.time.now()));
    ASSERT_EQ(before.bench.acquire().rejection().reason, Reason::forced_open);
    Process after{growing(), 0s, noon + 24h};
    after.restore(before.save());
    EXPECT_TRUE(after.bench.succeed()) << "the fleet has not said so to this process";
    EXPECT_EQ(after.bench.state() == State::disabled, before_it == Command::disable);
    EXPECT_EQ(after.bench.snapshot().metrics_only, before_it == Command::metrics_only);
  }
  Process before{growing(), 0s, noon};
  EXPECT_TRUE(before.bench.breaker.force_for_fleet(before.bench.time.now()));
  before.bench.command(Command::force_open);
  EXPECT_EQ(before.save().state, State::forced_open) << "this one is its own operator's";
  EXPECT_FALSE(before.bench.breaker.force_for_fleet(before.bench.time.now()));
  EXPECT_EQ(before.save().state, State::forced_open) << "as it was before the fleet's";
}

TEST(RestoredBreaker, StaysForcedOpenByItsFleetAndThenGoesBackToWhatWasSaved) {
  for (const Command saved : {Command::force_open, Command::disable, Command::metrics_only, Command::reset}) {
    Process before{growing(), 0s, noon};
    before.bench.command(saved);
    Process after{growing(), 0s, noon};
    EXPECT_TRUE(after.bench.breaker.force_for_fleet(after.bench.time.now()));
    after.restore(before.save());
    EXPECT_EQ(after.bench.state(), State::forced_open) << "the fleet's command is in force";
    after.bench.breaker.release_for_fleet(after.bench.time.now());
    EXPECT_EQ(after.bench.state(), before.bench.state()) << to_string(saved);
    EXPECT_EQ(after.bench.snapshot().metrics_only, saved == Command::metrics_only);
  }
}

TEST(RestoredBreaker, ThatOnlyProbedForItsFleetIsClosed) {
  Process before{growing(), 0s, noon};
  before.bench.breaker.advise({before.bench.time.now() + 5s, before.bench.time.now() + 5s});
  EXPECT_TRUE(before.bench.breaker.probe_for_fleet(Probing::also_closed, before.bench.time.now()));
  ASSERT_EQ(before.bench.state(), State::half_open);
  EXPECT_EQ(before.save().state, State::closed) << "it has not found its dependency down";
  before.bench.fail();
  EXPECT_EQ(before.save().state, State::open) << "now it has";
  before.bench.time.advance(10s);
  EXPECT_TRUE(before.bench.breaker.probe_for_fleet(Probing::only_open, before.bench.time.now()));
  EXPECT_EQ(before.save().state, State::half_open);
}

TEST(RestoredBreaker, UnderMetricsOnlyIsOpenAndRefusesNothing) {
  Process before{growing(), 0s, noon};
  before.bench.command(Command::metrics_only);
  before.bench.fail(2);
  Process after{growing(), 0s, noon + 1s};
  after.restore(before.save());
  EXPECT_EQ(after.bench.state(), State::open);
  EXPECT_TRUE(after.bench.succeed());
  EXPECT_EQ(after.bench.snapshot().totals.would_reject, 1U);
}

TEST(RestoredBreaker, GoesOnWithItsRamp) {
  CircuitBreakerOptions options = simple();
  options.ramp = RampOptions{100s, 0.0};
  Process before{options, 0s, noon};
  before.bench.fail(2);
  before.bench.time.advance(10s);
  before.bench.succeed(2);
  ASSERT_TRUE(before.bench.snapshot().ramping);

  Process after{options, 0s, noon + 60s};
  after.restore(before.save());
  EXPECT_TRUE(after.bench.snapshot().ramping);
  int admitted = 0;
  for (int i = 0; i < 100; ++i) admitted += after.bench.succeed() ? 1 : 0;
  EXPECT_NEAR(admitted, 50, 2) << "half of the ramp is behind it";
  Process much_later{options, 0s, noon + 111s};
  much_later.restore(before.save());
  EXPECT_FALSE(much_later.bench.snapshot().ramping);
}

TEST(RestoredBreaker, IsNotHeldOpenByAWallClockThatWasSetBack) {
  Process after{growing(), 0s, noon - 8'760h};
  after.restore(relapsed_at_noon());
  EXPECT_EQ(after.bench.snapshot().retry_after, 20s) << "its whole length, from now on, and no year";
  SavedBreaker foreign = relapsed_at_noon();
  foreign.until = noon + 24h;
  Process other{growing(), 0s, noon + 18s};
  other.restore(foreign);
  EXPECT_EQ(other.bench.snapshot().retry_after, 52s) << "max_open_duration after its start";
}

TEST(RestoredBreaker, TakesNoResultsOfCallsFromBefore) {
  Process process{growing(), 0s, noon};
  auto permit = process.bench.acquire();
  process.bench.fail();
  process.restore(process.save());
  std::move(*permit).record(Verdict::failure, process.bench.time.now());
  process.bench.fail();
  EXPECT_EQ(process.bench.state(), State::closed) << "an empty window, and a late result";
  EXPECT_EQ(process.bench.snapshot().totals.late, 1U);
  EXPECT_TRUE(process.bench.events.transitions.empty()) << "nothing has changed";
}

}  // namespace
}  // namespace switchgear
