// What prove works out, against every sequence of a few calls, tried one by one on the real breaker.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <optional>
#include <random>
#include <sstream>
#include <vector>

#include "app/prove/breaker_proof.hpp"
#include "switchgear/policy/circuit_breaker.hpp"

namespace switchgear::prove {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration quick = milliseconds{1};

/// What may happen next.
enum class Letter : std::uint8_t { success, failure, slow, wait, hang };

/// Which letters there are, and what they mean.
struct Alphabet {
  std::vector<Letter> letters;
  Duration slow{};  ///< how long a slow call lasts
  bool slow_fails = false;
  Duration wait{};
  Duration beat{};  ///< after every call
  std::uint64_t slots = 0;
  FailureType type = FailureType::http_error;
};

/// Plays a sequence; the number of calls until `wanted` is reached. Slow calls and quick ones end at once, as
/// calls do that began earlier.
class Player {
 public:
  Player(const CircuitBreakerOptions& options, const Alphabet& alphabet)
      : breaker_("search", options), alphabet_(alphabet) {}

  std::optional<std::uint64_t> play(const std::vector<Letter>& sequence, State wanted) {
    for (const Letter letter : sequence) {
      one(letter);
      if (breaker_.state() == wanted) return calls_;
    }
    return std::nullopt;
  }
  CircuitBreaker& breaker() { return breaker_; }
  TimePoint& now() { return now_; }
  void forget_calls() { calls_ = 0; }

 private:
  void one(Letter letter) {
    if (letter == Letter::wait) {
      now_ += alphabet_.wait;
      return;
    }
    const bool full = alphabet_.slots != 0 && held_.size() >= alphabet_.slots;
    if (full) return;  // the bulkhead refuses it
    auto permit = breaker_.try_acquire(now_);
    if (!permit) return;
    ++calls_;
    if (letter == Letter::hang) {
      held_.push_back(std::move(*permit));
      return;
    }
    const bool slow = letter == Letter::slow;
    const bool fails = letter == Letter::failure || (slow && alphabet_.slow_fails);
    const Duration latency = slow ? alphabet_.slow : quick;
    std::move(*permit).record(fails ? Outcome::failure(alphabet_.type, latency) : Outcome::success(latency),
                              now_);
    now_ += alphabet_.beat;
  }

  CircuitBreaker breaker_;
  const Alphabet& alphabet_;
  std::vector<CircuitBreaker::Permit> held_;
  TimePoint now_{};
  std::uint64_t calls_ = 0;
};

/// The fewest calls in any sequence of up to `depth` letters, breadth first.
std::optional<std::uint64_t> fewest(
    const std::vector<Letter>& letters, std::size_t depth,
    const std::function<std::optional<std::uint64_t>(const std::vector<Letter>&)>& play) {
  std::optional<std::uint64_t> least;
  for (std::size_t length = 1; length <= depth; ++length) {
    std::vector<std::size_t> places(length, 0);
    for (bool more = true; more;) {
      std::vector<Letter> sequence;
      for (const std::size_t place : places) sequence.push_back(letters[place]);
      if (const auto calls = play(sequence); calls && (!least || *calls < *least)) least = calls;
      std::size_t digit = 0;
      while (digit < length && ++places[digit] == letters.size()) places[digit++] = 0;
      more = digit < length;
    }
  }
  return least;
}

class Dice {
 public:
  explicit Dice(std::uint32_t seed) : random_(seed) {}
  std::uint32_t count(std::uint32_t least, std::uint32_t most) {
    return std::uniform_int_distribution<std::uint32_t>(least, most)(random_);
  }
  bool chance(double p) { return std::uniform_real_distribution<>(0, 1)(random_) < p; }
  template <class T, std::size_t N>
  T one_of(const std::array<T, N>& all) {
    return all[count(0, N - 1)];
  }

