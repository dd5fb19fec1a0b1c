// The worst latency that prove states, against the real pipeline in manual time, with a service that does its
// worst: never above, and nearly reached.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <memory>
#include <optional>
#include <random>
#include <sstream>

#include "app/prove/policy_proof.hpp"
#include "switchgear/async/async_fixture.hpp"
#include "switchgear/config/configured_policies.hpp"

namespace switchgear::prove {
namespace {

using namespace testing;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// An answer that fails, and asks the caller to come back later.
struct Reply {
  std::optional<Duration> retry_after;
};

Outcome outcome_of(const Reply& reply, Duration latency) {
  Outcome outcome = Outcome::failure(FailureType::http_error, latency);
  outcome.retry_after = reply.retry_after;
  return outcome;
}

constexpr Duration moment = milliseconds{1};

/// Ends each attempt as late as it may, and asks for the longest pause after which another may still begin.
class Adversary {
 public:
  Adversary(const analysis::Policy& policy, Loop& loop) : policy_(policy), loop_(loop) {}

  template <class Token>
  auto operator()(const AsyncAttempt& attempt, Token&& token) {
    return asio::async_initiate<Token, void(error_code, Reply)>(
        [this, attempt](auto handler) { begin(attempt, std::move(handler)); }, token);
  }

  std::uint32_t attempts = 0;

 private:
  using Timer = ManualAsioTime::Timer<asio::io_context::executor_type>;

  template <class Handler>
  void begin(const AsyncAttempt& attempt, Handler handler) {
    ++attempts;
    const TimePoint now = loop_.schedule.now();
    if (!first_) first_ = now;
    if (attempt.kind != AttemptKind::hedge) ++rounds_;
    const auto [end, asked] = plan(now);
    const auto timer = std::make_shared<Timer>(loop_.executor(), loop_.time);
    const auto shared = std::make_shared<Handler>(std::move(handler));
    const auto executor = asio::get_associated_executor(*shared, loop_.executor());
    const auto slot = asio::get_associated_cancellation_slot(*shared);
    const auto done = std::make_shared<bool>(false);
    const auto finish = [timer, shared, executor, done](error_code code, Reply reply) {
      if (std::exchange(*done, true)) return;
      asio::post(executor, [shared, code, reply] { std::move (*shared)(code, reply); });
    };
    if (slot.is_connected()) {
      auto connected = slot;
      connected.assign([timer, finish](asio::cancellation_type_t) {
        timer->cancel();
        finish(asio::error::operation_aborted, {});
      });
    }
    timer->wait(end, [finish, asked = asked](error_code code) {
      if (!code) finish({}, Reply{asked});
    });
  }

  /// When the attempt ends, and what it asks for.
  [[nodiscard]] std::pair<TimePoint, std::optional<Duration>> plan(TimePoint now) const {
    const Duration longest = policy_.timeout.value_or(hours{1}) - Duration{1};
    const std::uint32_t rounds = policy_.retry ? policy_.retry->max_attempts : 1;
    if (!policy_.retry || rounds_ >= rounds) return {now + longest, std::nullopt};
    const Duration delay = delay_range(*policy_.retry, rounds_).most;
    const Duration most = policy_.retry->honor_retry_after.max;
    if (!policy_.deadline) return {now + longest, most};
    const Duration left = *policy_.deadline - (now - *first_);
    if (left <= longest) return {now + longest, std::nullopt};  // cut off by the deadline
    const Duration pause = std::max(delay, std::min(most, left - longest - moment));
    if (longest + pause < left) return {now + longest, std::min(pause, most)};
    return {std::max(now, now + left - delay - moment), std::nullopt};
  }

  const analysis::Policy& policy_;
  Loop& loop_;
  std::optional<TimePoint> first_;
  std::uint32_t rounds_ = 0;
};

/// How long a call took, and how many attempts it became, when all slots and tokens are taken as it comes.
struct Took {
  Duration latency{};
  std::uint32_t attempts = 0;
};

Took worst_call(const analysis::Policy& policy) {
  Loop loop;
  config::ConfiguredPolicies<Reply> policies{policy, BreakerContext{.created = loop.schedule.now()}};
  const TimePoint begin = loop.schedule.now();
  // As many tokens are gone as a call may wait for.
  Duration token_wait{};
  if (RateLimiter* limiter = policies.rate_limiter()) {
    const auto interval = from_seconds(1 / policy.rate_limiter->rate);
    while (limiter->snapshot(begin).available > 1 ||
           limiter->snapshot(begin).backlog + interval <= policy.rate_limiter->max_wait)
      static_cast<void>(limiter->reserve(begin));
    token_wait = limiter->snapshot(begin).backlog;
  }
  std::optional<Bulkhead::Permit> taken;
  if (Bulkhead* bulkhead = policies.bulkhead()) taken = bulkhead->try_slot();

  Adversary adversary(policy, loop);
  std::optional<TimePoint> end;
  async_call<Reply>(
      loop.executor(), policies.racing_pipeline(), AsyncCallOptions{},
      [&](const AsyncAttempt& attempt, auto&& token) {
        return adversary(attempt, std::forward<decltype(token)>(token));
      },
      [&](error_code, Reply) { end = loop.schedule.now(); }, loop.time);
  if (policy.bulkhead) {
    loop.run_for(token_wait + policy.bulkhead->max_wait - Duration{1});
    taken.reset();
  }
  loop.run_for(hours{24});
  EXPECT_TRUE(end.has_value());
  return {end.value_or(begin) - begin, adversary.attempts};
}

class Dice {
 public:
  explicit Dice(std::uint32_t seed) : random_(seed) {}
  int count(int least, int most) { return std::uniform_int_distribution(least, most)(random_); }
  bool chance(double p) { return std::uniform_real_distribution<>(0, 1)(random_) < p; }

