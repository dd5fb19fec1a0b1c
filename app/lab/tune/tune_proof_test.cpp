// That proposals can be trusted: many traces of which it is known what is best for them, and many that are
// noise.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <sstream>

#include "app/lab/tune/tuner.hpp"
#include "app/lab/tune/weather_fixture.hpp"

namespace switchgear::lab {
namespace {

class TuneProof : public testing::Test {
 protected:
  TuneProof() { settings.budget = 60s; }

  [[nodiscard]] double cost(const CircuitBreakerOptions& options, const Calls& calls) const {
    CourseRunner runner(calls, 10s);
    Tally sum;
    for (const Tally& tally : runner.run(options, 0, Unknown::succeeds, runner.blocks())) sum += tally;
    return settings.costs.of(sum);
  }

  std::ostringstream ignored;
  Progress progress{ignored, false, ""};
  TuneSettings settings;
};

/// Kinds of weather for which quite different breakers are best.
Weather kind_of(std::uint64_t i) {
  Weather kind;
  kind.rate = 10;
  kind.usual_failures = 0.005 + 0.01 * static_cast<double>(i % 5);
  kind.length = std::chrono::seconds{8 + 6 * (i % 4)};
  kind.every = kind.length * (3 + i % 3);
  kind.down_failures = i % 2 == 0 ? 1.0 : 0.85;
  if (i % 3 == 0) kind.dip_every = 17s;
  return kind;
}

/// The best of a grid over what matters: how soon it opens, and for how long.
CircuitBreakerOptions planted(const Calls& calls, const auto& cost) {
  CircuitBreakerOptions best;
  double least = std::numeric_limits<double>::infinity();
  for (const std::uint32_t row : {2U, 3U, 4U, 6U, 8U, 12U, 20U, 30U}) {
    for (const Duration open : {500ms, 1'000ms, 2'000ms, 4'000ms, 8'000ms, 16'000ms}) {
      for (const std::uint32_t probes : {1U, 2U, 4U}) {
        CircuitBreakerOptions options;
        options.consecutive_failures = row;
        options.open_duration = open;
        options.half_open.permitted_calls = probes;
        const double its = cost(options, calls);
        if (its < least) best = options, least = its;
      }
    }
  }
  return best;
}

TEST_F(TuneProof, FindsABreakerAsGoodAsThePlantedOne) {
  CircuitBreakerOptions today;
  today.window = CountWindowOptions{400};
  today.minimum_calls = 200;
  today.failure_rate = 0.6;
  today.open_duration = 30s;
  constexpr int traces = 50;
  int found = 0, sure = 0;
  for (std::uint64_t i = 0; i < traces; ++i) {
    const Weather kind = kind_of(i);
    const Calls seen = weather(kind, 3'600s, i), unseen = weather(kind, 3'600s, 1'000 + i);
    settings.seed = i;
    const Tuning tuning = tune(today, seen, settings, progress);
    const double best = cost(planted(unseen, [&](auto&... all) { return cost(all...); }), unseen);
    const double proposed = cost(tuning.best.options, unseen);
    if (tuning.better) ++sure;
    if (tuning.better && proposed <= 1.1 * best && proposed < cost(today, unseen)) ++found;
  }
  RecordProperty("found", found);
  EXPECT_GE(found, traces * 9 / 10) << sure << " were proposed";
}

TEST_F(TuneProof, ProposesNothingOnNoise) {
  CircuitBreakerOptions today;
  today.window = CountWindowOptions{100};
  today.minimum_calls = 50;
  today.failure_rate = 0.5;
  today.open_duration = 10s;
  constexpr int traces = 100;
  int proposals = 0;
  for (std::uint64_t i = 0; i < traces; ++i) {
    Weather noise;
    noise.every = 0s;
    noise.usual_failures = 0.01 + 0.003 * static_cast<double>(i);  // to 31 %
    noise.rate = 10;
    settings.seed = i;
    const Tuning tuning = tune(today, weather(noise, 900s, 5'000 + i), settings, progress);
    if (tuning.better) ++proposals;
  }
  RecordProperty("proposals", proposals);
  EXPECT_LE(proposals, traces / 20);
}

}  // namespace
}  // namespace switchgear::lab
