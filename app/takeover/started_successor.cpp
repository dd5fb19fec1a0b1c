#include "app/takeover/started_successor.hpp"

#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <system_error>
#include <utility>

namespace switchgear::takeover {

namespace {

constexpr int first_of_this_process = STDERR_FILENO + 1;

class SpawnRules {
 public:
  SpawnRules() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
    posix_spawn_file_actions_addclosefrom_np(&actions_, first_of_this_process);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK);
  }
  SpawnRules(const SpawnRules&) = delete;
  SpawnRules& operator=(const SpawnRules&) = delete;
  ~SpawnRules() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  [[nodiscard]] const posix_spawn_file_actions_t* actions() const noexcept { return &actions_; }
  [[nodiscard]] const posix_spawnattr_t* attributes() const noexcept { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

[[nodiscard]] pid_t spawn(std::vector<std::string> words) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const SpawnRules rules;
  pid_t process = -1;
  const int failed = ::posix_spawn(&process, words.front().c_str(), rules.actions(), rules.attributes(),
                                   arguments.data(), ::environ);
  if (failed != 0) throw std::system_error(failed, std::generic_category(), "cannot start " + words.front());
  return process;
}

}  // namespace

StartedSuccessor::StartedSuccessor(boost::asio::io_context& context, const std::vector<std::string>& words,
                                   std::function<void(const std::string& how)> on_end)
    : process_(spawn(words)), ended_(context), on_end_(std::move(on_end)) {
  const auto descriptor =
      static_cast<int>(::syscall(SYS_pidfd_open, process_, 0));  // <sys/pidfd.h> is C only
  if (descriptor < 0) return;  // it runs all the same, and its own log says how it ends
  ended_.assign(descriptor);
  wait();
}

void StartedSuccessor::wait() {
  ended_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                    [this](const boost::system::error_code& error) {
                      if (error) return;
                      int status = 0;
                      ::waitpid(process_, &status, WNOHANG);
                      on_end_(WIFSIGNALED(status) ? "signal " + std::to_string(WTERMSIG(status))
                                                  : "exit code " + std::to_string(WEXITSTATUS(status)));
                    });
}

}  // namespace switchgear::takeover
