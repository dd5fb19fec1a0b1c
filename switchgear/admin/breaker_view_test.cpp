#include "switchgear/admin/breaker_view.hpp"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "switchgear/observe/manual_breakers_fixture.hpp"

namespace switchgear::admin {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

TEST(BreakerView, TellsWhyAndSinceWhenABreakerIsOpen) {
  ManualBreakers breakers;
  breakers.succeed("payment", 4);
  breakers.fail("payment", 6);
  breakers.now += 5s;
  const BreakerViews views{breakers.registry, *breakers.log};
  const json::object seen = views.of(breakers.add("payment"), breakers.now);
  EXPECT_EQ(seen.at("name"), "payment");
  EXPECT_EQ(seen.at("state"), "open");
  EXPECT_EQ(seen.at("mode"), "normal");
  EXPECT_EQ(seen.at("since"), "2026-03-01T12:00:00.000Z");
  EXPECT_EQ(seen.at("retry_after"), 25.0);
  EXPECT_EQ(seen.at("time_open"), 5.0);
  EXPECT_TRUE(seen.at("half_open").is_null());
  const json::object& counters = seen.at("counters").as_object();
  EXPECT_EQ(counters.at("calls"), 8U) << "4 successes and 4 failures; the last 2 were refused";
  EXPECT_EQ(counters.at("failures"), 4U);
  EXPECT_EQ(counters.at("failures_by_type").at("http_error"), 4U);
  EXPECT_EQ(counters.at("rejected"), 2U);
  EXPECT_EQ(counters.at("rejected_by_reason").at("open"), 2U);
  EXPECT_EQ(counters.at("opened"), 1U);
  const json::object& last = seen.at("last_transition").as_object();
  EXPECT_EQ(last.at("from"), "closed");
  EXPECT_EQ(last.at("to"), "open");
  EXPECT_EQ(last.at("at"), "2026-03-01T12:00:00.000Z");
  EXPECT_EQ(last.at("rule"), "failure_rate");
  EXPECT_EQ(last.at("value"), 0.5);
  EXPECT_EQ(last.at("threshold"), 0.5);
  EXPECT_EQ(last.at("window").at("calls"), 8U);
  EXPECT_EQ(last.at("last_failure").at("type"), "http_error");
}

TEST(BreakerView, ScoresItsHealthByStateWindowAndOpenings) {
  ManualBreakers breakers;
  CircuitBreaker& breaker = breakers.add("payment");
  const BreakerViews views{breakers.registry, *breakers.log};
  EXPECT_EQ(views.of(breaker, breakers.now).at("health_score"), 100);
  for (int i = 0; i < 7; ++i) {
    breakers.fail("payment", 4);
    breaker.command(Command::reset, breakers.now);
  }
  EXPECT_EQ(views.of(breaker, breakers.now).at("health_score"), 100 - 5 * 5) << "of its last 10 transitions";
  breakers.fail("payment", 4);
  EXPECT_EQ(views.of(breaker, breakers.now).at("health_score"), 100 - 50 - 25 - 5 * 5);
}

TEST(BreakerView, HasItsTags) {
  ManualBreakers breakers;
  CircuitBreaker& breaker = breakers.add("payment");
  const BreakerViews views{breakers.registry, *breakers.log};
  EXPECT_EQ(views.of(breaker, breakers.now).at("tags"), json::object());
  breakers.registry.tag("payment", {{"team", "shop"}, {"tier", "core"}});
  EXPECT_EQ(views.of(breaker, breakers.now).at("tags"), (json::object{{"team", "shop"}, {"tier", "core"}}));
}

TEST(BreakerView, ShowsTheProbesOfAHalfOpenBreaker) {
  ManualBreakers breakers;
  breakers.fail("payment", 4);
  breakers.now += 30s;
  const auto probe = breakers.add("payment").try_acquire(breakers.now);
  ASSERT_TRUE(probe);
  const BreakerViews views{breakers.registry, *breakers.log};
  const json::object seen = views.of(breakers.add("payment"), breakers.now);
  EXPECT_EQ(seen.at("state"), "half_open");
  EXPECT_TRUE(seen.at("retry_after").is_null());
  EXPECT_EQ(seen.at("half_open"),
            json::value({{"permitted", 2}, {"in_flight", 1}, {"recorded", 0}, {"failed", 0}}));
}

TEST(BreakerView, MeasuresRatesBetweenItsSamples) {
  ManualBreakers breakers;
  BreakerViews views{breakers.registry, *breakers.log};
  breakers.add("payment");
  views.sample(breakers.now);
  breakers.succeed("payment", 90);
  breakers.fail("payment", 10);
  breakers.now += 1s;
  views.sample(breakers.now);
  const json::object seen = views.of(breakers.add("payment"), breakers.now);
  EXPECT_EQ(seen.at("rates").at("calls_per_second"), 100.0);
  EXPECT_EQ(seen.at("rates").at("failures_per_second"), 10.0);
  EXPECT_EQ(seen.at("rates").at("rejected_per_second"), 0.0);
}

TEST(BreakerView, ShowsOptionsUnderTheirNamesInConfiguration) {
  CircuitBreakerOptions options;
  options.window = TimeWindowOptions{10s, 5};
  options.slow_call = SlowCallRule{2s, 0.25};
  options.latency = LatencyRule{0.95, 500ms};
  options.stuck_calls = StuckCallsRule{5s, 3};
  options.ramp = RampOptions{20s, 0.2};
  const json::object shown = options_json(options);
  EXPECT_EQ(json::serialize(shown.at("window")),
            json::serialize(json::value({{"type", "time"}, {"duration", 10.0}, {"buckets", 5U}})));
  EXPECT_EQ(shown.at("slow_call").at("threshold"), 2.0);
  EXPECT_EQ(shown.at("latency").at("above"), 0.5);
  EXPECT_EQ(shown.at("stuck_calls").at("count"), 3U);
  EXPECT_EQ(shown.at("ramp").at("from"), 0.2);
  EXPECT_TRUE(shown.at("ramp").at("controller").is_null());
  options.ramp->controller = RampControllerOptions{};
  EXPECT_EQ(options_json(options).at("ramp").at("controller").at("step"), 2.0) << "a tenth of the duration";
  EXPECT_TRUE(shown.at("failure_rate").is_null());
  EXPECT_EQ(shown.at("half_open").at("max_wait"), 60.0);
  EXPECT_EQ(shown.at("half_open").at("success_threshold"), 3U)
      << "the default that holds, not the one that was left out";
}

TEST(BreakerView, HasNoWindowToShowWhenNoRuleNeedsOne) {
  CircuitBreakerOptions options;
  options.consecutive_failures = 3;
  EXPECT_TRUE(options_json(options).at("window").is_null());
}

TEST(BreakerView, WritesInstantsInUtcWithMilliseconds) {
  EXPECT_EQ(iso8601(WallAnchor::Wall{1ms}), "1970-01-01T00:00:00.001Z");
  EXPECT_EQ(iso8601(WallAnchor::Wall{-1ms}), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(iso8601(WallAnchor::Wall{1709164799s}), "2024-02-28T23:59:59.000Z");
  EXPECT_EQ(iso8601(WallAnchor::Wall{1709164800s}), "2024-02-29T00:00:00.000Z");
}

}  // namespace
}  // namespace switchgear::admin
