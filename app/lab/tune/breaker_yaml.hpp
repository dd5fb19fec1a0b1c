// A breaker's options as the policy file has them.
#pragma once

#include <string>
#include <string_view>

#include "switchgear/policy/circuit_breaker_options.hpp"

namespace switchgear::lab {

/// The keys below `circuit_breaker:` that differ from a breaker without any, each on a line of its own and
/// behind `indent`. Read back, it gives the same options. Precondition: they are valid.
[[nodiscard]] std::string breaker_yaml(const CircuitBreakerOptions& options, std::string_view indent);

/// A name as a key of YAML, in quotes if it needs them.
[[nodiscard]] std::string yaml_key(std::string_view name);

}  // namespace switchgear::lab
