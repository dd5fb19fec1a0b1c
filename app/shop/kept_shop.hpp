// The shop's process as a supervisor keeps it: started again on the same ports when it ends, so that what it
// left behind is done, and its books can be read.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "app/stage/workplace.hpp"

namespace switchgear::stage {
class StopSignal;
}

namespace switchgear::shop {

/// What the process is started with.
struct ShopNeeds {
  std::string policies;  ///< the file
  std::uint64_t seed = 1;
  std::string database, redis, smtp;        ///< as the process takes them; no `redis`: no cache
  std::map<std::string, std::string> urls;  ///< of inventory, payment, accounts and risk
  std::uint16_t port = 0;                   ///< 0: the system chooses
  std::uint16_t admin_port = 0;
};

/// Threads: the one that made it.
class KeptShop {
 public:
  /// Returns when it takes orders, or when it is told to stop. Throws stage::Broken. `workplace` outlives it.
  KeptShop(stage::Workplace& workplace, ShopNeeds needs, stage::StopSignal& stop);

  /// Call it often. If the process has ended, it is started again: says how it ended. Throws stage::Broken if
  /// it does not start, or ends again and again.
  std::optional<std::string> look();
  /// For a process that does not answer. Says that it was ended.
  std::string end_and_start_again();

  /// It ended otherwise than by being told to, or did not answer: a fault of its own.
  [[nodiscard]] bool has_failed() const noexcept { return failed_; }
  [[nodiscard]] std::uint16_t port() const noexcept { return needs_.port; }
  [[nodiscard]] std::uint16_t admin_port() const noexcept { return needs_.admin_port; }
  [[nodiscard]] std::string url() const;
  [[nodiscard]] std::string admin_url() const;

 private:
  void start();
  void wait_until_ready(stage::StopSignal& stop);

  stage::Workplace& workplace_;
  ShopNeeds needs_;
  std::unique_ptr<stage::ChildProcess> process_;
  unsigned starts_ = 0;
  bool failed_ = false;
};

}  // namespace switchgear::shop
