#include "switchgear/registry/presets.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "switchgear/registry/breaker_registry.hpp"

namespace switchgear {
namespace {

using std::chrono::seconds;

TEST(Presets, AreTheRowsOfTheirTable) {
  struct Row {
    const char* name;
    std::uint32_t consecutive;
    double rate;
    int open;
    std::uint32_t probes;
    int slow;
  };
  const std::vector<Row> rows{{"payment", 3, 0.10, 60, 5, 2},      {"authentication", 3, 0.15, 45, 3, 2},
                              {"core", 5, 0.25, 30, 3, 5},         {"analytics", 10, 0.50, 15, 2, 10},
                              {"third_party", 5, 0.30, 120, 3, 8}, {"internal", 8, 0.60, 20, 2, 10}};
  ASSERT_EQ(presets().size(), rows.size());
  for (const Row& row : rows) {
    const CircuitBreakerOptions options = preset(row.name);
    EXPECT_EQ(options.consecutive_failures, row.consecutive) << row.name;
    EXPECT_EQ(options.failure_rate, row.rate) << row.name;
    EXPECT_EQ(options.open_duration, seconds{row.open}) << row.name;
    EXPECT_EQ(options.half_open.permitted_calls, row.probes) << row.name;
    EXPECT_EQ(options.slow_call, (SlowCallRule{.threshold = seconds{row.slow}, .rate = 0.5})) << row.name;
    EXPECT_TRUE(validate(options).empty()) << row.name;
  }
}

TEST(Presets, ProbeAThirdPartyOnceAMinuteWithinARoundThatHoldsAllProbes) {
  EXPECT_EQ(preset("third_party").half_open.probe_interval, seconds{60});
  for (const Preset& each : presets()) {
    const CircuitBreakerOptions options = options_of(each);
    const Duration last_probe = options.half_open.probe_interval * (options.half_open.permitted_calls - 1);
    EXPECT_LT(last_probe + options.slow_call->threshold, options.max_wait()) << each.name;
  }
}

TEST(Presets, MakeABreakerByName) {
  constexpr TimePoint now{seconds{1}};
  BreakerRegistry registry{{}, 1};
  const auto breaker = registry.get_or_create("billing", preset("payment"), now);
  EXPECT_EQ(breaker->name(), "billing");
  EXPECT_EQ(breaker->options(), preset("payment"));
  for (int i = 0; i < 3; ++i) {
    auto permit = breaker->try_acquire(now);
    ASSERT_TRUE(permit);
    std::move(*permit).record(Verdict::failure, now);
  }
  EXPECT_EQ(breaker->state(), State::open);
  EXPECT_EQ(breaker->snapshot(now).retry_after, Duration{seconds{60}});
}

TEST(Presets, AnUnknownNameIsAnsweredWithThoseThereAre) {
  try {
    (void)preset("paymnet");
    FAIL() << "took an unknown name";
  } catch (const std::invalid_argument& refused) {
    EXPECT_EQ(std::string{refused.what()},
              "there is no preset 'paymnet', only payment, authentication, core, analytics, third_party, "
              "internal");
  }
}

}  // namespace
}  // namespace switchgear
