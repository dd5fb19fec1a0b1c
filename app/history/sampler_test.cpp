#include "app/history/sampler.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>

#include "app/history/manual_history_fixture.hpp"
#include "switchgear/observe/figures/quantile.hpp"
#include "switchgear/policy/fallback.hpp"

namespace switchgear::history {
namespace {

using namespace std::chrono_literals;

class SamplerTest : public testing::Test {
 protected:
  void call(const char* name, const Outcome& outcome, int times = 1) {
    for (int i = 0; i < times; ++i) {
      auto permit = breaker(name)->try_acquire(now);
      if (permit) std::move(*permit).record(outcome, now);
      const auto durations_of = durations.of(name);
      (outcome.verdict == Verdict::success ? durations_of->success : durations_of->failure)
          .record(outcome.latency);
    }
  }
  std::shared_ptr<CircuitBreaker> breaker(const char* name) {
    return policies.breakers().get_or_create(name, ManualBreakers::sensitive(), now);
  }

  TimePoint now{1h};
  PolicyRegistry policies{{now, noon}, 1};
  CallDurations durations;
  std::map<std::string, FailureCounts> services;
  Sampler sampler{{policies, durations, [this] { return services; }}};
};

TEST_F(SamplerTest, CountsWhatHappenedSinceTheLastSample) {
  call("payment", Outcome::success(4ms), 3);
  EXPECT_EQ(sampler.take(now).at("payment").successes, 3U);
  call("payment", Outcome::success(4ms), 2);
  call("payment", Outcome::failure(FailureType::timeout, 2s));
  const Samples samples = sampler.take(now);
  const CircuitSample& payment = samples.at("payment");
  EXPECT_EQ(payment.successes, 2U);
  EXPECT_EQ(payment.failures[static_cast<std::size_t>(FailureType::timeout)], 1U);
  EXPECT_EQ(payment.successes_took[3], 2U) << "up to 5 ms";
  EXPECT_EQ(payment.failures_took[11], 1U) << "up to 2.5 s";
  EXPECT_EQ(payment.success_time, Duration{8ms});
  EXPECT_EQ(payment.failure_time, Duration{2s});
  EXPECT_EQ(payment.state, State::closed);
  EXPECT_EQ(sampler.take(now).at("payment").successes, 0U) << "an idle circuit has a sample too";
}

TEST_F(SamplerTest, ShowsTheStateAtTheEndAndWhatWasRefused) {
  call("payment", Outcome::failure(FailureType::http_error, 20ms), 4);
  EXPECT_FALSE(breaker("payment")->try_acquire(now));
  const Samples samples = sampler.take(now);
  EXPECT_EQ(samples.at("payment").state, State::open);
  EXPECT_EQ(samples.at("payment").rejected, 1U);
}

TEST_F(SamplerTest, ABreakerThatWasReplacedIsCountedAnewThoughItHasMoreCallsThanTheOldOne) {
  call("payment", Outcome::success(4ms), 5);
  (void)sampler.take(now);
  CircuitBreakerOptions other = ManualBreakers::sensitive();
  other.minimum_calls = 50;
  policies.breakers().apply({{"payment", other}}, now);
  call("payment", Outcome::success(4ms), 7);
  const Samples samples = sampler.take(now);
  EXPECT_EQ(samples.at("payment").successes, 7U);
  EXPECT_EQ(samples.at("payment").successes_took[3], 7U) << "durations are kept across the change";
}

TEST_F(SamplerTest, CountsEachCallOnceThroughReloadsOfItsBreaker) {
  std::uint64_t successes = 0;
  std::uint64_t failures = 0;
  const auto look = [&] {
    const Samples samples = sampler.take(now);
    const auto found = samples.find("payment");
    if (found == samples.end()) return;
    const CircuitSample& sample = found->second;
    successes += sample.successes;
    failures += std::accumulate(sample.failures.begin(), sample.failures.end(), std::uint64_t{0});
    EXPECT_EQ(sample.successes, figures::calls_in(sample.successes_took)) << "as many as have a duration";
  };
  const auto without = [&](const char* name, int good, int bad) {  // as the gateway counts, breaker or not
    for (int i = 0; i < good; ++i) durations.of(name)->success.record(4ms);
    for (int i = 0; i < bad; ++i) durations.of(name)->failure.record(4ms);
    services[name][static_cast<std::size_t>(FailureType::timeout)] += static_cast<std::uint64_t>(bad);
  };
  const auto with = [&](int good, int bad) {
    call("payment", Outcome::success(4ms), good);
    call("payment", Outcome::failure(FailureType::timeout, 4ms), bad);
    services["payment"][static_cast<std::size_t>(FailureType::timeout)] += static_cast<std::uint64_t>(bad);
  };
  CircuitBreakerOptions patient = ManualBreakers::sensitive();
  const auto reload = [&](std::uint32_t minimum_calls) {
    patient.minimum_calls = minimum_calls;
    policies.breakers().apply({{"payment", patient}}, now);
  };
  services["payment"] = {};
  reload(90);
  with(100, 10);
  look();
  with(3, 1);
  reload(80);  // another breaker within a stretch
  with(5, 2);
  look();
  policies.breakers().apply({}, now);  // none
  look();
  without("payment", 7, 3);
  look();
  without("payment", 2, 0);
  reload(70);  // one again within a stretch
  with(4, 1);
  look();
  with(1, 0);
  services.clear();
  policies.breakers().apply({}, now);  // the service is removed
  look();
  look();
  EXPECT_EQ(successes, 122U);
  EXPECT_EQ(failures, 17U);
}

TEST_F(SamplerTest, AServiceWithoutABreakerHasSamplesToo) {
  services["search"] = {};
  durations.of("search")->success.record(4ms);
  durations.of("search")->failure.record(30ms);
  services["search"][static_cast<std::size_t>(FailureType::connection_error)] = 1;
  Samples samples = sampler.take(now);
  EXPECT_EQ(samples.at("search").successes, 1U);
  EXPECT_EQ(samples.at("search").failures[static_cast<std::size_t>(FailureType::connection_error)], 1U);
  services.clear();
  EXPECT_FALSE(sampler.take(now).contains("search")) << "it was removed";
  durations.of("search")->success.record(4ms);
  services["search"] = {};
  EXPECT_EQ(sampler.take(now).at("search").successes, 1U) << "it came back: what it did before counts once";
}

TEST_F(SamplerTest, CountsWhatTheFallbackOfAServiceDid) {
  breaker("payment");
  const auto fallback =
      policies.add(std::shared_ptr<Fallback<int>>(new Fallback<int>(Fallback<int>::value("payment", 7))));
  (void)fallback->substitute("key", Cause{}, "", now);
  EXPECT_EQ(sampler.take(now).at("payment").fallbacks_answered, 1U);
  EXPECT_EQ(sampler.take(now).at("payment").fallbacks_answered, 0U);
}

}  // namespace
}  // namespace switchgear::history
