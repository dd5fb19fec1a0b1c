#include "tests/house/program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

namespace switchgear::house {
namespace {

using Clock = std::chrono::steady_clock;

int milliseconds_until(Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
  return static_cast<int>(std::max<std::chrono::milliseconds::rep>(left.count(), 0));
}

}  // namespace

Program::Program(const std::vector<std::string>& words) {
  std::vector<std::string> copies = words;
  std::vector<char*> arguments;
  for (std::string& word : copies) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  pid_ = ::fork();
  if (pid_ == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    ::dup2(ends[1], STDERR_FILENO);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  ::close(ends[1]);
  pipe_ = ends[0];
}

Program::~Program() {
  if (pipe_ >= 0) ::close(pipe_);
  if (pid_ <= 0 || reaped_) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

Program::Read Program::read_some(Clock::time_point deadline) {
  pollfd readable{pipe_, POLLIN, 0};
  if (::poll(&readable, 1, milliseconds_until(deadline)) <= 0) return Read::nothing;
  std::array<char, 4096> chunk{};
  const ssize_t size = ::read(pipe_, chunk.data(), chunk.size());
  if (size <= 0) return Read::end;
  output_.append(chunk.data(), static_cast<std::size_t>(size));
  return Read::some;
}

bool Program::read_until(const std::string& text, std::chrono::milliseconds patience) {
  const auto deadline = Clock::now() + patience;
  while (output_.find(text) == std::string::npos) {
    if (read_some(deadline) != Read::some) return false;
  }
  return true;
}

std::optional<int> Program::wait(std::chrono::milliseconds patience) {
  const auto deadline = Clock::now() + patience;
  while (pipe_ >= 0) {
    const Read read = read_some(deadline);
    if (read == Read::nothing) return std::nullopt;
    if (read == Read::end) break;
  }
  int status = 0;
  siginfo_t ended{};
  while (pipe_ < 0 && ::waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         ended.si_pid == 0) {
    if (Clock::now() >= deadline) return std::nullopt;
    ::poll(nullptr, 0, 5);
  }
  if (::waitpid(pid_, &status, 0) != pid_) return std::nullopt;
  reaped_ = true;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void Program::signal(int number) const { ::kill(pid_, number); }

void Program::stop_reading() { ::close(std::exchange(pipe_, -1)); }

pid_t Program::child(const std::string& words) const {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream stat{entry.path() / "stat"}, command{entry.path() / "cmdline"};
    std::string pid, name, state, parent, line;
    if (!(stat >> pid >> name >> state >> parent) || parent != std::to_string(pid_)) continue;
    std::getline(command, line);
    std::ranges::replace(line, '\0', ' ');
    if (line.find(words) != std::string::npos) return static_cast<pid_t>(std::stol(pid));
  }
  return 0;
}

}  // namespace switchgear::house
