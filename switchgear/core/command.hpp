// What an operator may tell a circuit breaker, and the words for it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace switchgear {

/// Every command starts a new generation; every one but `disable` empties the window.
enum class Command : std::uint8_t {
  reset,         ///< closed, no relapses, all modes off; totals stay
  force_close,   ///< the same as reset
  force_open,    ///< refuses every call until told otherwise
  disable,       ///< permits every call and records nothing
  metrics_only,  ///< closed, and from here on the machine runs in full but refuses nothing
};

inline constexpr std::array commands{Command::reset, Command::force_close, Command::force_open,
                                     Command::disable, Command::metrics_only};

/// As in code, traces and JSON: `force_open`.
[[nodiscard]] constexpr std::string_view to_string(Command command) noexcept {
  constexpr std::array<std::string_view, commands.size()> names{"reset", "force_close", "force_open",
                                                                "disable", "metrics_only"};
  return names[static_cast<std::size_t>(command)];
}

/// As in a path and on a command line: `force-open`.
[[nodiscard]] constexpr std::string_view word_of(Command command) noexcept {
  constexpr std::array<std::string_view, commands.size()> words{"reset", "force-close", "force-open",
                                                                "disable", "metrics-only"};
  return words[static_cast<std::size_t>(command)];
}
[[nodiscard]] constexpr std::optional<Command> command_of(std::string_view word) noexcept {
  for (const Command command : commands) {
    if (word_of(command) == word) return command;
  }
  return std::nullopt;
}

/// One sentence for operators, without its full stop.
[[nodiscard]] constexpr std::string_view meaning_of(Command command) noexcept {
  constexpr std::array<std::string_view, commands.size()> meanings{
      "Close a circuit breaker and forget its window and relapses", "The same as reset",
      "Refuse every call until the next command", "Permit every call and record nothing",
      "Run the breaker in full but refuse no call"};
  return meanings[static_cast<std::size_t>(command)];
}

}  // namespace switchgear
