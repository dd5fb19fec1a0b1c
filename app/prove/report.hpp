// What is printed: a block of lines for people, an object for programs.
#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <string>
#include <vector>

#include "app/prove/chain.hpp"
#include "app/prove/policy_proof.hpp"

namespace switchgear::prove {

/// Where the witness of a proof was written, by its name; empty: nowhere.
using Files = std::map<std::string, std::string>;

/// One circuit with its proof. `chain` is null for a policy for itself.
struct Told {
  std::string title;  ///< `policy payment`
  const PolicyProof* proof = nullptr;
  const Chain* chain = nullptr;
  Files files;
  /// Findings that were told before, of the policy for itself.
  const std::vector<Finding>* known = nullptr;
};

[[nodiscard]] std::string to_text(const Told& told);
[[nodiscard]] boost::json::object to_json(const Told& told);

}  // namespace switchgear::prove
