// DestinationRules, VirtualServices and ServiceEntries of Istio, in versions v1, v1beta1 and v1alpha3 of
// networking.istio.io, become services and their policies.
#pragma once

#include <vector>

#include "app/interop/imported.hpp"
#include "app/interop/ledger.hpp"
#include "switchgear/config/section.hpp"

namespace switchgear::interop {

/// Of a file's documents; a `kind: List` stands for its items. Documents of other kinds are named in the
/// ledger and skipped. Errors of the file are in its report.
[[nodiscard]] Imported import_istio(const std::vector<config::Value>& documents, Ledger& ledger);

}  // namespace switchgear::interop
