// What one instance of a played service does with each request: a function of the seed, the request's number
// and the time, so that the same numbers at the same times get the same faults in every run.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "app/chaos/scenario.hpp"
#include "app/stage/acting_server.hpp"

namespace switchgear::chaos {

/// Threads: any, it does not change.
class Script {
 public:
  /// `instance` from 1. Copies what it needs of the scenario.
  Script(const Scenario& scenario, const std::string& service, std::size_t instance);

  /// `now` before 0 is before the run: an ordinary day.
  [[nodiscard]] stage::Reaction reaction(const stage::Arrival& arrival, Duration now) const;

  [[nodiscard]] bool refuses(Duration now) const noexcept;
  /// Whether a request may hang; when this ends, those that hang are let go.
  [[nodiscard]] bool hangs(Duration now) const noexcept;

 private:
  /// Uniform in [0, 1), of its own for each request and use.
  [[nodiscard]] double draw(std::uint64_t request, std::uint64_t use) const noexcept;

  PlayedService service_;
  std::vector<Phase> phases_;  ///< of this instance
  std::uint64_t seed_ = 0;
};

}  // namespace switchgear::chaos
