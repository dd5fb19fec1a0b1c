// A retry budget of what is in flight.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "switchgear/core/random.hpp"
#include "switchgear/policy/hedge.hpp"
#include "switchgear/policy/property_fixture.hpp"
#include "switchgear/policy/retry.hpp"
#include "switchgear/policy/retry_budget.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint now{1h};

RetryBudgetOptions concurrent(double ratio, std::uint32_t min_concurrency) {
  return {.ratio = ratio, .mode = BudgetMode::concurrent, .min_concurrency = min_concurrency};
}

std::vector<RetryBudget::InFlight> calls(RetryBudget& budget, int many) {
  std::vector<RetryBudget::InFlight> begun;
  for (int i = 0; i < many; ++i) begun.push_back(budget.on_call(now));
  return begun;
}

/// Spends until refused, and keeps what it got.
std::vector<RetryBudget::InFlight> all_retries(RetryBudget& budget) {
  std::vector<RetryBudget::InFlight> granted;
  while (auto one = budget.try_spend(now)) granted.push_back(*std::move(one));
  return granted;
}

TEST(ConcurrentRetryBudget, GrantsAShareOfTheCallsInFlight) {
  RetryBudget budget{"payment", concurrent(0.2, 0)};
  const auto running = calls(budget, 54);
  EXPECT_EQ(all_retries(budget).size(), 10U);
}

TEST(ConcurrentRetryBudget, GrantsTheWholeShareHoweverTheRatioRounds) {
  for (int percent = 0; percent <= 100; ++percent) {
    RetryBudget budget{"payment", concurrent(percent / 100.0, 0)};
    const auto running = calls(budget, 100);
    EXPECT_EQ(all_retries(budget).size(), static_cast<std::size_t>(percent));
  }
}

TEST(ConcurrentRetryBudget, GrantsTheMinimumHoweverFewTheCalls) {
  RetryBudget budget{"payment", concurrent(0.2, 3)};
  EXPECT_EQ(all_retries(budget).size(), 3U);
  const auto running = calls(budget, 10);
  EXPECT_EQ(all_retries(budget).size(), 3U) << "the larger of the two, not their sum";
}

TEST(ConcurrentRetryBudget, GrantsAgainWhenARetryHasEnded) {
  RetryBudget budget{"payment", concurrent(0, 1)};
  auto first = budget.try_spend(now);
  EXPECT_TRUE(first);
  EXPECT_FALSE(budget.try_spend(now + 24h)) << "time frees nothing";
  first.reset();
  EXPECT_TRUE(budget.try_spend(now));
}

TEST(ConcurrentRetryBudget, LetsRunningRetriesGoOnWhenTheirCallsHaveEnded) {
  RetryBudget budget{"payment", concurrent(0.5, 0)};
  auto running = calls(budget, 10);
  auto retries = all_retries(budget);
  ASSERT_EQ(retries.size(), 5U);
  running.resize(2);
  EXPECT_FALSE(budget.try_spend(now));
  retries.resize(1);
  EXPECT_FALSE(budget.try_spend(now)) << "one of two calls is what there is";
  retries.clear();
  EXPECT_TRUE(budget.try_spend(now));
}

TEST(ConcurrentRetryBudget, ShowsWhatIsInFlight) {
  RetryBudget budget{"payment", concurrent(0.5, 1)};
  const auto running = calls(budget, 9);
  const auto retry = budget.try_spend(now);
  const RetryBudgetSnapshot seen = budget.snapshot(now);
  EXPECT_EQ(seen.calls, 9U);
  EXPECT_EQ(seen.retries, 1U);
  EXPECT_EQ(seen.left, 3U);
  EXPECT_EQ(all_retries(budget).size(), 3U);
  EXPECT_EQ(budget.snapshot(now).totals.granted, 4U);
  EXPECT_EQ(budget.snapshot(now).totals.refused, 1U);
}

