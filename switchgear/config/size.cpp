#include "switchgear/config/size.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <system_error>

#include "switchgear/config/report.hpp"

namespace switchgear::config {

namespace {

/// Each 1024 times the one before.
constexpr std::array<std::string_view, 5> units{"B", "KiB", "MiB", "GiB", "TiB"};
constexpr std::string_view wanted = "expected a whole number and B, KiB, MiB, GiB or TiB, as in \"64MiB\"";

/// The unit people mean by other spellings, `mb`, `M`, `Mi`: by its first letter. Empty for anything else.
[[nodiscard]] std::string_view meant_unit(std::string_view name) noexcept {
  if (name.empty() || name.size() > 3) return {};
  for (const std::string_view unit : units) {
    const bool same_start = (name.front() | 0x20) == (unit.front() | 0x20);
    if (same_start && name.find_first_not_of("iIbB", 1) == std::string_view::npos) return unit;
  }
  return {};
}

[[nodiscard]] ParsedSize problem(std::string_view text, const std::string& message) {
  return {std::nullopt, quoted(text) + " " + message};
}

}  // namespace

ParsedSize parse_size(std::string_view text) {
  if (text.starts_with('-')) return problem(text, "is negative; " + std::string(wanted));
  std::uint64_t bytes = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  const std::string_view number = text.substr(0, static_cast<std::size_t>(end - text.data()));
  std::string_view unit = text.substr(number.size());
  if (error == std::errc::invalid_argument) return problem(text, "is not a size; " + std::string(wanted));
  if (error == std::errc::result_out_of_range)
    return problem(text, "is too large; expected at most 16777215TiB");
  if (unit.empty()) unit = units.front();
  const auto known = std::find(units.begin(), units.end(), unit);
  if (known == units.end()) {
    const bool spaced = unit.front() == ' ';
    if (spaced) unit.remove_prefix(std::min(unit.find_first_not_of(' '), unit.size()));
    const std::string_view meant = meant_unit(unit);
    if (meant.empty()) return problem(text, "has no known unit; " + std::string(wanted));
    return problem(text, (spaced ? "has a space in it; write " : "has no known unit; write ") +
                             quoted(std::string(number).append(meant)));
  }
  const auto shift = static_cast<unsigned>(10 * (known - units.begin()));
  if (bytes > std::numeric_limits<std::uint64_t>::max() >> shift)
    return problem(text, "is too large; expected at most 16777215TiB");
  return {bytes << shift, {}};
}

std::string format_size(std::uint64_t bytes) {
  std::size_t unit = 0;
  while (bytes != 0 && bytes % 1024 == 0 && unit + 1 < units.size()) {
    bytes /= 1024;
    ++unit;
  }
  return std::to_string(bytes).append(units[unit]);
}

}  // namespace switchgear::config
