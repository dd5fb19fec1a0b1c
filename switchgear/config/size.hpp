// Amounts of memory as people write them: "64MiB", "512KiB". A number without a unit counts bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace switchgear::config {

struct ParsedSize {
  std::optional<std::uint64_t> bytes;
  std::string problem;  ///< what was found and what is expected; set when `bytes` is not
};

/// A whole number, and a unit of B, KiB, MiB, GiB, TiB or none. What does not fit into 64 bits is a problem.
[[nodiscard]] ParsedSize parse_size(std::string_view text);

/// The shortest way to write it that parses back to the same: 65536 → "64KiB", 1000 → "1000B".
[[nodiscard]] std::string format_size(std::uint64_t bytes);

}  // namespace switchgear::config
