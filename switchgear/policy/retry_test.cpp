#include "switchgear/policy/retry.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <limits>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "switchgear/testing/manual_time.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint no_deadline = TimePoint::max();
const Outcome failed = Outcome::failure(FailureType::connection_error, 1ms);

/// Plain delays: 100 ms, 200 ms, 400 ms, …
RetryOptions plain(std::uint32_t max_attempts = 10) {
  RetryOptions options;
  options.max_attempts = max_attempts;
  options.jitter = Jitter::none;
  return options;
}

/// The waits of one call whose every attempt fails.
std::vector<Duration> waits(Retry& retry, const Outcome& outcome = failed) {
  testing::ManualTime time;
  Retry::Progress progress;
  std::vector<Duration> seen;
  while (const auto next = retry.next_attempt(progress, outcome, time.now(), no_deadline)) {
    seen.push_back(*next - time.now());
    time.advance(seen.back());
  }
  return seen;
}

TEST(Retry, CountsTheFirstAttemptAmongMaxAttempts) {
  Retry retry{"payment", plain(3)};
  EXPECT_EQ(waits(retry).size(), 2U);
  EXPECT_EQ(retry.totals().retries, 2U);
  EXPECT_EQ(retry.totals().given_up_for(GivenUp::attempts_used_up), 1U);
}

TEST(Retry, CountsCallsThatSucceededAfterARetry) {
  Retry retry{"payment", plain(3)};
  const Outcome good = Outcome::success(1ms);
  const auto call = [&](const std::vector<Outcome>& outcomes) {
    Retry::Progress progress;
    for (const Outcome& outcome : outcomes)
      (void)retry.next_attempt(progress, outcome, TimePoint{}, no_deadline);
  };
  call({good});
  EXPECT_EQ(retry.totals().recovered, 0U) << "its first attempt was good";
  call({failed, good});
  call({failed, failed, good});
  call({failed, failed, failed});
  EXPECT_EQ(retry.totals().recovered, 2U);
}

TEST(Retry, AsksTheDelayFunctionWithTheAttemptAndItsOutcome) {
  std::vector<std::uint32_t> attempts;
  std::vector<FailureType> types;
  const auto growing = [&](std::uint32_t attempt, const Outcome& outcome) noexcept {
    attempts.push_back(attempt);
    types.push_back(outcome.type);
    return 10ms * attempt;
  };
  RetryOptions options = plain(4);
  options.delay = growing;
  Retry retry{"payment", options};
  EXPECT_EQ(waits(retry), (std::vector<Duration>{10ms, 20ms, 30ms}));
  EXPECT_EQ(attempts, (std::vector<std::uint32_t>{1, 2, 3}));
  EXPECT_EQ(types, std::vector<FailureType>(3, FailureType::connection_error));
}

TEST(Retry, EndsTheCallIfTheDelayFunctionReturnsNothing) {
  RetryBudget budget{"payment", {}};
  RetryOptions options = plain();
  options.delay = [](std::uint32_t attempt, const Outcome&) noexcept {
    return attempt < 2 ? std::optional<Duration>{1ms} : std::nullopt;
  };
  Retry retry{"payment", options, 0, &budget};
  EXPECT_EQ(waits(retry), std::vector<Duration>{1ms});
  EXPECT_EQ(retry.totals().given_up_for(GivenUp::declined), 1U);
  EXPECT_EQ(budget.snapshot(testing::ManualTime{}.now() + 1ms).totals.granted, 1U)
      << "the attempt not made costs nothing";
}

TEST(Retry, HoldsTheDelayFunctionWithinItsBounds) {
  RetryOptions options = plain(3);
  options.max_delay = 1s;
  options.delay = [](std::uint32_t attempt, const Outcome&) noexcept -> Duration {
    return attempt == 1 ? Duration{-5s} : Duration::max();
  };
  Retry retry{"payment", options};
  EXPECT_EQ(waits(retry), (std::vector<Duration>{0s, 1s}));
  EXPECT_EQ(delay_range(options, 1).least, 0s);
  EXPECT_EQ(delay_range(options, 1).most, 1s);
}

TEST(Retry, KeepsToTheDeadlineAndToRetryAfterWithADelayFunction) {
  RetryOptions options = plain();
  options.delay = [](std::uint32_t, const Outcome&) noexcept { return 1s; };
  Retry retry{"payment", options};
  const TimePoint now = testing::ManualTime{}.now();
  Retry::Progress progress;
  EXPECT_FALSE(retry.next_attempt(progress, failed, now, now + 1s));
  EXPECT_EQ(retry.totals().given_up_for(GivenUp::deadline), 1U);
  Outcome later = failed;
  later.retry_after = 7s;
  EXPECT_EQ(retry.next_attempt(progress, later, now, no_deadline), now + 7s);
}

