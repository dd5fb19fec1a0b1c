#include "switchgear/policy/admission_control.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <bit>
#include <chrono>
#include <cmath>
#include <deque>
#include <memory>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "switchgear/core/random.hpp"
#include "switchgear/policy/property_fixture.hpp"
#include "switchgear/testing/manual_time.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;

/// A call that is admitted and ends so. False: it was refused.
bool call(AdmissionControl& admission, Verdict verdict, TimePoint now) {
  auto permit = admission.try_acquire(now);
  if (!permit) return false;
  std::move(*permit).record(verdict, now);
  return true;
}

/// Books results that calls admitted earlier bring in, whatever the share is now.
class Ends {
 public:
  Ends(AdmissionControl& admission, int many, TimePoint now) {
    for (int i = 0; i < many; ++i) permits_.push_back(*admission.try_acquire(now));
  }
  void end(Verdict verdict, int many, TimePoint now) {
    for (; many > 0; --many) {
      std::move(permits_.back()).record(verdict, now);
      permits_.pop_back();
    }
  }

 private:
  std::vector<AdmissionControl::Permit> permits_;
};

/// How many of `calls` are refused; the admitted ones end in nothing.
int refused_of(AdmissionControl& admission, int calls, TimePoint now) {
  int refused = 0;
  for (int i = 0; i < calls; ++i) refused += admission.try_acquire(now) ? 0 : 1;
  return refused;
}

