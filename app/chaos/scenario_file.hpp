// The file of a scenario: YAML in, a checked Scenario or located errors out. Every size has a limit.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/chaos/scenario.hpp"
#include "switchgear/config/config.hpp"

namespace switchgear::chaos {

struct ReadScenario {
  std::optional<Scenario> scenario;  ///< if there are no errors
  std::vector<config::Diagnostic> errors;
};

/// `file`: its name in errors.
[[nodiscard]] ReadScenario read_scenario(const std::string& text, const std::string& file);
[[nodiscard]] ReadScenario load_scenario(const std::string& path);

}  // namespace switchgear::chaos
