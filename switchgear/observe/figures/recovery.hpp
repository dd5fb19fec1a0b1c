// How long it takes until a breaker that opened is closed again.
#pragma once

#include <optional>
#include <span>

#include "switchgear/observe/figures/openings.hpp"

namespace switchgear::figures {

/// From opening to closing, relapses included: the mean over the openings that closed, by themselves or by an
/// operator. Empty when none did.
[[nodiscard]] std::optional<Duration> mean_time_to_recovery(std::span<const Opening> openings) noexcept;

}  // namespace switchgear::figures
