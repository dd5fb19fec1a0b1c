#include "app/shop/server_process.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "app/stage/process_end.hpp"

namespace switchgear::shop {
namespace {

namespace fs = std::filesystem;

constexpr auto patience_at_end = std::chrono::seconds{8};  // PostgreSQL gives its own children 5 s
constexpr auto patience_with_work = std::chrono::minutes{1};

/// Null: servers run as this process does.
const passwd* server_user() {
  static const passwd* const user = [] {
    if (::geteuid() != 0) return static_cast<passwd*>(nullptr);
    passwd* const postgres = ::getpwnam("postgres");
    return postgres != nullptr ? postgres : ::getpwnam("nobody");
  }();
  return user;
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return at;
}

/// Between fork() and exec(): system calls only.
[[noreturn]] void become(const passwd* user, const std::vector<char*>& arguments, int log, pid_t parent) {
  if (user != nullptr) {
    if (::setgroups(0, nullptr) != 0 || ::setgid(user->pw_gid) != 0 || ::setuid(user->pw_uid) != 0)
      ::_exit(126);
  }
  ::setpgid(0, 0);  // a terminal's Ctrl-C is for the parent, which ends its servers in order
  ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
  if (::getppid() != parent) ::_exit(126);
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  ::close_range(3, ~0U, 0);  // not the sockets of the parent's own servers: they would stay open here
  if (::chdir("/") != 0) ::_exit(126);
  stage::reset_signals();
  ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

}  // namespace

std::optional<fs::path> find_program(const std::string& name, const std::vector<std::string>& folders) {
  std::vector<std::string> all = folders;
  const char* const path = std::getenv("PATH");
  std::istringstream in{path == nullptr ? "" : path};
  for (std::string folder; std::getline(in, folder, ':');) all.push_back(folder);
  for (const std::string& folder : all) {
    fs::path program = fs::path(folder) / name;
    if (!folder.empty() && ::access(program.c_str(), X_OK) == 0) return program;
  }
  return std::nullopt;
}

std::uint16_t free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at = loopback(0);
  socklen_t size = sizeof at;
  const bool bound = ::bind(socket, reinterpret_cast<const sockaddr*>(&at), size) == 0 &&
                     ::getsockname(socket, reinterpret_cast<sockaddr*>(&at), &size) == 0;
  ::close(socket);
  if (!bound) throw std::runtime_error("no free port");
  return ntohs(at.sin_port);
}

bool listens(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in at = loopback(port);
  const bool connected = ::connect(socket, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0;
  ::close(socket);
  return connected;
}

void give_to_servers(const fs::path& path) {
  if (const passwd* const user = server_user()) {
    if (::chown(path.c_str(), user->pw_uid, user->pw_gid) != 0)
      throw std::system_error(errno, std::generic_category(), "chown " + path.string());
  }
}

ServerProcess::ServerProcess(std::vector<std::string> command, const fs::path& log) {
  std::vector<char*> arguments;
  for (std::string& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const passwd* const user = server_user();
  const int out = ::open(log.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) become(user, arguments, out, parent);
  const int failure = errno;
  ::close(out);
  if (pid_ < 0) throw std::system_error(failure, std::generic_category(), command[0]);
}

ServerProcess::~ServerProcess() {
  if (!running()) return;
  // PostgreSQL ends at once; SIGTERM would wait for its clients.
  stage::end_process(pid_, SIGQUIT, patience_at_end);
}

bool ServerProcess::running() {
  if (pid_ > 0 && ::waitpid(pid_, &status_, WNOHANG) == pid_) pid_ = -1;
  return pid_ > 0;
}

std::string ServerProcess::how_it_ended() const { return stage::how_it_ended(status_); }

bool ServerProcess::was_told_to_end() const noexcept {
  if (WIFEXITED(status_)) return WEXITSTATUS(status_) == 0;
  const int signal = WTERMSIG(status_);
  return signal == SIGKILL || signal == SIGTERM || signal == SIGINT || signal == SIGQUIT;
}

bool ServerProcess::succeeded() {
  if (pid_ > 0) {
    const pid_t child = std::exchange(pid_, -1);
    const std::optional<int> status = stage::wait_for_end(child, patience_with_work);
    status_ = status ? *status : stage::end_process(child, SIGKILL, patience_at_end);
  }
  return WIFEXITED(status_) && WEXITSTATUS(status_) == 0;
}

}  // namespace switchgear::shop
