// The ejection that an import makes of Envoy's and Istio's settings, beside a model of Envoy's documented
// algorithm under the settings themselves: the same random traffic, compared decision for decision. Once with
// the documented differences in the model, which shows that these are all; and once with Envoy as it is,
// under settings where no difference can show. envoy_differences_test.cpp has each difference by itself.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "app/interop/side_by_side_fixture.hpp"

namespace switchgear::interop {
namespace {

using instances::EjectionOptions;
using Kind = InstanceEvent::Kind;

/// Envoy and its differences are all there is: any settings, any traffic.
void compare_all(int number, Mesh mesh, const std::string& file, const EnvoySettings& settings, Dice& dice,
                 Tally& tally) {
  const int hosts = dice.between(1, 8);
  SideBySide run{settings, imported(mesh, file), Differences::all(), hosts, number};
  run.share_chance(tally);
  Traffic traffic{dice, hosts};
  std::vector<Step> steps;
  for (int i = 0; i < 150; ++i) {
    steps.push_back(traffic.next(dice.from<Millis>({7, 100, 250})));
    const bool same = run.take(steps.back());
    run.expect_no_finding_left(steps.back());
    ASSERT_TRUE(same) << run.difference() << '\n' << told(number, file, steps);
    ASSERT_FALSE(testing::Test::HasFailure()) << told(number, file, steps);
  }
}

void expect_likely(const Tally& tally) {
  EXPECT_GT(tally.variance, 100);
  EXPECT_NEAR(tally.seen, tally.expected, 5 * std::sqrt(tally.variance)) << "shares `enforcing_…`";
}

TEST(EnvoyOutliers, AnImportDecidesAsEnvoyExceptForWhatIsDocumented) {
  Tally tally;
  for (int number = 0; number < 2'000; ++number) {
    Dice dice{static_cast<std::uint64_t>(number)};
    EnvoySettings settings = any_settings(dice, Shares::any);
    if (dice.one_in(3)) settings.max_ejection_time_jitter = dice.between(0, 2'000);
    ASSERT_NO_FATAL_FAILURE(compare_all(number, Mesh::envoy, cluster(settings), settings, dice, tally));
  }
  expect_likely(tally);
}

/// What Istio makes of its fields for Envoy: no rules of rates, no panic unless it is asked for.
TEST(EnvoyOutliers, AnImportFromIstioDecidesAsTheEnvoyThatItProgramsExceptForWhatIsDocumented) {
  Tally tally;
  for (int number = 0; number < 1'000; ++number) {
    Dice dice{static_cast<std::uint64_t>(number) + 1'000'000};
    const EnvoySettings any = any_settings(dice, Shares::any);
    EnvoySettings istio;
    istio.consecutive_5xx = any.consecutive_5xx;
    istio.consecutive_gateway_failure = any.consecutive_gateway_failure;
    istio.split_external_local_origin_errors = any.split_external_local_origin_errors;
    istio.consecutive_local_origin_failure = any.consecutive_local_origin_failure;
    istio.interval = any.interval;
    istio.base_ejection_time = any.base_ejection_time;
    istio.max_ejection_percent = any.max_ejection_percent;
    istio.healthy_panic_threshold = any.healthy_panic_threshold;
    const std::string rule =
        Written{}
            .field("consecutive5xxErrors", istio.consecutive_5xx)
            .field("consecutiveGatewayErrors", istio.consecutive_gateway_failure)
            .truth("splitExternalLocalOriginErrors", istio.split_external_local_origin_errors)
            .field("consecutiveLocalOriginFailures", istio.consecutive_local_origin_failure)
            .length("interval", istio.interval)
            .length("baseEjectionTime", istio.base_ejection_time)
            .field("maxEjectionPercent", istio.max_ejection_percent)
            .field("minHealthPercent", istio.healthy_panic_threshold)
            .text();
    istio.enforcing_success_rate = istio.enforcing_local_origin_success_rate = 0;
    istio.success_rate_request_volume = istio.failure_percentage_request_volume = 1'000'000;
    if (istio.consecutive_gateway_failure) istio.enforcing_consecutive_gateway_failure = 100;
    if (!istio.healthy_panic_threshold) istio.healthy_panic_threshold = 0;
    const std::string file =
        "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: shop}\n"
        "spec:\n  host: shop\n  trafficPolicy:\n    outlierDetection: {" +
        rule + "}\n";
    ASSERT_NO_FATAL_FAILURE(compare_all(number, Mesh::istio, file, istio, dice, tally));
  }
}

/// The step, if no difference can show in it; else time passes.
Step at_the_end_of_an_interval(Step step, SideBySide& run, Millis length) {
  using What = Step::What;
  const EnvoyHost& host = run.envoy.hosts[step.host];
  const bool calls = step.what == What::call && !host.ejected;
  const bool checks = step.what == What::bad || (step.what == What::good && host.ejected_at < run.now());
  // Here, a finding comes after the returns of the same instant; there, before them.
  const bool returns = std::ranges::any_of(run.envoy.hosts, [&](const auto& each) {
    return each.second.ejected && each.second.ends_at() <= run.now();
  });
  if ((calls || checks) && !returns) return step;
  return {What::pass, 0, 0, length};
}

/// Envoy as it is, where no difference can show: everything happens when an interval ends, so that returns do
/// too; nothing is in flight then; instances stay; and either all may be out and no ejection is of the
/// greatest length, or all ejections are of one length.
TEST(EnvoyOutliers, AnImportDecidesAsEnvoyItselfWhereNoDifferenceCanShow) {
  Tally tally;
  std::size_t ejections = 0;
  for (int number = 0; number < 2'000; ++number) {
    Dice dice{static_cast<std::uint64_t>(number) + 2'000'000};
    EnvoySettings settings = any_settings(dice, Shares::any);
    settings.base_ejection_time = *settings.interval * dice.between(1, 4);
    const bool one_length = dice.one_in(2);
    settings.max_ejection_time = *settings.base_ejection_time * (one_length ? 1 : 1'000);
    if (!one_length) settings.max_ejection_percent = 100;
    const int hosts = dice.between(1, 8);
    const std::string file = cluster(settings);
    SideBySide run{settings, imported(Mesh::envoy, file), Differences{}, hosts, number};
    run.share_chance(tally);
    run.times_matter = !one_length;
    run.envoy.shuffled = [&](auto& outliers) {
      std::ranges::sort(outliers);
    };  // one of the orders it may take
    Traffic traffic{dice, hosts};
    std::vector<Step> steps{{Step::What::pass, 0, 0, *settings.interval}};
    ASSERT_TRUE(run.take(steps.back()));
    for (int i = 0; i < 150; ++i) {
      const Step step =
          at_the_end_of_an_interval(traffic.next(0), run, *settings.interval * dice.between(1, 3));
      steps.push_back(step);
      const bool same = run.take(step);
      run.expect_no_finding_left(step);
      ASSERT_TRUE(same) << run.difference() << '\n' << told(number, file, steps);
      ASSERT_FALSE(HasFailure()) << told(number, file, steps);
    }
    ejections += run.ours.recorder.of(Kind::ejected).size();
  }
  EXPECT_GT(ejections, 5'000U);
  expect_likely(tally);
}

TEST(EnvoyOutliers, ARuleOfZeroInARowIsOff) {
  EnvoySettings settings;
  settings.consecutive_5xx = settings.consecutive_gateway_failure = 0;
  const EjectionOptions options = imported(Mesh::envoy, cluster(settings));
  EXPECT_FALSE(options.consecutive_5xx);
  EXPECT_FALSE(options.consecutive_gateway);
  EXPECT_TRUE(options.success_rate);
}

TEST(EnvoyOutliers, AThresholdOfNoFailuresIsToldAsNearly) {
  EnvoySettings settings;
  settings.failure_percentage_threshold = 0;
  const std::string report = run_import_of(Mesh::envoy, cluster(settings)).err;
  EXPECT_NE(report.find("failure_percentage.threshold (an instance without a failure is no outlier)"),
            std::string::npos)
      << report;
  settings.failure_percentage_threshold = 50;
  EXPECT_EQ(imported(Mesh::envoy, cluster(settings)).failure_percentage->threshold, 0.5);
}

}  // namespace
}  // namespace switchgear::interop
