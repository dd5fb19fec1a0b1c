#include "app/stage/child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>

#include "app/stage/process_end.hpp"

namespace switchgear::stage {
namespace {

constexpr std::size_t log_limit = 1'048'576;

[[noreturn]] void become(const std::vector<char*>& arguments, int output, pid_t parent) {
  // Only what is safe between fork and exec. A terminal's Ctrl-C is for the parent, which ends its children
  // in order.
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(3);  // the parent died before prctl
  reset_signals();
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (nothing >= 0) ::dup2(nothing, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  ::close_range(3, ~0U, 0);  // not the sockets of the parent's own servers: they would stay open here
  ::execv("/proc/self/exe", arguments.data());
  ::_exit(127);
}

int milliseconds_until(std::chrono::steady_clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::max<std::chrono::milliseconds::rep>(0, left.count()));
}

}  // namespace

ChildProcess::ChildProcess(std::string name, const std::vector<std::string>& arguments,
                           const std::string& log)
    : name_(std::move(name)) {
  std::vector<std::string> words{"switchgear"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);

  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) become(pointers, pipe[1], parent);
  const int failure = errno;
  ::close(pipe[1]);
  if (pid_ < 0) {
    ::close(pipe[0]);
    throw std::system_error(failure, std::generic_category(), "fork");
  }
  output_ = pipe[0];
  log_ = std::fopen(log.c_str(), "we");
}

ChildProcess::~ChildProcess() {
  end();
  if (drainer_.joinable()) drainer_.join();
  ::close(output_);
  if (log_ != nullptr) std::fclose(log_);
}

std::optional<std::string> ChildProcess::wait_for_line(const std::string& start,
                                                       std::chrono::steady_clock::time_point deadline) {
  std::optional<std::string> found;
  while (!found) {
    const auto end_of_line = unread_.find('\n');
    if (end_of_line != std::string::npos) {
      std::string line = unread_.substr(0, end_of_line);
      unread_.erase(0, end_of_line + 1);
      if (line.rfind(start, 0) == 0) found = std::move(line);
      continue;
    }
    pollfd readable{output_, POLLIN, 0};
    const int ready = ::poll(&readable, 1, milliseconds_until(deadline));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) break;
    std::array<char, 4096> chunk{};
    const ssize_t size = ::read(output_, chunk.data(), chunk.size());
    if (size <= 0) break;
    keep(chunk.data(), static_cast<std::size_t>(size));
    unread_.append(chunk.data(), static_cast<std::size_t>(size));
  }
  if (!drainer_.joinable()) drainer_ = std::thread([this] { drain(); });
  return found;
}

void ChildProcess::drain() {
  std::array<char, 4096> chunk{};
  for (;;) {
    const ssize_t size = ::read(output_, chunk.data(), chunk.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return;
    keep(chunk.data(), static_cast<std::size_t>(size));
  }
}

void ChildProcess::keep(const char* data, std::size_t size) {
  if (log_ == nullptr || logged_ >= log_limit) return;
  logged_ += std::fwrite(data, 1, size, log_);
  std::fflush(log_);
}

bool ChildProcess::running() {
  if (!reaped_ && ::waitpid(pid_, &status_, WNOHANG) == pid_) reaped_ = true;
  return !reaped_;
}

std::string ChildProcess::how_it_ended() const { return stage::how_it_ended(status_); }

bool ChildProcess::was_told_to_end() const noexcept {
  if (told_) return true;
  if (WIFSIGNALED(status_)) return WTERMSIG(status_) == SIGKILL || WTERMSIG(status_) == SIGTERM;
  return WEXITSTATUS(status_) == 128 + SIGTERM;
}

void ChildProcess::end(std::chrono::milliseconds patience) noexcept {
  if (!running()) return;
  told_ = true;
  status_ = end_process(pid_, SIGTERM, patience);
  reaped_ = true;
}

}  // namespace switchgear::stage
