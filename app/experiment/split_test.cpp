#include "app/experiment/split.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <string>
#include <thread>
#include <vector>

namespace switchgear::experiment {
namespace {

using namespace std::chrono_literals;

SplitSubject subject(double share, const std::string& header = "x-user", Duration block = 10s) {
  SplitSubject made;
  made.service = "shop";
  made.policy = "now";
  made.options = {"candidate", share, header, block};
  return made;
}

std::string user(int i) { return "user-" + std::to_string(i); }

TEST(Split, GivesTheCandidateItsShareOfTheValues) {
  for (const double share : {0.001, 0.1, 0.25, 0.5}) {
    const Split split(subject(share));
    constexpr int users = 100'000;
    int candidates = 0;
    for (int i = 0; i < users; ++i) candidates += split.choose(user(i)).arm == Arm::candidate ? 1 : 0;
    const double expected = share * users;
    const double off = candidates - expected;
    EXPECT_LT(off * off / expected + off * off / (users - expected), 10.828) << share << ": " << candidates;
  }
}

TEST(Split, KeepsAValueInItsArm) {
  const Split before(subject(0.3));
  const Split restarted(subject(0.3));
  SplitSubject other_policies = subject(0.3, "x-user", 1min);
  other_policies.candidate.timeout = 1s;
  const Split changed(other_policies);
  for (int i = 0; i < 1'000; ++i) {
    EXPECT_EQ(before.choose(user(i)).arm, restarted.choose(user(i)).arm);
    EXPECT_EQ(before.choose(user(i)).arm, changed.choose(user(i)).arm);
  }
}

TEST(Split, DividesAsItAlwaysDid) {
  // With another hash, users would change their arm when the gateway is updated.
  const Split split(subject(0.5));
  std::string arms;
  for (int i = 0; i < 16; ++i) arms += split.choose(user(i)).arm == Arm::candidate ? 'n' : 'c';
  EXPECT_EQ(arms, "nncccnnnnccncncn");
}

TEST(Split, ALargerShareKeepsThoseWhoHadTheCandidate) {
  const Split small(subject(0.1)), large(subject(0.4));
  for (int i = 0; i < 1'000; ++i) {
    const bool had = small.choose(user(i)).arm == Arm::candidate;
    EXPECT_TRUE(!had || large.choose(user(i)).arm == Arm::candidate) << user(i);
  }
}

TEST(Split, AnotherExperimentDividesOtherwise) {
  SplitSubject other = subject(0.5);
  other.service = "cart";
  const Split one(subject(0.5)), another(other);
  int same = 0;
  for (int i = 0; i < 1'000; ++i) same += one.choose(user(i)).arm == another.choose(user(i)).arm ? 1 : 0;
  EXPECT_NEAR(same, 500, 80);
}

TEST(Split, ARequestWithoutTheHeaderIsTheCurrentPolicysAndNotCounted) {
  const Split split(subject(0.5));
  const Choice choice = split.choose(std::string_view{});
  EXPECT_EQ(choice.arm, Arm::current);
  EXPECT_FALSE(choice.counts);
}

TEST(Split, InTurnsAllRequestsOfABlockBelongToOneArm) {
  const Split split(subject(0.25, "", 1min));
  const Split::Wall begin{std::chrono::hours{24 * 365 * 50}};
  int candidates = 0;
  constexpr int blocks = 4'000;
  for (int i = 0; i < blocks; ++i) {
    const Choice first = split.choose(begin + i * 1min);
    EXPECT_TRUE(first.counts);
    EXPECT_EQ(split.choose(begin + i * 1min + 59'999ms).arm, first.arm);
    candidates += first.arm == Arm::candidate ? 1 : 0;
  }
  EXPECT_NEAR(candidates, blocks / 4, 100);
}

TEST(Split, StoppedItGivesTheCandidateNothing) {
  Split split(subject(0.5));
  const auto lane = split.new_lane();
  int i = 0;
  while (split.choose(user(i)).arm != Arm::candidate) ++i;
  const Choice before = split.choose(user(i));
  split.stop();
  EXPECT_EQ(split.choose(user(i)).arm, Arm::current);
  EXPECT_FALSE(split.choose(user(i)).counts);
  split.record(*lane, before, {});  // one that was under way
  EXPECT_EQ(split.totals().arms[1].block.calls, 0U);
}

TEST(Split, CountsApartWhatIsLeftOut) {
  Split split(subject(0.5));
  const auto lane = split.new_lane();
  split.record(*lane, split.choose(user(1)), {.bad = true});
  split.leave_out(*lane);
  split.leave_out(*lane);
  const Split::Totals totals = split.totals();
  EXPECT_EQ(totals.left_out, 2U);
  EXPECT_EQ(totals.arms[0].block.calls + totals.arms[1].block.calls, 1U);
  EXPECT_EQ(totals.values.estimate(), 1);
}

TEST(Split, CountsWhatManyThreadsRecordWhileItIsRead) {
  Split split(subject(0.5));
  constexpr int threads = 4, requests = 20'000;
  std::vector<std::jthread> running;
  for (int t = 0; t < threads; ++t) {
    running.emplace_back([&split, lane = split.new_lane()] {
      for (int i = 0; i < requests; ++i) {
        split.record(*lane, split.choose(user(i % 500)),
                     {.bad = i % 10 == 0, .refused = i % 20 == 0, .took = 1ms});
      }
    });
  }
  for (int i = 0; i < 100; ++i) {
    const Split::Totals seen = split.totals();
    EXPECT_LE(seen.arms[0].block.bad, seen.arms[0].block.calls);
  }
  running.clear();
  const Split::Totals totals = split.totals();
  EXPECT_EQ(totals.arms[0].block.calls + totals.arms[1].block.calls, threads * requests);
  EXPECT_EQ(totals.arms[0].block.bad + totals.arms[1].block.bad, threads * requests / 10);
  EXPECT_EQ(totals.arms[0].refused + totals.arms[1].refused, threads * requests / 20);
  EXPECT_EQ(totals.values.estimate(), 500);
  const auto divided = split.divided(totals.values);
  EXPECT_EQ(divided[0] + divided[1], 500U);
  EXPECT_NEAR(totals.arms[0].block.seconds + totals.arms[1].block.seconds, 0.001 * threads * requests, 1e-6);
}

TEST(SampledValues, EstimatesHowManyThereWere) {
  const Split split(subject(0.5));
  SampledValues values;
  for (int i = 0; i < 200'000; ++i) values.add(split.choose(user(i)).hash);
  EXPECT_NEAR(values.estimate(), 200'000, 200'000 * 0.12);
  EXPECT_EQ(values.hashes().size(), SampledValues::most);
}

}  // namespace
}  // namespace switchgear::experiment
