// What a DestinationRule says about the instances of one host.
#pragma once

#include <cstdint>
#include <string>

#include "app/interop/fields.hpp"
#include "app/interop/imported.hpp"

namespace switchgear::interop {

/// Reads `trafficPolicy` (or what stands in its place for `port`) into the service, whose instances must be
/// known. Istio's defaults are written out where ours differ; an absent policy is all of them.
void import_traffic_policy(const Value& policy, std::uint16_t port, ImportedService& service, Ledger& ledger);

}  // namespace switchgear::interop
