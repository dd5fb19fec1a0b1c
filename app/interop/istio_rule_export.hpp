// The trafficPolicy of a DestinationRule for one service.
#pragma once

#include <boost/json/object.hpp>

#include "app/interop/exported.hpp"

namespace switchgear::interop {

[[nodiscard]] boost::json::object istio_traffic_policy(const ExportedService& exported, Ledger& ledger);

}  // namespace switchgear::interop
