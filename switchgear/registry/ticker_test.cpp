#include "switchgear/registry/ticker.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <stdexcept>

#include "switchgear/registry/breaker_registry.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint start{1h};

CircuitBreakerOptions probing_by_itself() {
  CircuitBreakerOptions options;
  options.consecutive_failures = 1;
  options.open_duration = 10s;
  options.probe_automatically = true;
  return options;
}

void fail_once(CircuitBreaker& breaker) {
  auto permit = breaker.try_acquire(start);
  ASSERT_TRUE(permit);
  std::move(*permit).record(Verdict::failure, start);
}

class HalfOpened : public EventSink {
 public:
  void on_transition(const Transition& transition) override {
    if (transition.to == State::half_open) told.set_value(transition.at);
  }
  std::promise<TimePoint> told;
};

TEST(Advance, HalfOpensWhatIsDueAndLeavesTheRestAlone) {
  BreakerRegistry registry{{}, 1};
  const auto due = registry.get_or_create("payment", probing_by_itself(), start);
  const auto keyed = registry.get_or_create_keyed("payment/tenant", probing_by_itself(), start);
  const auto healthy = registry.get_or_create("inventory", probing_by_itself(), start);
  fail_once(*due);
  fail_once(*keyed);
  registry.advance(start + 9s);
  EXPECT_EQ(due->state(), State::open);
  registry.advance(start + 10s);
  EXPECT_EQ(due->state(), State::half_open);
  EXPECT_EQ(keyed->state(), State::half_open);
  EXPECT_EQ(healthy->last_used(), start) << "advancing does not count as use";
}

TEST(Advance, LetsKeyedBreakersRetire) {
  BreakerRegistry registry{{}, 1, {.max_idle = 1min}};
  (void)registry.get_or_create_keyed("payment/tenant", probing_by_itself(), start);
  registry.advance(start + 2min);
  EXPECT_EQ(registry.find("payment/tenant"), nullptr);
}

TEST(Ticker, MakesTransitionsHappenInAProgramThatNeverCallsAgain) {
  BreakerRegistry registry{{}, 1};
  const auto listener = std::make_shared<HalfOpened>();
  registry.events().subscribe(listener);
  fail_once(*registry.get_or_create("payment", probing_by_itself(), start));
  auto told = listener->told.get_future();
  std::atomic<TimePoint> now{start};
  const Ticker ticker{registry, [&] { return now.load(); }, 1ms};
  now = start + 11s;
  ASSERT_EQ(told.wait_for(30s), std::future_status::ready);
  EXPECT_EQ(told.get(), start + 10s) << "the instant it was due, however late the look";
}

TEST(Ticker, EndsAtOnceWhateverItsInterval) {
  BreakerRegistry registry{{}, 1};
  const auto began = std::chrono::steady_clock::now();
  {
    const Ticker ticker{registry, [] { return start; }, 1h};
  }
  EXPECT_LT(std::chrono::steady_clock::now() - began, 30min);
}

TEST(Ticker, SaysWhatIsWrongWithItsArguments) {
  BreakerRegistry registry{{}, 1};
  EXPECT_THROW((Ticker{registry, {}}), std::invalid_argument);
  EXPECT_THROW((Ticker{registry, [] { return start; }, 0s}), std::invalid_argument);
}

}  // namespace
}  // namespace switchgear
