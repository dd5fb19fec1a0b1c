// The end of a command's output: standard output that is full, closed or without a reader.
#pragma once

#include <string_view>

namespace switchgear::shell {

/// Gives a closed standard input, output or error a descriptor of its own. Otherwise the next file or socket
/// that is opened takes its number, and what is meant for the user is written into it. Reading and writing
/// still fail, but for standard error, which is then lost. To be called before anything is opened.
void hold_standard_streams() noexcept;

/// Onto standard output. What cannot be written is told by finish_output().
void print(std::string_view text) noexcept;

/// Onto standard error, as a line. Never throws, as fmt::print does when the disk behind it is full.
void complain(std::string_view text) noexcept;

/// Writes what standard output (`stdout` and `std::cout`) still holds. Returns `exit_code` if all output was
/// written. If not, says so on standard error, and returns 1 in place of 0. A reader that has gone, as in
/// `| head`, is not told anything; the exit code is then the shell's for SIGPIPE, 141.
[[nodiscard]] int finish_output(int exit_code);

/// The same for a command that writes without those two: `error` is that of write(), as in <cerrno>.
[[nodiscard]] int not_written(int exit_code, int error);

}  // namespace switchgear::shell
