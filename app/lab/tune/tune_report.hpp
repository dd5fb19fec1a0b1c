// What the search for a better policy found, for people and for programs.
#pragma once

#include <ostream>
#include <string>

#include "app/lab/tune/tuner.hpp"

namespace switchgear::lab {

struct TunedTrace {
  std::size_t calls = 0;
  Duration length{};
  std::size_t outages = 0;
};

void print_text(const Tuning& tuning, const std::string& policy, const TunedTrace& trace, std::ostream& out);
/// One object on one line.
void print_json(const Tuning& tuning, const std::string& policy, const TunedTrace& trace, std::ostream& out);

/// `5 failures in a row`, `50% of 20 or more calls in 10s`.
[[nodiscard]] std::string rules_of(const CircuitBreakerOptions& options);

}  // namespace switchgear::lab
