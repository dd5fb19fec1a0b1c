// The one way the library says that its caller has made a mistake it cannot go on from.
#pragma once

#include <string>

namespace switchgear::detail {

/// Throws std::invalid_argument; where exceptions are turned off, prints `message` and aborts.
[[noreturn]] void raise_invalid(const std::string& message);

}  // namespace switchgear::detail
