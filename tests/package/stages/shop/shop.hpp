// What a stranger's library shows of the library it is built upon.
#pragma once

#include "switchgear/policy/circuit_breaker.hpp"

namespace shop {

/// Asks a service that always fails; what it throws is swallowed. Returns whether it was asked at all.
bool ask_for_price();

[[nodiscard]] switchgear::CircuitBreaker& breaker();

}  // namespace shop
