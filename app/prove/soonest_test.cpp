// How soon a breaker closes at the soonest, against random calls to the real breaker that probe it as early
// as it lets them.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <random>

#include "app/prove/breaker_proof.hpp"
#include "switchgear/policy/circuit_breaker.hpp"

namespace switchgear::prove {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}
  std::uint32_t count(std::uint32_t least, std::uint32_t most) {
    return std::uniform_int_distribution<std::uint32_t>(least, most)(random_);
  }
  bool chance(double p) { return std::uniform_real_distribution<>(0, 1)(random_) < p; }
  template <class T, std::size_t N>
  T one_of(const std::array<T, N>& all) {
    return all[count(0, N - 1)];
  }

 private:
  std::mt19937_64 random_;
};

/// From an opening to closed, the shortest of what happens to random calls; those of one breaker are good and
/// slow as often as each other.
std::optional<Duration> shortest_seen(const CircuitBreakerOptions& options, std::uint64_t seed) {
  Dice dice(seed);
  CircuitBreaker breaker("walk", options, {nullptr, seed});
  const double failing = dice.one_of(std::array{0.0, 0.3, 0.5, 0.55, 0.7, 1.0});
  const double slow = dice.one_of(std::array{0.0, 0.0, 0.3, 0.7});
  TimePoint now{};
  TimePoint opened{};
  State before = State::closed;
  std::optional<Duration> least;
  for (int k = 0; k < 1'500; ++k) {
    auto permit = breaker.try_acquire(now);
    if (!permit) {
      now += permit.rejection().retry_after.value_or(seconds{1});
    } else {
      const bool probes = breaker.state() == State::half_open;
      const bool fails = dice.chance(probes ? 0.1 : failing);
      const Duration latency = !probes && dice.chance(slow) ? Duration{seconds{3}} : Duration{1};
      std::move(*permit).record(
          fails ? Outcome::failure(FailureType::http_error, latency) : Outcome::success(latency), now);
      now += milliseconds{dice.chance(0.3) ? 10 : 0};
    }
    const State state = breaker.state();
    if (state == State::open && before == State::closed) opened = now;
    if (state == State::closed && before != State::closed) {
      // `now` may have gone on by up to 10 ms at either end.
      const Duration took = now - opened + milliseconds{10};
      least = least ? std::min(*least, took) : took;
    }
    before = state;
  }
  return least;
}

analysis::Policy policy_of(const CircuitBreakerOptions& options) {
  analysis::Policy policy;
  policy.circuit_breaker = options;
  return policy;
}

CircuitBreakerOptions random_breaker(Dice& dice) {
  CircuitBreakerOptions options;
  options.window = CountWindowOptions{20};
  if (dice.chance(0.5)) options.window = TimeWindowOptions{seconds{10}, 10};
  options.minimum_calls = dice.count(1, 20);
  options.open_duration = seconds{dice.count(5, 40)};
  if (dice.chance(0.7)) options.failure_rate = dice.one_of(std::array{0.3, 0.5, 0.8});
  if (!options.failure_rate || dice.chance(0.4)) options.consecutive_failures = dice.count(1, 6);
  if (dice.chance(0.3)) options.slow_call = SlowCallRule{seconds{2}, 0.5};
  if (dice.chance(0.4)) options.jitter = dice.one_of(std::array{0.1, 0.5, 0.9});
  if (dice.chance(0.3)) options.backoff = 2;
  options.half_open.permitted_calls = dice.count(1, 4);
  if (dice.chance(0.3)) options.half_open.probe_interval = seconds{2};
  if (dice.chance(0.4)) {
    options.adaptive.emplace().samples = dice.count(1, 30);
    options.adaptive->opening.shorten = dice.one_of(std::array{0.2, 0.8, 1.0});
  } else if (dice.chance(0.6)) {
    LevelsOptions& levels = options.levels.emplace();
    levels.escalate_above = dice.one_of(std::array{0.0, 0.4, 0.6, 0.9});
    levels[BreakerLevel::critical].open_duration = options.open_duration + seconds{dice.count(0, 30)};
    levels[BreakerLevel::emergency].open_duration = seconds{100};
    if (dice.chance(0.3)) levels[BreakerLevel::critical].slow_call = SlowCallRule{Duration::zero(), 0.5};
  }
  return options;
}

