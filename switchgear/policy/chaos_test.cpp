#include "switchgear/policy/chaos.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <stdexcept>
#include <thread>
#include <tuple>
#include <vector>

#include "switchgear/policy/property_fixture.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;
using Kind = Chaos::Injection::Kind;

/// A bit of everything, together 60 %.
ChaosOptions everything() {
  ChaosOptions options;
  options.enabled = true;
  options.fail = {0.2, FailureType::connection_error};
  options.delay = {0.15, 10ms, 30ms};
  options.timeout = {0.1};
  options.abort = {0.1};
  options.force_open = {0.05};
  return options;
}

std::vector<Chaos::Injection> drawn(Chaos& chaos, int draws) {
  std::vector<Chaos::Injection> injections;
  for (int i = 0; i < draws; ++i) injections.push_back(chaos.next());
  return injections;
}

TEST(Chaos, InjectsNothingUnlessAskedFor) {
  ChaosOptions options = everything();
  options.enabled = ChaosOptions{}.enabled;
  Chaos chaos{"payment", options, 1};
  for (int i = 0; i < 1'000; ++i) EXPECT_FALSE(chaos.next());
  EXPECT_EQ(chaos.totals().drawn, 0U);
}

TEST(Chaos, IsTurnedOnAndOffForTheNextCall) {
  ChaosOptions options;
  options.abort = {1.0};
  Chaos chaos{"payment", options, 1};
  chaos.enable(true);
  EXPECT_EQ(chaos.next().kind, Kind::abort);
  chaos.enable(false);
  EXPECT_EQ(chaos.next().kind, Kind::none);
  EXPECT_FALSE(chaos.enabled());
}

TEST(Chaos, InjectsEachKindAsOftenAsItsProbabilitySays) {
  constexpr int draws = 200'000;
  Chaos chaos{"payment", everything(), 42};
  for (int i = 0; i < draws; ++i) (void)chaos.next();
  const Chaos::Totals totals = chaos.totals();
  // Five standard deviations of the widest of them: sqrt(0.24 / 200,000) = 0.0011.
  const auto share = [&](Kind kind) { return static_cast<double>(totals.of(kind)) / draws; };
  EXPECT_NEAR(share(Kind::none), 0.4, 0.0055);
  EXPECT_NEAR(share(Kind::fail), 0.2, 0.0055);
  EXPECT_NEAR(share(Kind::delay), 0.15, 0.0055);
  EXPECT_NEAR(share(Kind::timeout), 0.1, 0.0055);
  EXPECT_NEAR(share(Kind::abort), 0.1, 0.0055);
  EXPECT_NEAR(share(Kind::force_open), 0.05, 0.0055);
  EXPECT_EQ(totals.drawn, static_cast<std::uint64_t>(draws));
}

TEST(Chaos, InjectsAlwaysAtOneAndNeverAtZero) {
  ChaosOptions options;
  options.enabled = true;
  options.fail = {0.0, FailureType::http_error};
  options.timeout = {1.0};
  Chaos chaos{"payment", options, 3};
  for (const Chaos::Injection& injection : drawn(chaos, 10'000)) {
    ASSERT_EQ(injection.kind, Kind::timeout);
    ASSERT_EQ(injection.type, FailureType::timeout);
  }
}

TEST(Chaos, FailsWithTheTypeAskedFor) {
  ChaosOptions options;
  options.enabled = true;
  options.fail = {1.0, FailureType::connection_error};
  Chaos chaos{"payment", options, 3};
  EXPECT_EQ(chaos.next(), (Chaos::Injection{Kind::fail, 0ns, FailureType::connection_error}));
}

TEST(Chaos, SpreadsItsDelaysOverTheirWholeRange) {
  ChaosOptions options;
  options.enabled = true;
  options.delay = {1.0, 10ms, 30ms};
  Chaos chaos{"payment", options, 5};
  Duration least = Duration::max(), most{}, sum{};
  for (const Chaos::Injection& injection : drawn(chaos, 10'000)) {
    ASSERT_EQ(injection.kind, Kind::delay);
    least = std::min(least, injection.delay);
    most = std::max(most, injection.delay);
    sum += injection.delay;
  }
  EXPECT_GE(least, 10ms);
  EXPECT_LT(least, 10'100us);
  EXPECT_LE(most, 30ms);
  EXPECT_GT(most, 29'900us);
  EXPECT_NEAR(to_seconds(sum / 10'000), 0.020, 0.0003);
}

TEST(Chaos, KeepsEveryDelayInItsRangeHoweverLong) {
  EXPECT_TRUE(holds(500, [] {
    const auto least = *rc::gen::inRange<std::int64_t>(0, std::numeric_limits<std::int64_t>::max());
    const auto most = *rc::gen::inRange<std::int64_t>(least, std::numeric_limits<std::int64_t>::max());
    ChaosOptions options;
    options.enabled = true;
    options.delay = {1.0, Duration{least}, Duration{most}};
    Chaos chaos{"payment", options, *rc::gen::arbitrary<std::uint64_t>()};
    for (const Chaos::Injection& injection : drawn(chaos, 20)) {
      RC_ASSERT(injection.delay >= Duration{least});
      RC_ASSERT(injection.delay <= Duration{most});
    }
  }));
}

TEST(Chaos, RepeatsARunFromItsSeed) {
  Chaos first{"payment", everything(), 7};
  Chaos again{"payment", everything(), 7};
  Chaos other{"payment", everything(), 8};
  Chaos unsaid{"payment", everything()};  // the page says: 1
  Chaos one{"payment", everything(), 1};
  const auto seen = drawn(first, 1'000);
  EXPECT_EQ(drawn(again, 1'000), seen);
  EXPECT_NE(drawn(other, 1'000), seen);
  EXPECT_EQ(drawn(unsaid, 1'000), drawn(one, 1'000));
}

TEST(Chaos, CountsNoDrawWhileDisabled) {
  Chaos steady{"payment", everything(), 7};
  Chaos interrupted{"payment", everything(), 7};
  auto seen = drawn(interrupted, 100);
  interrupted.enable(false);
  (void)drawn(interrupted, 50);
  interrupted.enable(true);
  const auto rest = drawn(interrupted, 100);
  seen.insert(seen.end(), rest.begin(), rest.end());
  EXPECT_EQ(seen, drawn(steady, 200));
}

TEST(Chaos, DrawsTheSameFaultsForManyThreadsAsForOne) {
  constexpr int threads = 8;
  constexpr int each = 5'000;
  Chaos shared{"payment", everything(), 11};
  std::vector<std::vector<Chaos::Injection>> seen(threads);
  {
    std::vector<std::jthread> running;
    for (auto& mine : seen) running.emplace_back([&shared, &mine] { mine = drawn(shared, each); });
  }
  std::vector<Chaos::Injection> all;
  for (const auto& mine : seen) all.insert(all.end(), mine.begin(), mine.end());
  Chaos alone{"payment", everything(), 11};
  auto expected = drawn(alone, threads * each);
  const auto order = [](const Chaos::Injection& a, const Chaos::Injection& b) {
    return std::tuple{a.kind, a.delay} < std::tuple{b.kind, b.delay};
  };
  std::sort(all.begin(), all.end(), order);
  std::sort(expected.begin(), expected.end(), order);
  EXPECT_EQ(all, expected);
  EXPECT_EQ(shared.totals().by_kind, alone.totals().by_kind);
}

TEST(Chaos, SaysSoInWordsForEveryAnswer) {
  EXPECT_EQ((Chaos::Injection{Kind::fail}.text()), "chaos: fail");
  EXPECT_EQ((Chaos::Injection{Kind::force_open}.text()), "chaos: force_open");
  EXPECT_EQ(Chaos::Injection{}.text(), "");
  for (std::size_t kind = 1; kind < Chaos::kinds; ++kind) {
    const Chaos::Injection injection{static_cast<Kind>(kind)};
    EXPECT_TRUE(injection);
    EXPECT_EQ(injection.text(), "chaos: " + std::string(to_string(injection.kind)));
  }
}

TEST(ChaosOptions, AreRefusedWhenTheyCannotMeanAnything) {
  struct Case {
    const char *key, *message;
    void (*change)(ChaosOptions&);
  };
  const Case cases[] = {
      {"fail.probability", "1.5 is not a ratio from 0 to 1", [](auto& o) { o.fail.probability = 1.5; }},
      {"delay.probability", "-0.1 is not a ratio from 0 to 1", [](auto& o) { o.delay.probability = -0.1; }},
      {"timeout.probability", "nan is not a ratio from 0 to 1",
       [](auto& o) { o.timeout.probability = std::numeric_limits<double>::quiet_NaN(); }},
      {"delay.min", "-1s is not 0s or longer", [](auto& o) { o.delay.min = -1s; }},
      {"delay.max", "1s is not at least delay.min (2s)",
       [](auto& o) {
         o.delay.min = 2s;
         o.delay.max = 1s;
       }},
      {"", "the probabilities come to 1.2; expected at most 1, because a call gets at most one fault",
       [](auto& o) {
         o.abort.probability = 0.6;
         o.force_open.probability = 0.6;
       }},
  };
  for (const Case& one : cases) {
    ChaosOptions options;
    one.change(options);
    const auto problems = validate(options);
    ASSERT_EQ(problems.size(), 1U) << one.message;
    EXPECT_EQ(problems[0].key, one.key);
    EXPECT_EQ(problems[0].message, one.message);
    EXPECT_THROW((Chaos{"payment", options, 1}), std::invalid_argument);
  }
  EXPECT_TRUE(validate(ChaosOptions{}).empty());
}

TEST(ChaosOptions, MayAddUpToOneInTenths) {
  ChaosOptions options;
  options.fail.probability = 0.1;
  options.delay.probability = 0.2;
  options.timeout.probability = 0.3;
  options.abort.probability = 0.3;
  options.force_open.probability = 0.1;
  EXPECT_TRUE(validate(options).empty());
}

}  // namespace
}  // namespace switchgear
