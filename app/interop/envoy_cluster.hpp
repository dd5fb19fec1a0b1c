// What an Envoy cluster says about the instances of one service.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/interop/fields.hpp"
#include "app/interop/imported.hpp"

namespace switchgear::interop {

/// Its instances. A cluster whose addresses are found elsewhere is called by its name, or by the name of the
/// host in it (`outbound|80||reviews.prod.svc.cluster.local`), if that is one. Empty: it cannot be called.
[[nodiscard]] std::vector<config::Upstream> upstreams_of_cluster(const Value& cluster, Ledger& ledger);

/// Reads everything else into the service, whose instances must be known. `hash_header`: of its routes.
void import_cluster(const Value& cluster, const std::optional<Value>& hash_header, ImportedService& service,
                    Ledger& ledger);

/// `outlier_detection`.
void import_outlier_detection(const Value& value, ImportedService& service, Ledger& ledger);

}  // namespace switchgear::interop