TEST(Retry, TellsOneDelayFunctionFromAnother) {
  const Duration pause = 1ms;
  const auto mine = [&pause](std::uint32_t, const Outcome&) noexcept { return pause; };
  const auto yours = mine;
  RetryOptions options;
  options.delay = mine;
  const RetryOptions copy = options;
  EXPECT_EQ(copy, options);
  options.delay = yours;
  EXPECT_NE(copy, options) << "what they do is not compared";
}

TEST(Retry, MakesNoneWhenOneAttemptIsAllowed) {
  Retry retry{"payment", plain(1)};
  EXPECT_TRUE(waits(retry).empty());
}

TEST(Retry, WaitsTheSameBeforeEveryRetryWithFixedBackoff) {
  RetryOptions options = plain(4);
  options.backoff = Backoff::fixed;
  Retry retry{"payment", options};
  EXPECT_EQ(waits(retry), (std::vector<Duration>{100ms, 100ms, 100ms}));
}

TEST(Retry, WaitsLongerByTheBaseWithLinearBackoff) {
  RetryOptions options = plain(5);
  options.backoff = Backoff::linear;
  Retry retry{"payment", options};
  EXPECT_EQ(waits(retry), (std::vector<Duration>{100ms, 200ms, 300ms, 400ms}));
}

TEST(Retry, WaitsLongerByTheFactorWithExponentialBackoff) {
  Retry retry{"payment", plain(5)};
  EXPECT_EQ(waits(retry), (std::vector<Duration>{100ms, 200ms, 400ms, 800ms}));
}

TEST(Retry, WaitsNoLongerThanMaxDelay) {
  RetryOptions options = plain(6);
  options.max_delay = 500ms;
  Retry retry{"payment", options};
  EXPECT_EQ(waits(retry), (std::vector<Duration>{100ms, 200ms, 400ms, 500ms, 500ms}));
}

TEST(Retry, RepeatsAtOnceWhenTheBaseIsZero) {
  for (const Backoff backoff : {Backoff::fixed, Backoff::linear, Backoff::exponential}) {
    for (const Jitter jitter :
         {Jitter::none, Jitter::full, Jitter::equal, Jitter::ratio, Jitter::decorrelated}) {
      RetryOptions options = plain(3);
      options.backoff = backoff;
      options.jitter = jitter;
      options.base = 0ns;
      Retry retry{"payment", options};
      EXPECT_EQ(waits(retry), (std::vector<Duration>{0ns, 0ns}));
    }
  }
}

TEST(Retry, RepeatsOnlyWhatIsWorthRepeating) {
  struct Case {
    const char* what;
    Verdict verdict;
    Repeat repeat;
    bool repeated;
    std::uint64_t pointless;
  };
  const Case cases[] = {
      {"an answer", Verdict::success, Repeat::by_verdict, false, 0},
      {"a lost connection", Verdict::failure, Repeat::by_verdict, true, 0},
      {"a cancelled call", Verdict::ignored, Repeat::by_verdict, false, 0},
      {"a 429: no failure, yet worth another attempt", Verdict::success, Repeat::worthwhile, true, 0},
      {"a 408 that counts for nothing", Verdict::ignored, Repeat::worthwhile, true, 0},
      {"a 501: a failure, and will be one again", Verdict::failure, Repeat::pointless, false, 1},
      {"a 404", Verdict::success, Repeat::pointless, false, 0},
  };
  for (const Case& one : cases) {
    Retry retry{"payment", plain(2)};
    Outcome outcome{one.verdict, FailureType::http_error, 1ms, std::nullopt, one.repeat};
    Retry::Progress progress;
    const auto next = retry.next_attempt(progress, outcome, TimePoint{1h}, no_deadline);
    EXPECT_EQ(next.has_value(), one.repeated) << one.what;
    EXPECT_EQ(progress.retries, one.repeated ? 1U : 0U) << one.what;
    EXPECT_EQ(retry.totals().given_up_for(GivenUp::pointless), one.pointless) << one.what;
  }
}

