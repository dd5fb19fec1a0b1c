// What an export to Istio and one to Envoy have in common: which parts of a policy file neither can say, how
// a route changes a path, and the names of things.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "app/interop/ledger.hpp"
#include "switchgear/config/config.hpp"

namespace switchgear::interop {

/// A service with its policy.
struct ExportedService {
  const config::Service& service;
  const config::Policy& policy;
  unsigned threads = 1;  ///< each has connections of its own

  [[nodiscard]] std::string at(std::string_view key) const {
    return "services." + service.name + "." + std::string(key);
  }
  [[nodiscard]] std::string policy_at(std::string_view key) const {
    return "policies." + policy.name + "." + std::string(key);
  }
  /// Of all instances and threads together.
  [[nodiscard]] std::uint64_t all(std::uint64_t of_one) const {
    return of_one * service.upstreams.size() * threads;
  }
};

/// Accounts for the policies of a service that no mesh has, such as its breaker, and for its other keys.
void account_for_gaps(const ExportedService& exported, Ledger& ledger);
/// The settings of calls, which a mesh has in its routes, of a service that has none. False: it has some.
[[nodiscard]] bool account_for_call_without_routes(const ExportedService& exported, Ledger& ledger);
/// The same for sections of the file, of which `root` is the tree, and for policies that no service has.
void account_for_sections(const config::Config& config, const config::Node& root, Ledger& ledger);

/// How the path is rewritten that the service sees: the url's path and the route's changes together.
struct PathRewrite {
  std::string regex;
  std::string to;  ///< without a reference to what matched
};
/// Empty: it is not.
[[nodiscard]] std::optional<PathRewrite> path_rewrite_of(const config::Route& route,
                                                         const std::string& base_path);

/// A percentage without decimals; accounts for a share that is not one.
[[nodiscard]] std::uint32_t whole_percent(double share, const std::string& from, std::string_view to,
                                          Ledger& ledger);

/// Names of resources: lower-case letters, digits, `-` and `.`; each once.
class ResourceNames {
 public:
  [[nodiscard]] std::string add(std::string_view wanted);

 private:
  std::set<std::string> taken_;
};

/// The budget as a mesh has it: a share of the calls in flight, at least so many. Accounts for it as `to`.
struct BudgetInFlight {
  double percent;
  std::uint32_t least;
};
[[nodiscard]] BudgetInFlight budget_in_flight(const ExportedService& exported, std::string_view to,
                                              Ledger& ledger);

/// Why a retry of ours differs; empty: it does not.
[[nodiscard]] std::string difference_of_retry(const RetryOptions& retry);

/// Which of a list of documents has no counterpart, as comments at the head of the file.
[[nodiscard]] std::string gaps_as_comments(const Ledger& ledger);

}  // namespace switchgear::interop
