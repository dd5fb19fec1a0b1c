// Breakers by value against a plain breaker for each value, one thread at a time: the same calls are
// admitted, refused for the same reason, for the same time.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "switchgear/core/random.hpp"
#include "switchgear/policy/breakers_by_value.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;

/// Rule 2 of BreakersByValue, word for word.
class PlainBreakers {
 public:
  struct One {
    explicit One(const CircuitBreakerOptions& options, TimePoint now)
        : breaker{"", options, {.created = now}} {}
    CircuitBreaker breaker;
    int in_flight = 0;
  };

  PlainBreakers(const CircuitBreakerOptions& options, Duration idle) : options_(options), idle_(idle) {}

  One* find(const std::string& value, TimePoint now) {
    const auto known = values_.find(value);
    if (known == values_.end()) return nullptr;
    if (!is_over(*known->second, now)) return known->second.get();
    values_.erase(known);
    return nullptr;
  }
  One& get(const std::string& value, TimePoint now) {
    if (One* known = find(value, now)) return *known;
    return *(values_[value] = std::make_unique<One>(options_, now));
  }

 private:
  [[nodiscard]] bool is_over(const One& one, TimePoint now) const {
    const TimePoint idle_from = now - idle_;
    if (one.in_flight > 0 || one.breaker.last_used() > idle_from) return false;
    const BreakerSnapshot seen = one.breaker.snapshot(idle_from);
    if (seen.metrics_only) return false;
    switch (seen.state) {
      case State::closed:
        return !one.breaker.snapshot(now).ramping;
      case State::open:
        return *seen.retry_after == Duration::zero();
      case State::half_open:
        return true;
      case State::forced_open:
      case State::disabled:
        return false;
    }
    return false;
  }

  const CircuitBreakerOptions options_;
  const Duration idle_;
  std::map<std::string, std::unique_ptr<One>> values_;
};

CircuitBreakerOptions any_options(Random& random) {
  const auto draw = [&](std::uint64_t most) { return random.next() % (most + 1); };
  CircuitBreakerOptions options;
  if (draw(1) == 0) {
    options.window = CountWindowOptions{static_cast<std::uint32_t>(1 + draw(20))};
    options.minimum_calls = 1 + draw(std::get<CountWindowOptions>(options.window).size - 1);
  } else {
    options.window = TimeWindowOptions{1s * (1 + draw(9)), static_cast<std::uint32_t>(1 + draw(10))};
    options.minimum_calls = 1 + draw(8);
  }
  switch (draw(5)) {
    case 0:
      options.consecutive_failures = 1 + draw(3);
      break;
    case 1:
      options.failure_balance = 1 + draw(3);
      break;
    case 2:
      options.slow_call = SlowCallRule{1s, 0.5};
      break;
    case 3:
      options.latency = LatencyRule{0.5, 1s};
      break;
    default:
      options.failure_rate = 0.1 + 0.1 * static_cast<double>(draw(8));
  }
  if (draw(9) == 0) options.stuck_calls = StuckCallsRule{2s, 2};
  options.open_duration = 1s * (1 + draw(10));
  options.backoff = draw(1) == 0 ? 1.0 : 2.0;
  options.honor_retry_after = draw(1) == 0;
  options.probe_automatically = draw(3) == 0;
  options.half_open.permitted_calls = static_cast<std::uint32_t>(1 + draw(2));
  if (draw(3) == 0) options.ramp = RampOptions{5s, 0.5};
  return options;
}

Outcome any_outcome(Random& random) {
  const Duration latency = 100ms * (random.next() % 15);
  switch (random.next() % 8) {
    case 0:
    case 1:
      return Outcome::failure(FailureType::timeout, latency);
    case 2: {
      Outcome outcome = Outcome::failure(FailureType::http_error, latency);
      outcome.retry_after = 7s;
      return outcome;
    }
    case 3:
      return Outcome::ignored();
    default:
      return Outcome::success(latency);
  }
}

struct Flight {
  BreakersByValue::Permit permit;
  CircuitBreaker::Permit model;
  PlainBreakers::One* of;
};

