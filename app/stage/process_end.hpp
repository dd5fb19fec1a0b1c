// The signals a child process starts with, and its end: for children of any program. It does not start them.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>

namespace switchgear::stage {

/// In the child, between fork() and exec(): no signal is ignored or blocked from here on. A shell without job
/// control ignores SIGINT and SIGQUIT in what it starts with `&`, an ignored signal stays ignored over
/// exec(), and the child could not be ended by it.
void reset_signals() noexcept;

/// Waits until a child has ended. Its status as waitpid() gives it; empty: the time is over, and it runs.
[[nodiscard]] std::optional<int> wait_for_end(pid_t child, std::chrono::milliseconds at_most) noexcept;

/// Sends `signal`, then SIGKILL if the child has not ended after `patience`. Its status.
int end_process(pid_t child, int signal, std::chrono::milliseconds patience) noexcept;

/// A status of waitpid() in words: `exit code 3`, `signal 9`.
[[nodiscard]] std::string how_it_ended(int status);

}  // namespace switchgear::stage
