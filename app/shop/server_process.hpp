// A server of another make for one run of the shop: found where it is installed, started, ended by its pid.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace switchgear::shop {

/// Where a program is: in PATH, or else in one of these folders. Empty: nowhere.
[[nodiscard]] std::optional<std::filesystem::path> find_program(const std::string& name,
                                                                const std::vector<std::string>& folders = {});

/// A free port of 127.0.0.1. Another program may take it before it is used.
[[nodiscard]] std::uint16_t free_port();
/// Whether something listens on that port of 127.0.0.1.
[[nodiscard]] bool listens(std::uint16_t port);

/// Hands a file or folder to the user that servers run as, if that is another one: PostgreSQL does not run as
/// root.
void give_to_servers(const std::filesystem::path& path);

/// It ends with this object, and with this process however that ends. A process of root's runs it as
/// `postgres`, or as `nobody`.
class ServerProcess {
 public:
  /// What it prints goes to `log`. Throws std::system_error if no process can be made.
  ServerProcess(std::vector<std::string> command, const std::filesystem::path& log);
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;
  ~ServerProcess();

  [[nodiscard]] bool running();
  /// Waits until it has ended by itself, for a minute at most; whether with exit code 0. Ends it after that.
  [[nodiscard]] bool succeeded();
  /// In words. Of use once running() says false.
  [[nodiscard]] std::string how_it_ended() const;
  /// With exit code 0, or by a signal with which processes are ended: not by a crash. Of use once running()
  /// says false.
  [[nodiscard]] bool was_told_to_end() const noexcept;

 private:
  pid_t pid_ = -1;
  int status_ = 0;
};

}  // namespace switchgear::shop