 private:
  std::mt19937 random_;
};

constexpr std::uint32_t most_calls = 5;

CircuitBreakerOptions random_options(Dice& dice) {
  constexpr std::array rates{0.1, 0.34, 0.5, 0.75, 1.0};
  CircuitBreakerOptions options;
  const std::uint32_t size = dice.count(1, most_calls + 1);
  if (dice.chance(0.5)) {
    options.window = CountWindowOptions{size};
  } else {
    options.window = TimeWindowOptions{seconds{dice.count(1, 6)}, dice.count(1, 4)};
  }
  options.minimum_calls = dice.count(0, std::min(size, most_calls));
  if (dice.chance(0.5)) options.failure_rate = dice.one_of(rates);
  if (options.failure_rate && *options.failure_rate < 0.6 && dice.chance(0.3)) {
    options.failure_rate_confidence = 0.75;
    if (auto* window = std::get_if<CountWindowOptions>(&options.window)) window->size = most_calls + 1;
  }
  if (dice.chance(0.3))
    options.slow_call = SlowCallRule{milliseconds{dice.count(1, 3) * 500}, dice.one_of(rates)};
  if (dice.chance(0.3))
    options.latency =
        LatencyRule{dice.one_of(std::array{0.5, 0.9, 1.0}), milliseconds{dice.count(1, 3) * 500}};
  if (dice.chance(0.3)) options.consecutive_failures = dice.count(1, most_calls);
  if (dice.chance(0.3)) options.failure_balance = dice.count(1, most_calls);
  if (dice.chance(0.3)) options.stuck_calls = StuckCallsRule{seconds{dice.count(1, 3)}, dice.count(1, 3)};
  if (!options.failure_rate_confidence && dice.chance(0.3))
    options.weights[FailureType::timeout] = static_cast<std::uint8_t>(dice.count(1, 3));
  if (options.consecutive_failures && dice.chance(0.2)) options.adaptive.emplace().samples = dice.count(1, 3);
  if (!options.needs_window() && !options.consecutive_failures && !options.failure_balance &&
      !options.stuck_calls)
    options.consecutive_failures = 2;
  HalfOpenOptions& half_open = options.half_open;
  half_open.permitted_calls = dice.count(1, 4);
  if (dice.chance(0.5)) half_open.max_failure_rate = dice.one_of(rates);
  if (dice.chance(0.3)) half_open.success_threshold = dice.count(1, half_open.permitted_calls);
  if (dice.chance(0.3)) half_open.max_concurrent = 1;
  if (dice.chance(0.3)) half_open.probe_interval = seconds{2};
  if (dice.chance(0.1)) half_open.max_wait = Duration{1};
  if (options.slow_call && dice.chance(0.15)) options.slow_call->threshold = Duration::zero();
  return options;
}

analysis::Policy random_policy(Dice& dice) {
  analysis::Policy policy;
  policy.circuit_breaker = random_options(dice);
  if (dice.chance(0.3)) policy.timeout = milliseconds{dice.count(1, 4) * 400};
  if (dice.chance(0.3)) policy.bulkhead = BulkheadOptions{dice.count(1, 4)};
  if (dice.chance(0.2)) policy.failure_when = {{}, dice.chance(0.3), false};
  return policy;
}

std::string told(const analysis::Policy& policy, std::optional<double> rate) {
  const CircuitBreakerOptions& b = *policy.circuit_breaker;
  std::ostringstream text;
  if (const auto* count = std::get_if<CountWindowOptions>(&b.window)) text << "size " << count->size;
  if (const auto* time = std::get_if<TimeWindowOptions>(&b.window))
    text << "duration " << to_seconds(time->duration) << " buckets " << time->buckets;
  text << " minimum " << b.minimum_calls;
  if (b.failure_rate)
    text << " failure_rate " << *b.failure_rate << " confidence " << b.failure_rate_confidence.value_or(0);
  if (b.slow_call) text << " slow " << to_seconds(b.slow_call->threshold) << " " << b.slow_call->rate;
  if (b.latency) text << " latency " << b.latency->quantile << " " << to_seconds(b.latency->above);
  text << " consecutive " << b.consecutive_failures.value_or(0) << " balance "
       << b.failure_balance.value_or(0);
  if (b.stuck_calls) text << " stuck " << b.stuck_calls->count;
  if (b.adaptive) text << " adaptive " << b.adaptive->samples;
  text << " permitted " << b.half_open.permitted_calls << " max_failure_rate "
       << b.half_open.max_failure_rate;
  if (policy.timeout) text << " timeout " << to_seconds(*policy.timeout);
  if (policy.bulkhead) text << " slots " << policy.bulkhead->max_concurrent;
  text << " rate " << rate.value_or(0) << " fails " << policy.failure_when.timeout
       << !policy.failure_when.status.empty();
  return text.str();
}

/// The longest call that the policy lets be recorded, and how it ends: nothing that any rule calls slow is
/// missing then.
Alphabet alphabet_of(const analysis::Policy& policy, std::optional<double> rate) {
  Alphabet alphabet{{Letter::success, Letter::wait}, {}, false, {}, {}, 0, FailureType::http_error};
  const CircuitBreakerOptions& breaker = *policy.circuit_breaker;
  alphabet.slow = policy.timeout.value_or(seconds{10});
  // At its limit an attempt is a timeout, which lasts a little longer if it is recorded at all.
  alphabet.slow_fails = policy.timeout.has_value() && policy.failure_when.timeout;
  if (alphabet.slow_fails) alphabet.slow += Duration{1};
  if (policy.timeout && !policy.failure_when.timeout) alphabet.slow -= Duration{1};
  if (policy.bulkhead) alphabet.slots = policy.bulkhead->max_concurrent;
  const analysis::FailureWhen& when = policy.failure_when;
  if (when.timeout || !when.status.empty()) alphabet.letters.push_back(Letter::failure);
  // A timeout with a weight of its own.
  if (when.timeout && (when.status.empty() || breaker.weights[FailureType::timeout] > 1))
    alphabet.type = FailureType::timeout;
  alphabet.letters.push_back(Letter::slow);
  if (breaker.stuck_calls) alphabet.letters.push_back(Letter::hang);
  const auto* window = std::get_if<TimeWindowOptions>(&breaker.window);
  alphabet.wait = window != nullptr ? window->duration / 2 : Duration{seconds{1}};
  if (breaker.stuck_calls) alphabet.wait = breaker.stuck_calls->older_than + Duration{1};
  if (rate) {
    std::erase(alphabet.letters, Letter::wait);
    alphabet.beat = from_seconds(1 / *rate);
  }
  return alphabet;
}

/// The search's calls take no time, so it does not see that slots are taken for long.
bool time_and_slots(const analysis::Policy& policy) {
  const CircuitBreakerOptions& breaker = *policy.circuit_breaker;
  return policy.bulkhead && std::holds_alternative<TimeWindowOptions>(breaker.window) &&
         breaker.needs_window();
}

class BreakerSearch : public ::testing::TestWithParam<std::uint32_t> {};

TEST_P(BreakerSearch, OpensExactlyWhenSomeSequenceOfCallsOpensIt) {
  Dice dice(GetParam());
  int opened = 0;
  int never = 0;
  for (int trial = 0; trial < 60; ++trial) {
    const analysis::Policy policy = random_policy(dice);
    if (!validate(*policy.circuit_breaker).empty() || time_and_slots(policy)) continue;
    std::optional<double> rate;
    // Slow calls that share slots come at a pace of their own: with a rate, they are left to the other test.
    if (!policy.bulkhead && !policy.circuit_breaker->stuck_calls && dice.chance(0.4))
      rate = 0.4 * dice.count(1, 6);
    const BreakerProof proof = prove_breaker({policy, rate, std::nullopt});
    ASSERT_TRUE(proof.can_open.has_value()) << told(policy, rate);
    const Alphabet alphabet = alphabet_of(policy, rate);
    const bool hangs = policy.circuit_breaker->stuck_calls.has_value();
    const auto least =
        fewest(alphabet.letters, most_calls + (hangs ? 1 : 0), [&](const std::vector<Letter>& sequence) {
          Player player(*policy.circuit_breaker, alphabet);
          return player.play(sequence, State::open);
        });
    if (least) {
      EXPECT_TRUE(*proof.can_open) << "opens after " << *least << ": " << told(policy, rate);
    }
    if (*proof.can_open && !least) {
      EXPECT_GT(proof.opened_after, most_calls) << told(policy, rate);
    }
    if (least && *proof.can_open) {
      EXPECT_EQ(proof.opened_after, *least) << proof.opened_by << ": " << told(policy, rate);
    }
    ++(*proof.can_open ? opened : never);
  }
  EXPECT_GT(opened, 10);
  EXPECT_GT(never, 0);
}

TEST_P(BreakerSearch, ClosesExactlyWhenSomeSequenceOfProbesClosesIt) {
  Dice dice(GetParam() + 1'000);
  int closed = 0;
  for (int trial = 0; trial < 60; ++trial) {
    const analysis::Policy policy = random_policy(dice);
    const CircuitBreakerOptions& breaker = *policy.circuit_breaker;
    if (!validate(breaker).empty()) continue;
    const BreakerProof proof = prove_breaker({policy, std::nullopt, std::nullopt});
    Alphabet alphabet{{Letter::success, Letter::failure, Letter::wait},
                      {},
                      false,
                      seconds{2},
                      {},
                      0,
                      FailureType::http_error};
    const bool never_in_time = breaker.half_open.max_wait <= Duration{1};
    const auto least =
        fewest(alphabet.letters, 7, [&](const std::vector<Letter>& sequence) -> std::optional<std::uint64_t> {
          if (never_in_time) return std::nullopt;  // each call takes a nanosecond at least
          Player player(breaker, alphabet);
          player.breaker().on_check(CheckAnswer::bad, {1, 1}, player.now());
          player.now() += breaker.max_open_duration;
          return player.play(sequence, State::closed);
        });
    EXPECT_EQ(proof.can_close, least.has_value()) << told(policy, std::nullopt);
    if (least) {
      EXPECT_EQ(proof.probes, *least) << told(policy, std::nullopt);
    }
    closed += least ? 1 : 0;
  }
  EXPECT_GT(closed, 10);
}

INSTANTIATE_TEST_SUITE_P(Seeds, BreakerSearch, ::testing::Range(1U, 11U));

}  // namespace
}  // namespace switchgear::prove
