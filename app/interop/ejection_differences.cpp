#include "app/interop/ejection_differences.hpp"

#include <algorithm>
#include <string>

#include "app/interop/values.hpp"

namespace switchgear::interop {

void report_differences(Fields& outliers, EjectionOf theirs, const ImportedService& service) {
  for (const EjectionDifference& each : ejection_differences) {
    const std::string_view name = theirs == EjectionOf::envoy ? each.envoy : each.istio;
    if (name.empty()) continue;
    const std::string to = service.at("ejection." + std::string(each.ours));
    if (const auto value = outliers.find(name)) {
      outliers.ledger().approximated(*value, to, each.in_words);
    } else {
      outliers.absent(name, to, std::string(each.theirs) + "; " + std::string(each.in_words),
                      Fate::approximated);
    }
  }
}

void report_differences(const ExportedService& exported, EjectionOf theirs, Ledger& ledger) {
  const bool envoy = theirs == EjectionOf::envoy;
  const std::string path = envoy ? "outlier_detection." : "outlierDetection.";
  for (const EjectionDifference& each : ejection_differences) {
    const std::string_view name = envoy ? each.envoy : each.istio;
    if (name.empty()) continue;
    ledger.approximated(exported.at("ejection." + std::string(each.ours)), path + std::string(name),
                        "here: " + std::string(each.in_words));
  }
}

std::uint32_t max_ejected_percent(const ExportedService& exported, Ledger& ledger) {
  const double share = exported.service.ejection->max_ejected;
  const std::string from = exported.at("ejection.max_ejected");
  Ledger unseen{""};
  const std::uint32_t percent = whole_percent(share, from, "the percentage", unseen);
  return unseen.count(Fate::carried) == 1 ? percent : whole_percent(share, from, "the percentage", ledger);
}

void take_panic(Fields& fields, std::string_view name, double most, ImportedService& service) {
  const auto value = fields.find(name);
  const auto read = value ? read_percent(*value) : std::nullopt;
  double& panic = service.service.ejection->panic;
  if (read) {
    panic = *read;
    fields.ledger().carried(*value, service.at("ejection.panic"), *read > most ? panic_is_bounded : "");
  }
  panic = std::min(panic, most);
}

}  // namespace switchgear::interop
