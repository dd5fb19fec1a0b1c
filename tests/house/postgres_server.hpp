// PostgreSQL and pgbouncer for one test program: real ones, in folders that are gone with them, on ports that
// the system chose.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace switchgear::house {

/// A program that ends with this object, and with the test. Neither server runs as root: a test that does
/// starts it as `postgres`, or as `nobody`.
class ServerProcess {
 public:
  ServerProcess() = default;
  ServerProcess(std::vector<std::string> command, const std::filesystem::path& log);
  ServerProcess(ServerProcess&& other) noexcept;
  ServerProcess& operator=(ServerProcess&& other) noexcept;
  ~ServerProcess();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  /// Sends the signal and waits until the program has ended. Returns its status, as waitpid() has it.
  int end(int signal) noexcept;
  /// It has ended, and was waited for.
  void forget() noexcept { pid_ = -1; }

 private:
  pid_t pid_ = -1;
};

/// Owned by the user that servers run as.
class ServerFolder {
 public:
  ServerFolder();
  ServerFolder(const ServerFolder&) = delete;
  ServerFolder& operator=(const ServerFolder&) = delete;
  ~ServerFolder();
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  /// Readable by the server's user alone.
  std::filesystem::path write(const std::string& name, const std::string& text) const;

 private:
  std::filesystem::path path_;
};

/// A cluster of one database. Sync is off: nothing here has to outlive the machine.
class PostgresServer {
 public:
  enum class Role {
    primary,
    standby,  ///< read-only until it is promoted; it replicates no other server
  };
  /// `settings`: `max_connections=5`. Throws std::runtime_error with the log if it does not start.
  explicit PostgresServer(std::vector<std::string> settings = {}, Role role = Role::primary);
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;
  ~PostgresServer();

  /// Over TCP, as a superuser.
  [[nodiscard]] std::string connection(const std::string& more = "") const;
  [[nodiscard]] int port() const noexcept { return port_; }
  [[nodiscard]] const ServerFolder& folder() const noexcept { return folder_; }
  [[nodiscard]] pid_t pid() const noexcept { return process_.pid(); }
  [[nodiscard]] std::string log() const;

  void start();
  void stop();   ///< at once, as for a restart: sessions are told
  void crash();  ///< SIGKILL to the server's main process

  /// One statement, or several, past everything that is tested. Returns the first value, or nothing.
  std::string sql(const std::string& text, const std::string& more = "") const;
  /// Waits until the statement's first value is `wanted`, and fails the test after 10 s.
  void wait_for(const std::string& text, const std::string& wanted) const;

 private:
  ServerFolder folder_;
  std::vector<std::string> settings_;
  int port_;
  ServerProcess process_;
};

/// pgbouncer in front of a server.
class PgBouncer {
 public:
  /// `mode`: `session`, `transaction`.
  PgBouncer(const PostgresServer& server, const std::string& mode);
  [[nodiscard]] std::string connection() const;
  [[nodiscard]] std::string log() const;

 private:
  ServerFolder folder_;
  int port_;
  ServerProcess process_;
};

/// A free port of 127.0.0.1. Another program may take it before it is used.
[[nodiscard]] int free_port();
/// Of the user that servers run as.
void give_to_servers(const std::filesystem::path& file);

}  // namespace switchgear::house
