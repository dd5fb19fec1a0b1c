#include "switchgear/telemetry/breaker_metrics.hpp"

#include <gtest/gtest.h>

#include <string>

#include "switchgear/observe/manual_breakers_fixture.hpp"
#include "switchgear/telemetry/prometheus_text.hpp"
#include "switchgear/telemetry/promtool_fixture.hpp"

namespace switchgear::telemetry {
namespace {

using namespace std::chrono_literals;

std::string scrape(ManualBreakers& breakers) {
  MetricFamilies families;
  add_breakers(families, breakers.registry, breakers.now, {breakers.log.get(), &breakers.durations});
  return prometheus_text(families);
}

TEST(BreakerMetrics, ShowsTheStateOneHotAndAsACode) {
  ManualBreakers breakers;
  breakers.fail("payment", 4);
  const std::string text = scrape(breakers);
  expect_line(text, R"(circuit_breaker_state{circuit="payment",state="open"} 1)");
  expect_line(text, R"(circuit_breaker_state{circuit="payment",state="closed"} 0)");
  expect_line(text, R"(circuit_breaker_state{circuit="payment",state="half_open"} 0)");
  expect_line(text, R"(circuit_breaker_state_code{circuit="payment"} 2)");
}

TEST(BreakerMetrics, ShowTheLevelOfAMultiLevelBreaker) {
  ManualBreakers breakers;
  CircuitBreakerOptions options = ManualBreakers::sensitive();
  (void)breakers.registry.get_or_create("plain", options, breakers.now);
  EXPECT_EQ(scrape(breakers).find("switchgear_circuit_breaker_level"), std::string::npos);
  options.levels.emplace();
  (void)breakers.registry.get_or_create("payment", options, breakers.now);
  expect_line(scrape(breakers), R"(switchgear_circuit_breaker_level{circuit="payment"} 1)");
  breakers.fail("payment", 4);
  expect_line(scrape(breakers), R"(switchgear_circuit_breaker_level{circuit="payment"} 2)");
  expect_line(scrape(breakers), R"(switchgear_circuit_breaker_escalations_total{circuit="payment"} 1)");
  expect_line(scrape(breakers), R"(switchgear_circuit_breaker_descents_total{circuit="payment"} 0)");
}

TEST(BreakerMetrics, ShowTheShareOfAControlledRampWhileItGoesOn) {
  ManualBreakers breakers;
  CircuitBreakerOptions options = ManualBreakers::sensitive();
  options.ramp = RampOptions{10s, 0.25, RampControllerOptions{}};
  CircuitBreaker& payment = *breakers.registry.get_or_create("payment", options, breakers.now);
  EXPECT_EQ(scrape(breakers).find("switchgear_ramp"), std::string::npos);
  breakers.fail("payment", 4);
  breakers.now += 30s;
  breakers.succeed("payment", 2);
  ASSERT_EQ(payment.state(), State::closed);
  expect_line(scrape(breakers), R"(switchgear_ramp_share{circuit="payment"} 0.25)");
  expect_line(scrape(breakers), R"(switchgear_ramp_safe_share{circuit="payment"} 0.25)");
}

TEST(BreakerMetrics, GivesEveryStateItsCode) {
  ManualBreakers breakers;
  CircuitBreaker& payment = breakers.add("payment");
  expect_line(scrape(breakers), R"(circuit_breaker_state_code{circuit="payment"} 0)");
  payment.command(Command::force_open, breakers.now);
  expect_line(scrape(breakers), R"(circuit_breaker_state_code{circuit="payment"} 2)");
  payment.command(Command::disable, breakers.now);
  expect_line(scrape(breakers), R"(circuit_breaker_state_code{circuit="payment"} 0)");
  payment.command(Command::reset, breakers.now);
  breakers.fail("payment", 4);
  breakers.now += 30s;
  const auto probe = payment.try_acquire(breakers.now);
  ASSERT_TRUE(probe);
  expect_line(scrape(breakers), R"(circuit_breaker_state_code{circuit="payment"} 1)");
}

TEST(BreakerMetrics, CountsEveryCallUnderExactlyOneResult) {
  ManualBreakers breakers;
  CircuitBreakerOptions options = ManualBreakers::sensitive();
  options.slow_call = SlowCallRule{1s, 1.0};
  options.minimum_calls = 100;
  (void)breakers.registry.get_or_create("payment", options, breakers.now);
  breakers.call("payment", Outcome::success(10ms), 3);
  breakers.call("payment", Outcome::success(2s), 2);
  breakers.call("payment", Outcome::failure(FailureType::timeout, 2s), 1);
  breakers.call("payment", Outcome::failure(FailureType::connection_error, 1ms), 4);
  breakers.call("payment", Outcome::ignored(), 5);
  const std::string text = scrape(breakers);
  expect_line(text, R"(circuit_breaker_calls_total{circuit="payment",result="success"} 3)");
  expect_line(text, R"(circuit_breaker_calls_total{circuit="payment",result="slow_success"} 2)");
  expect_line(text, R"(circuit_breaker_calls_total{circuit="payment",result="slow_failure"} 1)");
  expect_line(text, R"(circuit_breaker_calls_total{circuit="payment",result="failure"} 4)");
  expect_line(text, R"(circuit_breaker_calls_total{circuit="payment",result="ignored"} 5)");
  expect_line(text, R"(circuit_breaker_calls_total{circuit="payment",result="rejected"} 0)");
  expect_line(text, R"(circuit_breaker_failures_total{circuit="payment",type="timeout"} 1)");
  expect_line(text, R"(circuit_breaker_failures_total{circuit="payment",type="connection_error"} 4)");
  expect_line(text, R"(circuit_breaker_failure_ratio{circuit="payment"} 0.5)");
}

TEST(BreakerMetrics, CountsTransitionsFromZero) {
  ManualBreakers breakers;
  breakers.add("payment");
  expect_line(scrape(breakers),
              R"(circuit_breaker_transitions_total{circuit="payment",from="closed",to="open"} 0)");
  breakers.fail("payment", 4);
  expect_line(scrape(breakers),
              R"(circuit_breaker_transitions_total{circuit="payment",from="closed",to="open"} 1)");
}

TEST(BreakerMetrics, CumulatesDurations) {
  ManualBreakers breakers;
  breakers.add("payment");
  breakers.durations.of("payment")->success.record(3ms);
  breakers.durations.of("payment")->success.record(70ms);
  const std::string text = scrape(breakers);
  expect_line(
      text,
      R"(circuit_breaker_call_duration_seconds_bucket{circuit="payment",result="success",le="0.0025"} 0)");
  expect_line(
      text,
      R"(circuit_breaker_call_duration_seconds_bucket{circuit="payment",result="success",le="0.005"} 1)");
  expect_line(
      text,
      R"(circuit_breaker_call_duration_seconds_bucket{circuit="payment",result="success",le="+Inf"} 2)");
  expect_line(text, R"(circuit_breaker_call_duration_seconds_count{circuit="payment",result="success"} 2)");
  expect_line(text, R"(circuit_breaker_call_duration_seconds_count{circuit="payment",result="failure"} 0)");
}

TEST(BreakerMetrics, PassPromtoolWhateverABreakerIsCalled) {
  ManualBreakers breakers;
  for (const char* name : {"payment", "two\nlines", "quo\"te", "back\\slash", "<img src=x>", "größe"}) {
    breakers.fail(name, 4);
    breakers.durations.of(name)->failure.record(20ms);
  }
  expect_promtool_accepts(scrape(breakers));
}

TEST(BreakerMetrics, HasNothingToSayWithoutBreakers) {
  ManualBreakers breakers;
  EXPECT_EQ(scrape(breakers), "");
}

}  // namespace
}  // namespace switchgear::telemetry
