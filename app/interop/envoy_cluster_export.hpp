// An Envoy cluster for one service.
#pragma once

#include <boost/json/object.hpp>
#include <string_view>

#include "app/interop/exported.hpp"

namespace switchgear::interop {

[[nodiscard]] boost::json::object envoy_cluster(const ExportedService& exported, std::string_view name,
                                                Ledger& ledger);

}  // namespace switchgear::interop
