// Services and their policies become the static resources of an Envoy: a listener with its routes, clusters.
#pragma once

#include <boost/json/object.hpp>

#include "app/interop/ledger.hpp"
#include "switchgear/config/config.hpp"

namespace switchgear::interop {

/// A bootstrap, API v3.
[[nodiscard]] boost::json::object export_envoy(const config::Config& config, Ledger& ledger);

}  // namespace switchgear::interop