TEST(Soonest, NoBreakerClosesSoonerThanIsSaid) {
  int closed = 0;
  int attained = 0;
  for (std::uint32_t trial = 0; trial < 150; ++trial) {
    Dice dice(trial);
    const CircuitBreakerOptions options = random_breaker(dice);
    if (!validate(options).empty()) continue;
    const BreakerProof proof = prove_breaker({policy_of(options), std::nullopt, std::nullopt});
    for (std::uint32_t seed = 0; seed < 8; ++seed) {
      const auto seen = shortest_seen(options, trial * 100 + seed);
      if (!seen) continue;
      ++closed;
      ASSERT_EQ(proof.can_close, std::optional(true)) << "trial " << trial;
      ASSERT_TRUE(proof.recovery) << "trial " << trial;
      EXPECT_GE(to_seconds(*seen), to_seconds(*proof.recovery)) << "trial " << trial << " seed " << seed;
    }
    attained += proof.recovery_attained ? 1 : 0;
  }
  EXPECT_GT(closed, 300);
  EXPECT_GT(attained, 60);
}

/// That the breaker closes no sooner than that, and in some of 200 walks within a twentieth of it.
void expect_soonest(const CircuitBreakerOptions& options, Duration soonest) {
  const BreakerProof proof = prove_breaker({policy_of(options), std::nullopt, std::nullopt});
  ASSERT_TRUE(proof.recovery);
  EXPECT_EQ(to_seconds(*proof.recovery), to_seconds(soonest));
  EXPECT_TRUE(proof.recovery_attained);
  std::optional<Duration> least;
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    const auto seen = shortest_seen(options, seed);
    if (seen && (!least || *seen < *least)) least = seen;
  }
  ASSERT_TRUE(least);
  EXPECT_GE(*least, soonest);
  EXPECT_LE(to_seconds(*least), to_seconds(soonest) * 1.05 + 0.1);
}

TEST(Soonest, JitterMayShortenAnOpening) {
  CircuitBreakerOptions options;
  options.consecutive_failures = 3;
  options.open_duration = seconds{10};
  options.jitter = 0.5;
  expect_soonest(options, seconds{5});
}

TEST(Soonest, AdaptationMayShortenAnOpening) {
  CircuitBreakerOptions options;
  options.failure_rate = 0.5;
  options.adaptive.emplace();
  expect_soonest(options, seconds{24});
  options.open_duration = seconds{11};
  expect_soonest(options, seconds{10});
}

TEST(Soonest, ALevelThatIsNotLeftOpensForItsOwnTime) {
  CircuitBreakerOptions options;
  options.failure_rate = 0.5;
  options.open_duration = seconds{10};
  LevelsOptions& levels = options.levels.emplace();
  levels[BreakerLevel::critical].open_duration = seconds{30};
  levels[BreakerLevel::emergency].open_duration = seconds{120};
  expect_soonest(options, seconds{10});
  options.levels->escalate_above = 0.4;  // whatever opens it is more
  expect_soonest(options, seconds{30});
}

TEST(Soonest, ProbesComeAnIntervalApart) {
  CircuitBreakerOptions options;
  options.consecutive_failures = 3;
  options.half_open.probe_interval = seconds{2};
  expect_soonest(options, seconds{34});
}

TEST(Soonest, AnOpeningThatIsNotSeenIsOnlyABound) {
  CircuitBreakerOptions options;
  options.consecutive_failures = 3;
  options.adaptive.emplace().samples = 1;  // the failure that opens it
  const BreakerProof proof = prove_breaker({policy_of(options), std::nullopt, std::nullopt});
  EXPECT_EQ(proof.recovery, std::optional<Duration>(seconds{24}));
  EXPECT_FALSE(proof.recovery_attained);
}

}  // namespace
}  // namespace switchgear::prove
