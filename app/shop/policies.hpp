// The policies of the shop's dependencies, from one file, and what they are known by.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>

#include "switchgear/a2a/client.hpp"
#include "switchgear/config/configured_policies.hpp"
#include "switchgear/http/response.hpp"
#include "switchgear/observe/diagnosis/circuit_present.hpp"
#include "switchgear/postgres/rows.hpp"
#include "switchgear/redis/reply.hpp"
#include "switchgear/registry/policy_registry.hpp"

namespace switchgear::shop {

/// The policy file is wrong: one line a finding.
struct WrongPolicies : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Threads: the one that made it; what the policies share they guard themselves. Outlives the calls.
class Policies {
 public:
  using Http = config::ConfiguredPolicies<http::Response>;
  using Database = config::ConfiguredPolicies<postgres::Rows>;
  using Cache = config::ConfiguredPolicies<redis::Reply>;
  using Mail = config::ConfiguredPolicies<int>;
  using Agent = config::ConfiguredPolicies<a2a::Reply>;

  /// What the shop calls. The file needs a policy for each of them.
  static constexpr std::array names{"inventory", "payment", "risk", "accounts", "database", "cache", "mail"};

  /// Reads the file. Throws WrongPolicies.
  Policies(const std::string& file, std::uint64_t seed);
  Policies(const Policies&) = delete;
  Policies& operator=(const Policies&) = delete;

  [[nodiscard]] const Http& inventory() const noexcept { return *inventory_; }
  [[nodiscard]] const Http& payment() const noexcept { return *payment_; }
  [[nodiscard]] const Http& accounts() const noexcept { return *accounts_; }
  [[nodiscard]] const Database& database() const noexcept { return *database_; }
  [[nodiscard]] const Cache& cache() const noexcept { return *cache_; }
  [[nodiscard]] const Mail& mail() const noexcept { return *mail_; }
  [[nodiscard]] const Agent& risk() const noexcept { return *risk_; }

  [[nodiscard]] PolicyRegistry& registry() noexcept { return registry_; }
  /// What reports need to know about a circuit: what a call is worth, and its bulkhead.
  [[nodiscard]] std::map<std::string, CircuitSurroundings> surroundings() const;
  /// Where the file says that a service is; empty: it does not.
  [[nodiscard]] std::string url(const std::string& service) const;

 private:
  template <class T>
  [[nodiscard]] std::unique_ptr<config::ConfiguredPolicies<T>> make(const std::string& name);

  const std::string file_;
  const std::uint64_t seed_;
  const config::Config config_;
  PolicyRegistry registry_;
  std::unique_ptr<Http> inventory_, payment_, accounts_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<Cache> cache_;
  std::unique_ptr<Mail> mail_;
  std::unique_ptr<Agent> risk_;
};

}  // namespace switchgear::shop