TEST(Retry, NeverBeginsAtOrAfterTheDeadline) {
  Retry retry{"payment", plain()};
  const TimePoint now{1h};
  Retry::Progress progress;
  EXPECT_FALSE(retry.next_attempt(progress, failed, now, now + 100ms));
  EXPECT_FALSE(retry.next_attempt(progress, failed, now, now - 1s));
  EXPECT_EQ(progress.retries, 0U);
  EXPECT_EQ(retry.totals().given_up_for(GivenUp::deadline), 2U);
  EXPECT_EQ(retry.next_attempt(progress, failed, now, now + 100ms + 1ns), now + 100ms);
}

TEST(Retry, WaitsAtLeastAsLongAsTheServerAsksEvenBeyondMaxDelay) {
  Outcome outcome = failed;
  outcome.retry_after = 30s;
  Retry retry{"payment", plain(3)};
  EXPECT_EQ(waits(retry, outcome), (std::vector<Duration>{30s, 30s}));
}

TEST(Retry, WaitsItsOwnDelayWhenTheServerAsksForLess) {
  Outcome outcome = failed;
  outcome.retry_after = 150ms;
  Retry retry{"payment", plain(4)};
  EXPECT_EQ(waits(retry, outcome), (std::vector<Duration>{150ms, 200ms, 400ms}));
  outcome.retry_after = -5s;
  EXPECT_EQ(waits(retry, outcome), (std::vector<Duration>{100ms, 200ms, 400ms}));
}

TEST(Retry, GivesUpWhenTheServerAsksToStayAwayBeyondTheDeadline) {
  Outcome outcome = failed;
  outcome.retry_after = 10s;
  Retry retry{"payment", plain()};
  Retry::Progress progress;
  const TimePoint now{1h};
  EXPECT_FALSE(retry.next_attempt(progress, outcome, now, now + 10s));
  EXPECT_TRUE(retry.next_attempt(progress, outcome, now, now + 11s));
}

TEST(Retry, AServerThatAsksForAnHourGetsItsAnswerPassedOnAtOnce) {
  Outcome outcome = failed;
  outcome.retry_after = 1h;
  RetryBudget budget{"payment", {}};
  Retry retry{"payment", plain(), 0, &budget};
  EXPECT_TRUE(waits(retry, outcome).empty());
  EXPECT_EQ(retry.totals().given_up_for(GivenUp::retry_after), 1U);
  EXPECT_EQ(budget.snapshot(TimePoint{1h}).totals.granted, 0U);
}

TEST(Retry, WaitsForExactlyTheLongestRetryAfterThatItHonors) {
  RetryOptions options = plain(2);
  options.honor_retry_after.max = 10s;
  Retry retry{"payment", options};
  Outcome outcome = failed;
  outcome.retry_after = 10s;
  EXPECT_EQ(waits(retry, outcome), std::vector<Duration>{10s});
  outcome.retry_after = 10s + 1ns;
  EXPECT_TRUE(waits(retry, outcome).empty());
}

TEST(Retry, SurvivesAWaitBeyondTheEndOfTime) {
  Outcome outcome = failed;
  outcome.retry_after = Duration::max();
  RetryOptions options = plain();
  options.honor_retry_after.max = Duration::max();
  Retry retry{"payment", options};
  Retry::Progress progress;
  EXPECT_FALSE(retry.next_attempt(progress, outcome, TimePoint{1h}, no_deadline));
}

TEST(Retry, GoesOnFromTheDelayItDrewNotFromTheOneTheServerAskedFor) {
  RetryOptions options = plain(3);
  options.jitter = Jitter::decorrelated;
  options.max_delay = 1h;
  options.honor_retry_after.max = 1h;
  Outcome outcome = failed;
  outcome.retry_after = 10min;
  Retry retry{"payment", options, 3};
  Retry::Progress progress;
  (void)retry.next_attempt(progress, outcome, TimePoint{1h}, no_deadline);
  EXPECT_GE(progress.previous, 100ms);
  EXPECT_LE(progress.previous, 300ms);
}

TEST(Retry, RepeatsARunFromItsSeed) {
  for (const Jitter jitter : {Jitter::full, Jitter::equal, Jitter::ratio, Jitter::decorrelated}) {
    RetryOptions options = plain(50);
    options.jitter = jitter;
    Retry first{"payment", options, 9}, again{"payment", options, 9}, other{"payment", options, 10};
    const auto seen = waits(first);
    EXPECT_EQ(waits(again), seen) << to_string(jitter);
    EXPECT_NE(waits(other), seen) << to_string(jitter);
    EXPECT_NE(waits(first), seen) << "callers that failed together would come back together";
  }
}

