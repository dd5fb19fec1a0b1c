// What every command has in common towards the shell it is started from: how numbers on the command line are
// read, and how it ends when its output cannot be written. Never here: what a single command does.
#pragma once

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <CLI/Validators.hpp>
#include <cstdint>
#include <limits>

namespace switchgear::shell {

/// Checks for options that hold a number; each option with one needs one of them. CLI11 alone reads -1 as the
/// largest number there is, cuts what is too large, and takes nan for a number within any range.
///
///     command->add_option("--seed", seed, "Seed of all jitter")->check(shell::whole_number());

/// Decimal digits alone, from `least` to `most`.
[[nodiscard]] CLI::Validator whole_number(std::uint64_t least = 0,
                                          std::uint64_t most = std::numeric_limits<std::uint64_t>::max());

/// A finite decimal number from `least` to `most`: 0.5, 20 or 1e-3.
[[nodiscard]] CLI::Validator number(double least, double most);

/// Of a name or a file, where an empty one would otherwise count as none.
[[nodiscard]] CLI::Validator not_empty();

}  // namespace switchgear::shell