 private:
  std::mt19937 random_;
};

analysis::Policy random_policy(Dice& dice) {
  analysis::Policy policy;
  policy.name = "p";
  policy.timeout = milliseconds{dice.count(2, 30) * 100};
  if (dice.chance(0.6)) {
    RetryOptions& retry = policy.retry.emplace();
    retry.max_attempts = static_cast<std::uint32_t>(dice.count(1, 4));
    retry.backoff = static_cast<Backoff>(dice.count(0, 2));
    retry.base = milliseconds{dice.count(0, 20) * 50};
    retry.max_delay = std::max<Duration>(retry.base, seconds{dice.count(1, 5)});
    retry.jitter = dice.chance(0.7) ? Jitter::none : Jitter::full;
    retry.honor_retry_after.max = dice.chance(0.5) ? Duration::zero() : Duration{seconds{dice.count(1, 30)}};
  }
  if (dice.chance(0.4)) policy.deadline = *policy.timeout + milliseconds{dice.count(0, 100) * 100};
  if (dice.chance(0.3)) {
    HedgeOptions& hedge = policy.hedge.emplace();
    hedge.max_hedges = static_cast<std::uint32_t>(dice.count(1, 2));
    hedge.delay = *policy.timeout / dice.count(2, 4);
  }
  if (dice.chance(0.4)) policy.bulkhead = BulkheadOptions{1, 1, milliseconds{dice.count(1, 20) * 100}};
  if (dice.chance(0.4))
    policy.rate_limiter = RateLimiterOptions{10, 2, milliseconds{dice.count(0, 10) * 100}};
  if (dice.chance(0.3)) {
    CircuitBreakerOptions& breaker = policy.circuit_breaker.emplace();
    breaker.consecutive_failures = 100;
  }
  return policy;
}

std::string told(const analysis::Policy& policy) {
  std::ostringstream text;
  text << "timeout " << to_seconds(*policy.timeout);
  if (policy.deadline) text << " deadline " << to_seconds(*policy.deadline);
  if (policy.retry) {
    text << " attempts " << policy.retry->max_attempts << " backoff "
         << static_cast<int>(policy.retry->backoff) << " base " << to_seconds(policy.retry->base)
         << " max_delay " << to_seconds(policy.retry->max_delay) << " jitter "
         << static_cast<int>(policy.retry->jitter) << " retry-after "
         << to_seconds(policy.retry->honor_retry_after.max);
  }
  if (policy.hedge)
    text << " hedges " << policy.hedge->max_hedges << " after "
         << to_seconds(std::get<Duration>(policy.hedge->delay));
  if (policy.bulkhead) text << " queue " << to_seconds(policy.bulkhead->max_wait);
  if (policy.rate_limiter) text << " token " << to_seconds(policy.rate_limiter->max_wait);
  return text.str();
}

/// The service cannot force a draw, and hedges before a deadline leave it less to choose.
bool can_be_reached(const analysis::Policy& policy) {
  const bool drawn = policy.retry && policy.retry->max_attempts > 1 && policy.retry->jitter != Jitter::none &&
                     policy.retry->honor_retry_after.max < policy.retry->max_delay;
  return !drawn && !(policy.hedge && policy.deadline);
}

class WorstLatency : public ::testing::TestWithParam<std::uint32_t> {};

TEST_P(WorstLatency, IsNeverExceededAndNearlyReached) {
  Dice dice(GetParam());
  int reached = 0;
  for (int trial = 0; trial < 60; ++trial) {
    const analysis::Policy policy = random_policy(dice);
    const PolicyProof proof = prove_policy(policy, std::nullopt);
    ASSERT_TRUE(proof.worst.latency.most.has_value()) << told(policy);
    const Took took = worst_call(policy);
    // A limit is noticed at its instant: nothing is rounded.
    EXPECT_LE(took.latency, *proof.worst.latency.most) << told(policy);
    EXPECT_LE(took.attempts, proof.worst.amplification.most) << told(policy);
    if (!can_be_reached(policy)) continue;
    ++reached;
    EXPECT_GE(to_seconds(took.latency), 0.95 * to_seconds(*proof.worst.latency.most)) << told(policy);
  }
  EXPECT_GT(reached, 20);
}

INSTANTIATE_TEST_SUITE_P(Seeds, WorstLatency, ::testing::Range(1U, 9U));

TEST(WorstLatency, WithoutATimeoutItIsUnboundedAndTheKeyIsNamed) {
  analysis::Policy policy;
  policy.retry.emplace();
  const PolicyProof proof = prove_policy(policy, std::nullopt);
  EXPECT_FALSE(proof.worst.latency.most.has_value());
  ASSERT_FALSE(proof.findings.empty());
  EXPECT_EQ(proof.findings.front().kind, "unbounded_latency");
  EXPECT_EQ(proof.findings.front().key, "timeout");
}

}  // namespace
}  // namespace switchgear::prove
