// A ServiceEntry: which addresses a host has that is not one of the cluster's own services.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "app/interop/fields.hpp"
#include "app/interop/imported.hpp"

namespace switchgear::interop {

struct ServiceEntryAddresses {
  struct Port {
    std::uint16_t number = 80;
    std::uint16_t target = 80;
    std::string name;
  };
  struct Endpoint {
    std::string address;
    double weight = 1;
    std::map<std::string, std::uint16_t> ports;  ///< by name of the port
  };

  std::vector<Port> ports;
  std::vector<Endpoint> endpoints;
  bool by_dns = false;  ///< each address of a name is an instance

  /// Its instances for calls to `port`; none: the host itself is one.
  [[nodiscard]] std::vector<config::Upstream> upstreams(std::uint16_t port) const;
};

/// Adds the addresses of each host.
void read_service_entry(const Value& spec, std::map<std::string, ServiceEntryAddresses>& hosts,
                        Ledger& ledger);

}  // namespace switchgear::interop
