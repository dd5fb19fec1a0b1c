// What a stranger's library shows of the library it is built upon.
#pragma once

#include "switchgear/policy/circuit_breaker.hpp"

namespace shop {

/// Calls a service that always fails and swallows its exception. Returns whether the call was made.
bool ask_for_price();

[[nodiscard]] switchgear::CircuitBreaker& breaker();

}  // namespace shop
