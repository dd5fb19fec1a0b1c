#include "app/history/sample_numbers.hpp"

#include <gtest/gtest.h>

#include <random>

#include "app/history/manual_history_fixture.hpp"
#include "app/history/steps.hpp"

namespace switchgear::history {
namespace {

using namespace std::chrono_literals;

CircuitSample any_sample(std::mt19937_64& random) {
  SampleNumbers numbers{};
  for (auto& number : numbers) number = random() % 3 == 0 ? 0 : random() >> (1 + random() % 63);
  CircuitSample sample;
  set_numbers(sample, numbers);
  sample.state = states[random() % states.size()];
  return sample;
}

TEST(SampleNumbers, AnySampleIsTheSameAfterPackingAndUnpacking) {
  std::mt19937_64 random{7};
  for (int i = 0; i < 1000; ++i) {
    const CircuitSample sample = any_sample(random);
    const auto back = unpacked(packed(sample));
    ASSERT_TRUE(back);
    EXPECT_EQ(numbers_of(*back), numbers_of(sample));
    EXPECT_EQ(back->state, sample.state);
  }
}

TEST(SampleNumbers, ACircuitWithoutCallsIsOneByte) {
  EXPECT_EQ(packed({}).size(), 1U);
  EXPECT_LT(packed(sample_of(1000, 20)).size(), 30U);
}

TEST(SampleNumbers, RefusesBytesThatAreNotASample) {
  const std::string good = packed(sample_of(1000, 20));
  for (std::size_t cut = 2; cut < good.size(); ++cut) EXPECT_FALSE(unpacked(good.substr(0, cut))) << cut;
  EXPECT_FALSE(unpacked(""));
  EXPECT_FALSE(unpacked(good + "x"));
  EXPECT_FALSE(unpacked("\x05"));
  EXPECT_FALSE(unpacked(std::string(1, '\0') + std::string(12, '\xFF')));
}

TEST(SampleNumbers, AddingKeepsTheLaterState) {
  CircuitSample sum = sample_of(10, 1);
  sum.length = 10s;
  CircuitSample later = sample_of(5, 4, State::open);
  later.length = 10s;
  add(sum, later);
  EXPECT_EQ(sum.successes, 15U);
  EXPECT_EQ(sum.failures[2], 5U);
  EXPECT_EQ(sum.state, State::open);
  EXPECT_EQ(sum.length, 20s);
  EXPECT_EQ(sum.success_time, Duration{75ms});
}

TEST(Steps, AddUpWhatBeginsWithinOneMultiple) {
  std::vector<CircuitSample> samples;
  for (const int second : {0, 10, 20, 50, 60, 180}) {
    samples.push_back(sample_of(1));
    samples.back().from = noon + std::chrono::seconds{second};
    samples.back().length = 10s;
  }
  const auto sums = by_step(samples, 60s);
  ASSERT_EQ(sums.size(), 3U);
  EXPECT_EQ(sums[0].from, noon);
  EXPECT_EQ(sums[0].successes, 4U);
  EXPECT_EQ(sums[0].length, 40s) << "20 s were not recorded";
  EXPECT_EQ(sums[1].from, noon + 60s);
  EXPECT_EQ(sums[2].from, noon + 180s);
}

}  // namespace
}  // namespace switchgear::history
