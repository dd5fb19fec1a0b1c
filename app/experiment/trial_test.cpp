#include "app/experiment/trial.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <iostream>
#include <random>
#include <vector>

namespace switchgear::experiment {
namespace {

struct Traffic {
  double calls = 50;  ///< a block, in each arm
  double current = 0.05, candidate = 0.05;
  double candidate_share = 0.5;
  double swing = 0;   ///< of the rates of both arms, from block to block
  double bursts = 0;  ///< probability that most calls of a block fail together, in each arm by itself
  double latency = 0.1, candidate_latency = 0.1;
};

Block block(std::mt19937_64& random, double calls, double rate, double latency) {
  Block made;
  made.calls = std::poisson_distribution<std::uint64_t>(calls)(random);
  made.bad = std::binomial_distribution<std::uint64_t>(made.calls, std::min(1.0, rate))(random);
  std::normal_distribution<double> noise(0, 0.5 * latency * std::sqrt(static_cast<double>(made.calls) + 1));
  made.seconds = std::max(0.0, static_cast<double>(made.calls) * latency + noise(random));
  return made;
}

void add_block(Trial& trial, const Traffic& traffic, std::mt19937_64& random) {
  // A bad minute is bad for both.
  const double now = 1 + traffic.swing * std::exponential_distribution<double>(1)(random);
  const auto rate = [&](double usual) {
    return std::bernoulli_distribution(traffic.bursts)(random) ? 0.8 : usual * now;
  };
  const double all = 2 * traffic.calls;
  const Block current =
      block(random, all * (1 - traffic.candidate_share), rate(traffic.current), traffic.latency);
  trial.add(current,
            block(random, all * traffic.candidate_share, rate(traffic.candidate), traffic.candidate_latency));
}

/// How often the verdict of so many trials was one of those, ever.
template <class Is>
int count(int trials, int blocks, const Traffic& traffic, Is is) {
  int found = 0;
  for (int i = 0; i < trials; ++i) {
    std::mt19937_64 random(static_cast<std::uint64_t>(i));
    Trial trial({traffic.candidate_share, 0.05});
    for (int b = 0; b < blocks; ++b) add_block(trial, traffic, random);
    if (is(trial.finding())) ++found;
  }
  return found;
}

bool says_anything(const Finding& finding) {
  return finding.verdict != Verdict::not_enough_data || finding.latency;
}

TEST(Trial, SaysNothingOfTwoPoliciesThatAreTheSame) {
  // Looked at after every block, of 2,000 trials.
  constexpr int trials = 500;
  int wrong = 0;
  wrong += count(trials, 300, {}, says_anything);
  wrong += count(trials, 300, {.calls = 5, .current = 0.2, .candidate = 0.2}, says_anything);
  wrong += count(trials, 300, {.current = 0.1, .candidate = 0.1, .candidate_share = 0.1, .swing = 2},
                 says_anything);
  wrong +=
      count(trials, 300, {.calls = 200, .current = 0.002, .candidate = 0.002, .swing = 5}, says_anything);
  RecordProperty("wrong", wrong);
  EXPECT_LE(wrong, 4 * trials / 20);
}

TEST(Trial, FindsADifferenceOfAFifthWithinTheStatedSize) {
  constexpr int trials = 300;
  for (const Traffic& traffic : {Traffic{.calls = 100, .current = 0.10, .candidate = 0.08},
                                 Traffic{.calls = 400, .current = 0.05, .candidate = 0.04},
                                 Traffic{.calls = 100, .current = 0.30, .candidate = 0.24}}) {
    const double blocks =
        Trial::blocks_needed(traffic.current, traffic.current - traffic.candidate, traffic.calls, 0.05);
    const int found = count(trials, static_cast<int>(blocks), traffic,
                            [](const Finding& finding) { return finding.verdict == Verdict::better; });
    EXPECT_GE(found, trials * 9 / 10) << "rate " << traffic.current << ", " << blocks << " blocks";
  }
}

TEST(Trial, TheIntervalHasTheTrueDifference) {
  constexpr int trials = 200;
  int missed = 0;
  for (int i = 0; i < trials; ++i) {
    std::mt19937_64 random(static_cast<std::uint64_t>(i));
    Trial trial({0.5, 0.05});
    bool has = true;
    for (int b = 0; b < 200; ++b) {
      add_block(trial, {.current = 0.2, .candidate = 0.26}, random);
      const Where where = trial.finding().difference;
      has = has && where.low <= 0.06 && 0.06 <= where.high;
    }
    if (!has) ++missed;
  }
  EXPECT_LE(missed, trials / 20);
}

TEST(Trial, TheIntervalGetsNarrower) {
  std::mt19937_64 random(1);
  Trial trial({0.5, 0.05});
  for (int b = 0; b < 20; ++b) add_block(trial, {.current = 0.2, .candidate = 0.3}, random);
  const Where early = trial.finding().difference;
  for (int b = 0; b < 2'000; ++b) add_block(trial, {.current = 0.2, .candidate = 0.3}, random);
  const Where late = trial.finding().difference;
  EXPECT_LT(late.high - late.low, 0.5 * (early.high - early.low));
  EXPECT_NEAR((late.high + late.low) / 2, 0.1, 0.03);
}

TEST(Trial, StopsACandidateThatDoesHarm) {
  std::mt19937_64 random(1);
  Trial trial({0.1, 0.05});
  int blocks = 0;
  while (trial.finding().verdict == Verdict::not_enough_data && blocks < 100) {
    add_block(trial, {.calls = 25, .current = 0.02, .candidate = 0.5, .candidate_share = 0.1}, random);
    ++blocks;
  }
  const Verdict verdict = trial.finding().verdict;
  EXPECT_TRUE(verdict == Verdict::harmful || verdict == Verdict::worse) << to_string(verdict);
  EXPECT_LE(blocks, 25);
}

TEST(Trial, AFewBadCallsAmongFewAreNoHarm) {
  const Traffic rare{.calls = 100, .current = 0.002, .candidate = 0.002, .candidate_share = 0.1};
  EXPECT_LE(count(200, 500, rare, [](const Finding& found) { return found.verdict == Verdict::harmful; }), 2);
}

TEST(Trial, SaysThatTheCallsWereDividedWrongly) {
  std::mt19937_64 random(1);
  for (const std::uint64_t candidates : {400U, 500U, 200U}) {
    Trial trial({0.2, 0.05});
    const Spread spread{2'000 - candidates, candidates, 0};
    trial.add(block(random, 100, 0.1, 0.1), block(random, 100, 0.1, 0.1), &spread);
    EXPECT_EQ(trial.finding().verdict == Verdict::invalid, candidates != 400) << candidates;
  }
}

/// Users of whom some fail more than others, each always in the same arm.
class Users {
 public:
  Users(int users, double share, std::uint64_t seed) : random_(seed) {
    for (int i = 0; i < users; ++i) {
      // One in twenty has a broken client.
      const double rate = std::bernoulli_distribution(0.05)(random_) ? 0.7 : 0.02;
      users_.push_back({rate, std::exponential_distribution<double>(0.5)(random_),
                        std::bernoulli_distribution(share)(random_)});
    }
  }

  /// `candidate`: by which the candidate multiplies the failures. `alone` is not told how much users differ.
  void add_block(Trial& trial, Trial& alone, double candidate) {
    std::array<Block, 2> blocks;
    for (std::size_t i = 0; i < users_.size(); ++i) {
      const auto& [rate, calls, is_candidate] = users_[i];
      Block& to = blocks[is_candidate ? 1 : 0];
      Group& group = groups_[is_candidate ? 1 : 0][i % groups_of_values];
      const auto made = std::poisson_distribution<std::uint64_t>(calls)(random_);
      const auto bad = std::binomial_distribution<std::uint64_t>(
          made, is_candidate ? std::min(1.0, rate * candidate) : rate)(random_);
      to = to + Block{made, bad, 0};
      group.calls += made;
      group.bad += bad;
    }
    const Spread spread{0, 0, score_of(groups_[0], groups_[1])};
    trial.add(blocks[0], blocks[1], &spread);
    alone.add(blocks[0], blocks[1]);
  }

 private:
  struct User {
    double rate, calls;
    bool is_candidate;
  };
  std::mt19937_64 random_;
  std::vector<User> users_;
  std::array<std::array<Group, groups_of_values>, 2> groups_{};
};

struct VerdictsOfUsers {
  int found = 0;    ///< better or worse
  int harmful = 0;  ///< stopped
  int alone = 0;    ///< any of these, by blocks alone
};

VerdictsOfUsers verdicts_of_users(int trials, int users, double candidate) {
  constexpr double share = 0.3;
  const auto judges = [](Verdict verdict) { return verdict == Verdict::better || verdict == Verdict::worse; };
  VerdictsOfUsers said;
  for (int i = 0; i < trials; ++i) {
    Users some(users, share, static_cast<std::uint64_t>(i) + 1);
    Trial trial({share, 0.05}), alone({share, 0.05});
    for (int b = 0; b < 300; ++b) some.add_block(trial, alone, candidate);
    const Verdict verdict = trial.finding().verdict, by_blocks = alone.finding().verdict;
    said.found += judges(verdict) ? 1 : 0;
    said.harmful += verdict == Verdict::harmful ? 1 : 0;
    said.alone += judges(by_blocks) || by_blocks == Verdict::harmful ? 1 : 0;
  }
  return said;
}

TEST(Trial, IsNotTakenInByUsersThatDiffer) {
  constexpr int trials = 40;
  int wrong = 0, harmful = 0, alone = 0;
  for (const int users : {50, 300, 1'000}) {
    const VerdictsOfUsers said = verdicts_of_users(trials, users, 1);
    wrong += said.found;
    harmful += said.harmful;
    alone += said.alone;
  }
  // docs/experiments.md has what this prints.
  std::cout << "of " << 3 * trials << " comparisons of equal policies wrong: " << wrong
            << ", stopped: " << harmful << "; by blocks alone: " << alone << '\n';
  EXPECT_LE(wrong + harmful, 3 * trials / 20);
  EXPECT_GE(alone, 3 * trials / 2) << "these users do not differ enough to show anything";
}

TEST(Trial, FindsADifferenceAmongUsersThatDiffer) {
  constexpr int trials = 20;
  EXPECT_GE(verdicts_of_users(trials, 1'000, 0.2).found, trials * 9 / 10);
}

TEST(Trial, TurnsFromWorseToHarmful) {
  std::mt19937_64 random(1);
  Trial trial({0.5, 0.05});
  for (int b = 0; b < 2'000 && trial.finding().verdict != Verdict::worse; ++b)
    add_block(trial, {.calls = 400, .current = 0.10, .candidate = 0.11}, random);
  ASSERT_EQ(trial.finding().verdict, Verdict::worse);
  for (int b = 0; b < 100; ++b) add_block(trial, {.calls = 400, .current = 0.02, .candidate = 0.9}, random);
  EXPECT_EQ(trial.finding().verdict, Verdict::harmful);
}

TEST(Trial, TellsThatAnswersTakeLonger) {
  std::mt19937_64 random(1);
  Trial trial({0.5, 0.05});
  for (int b = 0; b < 400; ++b) add_block(trial, {.latency = 0.1, .candidate_latency = 0.12}, random);
  EXPECT_EQ(trial.finding().latency, Verdict::worse);
  EXPECT_NEAR(trial.finding().candidate_latency, 0.12, 0.005);
}

TEST(Trial, WaitsForBothArms) {
  Trial trial({0.5, 0.05});
  trial.add({3, 1, 0.1}, {});
  EXPECT_EQ(trial.finding().blocks, 0U);
  trial.add({}, {2, 0, 0.1});
  EXPECT_EQ(trial.finding().blocks, 1U);
  EXPECT_NEAR(trial.finding().current_rate, 1.0 / 3, 1e-9);
  trial.add({}, {});
  EXPECT_EQ(trial.finding().blocks, 1U);
}

TEST(Trial, OneVerdictStays) {
  std::mt19937_64 random(1);
  Trial trial({0.5, 0.05});
  for (int b = 0; b < 500; ++b) add_block(trial, {.current = 0.3, .candidate = 0.1}, random);
  ASSERT_EQ(trial.finding().verdict, Verdict::better);
  for (int b = 0; b < 500; ++b) add_block(trial, {.current = 0.1, .candidate = 0.9}, random);
  EXPECT_EQ(trial.finding().verdict, Verdict::better);
}

}  // namespace
}  // namespace switchgear::experiment
