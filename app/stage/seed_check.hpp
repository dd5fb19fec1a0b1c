// Checks a seed on the command line.
#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <system_error>

namespace switchgear::stage {

/// What is wrong with it, or nothing. The parser of options reads -1 as the largest number there is, and cuts
/// what is too large.
[[nodiscard]] inline std::string check_seed(const std::string& text) {
  std::uint64_t seed = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, seed);
  if (read.ec == std::errc{} && read.ptr == end) return {};
  return "\"" + text + "\" is not a whole number from 0 to " + std::to_string(UINT64_MAX);
}

}  // namespace switchgear::stage
