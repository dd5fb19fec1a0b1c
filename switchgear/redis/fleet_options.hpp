// What a process needs to know to join a fleet.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "switchgear/core/time.hpp"
#include "switchgear/policy/option_problem.hpp"
#include "switchgear/redis/client.hpp"

namespace switchgear::redis {

struct FleetOptions {
  /// Where Redis is. `channels` is set by the fleet.
  ClientOptions redis{};
  /// Processes with the same one are a fleet. Circuits of the same name are then the same dependency.
  std::string name_space = "default";
  /// The share of the members with evidence that must find the dependency down. (0, 1]
  double quorum = 0.5;
  /// And how many at least. 2 … 10'000: a single member never decides for the others.
  std::uint32_t min_votes = 2;
  /// How long what the store said is believed. No refusal for the fleet outlives it. 1 s … 5 min
  Duration fresh = std::chrono::seconds{5};
  /// Between two reports, ± 20 %. At most a third of `fresh`; 50 ms …
  Duration interval = std::chrono::seconds{1};
  /// How long a member may take for a probe before another one gets its turn. 100 ms … 5 min
  Duration probe = std::chrono::seconds{10};
  /// Shown to people beside the member's identity; empty: the host's name.
  std::string label{};
  /// The same each time this process is started, and no other process's: so that the votes of before and
  /// after a crash are one. Letters and digits; empty: a random one, with which both count until the first
  /// expires.
  std::string identity{};
  /// Which circuits are shared; empty: all.
  std::function<bool(std::string_view circuit)> shares{};
};

/// Everything that is wrong with the options; keys in the words of the policy file.
[[nodiscard]] std::vector<OptionProblem> validate(const FleetOptions& options);

}  // namespace switchgear::redis
