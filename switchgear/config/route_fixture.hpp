// For this room's tests: routes and requests, written short.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "switchgear/config/router.hpp"

namespace switchgear::config {

struct Line {
  std::string name;
  std::string value;
};

struct Asked {
  std::string method = "GET";
  std::string authority;
  std::string path = "/";
  std::vector<Line> fields = {};
};

/// Each route is a service of its own, called by its place: "000", "001", …
inline std::map<std::string, Service> services_of(const std::vector<Route>& routes) {
  std::map<std::string, Service> services;
  for (const Route& route : routes) {
    std::string name = std::to_string(services.size());
    name.insert(0, 3 - name.size(), '0');
    Service service;
    service.name = name;
    service.routes = {route};
    services.emplace(std::move(name), std::move(service));
  }
  return services;
}

/// The place of the route that wins; -1: none.
inline int winner(const Router& router, const Asked& asked) {
  const FieldsOf lines{asked.fields};
  const Router::Target* found = router.find({asked.method, asked.authority, asked.path, lines});
  return found == nullptr ? -1 : static_cast<int>(found->service);
}

}  // namespace switchgear::config
