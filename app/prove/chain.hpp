// What one call becomes along services that call each other, as `calls` of each says.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/prove/policy_proof.hpp"
#include "switchgear/config/config.hpp"

namespace switchgear::prove {

/// The services from one on, along which a call becomes the most attempts.
struct Chain {
  std::vector<std::string> path;  ///< the service first; of a circle, its first name again at the end
  /// Attempts at the last of them for one call to the first, if an attempt makes one call to the next.
  std::optional<double> amplification;  ///< empty: unbounded, because the path runs in a circle
  std::vector<Finding> findings;        ///< keys are those of the whole file
};

/// One for each service. `proofs` has each service's, by name.
[[nodiscard]] std::map<std::string, Chain> prove_chains(const config::Config& config,
                                                        const std::map<std::string, PolicyProof>& proofs);

}  // namespace switchgear::prove
