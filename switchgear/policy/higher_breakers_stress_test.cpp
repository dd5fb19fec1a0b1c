// Breakers that adapt, that weigh failures, that go by a confidence or by health checks, under threads. Those
// with levels and controlled ramps have stress tests of their own.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "switchgear/core/random.hpp"
#include "switchgear/policy/circuit_breaker.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;

constexpr int threads = 6;

class Events final : public EventSink {
 public:
  void on_transition(const Transition&) override { transitions.fetch_add(1); }
  void on_rejection(const RejectionEvent&) override { rejections.fetch_add(1); }
  void on_adapted(const AdaptedEvent& event) override {
    adapted.fetch_add(1);
    const bool streak = std::set<std::uint32_t>{3, 5, 7}.contains(event.consecutive_failures);
    const bool length = std::set<Duration>{80us, 100us, 150us}.contains(event.open_duration);
    if (!streak || !length) compounded.fetch_add(1);
  }
  std::atomic<std::uint64_t> transitions{0}, rejections{0}, adapted{0}, compounded{0};
};

struct Higher {
  std::string name;
  std::function<void(CircuitBreakerOptions&)> make;
  bool checks = false;
};

class HigherBreakersStress : public testing::TestWithParam<Higher> {};

TEST_P(HigherBreakersStress, CountEveryCallOnceAndTellOfEveryChange) {
  CircuitBreakerOptions options;
  options.window = CountWindowOptions{100};
  options.minimum_calls = 20;
  options.open_duration = 100us;
  options.half_open = {.permitted_calls = 4, .max_failure_rate = 0.5, .max_wait = 1ms};
  GetParam().make(options);
  ASSERT_TRUE(validate(options).empty()) << validate(options).front().message;
  Events events;
  CircuitBreaker breaker{"payment", options, {&events, 1, {}, TimePoint{1h}}};
  std::atomic<Duration::rep> clock{std::chrono::nanoseconds{1h}.count()};
  std::atomic<std::uint64_t> successes{0}, failures{0}, rejected{0};
  std::vector<std::jthread> running;
  for (int t = 0; t < threads; ++t) {
    running.emplace_back([&, t] {
      Random random{static_cast<std::uint64_t>(t) + 1};
      const auto now = [&] { return TimePoint{Duration{clock.fetch_add(500)}}; };
      for (int i = 0; i < 20'000; ++i) {
        const double bad = i / 2'000 % 2 == 0 ? 0.05 : 0.7;  // in turns, so that it closes again
        if (GetParam().checks && i % 20 == 0)
          breaker.on_check(random.uniform() < bad ? CheckAnswer::bad : CheckAnswer::good, {2, 2}, now());
        auto permit = breaker.try_acquire(now());
        if (!permit) {
          rejected.fetch_add(1);
        } else if (random.uniform() < bad) {
          const auto type = random.uniform() < 0.5 ? FailureType::timeout : FailureType::http_error;
          std::move(*permit).record(Outcome::failure(type, 1ms), now());
          failures.fetch_add(1);
        } else {
          std::move(*permit).record(Outcome::success(random.uniform() < 0.5 ? 3s : 1ms), now());
          successes.fetch_add(1);
        }
      }
    });
  }
  running.clear();
  const BreakerSnapshot end = breaker.snapshot(TimePoint{Duration{clock.load()}});
  EXPECT_EQ(end.totals.successes, successes.load());
  EXPECT_EQ(end.totals.failures, failures.load());
  EXPECT_EQ(end.totals.rejected, rejected.load());
  EXPECT_EQ(end.totals.rejected, events.rejections.load());
  EXPECT_EQ(end.totals.calls, end.totals.successes + end.totals.failures);
  EXPECT_EQ(end.totals.opened + end.totals.closed + end.totals.half_opened, events.transitions.load());
  EXPECT_GT(end.totals.opened, 0U);
  EXPECT_GT(end.totals.closed, 0U);
  EXPECT_EQ(end.half_open.in_flight, 0U) << "a permit was lost";
  if (!options.adaptive) return;
  EXPECT_GT(events.adapted.load(), 0U);
  EXPECT_EQ(events.compounded.load(), 0U) << "always from the options, never from the last change";
}

INSTANTIATE_TEST_SUITE_P(
    Of, HigherBreakersStress,
    testing::Values(Higher{"adaptive",
                           [](CircuitBreakerOptions& options) {
                             options.consecutive_failures = 5;
                             options.adaptive.emplace();
                             options.adaptive->opening.shortest = 10us;
                             options.adaptive->opening.longest = 1s;
                           }},
                    Higher{"confidence",
                           [](CircuitBreakerOptions& options) {
                             options.failure_rate = 0.4;
                             options.failure_rate_confidence = 0.95;
                           }},
                    Higher{"weights",
                           [](CircuitBreakerOptions& options) {
                             options.failure_rate = 0.6;
                             options.weights[FailureType::timeout] = 3;
                           }},
                    Higher{"health_checks",
                           [](CircuitBreakerOptions& options) { options.failure_rate = 0.9; }, true}),
    [](const auto& given) { return given.param.name; });

}  // namespace
}  // namespace switchgear
