// All that is proved of one circuit: of a policy for itself, or of a policy where a service uses it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/prove/proof.hpp"
#include "switchgear/analysis/explain.hpp"
#include "switchgear/config/config.hpp"

namespace switchgear::prove {

struct Memory {
  std::uint64_t breaker = 0;   ///< its windows and counts
  std::uint64_t by_value = 0;  ///< breakers of all values that may have one
  std::uint64_t answers = 0;   ///< of caches
  std::uint64_t queue = 0;     ///< of stored calls; 0 for a policy for itself, whose calls have no size
  std::uint64_t bodies = 0;    ///< of requests, kept to be sent again

  [[nodiscard]] std::uint64_t total() const noexcept;
};

/// What calls hold at once.
struct Held {
  std::optional<std::uint64_t> attempts;  ///< in flight; empty: any number
  std::string_view limited_by;            ///< the key that says so
  std::uint64_t queued = 0;               ///< calls that wait for a slot
  std::uint64_t for_tokens = 0;           ///< calls that wait for a token
};

struct PolicyProof {
  std::string policy;  ///< in the file
  analysis::Policy applied;
  analysis::Explanation worst;
  std::optional<BreakerProof> breaker;  ///< empty: the policy has none
  Memory memory;
  Held held;
  std::vector<Finding> findings;  ///< of the breaker, too

  /// Something cannot happen that should.
  [[nodiscard]] bool fails() const noexcept;
};

[[nodiscard]] PolicyProof prove_policy(const analysis::Policy& policy, std::optional<double> rate);

/// The breaker of a service, or of a policy that its routes name: where there are several, the service's own
/// breaker sees the calls of all of them.
[[nodiscard]] PolicyProof prove_service(const config::Config& config, const config::Service& service,
                                        const std::string& policy, std::optional<double> rate);

}  // namespace switchgear::prove