TEST(Retry, DrawsNothingForASuccess) {
  RetryOptions options = plain(50);
  options.jitter = Jitter::full;
  Retry quiet{"payment", options, 9}, busy{"payment", options, 9};
  Retry::Progress progress;
  for (int i = 0; i < 100; ++i)
    EXPECT_FALSE(busy.next_attempt(progress, Outcome::success(1ms), TimePoint{1h}, no_deadline));
  EXPECT_EQ(waits(busy), waits(quiet));
}

TEST(Retry, DrawsTheSameDelaysForManyThreadsAsForOne) {
  constexpr int threads = 8, calls = 500;
  RetryOptions options = plain(9);
  options.backoff = Backoff::fixed;
  options.jitter = Jitter::full;
  Retry shared{"payment", options, 21};
  std::vector<std::vector<Duration>> seen(threads);
  {
    std::vector<std::jthread> running;
    for (auto& mine : seen) {
      running.emplace_back([&shared, &mine] {
        for (int i = 0; i < calls; ++i) {
          const auto one = waits(shared);
          mine.insert(mine.end(), one.begin(), one.end());
        }
      });
    }
  }
  std::vector<Duration> all, expected;
  for (const auto& mine : seen) all.insert(all.end(), mine.begin(), mine.end());
  Retry alone{"payment", options, 21};
  for (int i = 0; i < threads * calls; ++i) {
    const auto one = waits(alone);
    expected.insert(expected.end(), one.begin(), one.end());
  }
  std::sort(all.begin(), all.end());
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(all, expected);
  EXPECT_EQ(shared.totals().retries, static_cast<std::uint64_t>(threads * calls * 8));
  EXPECT_EQ(shared.totals().given_up_for(GivenUp::attempts_used_up),
            static_cast<std::uint64_t>(threads * calls));
}

TEST(Retry, StopsWhenTheBudgetIsExhausted) {
  RetryBudget budget{"payment", {.ratio = 0, .min_per_second = 0.2}};
  Retry retry{"payment", plain(), 0, &budget};
  EXPECT_EQ(waits(retry).size(), 2U);
  EXPECT_EQ(retry.totals().given_up_for(GivenUp::budget_exhausted), 1U);
}

TEST(Retry, TellsTheBudgetOfEveryCallAndLetsItsRetriesGrowWithThem) {
  RetryBudget budget{"payment", {.ratio = 0.1, .min_per_second = 0}};
  Retry retry{"payment", plain(2), 0, &budget};
  for (int i = 0; i < 30; ++i) {
    Retry::Progress call;
    retry.on_call(call, TimePoint{1h});
  }
  int granted = 0;
  for (int i = 0; i < 30; ++i) {
    Retry::Progress progress;
    if (retry.next_attempt(progress, failed, TimePoint{1h}, no_deadline)) ++granted;
  }
  EXPECT_EQ(granted, 3);
}

TEST(Retry, SpendsNothingOnAnAttemptThatIsNotMade) {
  RetryBudget budget{"payment", {.ratio = 0, .min_per_second = 0.1}};
  Retry retry{"payment", plain(2), 0, &budget};
  const TimePoint now{1h};
  Retry::Progress progress;
  EXPECT_FALSE(retry.next_attempt(progress, failed, now, now + 50ms));
  EXPECT_FALSE(retry.next_attempt(progress, Outcome::success(1ms), now, no_deadline));
  EXPECT_TRUE(retry.next_attempt(progress, failed, now, no_deadline))
      << "the one the budget has is still there";
  EXPECT_FALSE(retry.next_attempt(progress, failed, now, no_deadline)) << "two attempts are all";
  EXPECT_EQ(budget.snapshot(now).totals.refused, 0U);
}

TEST(Retry, SharesItsBudgetWithOthers) {
  RetryBudget budget{"payment", {.ratio = 0, .min_per_second = 0.3}};
  Retry reads{"reads", plain(3), 0, &budget}, writes{"writes", plain(3), 0, &budget};
  EXPECT_EQ(waits(reads).size() + waits(writes).size(), 3U);
}

