// The shop's process as a supervisor keeps it: started again on the same ports when it ends, so that what it
// left behind is done, and its books can be read.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "app/stage/kept_process.hpp"
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

  /// As those of stage::KeptProcess.
  std::optional<std::string> look() { return process_.look(); }
  std::string end_and_start_again() { return process_.end_and_start_again(); }
  [[nodiscard]] unsigned restarts() const noexcept { return process_.restarts(); }
  [[nodiscard]] bool has_failed() const noexcept { return process_.has_failed(); }
  [[nodiscard]] bool given_up() const noexcept { return process_.given_up(); }

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] std::uint16_t admin_port() const noexcept { return admin_port_; }
  [[nodiscard]] std::string url() const;
  [[nodiscard]] std::string admin_url() const;

 private:
  void wait_until_ready(stage::StopSignal& stop);

  stage::KeptProcess process_;
  std::uint16_t port_ = 0, admin_port_ = 0;
};

}  // namespace switchgear::shop
