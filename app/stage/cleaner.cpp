#include "app/stage/cleaner.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <string>

#include "app/stage/process_end.hpp"

namespace switchgear::stage {
namespace {

/// Servers that are ending may still write for a moment, and a directory that fills cannot be removed.
constexpr const char* script =
    "read -r never; tries=0; "
    "while ! rm -rf -- \"$1\" && [ $tries -lt 100 ]; do tries=$((tries + 1)); sleep 0.1; done";

/// Between fork() and exec(): system calls only.
[[noreturn]] void become(char* const* arguments, int end_of_parent) {
  ::setsid();  // a terminal's signals are for the parent
  reset_signals();
  ::dup2(end_of_parent, STDIN_FILENO);
  const int nothing = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  for (const int each : {STDOUT_FILENO, STDERR_FILENO}) ::dup2(nothing, each);
  ::close_range(3, ~0U, 0);
  if (nothing < 0 || ::chdir("/") != 0) ::_exit(126);
  ::execv("/bin/sh", arguments);
  ::_exit(127);
}

}  // namespace

Cleaner::Cleaner(const std::filesystem::path& directory) {
  std::array<std::string, 5> words{"sh", "-c", script, "switchgear-cleaner", directory.string()};
  std::array<char*, words.size() + 1> arguments{};
  for (std::size_t i = 0; i < words.size(); ++i) arguments[i] = words[i].data();
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return;
  alive_ = pipe[1];
  shell_ = ::fork();
  if (shell_ == 0) become(arguments.data(), pipe[0]);
  ::close(pipe[0]);
}

Cleaner::~Cleaner() {
  if (shell_ > 0) end_process(shell_, SIGKILL, std::chrono::seconds{1});
  ::close(alive_);  // after that: its end would be the word to begin
}

}  // namespace switchgear::stage
