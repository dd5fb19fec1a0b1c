#include "app/experiment/splits.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "switchgear/telemetry/metric_families.hpp"

namespace switchgear::experiment {
namespace {

using namespace std::chrono_literals;

class SplitsTest : public testing::Test {
 protected:
  explicit SplitsTest() { use("x-user", 10s); }

  void use(const std::string& header, Duration block, double share = 0.3) {
    SplitSubject subject;
    subject.service = "shop";
    subject.policy = "now";
    subject.options = {"candidate", share, header, block};
    split = std::make_shared<Split>(std::move(subject));
    lane = split->new_lane();
    splits.advance(now);
  }
  void request(const Choice& choice, double current, double candidate) {
    const double rate = choice.arm == Arm::candidate ? candidate : current;
    split->record(*lane, choice, {.bad = std::bernoulli_distribution(rate)(random), .took = 10ms});
  }
  void requests(int count, double current, double candidate) {
    for (int i = 0; i < count; ++i) {
      const int user = std::uniform_int_distribution(0, 499)(random);
      request(split->choose("user-" + std::to_string(user)), current, candidate);
    }
  }
  void block(int count, double current, double candidate) {
    requests(count, current, candidate);
    now += split->subject().options.block;
    splits.advance(now);
  }
  [[nodiscard]] SplitStanding standing() const { return splits.all(now).at(0); }
  [[nodiscard]] std::vector<std::string> told() {
    std::vector<std::string> all;
    for (auto batch = reader.read(); !batch.empty(); batch = reader.read()) {
      for (const auto& event : batch.events) {
        if (const auto* experiment = std::get_if<LoggedExperiment>(event.get()))
          all.push_back(experiment->what);
      }
    }
    return all;
  }

