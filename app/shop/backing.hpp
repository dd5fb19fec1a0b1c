// What stands behind the shop: PostgreSQL, Redis and a mail server, on free ports and in one folder, where
// they are installed; stand-ins where they are not. And an agent, which is always a stand-in.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/shop/kept_server.hpp"
#include "app/shop/risk_stand_in.hpp"
#include "app/shop/smtp_stand_in.hpp"
#include "app/shop/stand_in_server.hpp"
#include "app/stage/workplace.hpp"

namespace switchgear::shop {

enum class Behind : std::uint8_t { installed, stand_ins };

/// Threads: the one that made it. Ends what it started.
class Backing {
 public:
  /// Returns when all of it answers. Throws stage::Broken with what a server that does not start complains
  /// of, and keeps the logs.
  Backing(stage::Workplace& workplace, Behind behind);
  Backing(const Backing&) = delete;
  Backing& operator=(const Backing&) = delete;

  /// As `--database` takes it, seen through a relay on `port`, unless that is 0. A stand-in has no port.
  [[nodiscard]] std::string database(std::uint16_t port = 0) const;
  [[nodiscard]] std::string redis(std::uint16_t port = 0) const;
  [[nodiscard]] std::string smtp(std::uint16_t port = 0) const;
  [[nodiscard]] std::string risk(std::uint16_t port = 0) const;

  // 0: it has none.
  [[nodiscard]] std::uint16_t database_port() const noexcept { return database_ ? database_->port() : 0; }
  [[nodiscard]] std::uint16_t redis_port() const noexcept { return redis_ ? redis_->port() : 0; }
  [[nodiscard]] std::uint16_t smtp_port() const noexcept { return smtp_port_; }
  [[nodiscard]] std::uint16_t risk_port() const noexcept { return risk_.port(); }

  /// A line for each, for people.
  [[nodiscard]] const std::vector<std::string>& what_runs() const noexcept { return what_runs_; }

  /// Call it often. Servers that have ended are started again: says which, and how they ended. Throws
  /// stage::Broken once for a server that does not start again.
  [[nodiscard]] std::vector<Happened> look();
  /// One of them ended by itself.
  [[nodiscard]] bool has_failed() const noexcept;

 private:
  void start_database(Behind behind);
  void start_redis(Behind behind);
  void start_smtp(Behind behind);

  stage::Workplace& workplace_;
  const std::filesystem::path folder_;
  std::uint16_t smtp_port_ = 0;
  std::optional<KeptServer> database_, redis_, smtp_;
  std::unique_ptr<StandInServer> stand_in_;
  StandInServer risk_{serve_risk};
  std::vector<std::string> what_runs_;
};

}  // namespace switchgear::shop
