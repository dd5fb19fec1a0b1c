// The counts of a sample as one row of numbers: what adding, subtracting and storing samples have in common.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "switchgear/observe/circuit_history.hpp"

namespace switchgear::history {

/// A file that was written with another row has another schema (schema.hpp).
inline constexpr std::size_t sample_numbers =
    1 + failure_types.size() + 6 + 2 * (duration_bounds.size() + 1) + 2;
static_assert(sample_numbers == 48, "another row of numbers needs another schema_version");

using SampleNumbers = std::array<std::uint64_t, sample_numbers>;

[[nodiscard]] SampleNumbers numbers_of(const CircuitSample& sample);
void set_numbers(CircuitSample& sample, const SampleNumbers& numbers);

/// Adds the counts of `later`, whose state is the sum's. Its stretch is added as length alone.
void add(CircuitSample& sum, const CircuitSample& later);

/// The state and the counts in few bytes: one for a circuit without calls, about 40 for a busy one.
[[nodiscard]] std::string packed(const CircuitSample& sample);
/// Nothing when the bytes are not what packed() makes.
[[nodiscard]] std::optional<CircuitSample> unpacked(std::string_view bytes);

}  // namespace switchgear::history
