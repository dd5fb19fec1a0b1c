// Routes of a mesh, which are tried in order until one takes the request, become routes of ours, of which the
// most specific wins. What that changes is accounted for.
#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "app/interop/imported.hpp"
#include "app/interop/ledger.hpp"
#include "switchgear/config/route_section.hpp"

namespace switchgear::interop {

/// For a route with a `host` of its own: the first of `hosts`, an empty one of which is any, that takes
/// requests for it. Null: none does, so that the route takes no request.
[[nodiscard]] const std::string* host_that_has(const boost::json::object& route,
                                               const std::vector<std::string>& hosts);
inline constexpr std::string_view of_another_host =
    "the route is left out: no request for these hosts has the host that it asks for";

class RouteIntake {
 public:
  explicit RouteIntake(Ledger& ledger) : ledger_(&ledger) {}

  /// Precondition: not full(). Adds the next route of its host. `route` is an item of `routes`; `origin` is
  /// where the mesh has it; `how` says what is approximated, if anything. A route that a policy file cannot
  /// have, and one that is never reached behind those before it, has no counterpart.
  void add(const config::Value& origin, const boost::json::object& route, std::string_view how,
           ImportedService& service);

  static constexpr std::size_t most = 10'000;
  /// So many routes of one host are compared with each other.
  static constexpr std::size_t most_of_one_host = 2000;
  /// No further one is taken, which is an error of the file.
  [[nodiscard]] bool full() const noexcept { return count_ > most; }

 private:
  struct Earlier {
    config::Route route;
    std::string place;  ///< `line 12`
    const ImportedService* service;
  };

  Ledger* ledger_;
  config::RouteReader reader_;
  std::map<std::string, std::vector<Earlier>> by_host_;
  std::size_t count_ = 0;
};

}  // namespace switchgear::interop
