#include "app/shell/output.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <string>
#include <system_error>

namespace switchgear::shell {

namespace {

constexpr int lost = 1;
constexpr int by_signal = 128;

/// What failed earlier has left no error number behind, but a pipe or socket still tells.
bool reader_has_gone() noexcept {
  pollfd output{STDOUT_FILENO, 0, 0};
  return ::poll(&output, 1, 0) > 0 && (output.revents & POLLERR) != 0;
}

}  // namespace

void hold_standard_streams() noexcept {
  for (const int each : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(each, F_GETFD) != -1 || errno != EBADF) continue;
    // The lowest number that is free, which is this one.
    (void)::open("/dev/null", each == STDOUT_FILENO ? O_RDONLY : O_WRONLY);
  }
}

void print(std::string_view text) noexcept { (void)std::fwrite(text.data(), 1, text.size(), stdout); }

void complain(std::string_view text) noexcept {
  (void)std::fwrite(text.data(), 1, text.size(), stderr);
  (void)std::fputc('\n', stderr);
}

int finish_output(int exit_code) {
  errno = 0;
  std::cout.flush();
  (void)std::fflush(stdout);
  const int error = errno;
  if (std::cout.good() && std::ferror(stdout) == 0) return exit_code;
  return not_written(exit_code, reader_has_gone() ? EPIPE : error);
}

int not_written(int exit_code, int error) {
  if (error == EPIPE) return exit_code == 0 ? by_signal + SIGPIPE : exit_code;
  const std::string why = error == 0 ? "" : ": " + std::generic_category().message(error);
  std::fprintf(stderr, "switchgear: the output could not be written%s\n", why.c_str());
  return exit_code == 0 ? lost : exit_code;
}

}  // namespace switchgear::shell
