// routes: which requests a service takes, and what it is sent.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "switchgear/config/config.hpp"
#include "switchgear/config/policy_names.hpp"
#include "switchgear/config/section.hpp"

namespace switchgear::config {

/// Reads the routes of all services, one after the other, and finds those of which neither is more specific
/// (router.hpp) though one request could meet both.
class RouteReader {
 public:
  /// Adds the route to the service if it is right, else reports why not. `service` is borrowed, and must stay
  /// where it is; its policy has been read.
  void read(const Value& value, Service& service, PolicyNames& policies);

 private:
  /// A route that is there already, and where.
  struct Claim {
    const Service* service;
    std::size_t number;
    Mark at;
  };

  /// Reports a route that contradicts one before it. `at`: its prefix or path.
  [[nodiscard]] bool is_free(const Route& route, const Service& service, const Value& at);

  /// By host and path: only those can be equal.
  std::map<std::string, std::vector<Claim>> claims_;
};

}  // namespace switchgear::config
