// A server behind the shop as a supervisor keeps it: started again on its port when it ends. What it has on
// disk is there again: PostgreSQL's orders are, what Redis has cached is not.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/shop/server_process.hpp"
#include "app/stage/workplace.hpp"

namespace switchgear::shop {

/// What was said of one of the processes behind or of the shop: for people.
struct Happened {
  std::string who, what;
};

/// Throws stage::Broken with what a command complained of in its log, and keeps the logs.
[[noreturn]] void complain(stage::Workplace& workplace, const std::string& what,
                           const std::filesystem::path& log);

/// Threads: the one that made it.
class KeptServer {
 public:
  /// Returns when it listens on `port`. Throws stage::Broken. `workplace` outlives it.
  KeptServer(stage::Workplace& workplace, std::string name, std::vector<std::string> command,
             std::uint16_t port);

  /// Call it often. If the server has ended, it is started again: says how it ended. Throws stage::Broken if
  /// it does not start, or ends again and again; from then on it is left alone.
  std::optional<Happened> look();

  /// It ended otherwise than by being told to.
  [[nodiscard]] bool has_failed() const noexcept { return failed_; }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

 private:
  void start();

  stage::Workplace& workplace_;
  const std::string name_;
  const std::vector<std::string> command_;
  const std::uint16_t port_;
  std::filesystem::path log_;  ///< each start has its own
  std::unique_ptr<ServerProcess> process_;
  unsigned starts_ = 0;
  bool failed_ = false, given_up_ = false;
};

}  // namespace switchgear::shop