class Comparison {
 public:
  explicit Comparison(std::uint64_t seed)
      : random_(seed),
        options_(any_options(random_)),
        values_("v", options_, {.max = 100, .idle = idle}, {.seed = seed}),
        plain_(options_, idle) {}

  void step() {
    now_ += pause();
    const std::string value(1, static_cast<char>('a' + random_.next() % 4));
    switch (random_.next() % 16) {
      case 0:
        values_.retire_idle(now_);
        return;
      case 1:
        return compare(value);
      case 2:
        if (random_.next() % 8 == 0) operate(value);
        return;
      case 3:
        if (!flights_.empty()) drop(random_.next() % flights_.size());
        return;
      case 4:
      case 5:
      case 6:
      case 7:
      case 8:
        if (!flights_.empty()) land(random_.next() % flights_.size());
        return;
      default:
        call(value);
    }
  }

 private:
  static constexpr Duration idle = 20s;

  Duration pause() {
    constexpr std::array<Duration, 8> lengths{0s, 0s, 1ms, 100ms, 500ms, 1s, 3s, 25s};
    return random_.next() % 6 != 0 ? lengths[random_.next() % 4] : lengths[random_.next() % lengths.size()];
  }
  void call(const std::string& value) {
    auto got = values_.try_acquire(value, now_);
    PlainBreakers::One& one = plain_.get(value, now_);
    auto wanted = one.breaker.try_acquire(now_);
    ASSERT_EQ(got.has_value(), wanted.has_value()) << value;
    if (!wanted) {
      EXPECT_EQ(got.rejection().reason, wanted.rejection().reason);
      EXPECT_EQ(got.rejection().retry_after, wanted.rejection().retry_after);
      return;
    }
    ++one.in_flight;
    flights_.push_back({*std::move(got), *std::move(wanted), &one});
  }
  void land(std::size_t which) {
    const Outcome outcome = any_outcome(random_);
    std::move(flights_[which].permit).record(outcome, now_);
    std::move(flights_[which].model).record(outcome, now_);
    drop(which);
  }
  void drop(std::size_t which) {
    --flights_[which].of->in_flight;
    std::vector<Flight> others;
    for (std::size_t i = 0; i < flights_.size(); ++i) {
      if (i != which) others.push_back(std::move(flights_[i]));
    }
    flights_ = std::move(others);
  }
  void operate(const std::string& value) {
    constexpr std::array commands{Command::reset, Command::force_open, Command::force_close, Command::disable,
                                  Command::metrics_only};
    const Command command = commands[random_.next() % commands.size()];
    PlainBreakers::One* const one = plain_.find(value, now_);
    EXPECT_EQ(values_.command(value, command, now_), one != nullptr);
    if (one != nullptr) one->breaker.command(command, now_);
  }
  void compare(const std::string& value) {
    const auto got = values_.find(value, now_);
    PlainBreakers::One* const one = plain_.find(value, now_);
    ASSERT_EQ(got.has_value(), one != nullptr) << value;
    if (one == nullptr) return;
    const BreakerSnapshot wanted = one->breaker.snapshot(now_);
    EXPECT_EQ(got->state, wanted.state);
    EXPECT_EQ(got->retry_after, wanted.retry_after);
    EXPECT_EQ(got->relapses, wanted.relapses);
    EXPECT_EQ(got->metrics_only, wanted.metrics_only);
    EXPECT_EQ(got->window.failures, wanted.window.failures);
    EXPECT_EQ(got->window.slow, wanted.window.slow);
    if (std::holds_alternative<CountWindowOptions>(options_.window)) {
      EXPECT_EQ(got->window.calls, wanted.window.calls);
    }
  }

  Random random_;
  CircuitBreakerOptions options_;
  BreakersByValue values_;
  PlainBreakers plain_;
  TimePoint now_{1h};
  std::vector<Flight> flights_;
};

TEST(BreakersByValueProperty, DecideAsAPlainBreakerForEachValue) {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    Comparison comparison{seed};
    for (int i = 0; i < 600; ++i) {
      comparison.step();
      if (::testing::Test::HasFailure()) FAIL() << "seed " << seed << ", step " << i;
    }
  }
}

}  // namespace
}  // namespace switchgear