  std::mt19937_64 random{1};
  TimePoint now{std::chrono::hours{1}};
  BreakerRegistry registry{{now, std::chrono::system_clock::time_point{std::chrono::hours{24 * 20'000}}}, 1};
  std::shared_ptr<EventQueue> events = std::make_shared<EventQueue>();
  EventQueue::Reader reader{events};
  std::shared_ptr<Split> split;
  std::shared_ptr<SplitLane> lane;
  Splits splits{[this] { return Splits::Live{{"shop", split}}; }, registry, events};
};

TEST_F(SplitsTest, FindsABetterCandidateAndLeavesItOn) {
  for (int i = 0; i < 100 && standing().finding.verdict == Verdict::not_enough_data; ++i)
    block(2'000, 0.3, 0.1);
  EXPECT_EQ(standing().finding.verdict, Verdict::better);
  EXPECT_LT(standing().finding.difference.high, 0);
  EXPECT_EQ(standing().halt, Halt::none);
  EXPECT_FALSE(split->stopped());
  EXPECT_EQ(told(), std::vector<std::string>{"better"});
}

TEST_F(SplitsTest, SaysNothingOfTheSame) {
  for (int i = 0; i < 200; ++i) block(500, 0.1, 0.1);
  EXPECT_EQ(standing().finding.verdict, Verdict::not_enough_data);
  EXPECT_EQ(standing().finding.blocks, 200U);
  ASSERT_TRUE(standing().need);
  EXPECT_NEAR(standing().need->difference, 0.02, 0.002);
  EXPECT_GT(standing().need->blocks, 20);
  EXPECT_TRUE(told().empty());
}

TEST_F(SplitsTest, StopsACandidateThatDoesHarm) {
  int blocks = 0;
  for (; blocks < 100 && !split->stopped(); ++blocks) block(500, 0.02, 0.6);
  EXPECT_LE(blocks, 30);
  EXPECT_EQ(standing().halt, Halt::harmful);
  EXPECT_EQ(standing().finding.verdict, Verdict::harmful);
  ASSERT_TRUE(standing().halted);
  EXPECT_EQ(told().back(), "harmful");
  const auto before = standing();
  block(500, 0.02, 0.6);  // nothing more is counted
  EXPECT_EQ(standing().candidate.block.calls, before.candidate.block.calls);
}

TEST_F(SplitsTest, AnOperatorStopsItOnce) {
  block(100, 0.1, 0.1);
  EXPECT_EQ(splits.stop("other", now), Splits::Stopped::not_found);
  EXPECT_EQ(splits.stop("shop", now), Splits::Stopped::done);
  EXPECT_EQ(splits.stop("shop", now), Splits::Stopped::before);
  EXPECT_TRUE(split->stopped());
  EXPECT_EQ(standing().halt, Halt::by_operator);
  EXPECT_EQ(told(), std::vector<std::string>{"stopped"});
}

TEST_F(SplitsTest, AnotherSplitBeginsAnew) {
  block(100, 0.1, 0.1);
  splits.stop("shop", now);
  use("x-user", 10s);
  EXPECT_EQ(standing().halt, Halt::none);
  EXPECT_EQ(standing().current.block.calls, 0U);
  EXPECT_EQ(standing().since, registry.anchor().to_wall(now));
}

TEST_F(SplitsTest, VoidsAComparisonThatMissesCandidates) {
  for (int b = 0; b < 20; ++b) {
    for (int i = 0; i < 400; ++i) {
      const Choice choice = split->choose("user-" + std::to_string(i));
      if (choice.arm == Arm::candidate && i % 2 == 0) continue;  // those never get an answer
      request(choice, 0.1, 0.1);
    }
    block(0, 0, 0);
  }
  EXPECT_EQ(standing().finding.verdict, Verdict::invalid);
  EXPECT_EQ(told(), std::vector<std::string>{"invalid"});
}

TEST_F(SplitsTest, OneUserWithABrokenClientIsNotAPolicy) {
  // A third of all requests of one arm, all bad.
  int user = 0;
  while (split->choose("user-" + std::to_string(user)).arm != Arm::candidate) ++user;
  for (int b = 0; b < 300; ++b) {
    for (int i = 0; i < 30; ++i) request(split->choose("user-" + std::to_string(user)), 0, 1);
    block(200, 0.05, 0.05);
  }
  EXPECT_EQ(standing().finding.verdict, Verdict::not_enough_data);
}

TEST_F(SplitsTest, KeepsABoundedHistoryOfTheInterval) {
  for (int i = 0; i < 2'000; ++i) block(60, 0.1, 0.1);
  const auto history = standing().history;
  ASSERT_GE(history.size(), SplitWatch::most_points / 2 - 1);
  ASSERT_LE(history.size(), SplitWatch::most_points);
  EXPECT_LE(history.front().blocks, 20U);
  EXPECT_GE(history.back().blocks, 1'900U);
  for (std::size_t i = 1; i < history.size(); ++i) {
    EXPECT_LT(history[i - 1].blocks, history[i].blocks);
    EXPECT_LE(history[i - 1].at, history[i].at);
  }
  const auto& [early, late] = std::pair{history.front().difference, history.back().difference};
  EXPECT_LT(late.high - late.low, early.high - early.low);
}

TEST_F(SplitsTest, InTurnsFindsADifferenceToo) {
  use("", 1min, 0.3);
  for (int i = 0; i < 600 && standing().finding.verdict == Verdict::not_enough_data; ++i) {
    for (int call = 0; call < 300; ++call)
      request(split->choose_block(split->block_at(registry.anchor().to_wall(now))), 0.3, 0.1);
    now += 1min;
    splits.advance(now);
  }
  EXPECT_EQ(standing().finding.verdict, Verdict::better);
  EXPECT_NEAR(standing().finding.current_rate, 0.3, 0.03);
  EXPECT_NEAR(standing().finding.candidate_rate, 0.1, 0.03);
}

TEST_F(SplitsTest, ShowsTheBreakersAndWhatTheyOpenedSince) {
  CircuitBreakerOptions options;
  options.consecutive_failures = 1;
  const auto breaker = registry.get_or_create("shop/candidate", options, now);
  std::move(*breaker->try_acquire(now)).record(Outcome::failure(FailureType::http_error, 1ms), now);
  use("x-user", 10s);
  ASSERT_TRUE(standing().candidate.breaker);
  EXPECT_FALSE(standing().current.breaker);
  EXPECT_EQ(standing().candidate.breaker->opened, 0U);
  EXPECT_EQ(standing().candidate.breaker->state, State::open);
  breaker->command(Command::reset, now);
  std::move(*breaker->try_acquire(now)).record(Outcome::failure(FailureType::http_error, 1ms), now);
  EXPECT_EQ(standing().candidate.breaker->opened, 1U);
}

TEST_F(SplitsTest, NothingIsComparedWhileAnOperatorLetsAllCallsOfAnArmPass) {
  CircuitBreakerOptions options;
  options.consecutive_failures = 1;
  const auto breaker = registry.get_or_create("shop/candidate", options, now);
  splits.advance(now);
  EXPECT_FALSE(split->commanded());
  breaker->command(Command::metrics_only, now);
  splits.advance(now);
  EXPECT_TRUE(split->commanded());
  split->leave_out(*lane);
  EXPECT_EQ(standing().left_out, 1U);
  breaker->command(Command::reset, now);
  splits.advance(now);
  EXPECT_FALSE(split->commanded());
}

TEST_F(SplitsTest, HasMetrics) {
  block(500, 0.1, 0.1);
  splits.stop("shop", now);
  telemetry::MetricFamilies families;
  splits.add_metrics(families);
  double requests = 0, share = -1;
  for (const telemetry::MetricFamily& family : families.all()) {
    for (const telemetry::MetricSample& sample : family.samples) {
      if (family.name == "switchgear_split_requests_total") requests += std::get<double>(sample.value);
      if (family.name == "switchgear_split_share") share = std::get<double>(sample.value);
    }
  }
  EXPECT_EQ(requests, 500);
  EXPECT_EQ(share, 0);
}

}  // namespace
}  // namespace switchgear::experiment
