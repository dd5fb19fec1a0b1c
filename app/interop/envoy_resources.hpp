// The clusters and route configurations of an Envoy file, wherever it has them: a bootstrap, an answer of
// discovery, a list, or one resource alone.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/interop/fields.hpp"
#include "switchgear/config/config.hpp"

namespace switchgear::interop {

struct EnvoyRoutes {
  Value value;             ///< RouteConfiguration
  bool websocket = false;  ///< passes, by `upgrade_configs` of the listener
};

struct EnvoyResources {
  std::vector<std::string> order;         ///< names of clusters, as the file has them
  std::map<std::string, Value> clusters;  ///< by name
  std::vector<EnvoyRoutes> routes;
  std::vector<config::Endpoint> listeners;  ///< where HTTP is served
  std::optional<Value> admission;           ///< the first filter of admission control
};

/// Others are named in the ledger.
[[nodiscard]] EnvoyResources resources_of(const std::vector<Value>& documents, Ledger& ledger);

/// `{socket_address: {address, port_value}}`; empty, and accounted for, if it is something else.
[[nodiscard]] std::optional<config::Endpoint> read_address(const Value& address, Ledger& ledger);

}  // namespace switchgear::interop
