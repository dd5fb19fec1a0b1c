#include "switchgear/policy/probe_round.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <utility>
#include <vector>

#include "switchgear/core/random.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;
using Result = ProbeRound::Result;

constexpr TimePoint start{1h};

TEST(ProbeRound, AdmitsAsManyAsArePermittedAndNoMore) {
  const HalfOpenOptions options{.permitted_calls = 3};
  ProbeRound round{options};
  for (int i = 0; i < 3; ++i) {
    ASSERT_FALSE(round.blocked(start));
    static_cast<void>(round.admit(start));
  }
  EXPECT_TRUE(round.blocked(start));
  EXPECT_EQ(round.counts().in_flight, 3U);
}

TEST(ProbeRound, GivesThePlaceOfAnIgnoredProbeToAnother) {
  const HalfOpenOptions options{.permitted_calls = 1};
  ProbeRound round{options};
  for (int i = 0; i < 100; ++i) {
    ASSERT_FALSE(round.blocked(start));
    EXPECT_TRUE(round.come_back(round.admit(start), Result::ignored));
  }
  EXPECT_EQ(round.counts().recorded, 0U);
  EXPECT_EQ(round.verdict(), RoundVerdict::undecided);
}

TEST(ProbeRound, EachProbeHangsByItsOwnStart) {
  const HalfOpenOptions options{.permitted_calls = 4, .max_failure_rate = 1, .max_wait = 10s};
  ProbeRound round{options};
  EXPECT_EQ(round.next_given_up(), TimePoint::max()) << "none is out";
  static_cast<void>(round.admit(start));
  const auto second = round.admit(start + 3s);
  static_cast<void>(round.admit(start + 5s));
  EXPECT_EQ(round.next_given_up(), start + 10s);
  round.give_up_oldest();
  EXPECT_EQ(round.next_given_up(), start + 13s);
  EXPECT_TRUE(round.come_back(second, Result::failed));
  EXPECT_EQ(round.next_given_up(), start + 15s);
  round.give_up_oldest();
  EXPECT_EQ(round.next_given_up(), TimePoint::max());
}

TEST(ProbeRound, ThePermitOfAHungProbeChangesNothingMore) {
  const HalfOpenOptions options{.permitted_calls = 3, .max_failure_rate = 1, .max_wait = 10s};
  ProbeRound round{options};
  const auto hung = round.admit(start);
  round.give_up_oldest();
  const auto other = round.admit(start + 11s);
  EXPECT_NE(hung, other) << "its number is not handed out again";
  EXPECT_FALSE(round.come_back(hung, Result::passed));
  EXPECT_EQ(round.counts().in_flight, 1U);
  EXPECT_EQ(round.counts().recorded, 1U);
  EXPECT_EQ(round.counts().failed, 1U);
  EXPECT_TRUE(round.come_back(other, Result::passed));
  EXPECT_FALSE(round.come_back(hung, Result::ignored));
}

TEST(ProbeRound, OneHungProbeIsOneFailedProbeOfAllThatArePermitted) {
  const HalfOpenOptions strict_options{.permitted_calls = 4};
  ProbeRound strict{strict_options};
  static_cast<void>(strict.admit(start));
  strict.give_up_oldest();
  EXPECT_EQ(strict.verdict(), RoundVerdict::relapsed);

  const HalfOpenOptions tolerant_options{.permitted_calls = 4, .max_failure_rate = 0.5};
  ProbeRound tolerant{tolerant_options};
  static_cast<void>(tolerant.admit(start));
  static_cast<void>(tolerant.admit(start));
  tolerant.give_up_oldest();
  EXPECT_EQ(tolerant.verdict(), RoundVerdict::undecided);
  tolerant.give_up_oldest();
  EXPECT_EQ(tolerant.verdict(), RoundVerdict::relapsed);
}

TEST(ProbeRound, ClosesAfterSoManyGoodProbesAsItsThresholdSays) {
  const HalfOpenOptions options{.permitted_calls = 5, .success_threshold = 2, .max_failure_rate = 1};
  ProbeRound round{options};
  EXPECT_TRUE(round.come_back(round.admit(start), Result::failed));
  EXPECT_TRUE(round.come_back(round.admit(start), Result::failed));
  EXPECT_EQ(round.verdict(), RoundVerdict::undecided);
  EXPECT_TRUE(round.come_back(round.admit(start), Result::passed));
  EXPECT_EQ(round.verdict(), RoundVerdict::recovered) << "four failures of five do not relapse";

  const HalfOpenOptions strict_options{.permitted_calls = 5, .success_threshold = 2};
  ProbeRound strict{strict_options};
  EXPECT_TRUE(strict.come_back(strict.admit(start), Result::passed));
  EXPECT_EQ(strict.verdict(), RoundVerdict::undecided);
  EXPECT_TRUE(strict.come_back(strict.admit(start), Result::passed));
  EXPECT_EQ(strict.verdict(), RoundVerdict::recovered);
}

