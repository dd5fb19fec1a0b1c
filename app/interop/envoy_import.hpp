// Envoy's clusters and route configurations, API v3, become services and their policies.
#pragma once

#include <vector>

#include "app/interop/imported.hpp"
#include "app/interop/ledger.hpp"
#include "switchgear/config/section.hpp"

namespace switchgear::interop {

/// Of a file's documents: a bootstrap, an answer of discovery, lists or single resources. Other resources are
/// named in the ledger and skipped. Errors of the file are in its report.
[[nodiscard]] Imported import_envoy(const std::vector<config::Value>& documents, Ledger& ledger);

}  // namespace switchgear::interop
