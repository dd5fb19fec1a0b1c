// Figures for people.
#pragma once

#include <cstdint>
#include <string>

#include "switchgear/core/time.hpp"

namespace switchgear::lab {

/// `1,234,567`
[[nodiscard]] std::string counted(std::uint64_t number);

/// `1,234 (12.50%)`
[[nodiscard]] std::string share(std::uint64_t part, std::uint64_t whole);

/// Three digits of it: `1.23s`, `45.6ms`.
[[nodiscard]] std::string rounded(Duration length);

}  // namespace switchgear::lab