TEST(RetryOptions, AreRefusedWhenTheyCannotMeanAnything) {
  struct Case {
    const char *key, *message;
    void (*change)(RetryOptions&);
  };
  const Case cases[] = {
      {"max_attempts", "0 is not from 1 to 1000000", [](auto& o) { o.max_attempts = 0; }},
      {"base", "-1s is not 0s or longer", [](auto& o) { o.base = -1s; }},
      {"factor", "0.5 is not a factor from 1 to 1000", [](auto& o) { o.factor = 0.5; }},
      {"factor", "nan is not a factor from 1 to 1000",
       [](auto& o) { o.factor = std::numeric_limits<double>::quiet_NaN(); }},
      {"max_delay", "0.05s is not at least base (0.1s)", [](auto& o) { o.max_delay = 50ms; }},
      {"jitter_ratio", "2 is not a ratio from 0 to 1", [](auto& o) { o.jitter_ratio = 2; }},
      {"honor_retry_after.max", "-1s is not 0s or longer", [](auto& o) { o.honor_retry_after.max = -1s; }},
  };
  for (const Case& one : cases) {
    RetryOptions options;
    one.change(options);
    const auto problems = validate(options);
    ASSERT_EQ(problems.size(), 1U) << one.message;
    EXPECT_EQ(problems[0].key, one.key);
    EXPECT_EQ(problems[0].message, one.message);
  }
  EXPECT_TRUE(validate(RetryOptions{}).empty());
}

TEST(RetryOptions, AreAllNamedByTheConstructorThatRefusesThem) {
  RetryOptions options;
  options.max_attempts = 0;
  options.factor = 0;
  try {
    const Retry retry{"payment", options};
    FAIL() << "built from invalid options";
  } catch (const std::invalid_argument& problem) {
    EXPECT_EQ(
        std::string(problem.what()),
        "retry 'payment': max_attempts: 0 is not from 1 to 1000000; factor: 0 is not a factor from 1 to "
        "1000");
  }
}

TEST(Retry, DecidesByTheOptionsOfTheMomentAndKeepsTheAttemptsMade) {
  Retry retry{"payment", {.max_attempts = 2, .base = 10ms, .jitter = Jitter::none}};
  Retry::Progress progress;
  const Outcome timeout = Outcome::failure(FailureType::timeout, 1ms);
  ASSERT_EQ(retry.next_attempt(progress, timeout, TimePoint{}, TimePoint::max()), TimePoint{10ms});
  retry.set_options({.max_attempts = 4, .base = 50ms, .jitter = Jitter::none});
  EXPECT_EQ(retry.next_attempt(progress, timeout, TimePoint{}, TimePoint::max()), TimePoint{100ms})
      << "the second retry of the new options";
  retry.set_options({.max_attempts = 3});
  EXPECT_EQ(retry.next_attempt(progress, timeout, TimePoint{}, TimePoint::max()), std::nullopt);
  EXPECT_EQ(retry.snapshot().totals.given_up_for(GivenUp::attempts_used_up), 1U);
  EXPECT_THROW(retry.set_options({.max_attempts = 0}), std::invalid_argument);
  EXPECT_EQ(retry.options().max_attempts, 3U);
}

TEST(Retry, DecidesByOneSetOfOptionsThoughTheyChangeAllTheTime) {
  // Either every retry after 1 ms, two of them, or every one after 2 ms, four of them.
  const RetryOptions few{
      .max_attempts = 3, .backoff = Backoff::fixed, .base = 1ms, .max_delay = 1ms, .jitter = Jitter::none};
  const RetryOptions many{
      .max_attempts = 5, .backoff = Backoff::fixed, .base = 2ms, .max_delay = 2ms, .jitter = Jitter::none};
  Retry retry{"payment", few};
  std::atomic<int> wrong{0};
  std::atomic<std::uint64_t> granted{0};
  std::atomic<int> at_work{3};
  constexpr int calls = 20'000;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 3; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < calls; ++i) {
        Retry::Progress progress;
        while (const auto next = retry.next_attempt(progress, Outcome::failure(FailureType::timeout, 1ms),
                                                    TimePoint{}, TimePoint::max())) {
          ++granted;
          const bool by_few = *next == TimePoint{1ms} && progress.retries <= 2;
          const bool by_many = *next == TimePoint{2ms} && progress.retries <= 4;
          if (!by_few && !by_many) ++wrong;
        }
      }
      --at_work;
    });
  }
  while (at_work > 0) {
    retry.set_options(many);
    std::this_thread::yield();
    retry.set_options(few);
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(retry.totals().retries, granted);
  EXPECT_EQ(retry.totals().given_up_for(GivenUp::attempts_used_up), 3U * calls);
}

}  // namespace
}  // namespace switchgear
