// Values that are not numbers, and their messages.
#include "switchgear/policy/option_checker.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "switchgear/policy/adaptive_limit.hpp"
#include "switchgear/policy/bulkhead.hpp"
#include "switchgear/policy/cache.hpp"
#include "switchgear/policy/call_queue.hpp"
#include "switchgear/policy/circuit_breaker_options.hpp"
#include "switchgear/policy/fallback.hpp"
#include "switchgear/policy/hedge.hpp"
#include "switchgear/policy/partial.hpp"
#include "switchgear/policy/rate_limiter.hpp"
#include "switchgear/policy/retry.hpp"

namespace switchgear {
namespace {

constexpr auto minus_one_32 = std::numeric_limits<std::uint32_t>::max();  // what -1 becomes, without a word
constexpr auto minus_one_64 = std::numeric_limits<std::uint64_t>::max();

CircuitBreakerOptions breaker() {
  CircuitBreakerOptions options;
  options.failure_rate = 0.5;
  return options;
}

template <class Options, class Spoil>
std::vector<OptionProblem> problems(Options options, Spoil spoil) {
  spoil(options);
  return validate(options);
}

TEST(OptionChecker, ANegativeNumberIsShownAsItWasWrittenAndNotAsFourBillion) {
  const struct {
    const char* key;
    std::vector<OptionProblem> found;
  } table[] = {
      {"window.size", problems(breaker(), [](auto& o) { o.window = CountWindowOptions{minus_one_32}; })},
      {"window.buckets", problems(breaker(),
                                  [](auto& o) {
                                    o.window = TimeWindowOptions{std::chrono::seconds{10}, minus_one_32};
                                  })},
      {"minimum_calls", problems(breaker(), [](auto& o) { o.minimum_calls = minus_one_64; })},
      {"minimum_calls", problems(breaker(),
                                 [](auto& o) {
                                   o.window = TimeWindowOptions{};
                                   o.minimum_calls = minus_one_64;
                                 })},
      {"consecutive_failures", problems(breaker(), [](auto& o) { o.consecutive_failures = minus_one_32; })},
      {"failure_balance", problems(breaker(), [](auto& o) { o.failure_balance = minus_one_32; })},
      {"stuck_calls.count", problems(breaker(),
                                     [](auto& o) {
                                       o.stuck_calls = StuckCallsRule{std::chrono::seconds{1}, minus_one_32};
                                     })},
      {"half_open.permitted_calls",
       problems(breaker(), [](auto& o) { o.half_open.permitted_calls = minus_one_32; })},
      {"half_open.max_concurrent",
       problems(breaker(), [](auto& o) { o.half_open.max_concurrent = minus_one_32; })},
      {"max_attempts", problems(RetryOptions{}, [](auto& o) { o.max_attempts = minus_one_32; })},
      {"max_hedges", problems(HedgeOptions{}, [](auto& o) { o.max_hedges = minus_one_32; })},
      {"max_concurrent", problems(BulkheadOptions{}, [](auto& o) { o.max_concurrent = minus_one_32; })},
      {"max_queue", problems(BulkheadOptions{}, [](auto& o) { o.max_queue = minus_one_32; })},
      {"burst", problems(RateLimiterOptions{}, [](auto& o) { o.burst = minus_one_32; })},
      {"initial", problems(AdaptiveLimitOptions{}, [](auto& o) { o.initial = minus_one_32; })},
      {"min_limit", problems(AdaptiveLimitOptions{}, [](auto& o) { o.min_limit = minus_one_32; })},
      {"max_limit", problems(AdaptiveLimitOptions{}, [](auto& o) { o.max_limit = minus_one_32; })},
      {"headroom", problems(AdaptiveLimitOptions{}, [](auto& o) { o.headroom = minus_one_32; })},
      {"min_samples", problems(AdaptiveLimitOptions{}, [](auto& o) { o.min_samples = minus_one_32; })},
      {"long_window", problems(AdaptiveLimitOptions{}, [](auto& o) { o.long_window = minus_one_32; })},
      {"max_entries", problems(CacheOptions{}, [](auto& o) { o.max_entries = minus_one_64; })},
      {"max_entries", problems(CachedFallbackOptions{}, [](auto& o) { o.max_entries = minus_one_64; })},
      {"max", problems(CallQueueOptions{}, [](auto& o) { o.max = minus_one_64; })},
  };
  for (const auto& [key, found] : table) {
    ASSERT_FALSE(found.empty()) << key << ": -1 is taken";
    EXPECT_EQ(found[0].key, key);
    EXPECT_EQ(found[0].message.find("-1 (as an unsigned number "), 0U) << found[0].message;
  }
}

TEST(OptionChecker, ANumberThatWasMeantIsShownAsItIs) {
  EXPECT_EQ(OptionChecker::whole(std::uint32_t{0}), "0");
  EXPECT_EQ(OptionChecker::whole(std::uint32_t{7}), "7");
  EXPECT_EQ(OptionChecker::whole(std::uint32_t{3'000'000'000}), "3000000000");
  EXPECT_EQ(OptionChecker::whole(minus_one_32 - 499), "-500 (as an unsigned number 4294966796)");
  EXPECT_EQ(OptionChecker::whole(minus_one_64), "-1 (as an unsigned number 18446744073709551615)");
}

TEST(OptionChecker, AFractionIsNotRoundedToOneThatWouldBeTaken) {
  EXPECT_EQ(OptionChecker::number(0.1), "0.1");
  EXPECT_EQ(OptionChecker::number(1e9), "1000000000");
  EXPECT_NE(OptionChecker::number(1.00000000000001), "1");
}

TEST(OptionChecker, ABatchOfMinusOneCallsIsNotFourBillionCalls) {
  try {
    const Partial batch{minus_one_32, 0.5};
    FAIL() << "taken";
  } catch (const std::invalid_argument& wrong) {
    EXPECT_STREQ(wrong.what(),
                 "partial: calls: -1 (as an unsigned number 4294967295) is not from 0 to 1000000");
  }
}

}  // namespace
}  // namespace switchgear