TEST(AdmissionControl, RefusesNothingWhileCallsSucceed) {
  AdmissionControl admission{"search"};
  testing::ManualTime time;
  for (int i = 0; i < 1'000; ++i) EXPECT_TRUE(call(admission, Verdict::success, time.advance(100ms)));
  EXPECT_EQ(admission.snapshot(time.now()).rejection_share, 0);
}

TEST(AdmissionControl, RefusesTheShareThatTheFormulaGives) {
  // 100 calls, 57 successes: (100 − 57 / 0.95) / 101 = 40 / 101.
  AdmissionControl admission{"search", {}, 7};
  const TimePoint now{1h};
  Ends ends{admission, 100, now};
  ends.end(Verdict::success, 57, now);
  ends.end(Verdict::failure, 43, now);
  const AdmissionControlSnapshot seen = admission.snapshot(now);
  EXPECT_EQ(seen.successes, 57U);
  EXPECT_EQ(seen.failures, 43U);
  EXPECT_DOUBLE_EQ(seen.rejection_share, 40.0 / 101);
  constexpr int calls = 20'000;
  const double sigma = std::sqrt(calls * (40.0 / 101) * (61.0 / 101));
  EXPECT_NEAR(refused_of(admission, calls, now), calls * 40.0 / 101, 4 * sigma);
}

TEST(AdmissionControl, SaysThatItRefusedAndWhy) {
  AdmissionControl admission{"search", {.max_rejection = 1}};
  const TimePoint now{1h};
  Ends{admission, 1'000, now}.end(Verdict::failure, 1'000, now);
  for (int i = 0; i < 50; ++i) {
    const auto permit = admission.try_acquire(now);
    if (permit) continue;
    EXPECT_EQ(permit.rejection().reason, Reason::throttled);
    EXPECT_EQ(permit.rejection().policy, "search");
    EXPECT_FALSE(permit.rejection().retry_after);
    EXPECT_EQ(to_string(permit.rejection()),
              "admission control 'search' refuses a share of the calls, because too many fail");
    return;
  }
  FAIL() << "1000 of 1001 are to be refused";
}

TEST(AdmissionControl, ToleratesFailuresUpToTheSuccessRate) {
  AdmissionControl admission{"search", {.success_rate = 0.9}};
  const TimePoint now{1h};
  Ends ends{admission, 200, now};
  ends.end(Verdict::success, 90, now);
  ends.end(Verdict::failure, 10, now);
  EXPECT_EQ(admission.snapshot(now).rejection_share, 0) << "90 of 100 is the success rate that was asked for";
  EXPECT_EQ(refused_of(admission, 1'000, now), 0);
  ends.end(Verdict::failure, 1, now);
  EXPECT_GT(admission.snapshot(now).rejection_share, 0);
}

TEST(AdmissionControl, AlwaysLetsTheRestThroughToFindOut) {
  AdmissionControl admission{"search", {.max_rejection = 0.8}, 3};
  const TimePoint now{1h};
  Ends{admission, 10'000, now}.end(Verdict::failure, 10'000, now);
  EXPECT_EQ(admission.snapshot(now).rejection_share, 0.8);
  EXPECT_NEAR(refused_of(admission, 10'000, now), 8'000, 4 * std::sqrt(10'000 * 0.8 * 0.2));
}

TEST(AdmissionControl, IsHarsherWithMoreAggression) {
  const AdmissionControlOptions twice{.aggression = 2};
  EXPECT_DOUBLE_EQ(rejection_share(twice, 100, 57), std::sqrt(40.0 / 101));
  EXPECT_DOUBLE_EQ(rejection_share({.aggression = 1}, 100, 57), 40.0 / 101);
}

TEST(AdmissionControl, RefusesNothingBelowTheTrafficThatWasSet) {
  // 10 a second over 30 s are 300 calls.
  AdmissionControl admission{"search", {.min_per_second = 10}};
  const TimePoint now{1h};
  Ends ends{admission, 400, now};
  ends.end(Verdict::failure, 299, now);
  EXPECT_EQ(admission.snapshot(now).rejection_share, 0);
  EXPECT_EQ(refused_of(admission, 1'000, now), 0);
  ends.end(Verdict::success, 1, now);
  EXPECT_EQ(admission.snapshot(now).rejection_share, 0.8) << "the 300th, though it is a success";
  EXPECT_GT(refused_of(admission, 1'000, now), 700);
}

TEST(AdmissionControl, DoesNotCountItsOwnRefusals) {
  AdmissionControl admission{"search"};
  const TimePoint now{1h};
  Ends{admission, 10, now}.end(Verdict::failure, 10, now);
  const double before = admission.snapshot(now).rejection_share;
  EXPECT_GT(refused_of(admission, 1'000, now), 0);
  const AdmissionControlSnapshot after = admission.snapshot(now);
  EXPECT_EQ(after.rejection_share, before);
  EXPECT_EQ(after.successes + after.failures, 10U);
}

TEST(AdmissionControl, CountsNeitherIgnoredCallsNorThoseThatAreDropped) {
  AdmissionControl admission{"search"};
  const TimePoint now{1h};
  EXPECT_TRUE(call(admission, Verdict::ignored, now));
  { const auto dropped = admission.try_acquire(now); }
  const AdmissionControlSnapshot seen = admission.snapshot(now);
  EXPECT_EQ(seen.successes + seen.failures, 0U);
  EXPECT_EQ(seen.totals.admitted, 2U);
}

TEST(AdmissionControl, CountsACallOnceHoweverOftenItsPermitIsRecorded) {
  AdmissionControl admission{"search"};
  const TimePoint now{1h};
  auto permit = admission.try_acquire(now);
  AdmissionControl::Permit moved = *std::move(permit);
  std::move(moved).record(Verdict::failure, now);
  std::move(moved).record(Verdict::failure, now);
  EXPECT_EQ(admission.snapshot(now).failures, 1U);
}

TEST(AdmissionControl, AdmitsAllAgainSoonAfterTheServiceIsWell) {
  AdmissionControl admission{"search", {.window = 30s}, 11};
  testing::ManualTime time;
  const auto a_second = [&](Verdict verdict) {
    int refused = 0;
    for (int i = 0; i < 100; ++i) refused += call(admission, verdict, time.advance(10ms)) ? 0 : 1;
    return refused;
  };
  for (int i = 0; i < 60; ++i) a_second(Verdict::success);
  for (int i = 0; i < 60; ++i) a_second(Verdict::failure);
  EXPECT_EQ(admission.snapshot(time.now()).rejection_share, 0.8);
  int seconds = 0;
  while (admission.snapshot(time.now()).rejection_share > 0) {
    a_second(Verdict::success);
    ASSERT_LE(++seconds, 30) << "every failure has left the window";
  }
  EXPECT_GT(seconds, 5) << "it does not believe the first success";
  for (int i = 0; i < 30; ++i) EXPECT_EQ(a_second(Verdict::success), 0);
}

TEST(AdmissionControl, ForgetsAnOutageThatNobodyCalledIn) {
  AdmissionControl admission{"search"};
  testing::ManualTime time;
  Ends{admission, 100, time.now()}.end(Verdict::failure, 100, time.now());
  EXPECT_GT(refused_of(admission, 100, time.now()), 0);
  EXPECT_EQ(refused_of(admission, 1'000, time.advance(30s)), 0);
}

TEST(AdmissionControl, RefusesWhenTheSuccessesBeforeAnOutageHaveLeftTheWindow) {
  AdmissionControl admission{"search", {.window = 30s}, 5};
  testing::ManualTime time;
  Ends ends{admission, 1'010, time.now()};
  ends.end(Verdict::success, 1'000, time.now());
  ends.end(Verdict::failure, 10, time.advance(25s));
  EXPECT_EQ(admission.snapshot(time.now()).rejection_share, 0);
  EXPECT_NEAR(refused_of(admission, 1'000, time.advance(6s)), 800, 60) << "without any call that ended since";
}

TEST(AdmissionControl, DrawsTheSameFromTheSameSeed) {
  const auto drawn = [](std::uint64_t seed) {
    AdmissionControl admission{"search", {}, seed};
    const TimePoint now{1h};
    Ends{admission, 10, now}.end(Verdict::failure, 10, now);
    std::vector<bool> admitted;
    for (int i = 0; i < 100; ++i) admitted.push_back(admission.try_acquire(now).has_value());
    return admitted;
  };
  EXPECT_EQ(drawn(1), drawn(1));
  EXPECT_NE(drawn(1), drawn(2));
}

TEST(AdmissionControl, WorksFromTheBeginningOfTimeToItsEnd) {
  for (const TimePoint now : {TimePoint::min(), TimePoint{-1ns}, TimePoint{}, TimePoint::max()}) {
    AdmissionControl admission{"search", {}, 1};
    Ends{admission, 100, now}.end(Verdict::failure, 100, now);
    EXPECT_EQ(admission.snapshot(now).failures, 100U);
    EXPECT_GT(refused_of(admission, 100, now), 0);
  }
}

TEST(AdmissionControlOptions, AreRefusedWhenTheyCannotMeanAnything) {
  EXPECT_TRUE(validate(AdmissionControlOptions{}).empty());
  const std::vector<std::pair<AdmissionControlOptions, std::string>> wrong{
      {{.success_rate = 0}, "success_rate"},     {{.success_rate = 1.1}, "success_rate"},
      {{.aggression = 0.9}, "aggression"},       {{.aggression = 101}, "aggression"},
      {{.aggression = NAN}, "aggression"},       {{.window = 999ms}, "window"},
      {{.window = 1h + 1ns}, "window"},          {{.max_rejection = 0}, "max_rejection"},
      {{.max_rejection = 1.1}, "max_rejection"}, {{.min_per_second = -1}, "min_per_second"},
  };
  for (const auto& [options, key] : wrong) {
    const auto problems = validate(options);
    ASSERT_EQ(problems.size(), 1U) << key;
    EXPECT_EQ(problems[0].key, key);
    EXPECT_THROW(AdmissionControl("search", options), std::invalid_argument);
  }
}

/// The formula over a list of results.
class Model {
 public:
  explicit Model(const AdmissionControlOptions& options) : options_(options) {}

  void end(bool ok, TimePoint now) { ends_.push_back({now, ok}); }
  /// With the results that are not older than `age`.
  [[nodiscard]] double share(Duration age, TimePoint now) const {
    double calls = 0, successes = 0;
    for (const End& end : ends_) {
      if (now - end.at >= age) continue;
      calls += 1;
      successes += end.ok ? 1 : 0;
    }
    const double window = std::chrono::duration<double>(options_.window).count();
    if (calls < options_.min_per_second * window) return 0;
    const double excess = std::max(0.0, (calls - successes / options_.success_rate) / (calls + 1));
    return std::min(options_.max_rejection, std::pow(excess, 1 / options_.aggression));
  }

 private:
  struct End {
    TimePoint at;
    bool ok;
  };
  AdmissionControlOptions options_;
  std::vector<End> ends_;
};

TEST(AdmissionControl, RefusesWhatAPlainModelRefuses) {
  EXPECT_TRUE(holds(300, [] {
    const AdmissionControlOptions options{
        .success_rate = *rc::gen::element(0.5, 0.8, 0.95, 1.0),
        .aggression = *rc::gen::element(1.0, 1.5, 4.0),
        .window = *rc::gen::element<Duration>(1s, 2s, 30s, 77s, 1h),
        .max_rejection = *rc::gen::element(0.3, 0.8, 1.0),
        .min_per_second = *rc::gen::element(0.0, 0.0, 1.0),
    };
    // Steps of whole buckets, so that a result is either surely in the window or surely out of it.
    const Duration bucket{std::int64_t{1}
                          << (std::bit_width(static_cast<std::uint64_t>(options.window.count() / 16)) - 1)};
    const Duration age = options.window / bucket * bucket;
    Random random{*rc::gen::arbitrary<std::uint64_t>()};
    AdmissionControl admission{"search", options, random.next()};
    Model model{options};
    std::deque<AdmissionControl::Permit> running;
    TimePoint now{bucket * 1'000'000};
    double healthy = random.uniform();
    int refused = 0;
    double expected = 0, variance = 0;
    for (int i = 0; i < 600; ++i) {
      if (random.uniform() < 0.1) now += bucket * static_cast<int>(random.next() % 5);
      if (random.uniform() < 0.02) healthy = random.uniform();
      if (!running.empty() && random.uniform() < 0.5) {
        const bool ok = random.uniform() < healthy;
        std::move(running.front()).record(ok ? Verdict::success : Verdict::failure, now);
        running.pop_front();
        model.end(ok, now);
      } else {
        const double share = model.share(age, now);
        auto permit = admission.try_acquire(now);
        RC_ASSERT(permit.has_value() || share > 0);
        refused += permit ? 0 : 1;
        expected += share;
        variance += share * (1 - share);
        if (permit) running.push_back(*std::move(permit));
      }
      RC_ASSERT(std::abs(admission.snapshot(now).rejection_share - model.share(age, now)) < 1e-12);
    }
    RC_ASSERT(std::abs(refused - expected) <= 5 * std::sqrt(variance) + 1);
  }));
}

TEST(AdmissionControlStress, CountsEveryCallOutAndKnowsEveryResultAfterwards) {
  constexpr int threads = 8, rounds = 80, each = 100;
  AdmissionControl admission{"search", {.success_rate = 0.9, .max_rejection = 0.5}, 9};
  std::atomic<std::uint64_t> admitted{0}, rejected{0}, successes{0}, failures{0};
  const TimePoint now{1h};
  std::barrier round{threads};
  {
    std::vector<std::jthread> running;
    for (int thread = 0; thread < threads; ++thread) {
      running.emplace_back([&, thread] {
        Random random{static_cast<std::uint64_t>(thread) + 1};
        for (int i = 0; i < rounds; ++i) {
          const double fails = (i / 10) % 2 == 0 ? 0.02 : 0.6;  // well for a while, then not
          for (int n = 0; n < each; ++n) {
            auto permit = admission.try_acquire(now);
            ++(permit ? admitted : rejected);
            if (!permit) continue;
            if (random.uniform() < 0.05) std::this_thread::yield();
            const bool failed = random.uniform() < fails;
            ++(failed ? failures : successes);
            std::move(*permit).record(failed ? Verdict::failure : Verdict::success, now);
          }
          round.arrive_and_wait();
        }
      });
    }
  }
  const AdmissionControlSnapshot end = admission.snapshot(now);
  EXPECT_EQ(end.totals.admitted, admitted);
  EXPECT_EQ(end.totals.rejected, rejected);
  EXPECT_EQ(admitted + rejected, std::uint64_t{threads} * rounds * each);
  EXPECT_EQ(end.successes, successes);
  EXPECT_EQ(end.failures, failures);
  EXPECT_GT(rejected, 1'000U);
  // The next decisions are made by all of it.
  const double share = rejection_share(admission.options(), successes + failures, successes);
  ASSERT_GT(share, 0);
  constexpr int calls = 20'000;
  EXPECT_NEAR(refused_of(admission, calls, now), calls * share, 5 * std::sqrt(calls * share * (1 - share)));
}

}  // namespace
}  // namespace switchgear
