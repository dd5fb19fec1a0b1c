// Where the ejection of a policy file and the outlier detection of Envoy, which is Istio's too, differ on
// purpose: said in the report of every import and export. docs/instances.md has the same list, and
// envoy_outliers_test.cpp shows each of them beside a model of Envoy's.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "app/interop/exported.hpp"
#include "app/interop/fields.hpp"
#include "app/interop/imported.hpp"

namespace switchgear::interop {

struct EjectionDifference {
  std::string_view ours;  ///< key of `ejection`
  std::string_view envoy;
  std::string_view istio;     ///< empty: it has no such field
  std::string_view theirs;    ///< default
  std::string_view in_words;  ///< what ours does, and theirs does not
};

inline constexpr std::array<EjectionDifference, 4> ejection_differences{{
    {"interval", "interval", "interval", "10s",
     "each ejection and each return starts the counts of the interval anew; times in a row decrease only "
     "after "
     "an interval in which the instance was not found an outlier either"},
    {"base", "base_ejection_time", "baseEjectionTime", "30s",
     "an instance returns when its time is over, not only when an interval ends"},
    {"max", "max_ejection_time", "", "300s, or base_ejection_time if that is longer",
     "times in a row stop where base × times reaches it, not one later"},
    {"max_ejected", "max_ejection_percent", "maxEjectionPercent", "10%",
     "if there is no room for all outliers of an interval, the worst are ejected; it holds after instances "
     "have "
     "left too, and one that rejoins is still out"},
}};

enum class EjectionOf : std::uint8_t { envoy, istio };

/// Says all of them of an `outlier_detection` that was read, or that was written.
void report_differences(Fields& outliers, EjectionOf theirs, const ImportedService& service);
void report_differences(const ExportedService& exported, EjectionOf theirs, Ledger& ledger);

/// `max_ejected` of an export, which report_differences() accounts for.
[[nodiscard]] std::uint32_t max_ejected_percent(const ExportedService& exported, Ledger& ledger);

/// Of the instances, the share below which Envoy may panic at all: while more are healthy, the others take
/// over their load. An `overprovisioning_factor` of 140 percent is its default, and Istio's only one.
[[nodiscard]] constexpr double most_panic(std::uint64_t overprovisioning_percent = 140) noexcept {
  return 100.0 / static_cast<double>(overprovisioning_percent);
}
inline constexpr std::string_view panic_is_bounded =
    "Envoy panics below 100% / overprovisioning_factor only, which is 71.4% unless it is set";

/// Reads `panic`, which is at most `most`.
void take_panic(Fields& fields, std::string_view name, double most, ImportedService& service);

}  // namespace switchgear::interop
