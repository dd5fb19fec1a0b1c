// The public header of a user's library that is built upon Switchgear.
#pragma once

#include "switchgear/policy/circuit_breaker.hpp"

namespace shop {

/// Calls a service that always fails and swallows its exception. Returns whether the call was made.
bool ask_for_price();

[[nodiscard]] switchgear::CircuitBreaker& breaker();

}  // namespace shop
