// An Envoy cluster for one service.
#pragma once

#include <boost/json/object.hpp>
#include <string_view>

#include "app/interop/exported.hpp"

namespace switchgear::interop {

/// `socket_address`, or `pipe` of a Unix socket.
[[nodiscard]] boost::json::object envoy_address(const config::Endpoint& at);

[[nodiscard]] boost::json::object envoy_cluster(const ExportedService& exported, std::string_view name,
                                                Ledger& ledger);

}  // namespace switchgear::interop
