// The policy file of a gateway that a run starts: the user's, with the played services in place of the real
// ones, and without all that reaches beyond the run.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/chaos/scenario.hpp"
#include "switchgear/config/config.hpp"
#include "switchgear/config/document.hpp"

namespace switchgear::chaos {

class GatewayFile {
 public:
  /// Reads the policy file; empty, and an error, if it cannot be read as YAML. What it means is for
  /// `switchgear serve` to say.
  [[nodiscard]] static std::optional<GatewayFile> load(const std::string& path,
                                                       std::vector<config::Diagnostic>& errors);

  /// How many instances each service has.
  [[nodiscard]] std::map<std::string, std::size_t> services() const;

  /// As YAML for `switchgear serve`: each service at `ports`, policies as they are. Of `gateway` only
  /// `threads` and `limits` are left, and no section beside it: a drill takes no real port, tells no one on
  /// call and writes into no history.
  [[nodiscard]] std::string played_at(const std::map<std::string, std::vector<std::uint16_t>>& ports) const;

 private:
  explicit GatewayFile(config::Node root) : root_(std::move(root)) {}

  config::Node root_;
};

/// The tree as YAML that reads back as the same tree.
[[nodiscard]] std::string to_yaml(const config::Node& root);

}  // namespace switchgear::chaos
