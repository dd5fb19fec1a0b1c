// health_checks of an Envoy cluster, of which a service has one.
#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "app/interop/exported.hpp"
#include "app/interop/fields.hpp"
#include "app/interop/imported.hpp"

namespace switchgear::interop {

/// The first of the list. `cluster` stands in the `Host` of checks that name no host.
void import_health_checks(const Value& list, const std::string& cluster, ImportedService& service,
                          Ledger& ledger);

/// Of a service that has one.
[[nodiscard]] boost::json::object envoy_health_check(const ExportedService& exported, Ledger& ledger);

}  // namespace switchgear::interop