TEST(ProbeRound, SaysHowLongTheIntervalLastsWhenOnlyThatIsInTheWay) {
  const HalfOpenOptions options{
      .permitted_calls = 3, .max_concurrent = 1, .probe_interval = 20s, .max_wait = 60s};
  ProbeRound round{options};
  const auto probe = round.admit(start);
  EXPECT_EQ(round.blocked(start + 1s), Duration{1s}) << "the place may become free at any moment";
  EXPECT_EQ(round.blocked(start + 60s - 1ms), Duration{1ms}) << "or when the probe is given up";
  EXPECT_TRUE(round.come_back(probe, Result::passed));
  EXPECT_EQ(round.blocked(start + 1s), Duration{19s});
  EXPECT_FALSE(round.blocked(start + 20s));
}

TEST(ProbeRound, WaitsForNoProbeBeyondTheEndOfTime) {
  const HalfOpenOptions options{.permitted_calls = 1, .max_wait = Duration::max()};
  ProbeRound round{options};
  static_cast<void>(round.admit(start));
  EXPECT_EQ(round.next_given_up(), TimePoint::max());
  EXPECT_EQ(round.blocked(start), Duration{1s});
}

TEST(ProbeRound, ReadsAClockThatIsALittleBehindAsTheLatestStart) {
  const HalfOpenOptions options{.permitted_calls = 2, .max_wait = 10s};
  ProbeRound round{options};
  static_cast<void>(round.admit(start));
  static_cast<void>(round.admit(start - 1us));
  round.give_up_oldest();
  EXPECT_EQ(round.next_given_up(), start + 10s);
}

/// The same with plain lists: what is out, in the order of the starts.
TEST(ProbeRound, KeepsItsBooksWhateverTheOrderInWhichProbesComeBack) {
  Random random{7};
  for (int i = 0; i < 2'000; ++i) {
    const HalfOpenOptions options{.permitted_calls = 1 + static_cast<std::uint32_t>(random.next() % 6),
                                  .max_failure_rate = 1,
                                  .max_wait = 10s};
    ProbeRound round{options};
    std::vector<std::pair<TimePoint, ProbeRound::Number>> out;
    std::vector<ProbeRound::Number> hung;
    ProbeCounts expected{options.permitted_calls, 0, 0, 0};
    TimePoint now = start;
    for (int step = 0; step < 40 && round.verdict() == RoundVerdict::undecided; ++step) {
      now += 1s;
      const std::uint64_t dice = random.next() % 4;
      if (dice < 2 && !round.blocked(now)) {
        out.emplace_back(now, round.admit(now));
      } else if (dice == 2 && !out.empty()) {
        hung.push_back(out.front().second);
        out.erase(out.begin());
        round.give_up_oldest();
        ++expected.recorded;
        ++expected.failed;
      } else if (!out.empty()) {
        const auto which = out.begin() + static_cast<std::ptrdiff_t>(random.next() % out.size());
        const auto result = static_cast<Result>(random.next() % 3);
        ASSERT_TRUE(round.come_back(which->second, result));
        out.erase(which);
        expected.recorded += result == Result::ignored ? 0 : 1;
        expected.failed += result == Result::failed ? 1 : 0;
      }
      expected.in_flight = static_cast<std::uint32_t>(out.size());
      ASSERT_EQ(round.counts().in_flight, expected.in_flight);
      ASSERT_EQ(round.counts().recorded, expected.recorded);
      ASSERT_EQ(round.counts().failed, expected.failed);
      ASSERT_EQ(round.next_given_up(), out.empty() ? TimePoint::max() : out.front().first + 10s);
      ASSERT_EQ(round.blocked(now).has_value(),
                expected.recorded + expected.in_flight == options.permitted_calls);
    }
    for (const ProbeRound::Number late : hung) ASSERT_FALSE(round.come_back(late, Result::passed));
  }
}

}  // namespace
}  // namespace switchgear
