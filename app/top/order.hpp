// Which rows a list shows, and in which order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "app/top/circuits.hpp"
#include "app/top/services.hpp"
#include "switchgear/core/time.hpp"

namespace switchgear::top {

/// What the list of breakers is sorted by: the worst state first; names from A; numbers, the largest first;
/// the soonest retry.
enum class Sort : std::uint8_t { worst, name, calls, failure_rate, refusals, retry_in };
inline constexpr std::size_t sorts = 6;

/// Names. Every word of `filter` must be part of the name or of the state, in any case. `inverted` turns the
/// order round, except that equals stay sorted by name.
[[nodiscard]] std::vector<std::string> ordered(const Circuits& circuits, Sort sort, bool inverted,
                                               std::string_view filter, TimePoint now);

/// By name.
[[nodiscard]] std::vector<std::string> ordered(const Services& services, std::string_view filter);

}  // namespace switchgear::top
