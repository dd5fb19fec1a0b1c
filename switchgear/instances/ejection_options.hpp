// When an instance of a service is ejected, for how long, and how many may be out at once. The rules are
// those of Envoy's outlier detection, with ratios from 0 to 1 where Envoy writes percentages.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "switchgear/core/time.hpp"
#include "switchgear/instances/end_counts.hpp"
#include "switchgear/policy/option_problem.hpp"

namespace switchgear::instances {

/// `count` ends of one kind in a row.
struct ConsecutiveRule {
  std::uint32_t count = 5;  ///< 1 … 60'000
  /// The share of the findings that eject; the others are only told. 0: observe the rule before trusting it.
  double enforce = 1.0;

  friend bool operator==(const ConsecutiveRule&, const ConsecutiveRule&) = default;
};

/// An instance whose success rate in one interval is below mean − `stdev` × the standard deviation of all
/// instances that had at least `volume` calls, when there are at least `minimum_hosts` of these.
struct SuccessRateRule {
  double stdev = 1.9;               ///< 0 … 1'000; lower ejects more
  std::uint32_t minimum_hosts = 5;  ///< 1 … 1'000'000
  std::uint32_t volume = 100;       ///< calls in one interval; 1 … 16'000'000
  double enforce = 1.0;             ///< as in ConsecutiveRule
  double enforce_local = 1.0;       ///< the same for local errors, when these are counted apart

  friend bool operator==(const SuccessRateRule&, const SuccessRateRule&) = default;
};

/// An instance of whose calls in one interval at least the share `threshold` failed.
struct FailurePercentageRule {
  double threshold = 0.85;          ///< (0, 1]
  std::uint32_t minimum_hosts = 5;  ///< instances with at least `volume` calls; 1 … 1'000'000
  std::uint32_t volume = 50;        ///< calls in one interval; 1 … 16'000'000
  double enforce = 0.0;             ///< as in ConsecutiveRule
  double enforce_local = 0.0;       ///< the same for local errors, when these are counted apart

  friend bool operator==(const FailurePercentageRule&, const FailurePercentageRule&) = default;
};

/// The defaults are Envoy's. A rule that is not set is off.
struct EjectionOptions {
  // --- rules judged at the end of each call
  std::optional<ConsecutiveRule> consecutive_5xx = ConsecutiveRule{};            ///< status 500 … 599
  std::optional<ConsecutiveRule> consecutive_gateway = ConsecutiveRule{5, 0.0};  ///< status 502, 503, 504
  std::optional<ConsecutiveRule> consecutive_local = ConsecutiveRule{};          ///< errors without an answer
  LocalErrors local_errors = LocalErrors::as_5xx;

  // --- rules judged once per interval, over the calls that ended in it
  std::optional<SuccessRateRule> success_rate = SuccessRateRule{};
  std::optional<FailurePercentageRule> failure_percentage = FailurePercentageRule{};
  Duration interval = std::chrono::seconds{10};

  // --- the length of an ejection: base × the number of ejections in a row, at most max
  Duration base = std::chrono::seconds{30};
  Duration max = std::chrono::seconds{300};  ///< at least `base`
  Duration jitter{};  ///< a random part of it is added to each ejection, beyond `max` too; 0s or longer

  // --- how many
  /// The share of the instances that may be ejected at once, never exceeded: with 0.1 and nine instances none
  /// is ejected. [0, 1]
  double max_ejected = 0.1;
  bool always_one = false;  ///< one instance may be ejected whatever `max_ejected` is
  /// When the share of instances that are neither ejected nor found bad by a health check is below this, all
  /// are used. 0: never. [0, 1]
  double panic = 0.5;

  friend bool operator==(const EjectionOptions&, const EjectionOptions&) = default;
};

/// Everything that is wrong with the options; empty when an Ejection can be built from them.
[[nodiscard]] std::vector<OptionProblem> validate(const EjectionOptions& options);

}  // namespace switchgear::instances