TEST(ConcurrentRetryBudget, ARetryHoldsItsPlaceFromTheDecisionToTheEndOfItsAttempt) {
  RetryBudget budget{"payment", concurrent(0, 1)};
  Retry retry{"payment", {.max_attempts = 3, .jitter = Jitter::none}, 0, &budget};
  const Outcome failed = Outcome::failure(FailureType::timeout, 1ms);
  {
    Retry::Progress one, other;
    retry.on_call(one, now);
    retry.on_call(other, now);
    EXPECT_TRUE(retry.next_attempt(one, failed, now, TimePoint::max()));
    EXPECT_FALSE(retry.next_attempt(other, failed, now, TimePoint::max())) << "while the first one waits";
    EXPECT_TRUE(retry.next_attempt(one, failed, now, TimePoint::max())) << "its own place is free again";
    EXPECT_FALSE(retry.next_attempt(one, Outcome::success(1ms), now, TimePoint::max()));
    EXPECT_EQ(budget.snapshot(now).retries, 0U);
    EXPECT_EQ(budget.snapshot(now).calls, 2U);
  }
  EXPECT_EQ(budget.snapshot(now).calls, 0U);
  EXPECT_EQ(retry.totals().given_up_for(GivenUp::budget_exhausted), 1U);
}

TEST(ConcurrentRetryBudget, AHedgeHoldsItsPlaceUntilItHasEnded) {
  RetryBudget budget{"payment", concurrent(0, 1)};
  Hedge hedge{"payment", {.delay = Duration{1ms}}, &budget};
  {
    const auto first = hedge.try_hedge(now);
    EXPECT_TRUE(first);
    EXPECT_FALSE(hedge.try_hedge(now));
  }
  EXPECT_TRUE(hedge.try_hedge(now));
}

TEST(ConcurrentRetryBudget, GrantsWhatAPlainModelGrants) {
  EXPECT_TRUE(holds(400, [] {
    const int thousandths = *rc::gen::element(0, 1, 100, 200, 290, 333, 500, 1'000, 2'500);
    const auto least = *rc::gen::inRange<std::uint32_t>(0, 5);
    const auto ops = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 100));
    RetryBudget budget{"payment", concurrent(thousandths / 1'000.0, least)};
    std::vector<RetryBudget::InFlight> calls, retries;
    for (const int op : ops) {
      if (op < 40) {
        calls.push_back(budget.on_call(now));
      } else if (op < 55 && !calls.empty()) {
        calls.pop_back();
      } else if (op < 70 && !retries.empty()) {
        retries.pop_back();
      } else {
        const auto with_it = static_cast<std::int64_t>(retries.size()) + 1;
        const bool wanted =
            with_it <=
            std::max<std::int64_t>(thousandths * static_cast<std::int64_t>(calls.size()) / 1'000, least);
        RC_ASSERT((budget.snapshot(now).left > 0) == wanted);
        auto granted = budget.try_spend(now);
        RC_ASSERT(granted.has_value() == wanted);
        if (granted) retries.push_back(*std::move(granted));
      }
      RC_ASSERT(budget.snapshot(now).calls == calls.size());
      RC_ASSERT(budget.snapshot(now).retries == retries.size());
    }
  }));
}

TEST(ConcurrentRetryBudgetStress, KeepsTheBoundAndGetsEveryPlaceBack) {
  constexpr int threads = 8, rounds = 4'000;
  constexpr std::uint32_t least = 2;
  RetryBudget budget{"payment", concurrent(0.25, least)};
  std::atomic<std::uint64_t> granted{0}, refused{0};
  std::atomic<std::int64_t> retrying{0};
  std::atomic<int> too_many{0};
  {
    std::vector<std::jthread> running;
    for (int thread = 0; thread < threads; ++thread) {
      running.emplace_back([&, thread] {
        Random random{static_cast<std::uint64_t>(thread) + 1};
        for (int i = 0; i < rounds; ++i) {
          std::optional<RetryBudget::InFlight> call{budget.on_call(now)};
          auto retry = budget.try_spend(now);
          ++(retry ? granted : refused);
          // With all threads in flight 0.25 × 8 are no more than the minimum.
          if (retry && retrying.fetch_add(1) >= least) ++too_many;
          if (random.uniform() < 0.05) std::this_thread::yield();
          if (retry) retrying.fetch_sub(1);
          if (random.uniform() < 0.5) call.reset();  // the call ends first
        }
      });
    }
  }
  EXPECT_EQ(too_many, 0);
  const RetryBudgetSnapshot end = budget.snapshot(now);
  EXPECT_EQ(end.calls, 0U);
  EXPECT_EQ(end.retries, 0U);
  EXPECT_EQ(end.totals.granted, granted);
  EXPECT_EQ(end.totals.refused, refused);
  EXPECT_EQ(granted + refused, std::uint64_t{threads} * rounds);
  EXPECT_GT(granted, 500U);
}

}  // namespace
}  // namespace switchgear
