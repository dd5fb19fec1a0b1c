// Services and their policies become a Gateway, ServiceEntries, DestinationRules and VirtualServices of
// Istio.
#pragma once

#include <boost/json/object.hpp>
#include <vector>

#include "app/interop/ledger.hpp"
#include "switchgear/config/config.hpp"

namespace switchgear::interop {

/// The documents, in the order in which they are to be written.
[[nodiscard]] std::vector<boost::json::object> export_istio(const config::Config& config, Ledger& ledger);

}  // namespace switchgear::interop
