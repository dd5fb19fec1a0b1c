// Envoy's filter envoy.filters.http.admission_control, which a listener has once for all clusters; in a
// policy file each policy has its own.
#pragma once

#include <boost/json/object.hpp>
#include <optional>

#include "app/interop/fields.hpp"
#include "app/interop/imported.hpp"

namespace switchgear::interop {

/// Gives the policy of every service with routes what `filter` says: an item of `http_filters`.
void import_envoy_admission(const Value& filter, Imported& imported, Ledger& ledger);

/// The filter, if all services have the same admission control; else each is accounted for as a gap.
[[nodiscard]] std::optional<boost::json::object> envoy_admission(const config::Config& config,
                                                                 Ledger& ledger);

}  // namespace switchgear::interop
