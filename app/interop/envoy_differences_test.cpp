// Each documented difference between our ejection and Envoy's outlier detection by itself: where it shows, it
// shows as it is documented, and the report of an import has it.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "app/interop/ejection_differences.hpp"
#include "app/interop/side_by_side_fixture.hpp"

namespace switchgear::interop {
namespace {

using instances::EjectionOptions;

/// Runs Envoy with all differences but one, until something differs; `shows` says whether that is what the
/// difference is documented to be. It must show in many cases, and never otherwise.
template <class Prepare, class Shows>
void expect_difference(bool Differences::*which, const Prepare& prepare, const Shows& shows) {
  int seen = 0;
  for (int number = 0; number < 500; ++number) {
    Dice dice{static_cast<std::uint64_t>(number) + 3'000'000};
    EnvoySettings settings = any_settings(dice, Shares::all_or_none);
    prepare(settings);
    const int hosts = dice.between(3, 8);
    const std::string file = cluster(settings);
    Differences differences = Differences::all();
    differences.*which = false;
    SideBySide run{settings, imported(Mesh::envoy, file), differences, hosts, number};
    run.envoy.shuffled = [](auto& outliers) { std::ranges::sort(outliers, std::ranges::greater{}); };
    Traffic traffic{dice, hosts};
    std::vector<Step> steps;
    for (int i = 0; i < 150; ++i) {
      steps.push_back(traffic.next(dice.from<Millis>({7, 100, 250})));
      if (run.take(steps.back())) continue;
      ASSERT_TRUE(shows(run, steps.back())) << run.difference() << '\n' << told(number, file, steps);
      ++seen;
      break;
    }
  }
  EXPECT_GE(seen, 25) << "it hardly ever shows";
}

constexpr auto as_they_are = [](EnvoySettings&) {};

TEST(EnvoyDifferences, AnInstanceReturnsWhenItsTimeIsOverAndInEnvoyWhenTheIntervalEnds) {
  expect_difference(&Differences::returns_at_its_time, as_they_are, [](SideBySide& run, const Step&) {
    return std::ranges::any_of(run.out_in_one, [&](int id) {
      return run.out_only_in_envoy(id) && run.envoy.hosts[id].ends_at() <= run.now() &&
             run.now() < run.envoy.next_tick();
    });
  });
}

TEST(EnvoyDifferences, MaxEjectedHoldsAfterInstancesHaveLeft) {
  const auto shows = [](SideBySide& run, const Step& step) {
    if (step.what != Step::What::remove || run.envoy.fits(run.envoy.ejected())) return false;
    Nanos last_back = 0;
    Nanos first_out = std::numeric_limits<Nanos>::max();
    for (const auto& [id, host] : run.envoy.hosts) {
      if (!host.present || !host.ejected) continue;
      if (run.out_only_in_envoy(id)) {
        last_back = std::max(last_back, host.ends_at());
      } else {
        first_out = std::min(first_out, host.ends_at());
      }
    }
    return last_back > 0 && last_back <= first_out;  // those whose time is over first
  };
  expect_difference(&Differences::limit_holds_after_leaving, as_they_are, shows);
}

TEST(EnvoyDifferences, OfTheOutliersOfAnIntervalTheWorstAreEjectedFirst) {
  const auto only_rates = [](EnvoySettings& set) {
    set.consecutive_5xx = set.consecutive_gateway_failure = set.consecutive_local_origin_failure = 0;
    set.split_external_local_origin_errors = false;
    set.enforcing_success_rate = 0;
    set.enforcing_failure_percentage = 100;
    set.failure_percentage_threshold = 20;
    set.failure_percentage_minimum_hosts = set.failure_percentage_request_volume = 1;
    set.max_ejection_percent = 34;
    set.interval = 1'000;
  };
  const auto shows = [](SideBySide& run, const Step& step) {
    double worst_of_envoy = 101;
    double best_of_ours = -1;
    for (const int id : run.out_in_one) {
      if (!run.envoy.judged.contains(id)) return false;
      const double rate = run.envoy.judged.at(id);
      if (run.out_only_in_envoy(id)) {
        worst_of_envoy = std::min(worst_of_envoy, rate);
      } else {
        best_of_ours = std::max(best_of_ours, rate);
      }
    }
    return step.what == Step::What::pass && run.out_in_one.size() % 2 == 0 && best_of_ours >= 0 &&
           best_of_ours <= worst_of_envoy;
  };
  expect_difference(&Differences::worst_first, only_rates, shows);
}

TEST(EnvoyDifferences, EachEjectionAndEachReturnStartsTheCountsAnew) {
  expect_difference(&Differences::counts_begin_anew, as_they_are, [](SideBySide& run, const Step&) {
    int stale = run.envoy.stale;
    for (const auto& [id, host] : run.envoy.hosts) stale += host.stale;
    return stale > 0;
  });
}

TEST(EnvoyDifferences, AnIntervalInWhichAnOutlierWasSparedIsNotAHealthyOne) {
  const auto little_room = [](EnvoySettings& set) {
    set.consecutive_5xx = 2;
    set.enforcing_consecutive_5xx = 100;
    set.max_ejection_time = *set.base_ejection_time * 10;
    set.max_ejection_percent = 34;
  };
  expect_difference(&Differences::spared_is_not_healthy, little_room, [](SideBySide& run, const Step&) {
    return !run.other_times.empty() && std::ranges::all_of(run.other_times, [&](int id) {
      const std::uint32_t ours = run.ours.seen(static_cast<std::size_t>(id)).times;
      return run.envoy.hosts[id].spared_intervals > 0 && run.envoy.hosts[id].times + 1 == ours;
    });
  });
}

TEST(EnvoyDifferences, TimesInARowStopWhereTheLengthReachesItsMaximum) {
  const auto short_maximum = [](EnvoySettings& set) {
    set.max_ejection_time = *set.base_ejection_time + 300;
    set.max_ejection_percent = 100;
  };
  const auto shows = [](SideBySide& run, const Step&) {
    return !run.other_times.empty() && std::ranges::all_of(run.other_times, [&](int id) {
      const EjectionOptions& options = run.ours.ejection.options();
      const std::uint32_t ours = run.ours.seen(static_cast<std::size_t>(id)).times;
      return options.base * ours >= options.max && run.envoy.hosts[id].times == ours + 1;
    });
  };
  expect_difference(&Differences::times_stop_at_max, short_maximum, shows);
}

TEST(EnvoyDifferences, AnInstanceThatLeavesAndRejoinsIsRemembered) {
  expect_difference(&Differences::remembers_who_left, as_they_are, [](SideBySide& run, const Step& step) {
    const EnvoyHost& host = run.envoy.hosts[step.host];
    return step.what == Step::What::add && run.ours.seen(static_cast<std::size_t>(step.host)).times > 0 &&
           host.times == 0 && !host.ejected;
  });
}

// --- what the report says

TEST(EnvoyDifferences, TheReportOfAnImportHasThemWhetherTheFieldsAreThereOrNot) {
  EnvoySettings settings;
  const auto expect_all = [&](const std::string& report, bool istio) {
    for (const EjectionDifference& each : ejection_differences) {
      const std::string name{istio ? each.istio : each.envoy};
      if (name.empty()) continue;
      const std::size_t at =
          report.find("." + name + " → services.shop.ejection." + std::string(each.ours) + " (");
      ASSERT_NE(at, std::string::npos) << name << '\n' << report;
      const std::size_t line = report.rfind('\n', at) + 1;
      const std::string text = report.substr(line, report.find('\n', at) - line);
      EXPECT_NE(text.find(": approximated: "), std::string::npos) << text;
      EXPECT_NE(text.find(each.in_words), std::string::npos) << text;
    }
  };
  expect_all(run_import_of(Mesh::envoy, cluster(settings)).err, false);
  settings.interval = settings.base_ejection_time = settings.max_ejection_time = 1'000;
  settings.max_ejection_percent = 50;
  expect_all(run_import_of(Mesh::envoy, cluster(settings)).err, false);
  const std::string rule =
      "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: shop}\n"
      "spec: {host: shop, trafficPolicy: {outlierDetection: {";
  expect_all(run_import_of(Mesh::istio, rule + "}}}\n").err, true);
  expect_all(
      run_import_of(Mesh::istio, rule + "interval: 1s, baseEjectionTime: 1s, maxEjectionPercent: 5}}}\n").err,
      true);
}

}  // namespace
}  // namespace switchgear::interop
