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

TEST(Presets, ProbeAThirdPartyOnceAMinute) {
  EXPECT_EQ(preset("third_party").half_open.probe_interval, seconds{60});
}

TEST(Presets, CallASlowProbeSlowBeforeItCountsAsHung) {
  for (const Preset& each : presets()) {
    const CircuitBreakerOptions options = options_of(each);
    EXPECT_LT(options.slow_call->threshold, options.half_open.max_wait) << each.name;
  }
}

TEST(Presets, CloseAfterTheirProbesWhenAQuietServiceAnswersWellForAnHour) {
  for (const Preset& each : presets()) {
    for (const Duration pace : {Duration{seconds{20}}, Duration{std::chrono::minutes{7}}}) {
      TimePoint now{seconds{1}};
      CircuitBreaker breaker{"quiet", options_of(each), {.created = now}};
      const auto call = [&](Verdict verdict) {
        auto permit = breaker.try_acquire(now);
        if (permit) std::move(*permit).record(verdict, now);
        return permit.has_value();
      };
      for (std::uint32_t i = 0; i < each.consecutive_failures; ++i) call(Verdict::failure);
      ASSERT_EQ(breaker.state(), State::open) << each.name;
      std::uint32_t probes = 0;
      int refused_after_closing = 0;
      const TimePoint end = now + std::chrono::hours{1};
      while (now < end) {
        now += pace;
        const bool closed = breaker.state() == State::closed;
        const bool passed = call(Verdict::success);
        if (!closed && passed) ++probes;
        if (closed && !passed) ++refused_after_closing;
      }
      const CallTotals totals = breaker.snapshot(now).totals;
      EXPECT_EQ(breaker.state(), State::closed) << each.name;
      EXPECT_EQ(probes, each.permitted_calls) << each.name;
      EXPECT_EQ(refused_after_closing, 0) << each.name;
      EXPECT_EQ(totals.opened, 1U) << each.name;
    }
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
              "preset 'paymnet' does not exist, only payment, authentication, core, analytics, third_party, "
              "internal");
  }
}

}  // namespace
}  // namespace switchgear
