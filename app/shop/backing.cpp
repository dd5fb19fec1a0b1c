#include "app/shop/backing.hpp"

#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>

namespace switchgear::shop {
namespace {

namespace fs = std::filesystem;

/// Debian keeps the programs of a PostgreSQL server out of PATH.
std::vector<std::string> postgres_folders() {
  std::vector<std::string> folders;
  std::error_code ignored;
  for (const fs::directory_entry& version : fs::directory_iterator("/usr/lib/postgresql", ignored))
    folders.push_back((version.path() / "bin").string());
  return folders;
}

/// libpq and the server's programs take settings from the environment, as PGSSLMODE and PGOPTIONS, which are
/// for another database than the one that is started here.
void forget_settings_of_another_database() {
  std::vector<std::string> names;
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string_view setting = *each;
    if (setting.starts_with("PG")) names.emplace_back(setting.substr(0, setting.find('=')));
  }
  for (const std::string& name : names) ::unsetenv(name.c_str());
}

}  // namespace

Backing::Backing(stage::Workplace& workplace, Behind behind)
    : workplace_(workplace), folder_(workplace.directory()) {
  forget_settings_of_another_database();
  start_database(behind);
  start_redis(behind);
  start_smtp(behind);
  what_runs_.push_back("advice from an agent of the shop's own, a stand-in, over A2A on port " +
                       std::to_string(risk_.port()));
}

std::vector<Happened> Backing::look() {
  std::vector<Happened> all;
  for (std::optional<KeptServer>* const each : {&database_, &redis_, &smtp_}) {
    if (!*each) continue;
    if (std::optional<Happened> happened = (*each)->look()) all.push_back(std::move(*happened));
  }
  return all;
}

bool Backing::has_failed() const noexcept {
  for (const std::optional<KeptServer>* const each : {&database_, &redis_, &smtp_}) {
    if (*each && (*each)->has_failed()) return true;
  }
  return false;
}

void Backing::start_database(Behind behind) {
  const auto folders = postgres_folders();
  const auto initdb = find_program("initdb", folders);
  const auto postgres = find_program("postgres", folders);
  if (behind == Behind::stand_ins || !initdb || !postgres) {
    what_runs_.emplace_back("orders in a file of SQLite, a stand-in: PostgreSQL is not installed");
    if (behind == Behind::stand_ins) what_runs_.back() = "orders in a file of SQLite, a stand-in";
    return;
  }
  const fs::path home = folder_ / "postgresql";
  fs::create_directory(home);
  // The servers' user must be able to reach its folder.
  fs::permissions(folder_, fs::perms::others_exec | fs::perms::group_exec, fs::perm_options::add);
  give_to_servers(home);
  const fs::path log = folder_ / "initdb-output";
  const std::string data = (home / "data").string();
  ServerProcess init{{initdb->string(), "-D", data, "-A", "trust", "-U", "shop", "-E", "UTF8", "--locale=C",
                      "-N", "--no-instructions"},
                     log};
  if (!init.succeeded()) complain(workplace_, "initdb failed", log);
  const std::uint16_t port = free_port();
  // No Unix socket: the path of one may have 107 bytes, and a temporary folder's may be longer.
  database_.emplace(
      workplace_, "postgresql",
      std::vector<std::string>{postgres->string(), "-D", data, "-c", "port=" + std::to_string(port), "-c",
                               "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c",
                               "log_line_prefix=", "-c", "shared_buffers=16MB", "-c", "fsync=off"},
      port);
  what_runs_.push_back("orders in PostgreSQL on port " + std::to_string(port));
}

void Backing::start_redis(Behind behind) {
  const auto redis = find_program("redis-server");
  if (behind == Behind::stand_ins || !redis) {
    what_runs_.emplace_back("no cache: Redis is not installed");
    if (behind == Behind::stand_ins) what_runs_.back() = "no cache";
    return;
  }
  const std::uint16_t port = free_port();
  redis_.emplace(workplace_, "redis",
                 std::vector<std::string>{redis->string(), "--port", std::to_string(port), "--bind",
                                          "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", "/"},
                 port);
  what_runs_.push_back("cache in Redis on port " + std::to_string(port));
}

void Backing::start_smtp(Behind behind) {
  const auto aiosmtpd = find_program("aiosmtpd");
  if (behind == Behind::installed && aiosmtpd) {
    smtp_port_ = free_port();
    const std::string at = "127.0.0.1:" + std::to_string(smtp_port_);
    smtp_.emplace(
        workplace_, "smtp",
        std::vector<std::string>{aiosmtpd->string(), "-n", "-l", at, "-c", "aiosmtpd.handlers.Sink"},
        smtp_port_);
    what_runs_.push_back("mail to aiosmtpd on port " + std::to_string(smtp_port_));
    return;
  }
  stand_in_ = std::make_unique<StandInServer>(serve_mail);
  smtp_port_ = stand_in_->port();
  what_runs_.push_back("mail to a stand-in of the shop's own on port " + std::to_string(smtp_port_));
}

std::string Backing::database(std::uint16_t port) const {
  if (!database_) return "sqlite:" + (folder_ / "orders.db").string();
  return "host=127.0.0.1 port=" + std::to_string(port == 0 ? database_->port() : port) +
         " user=shop dbname=postgres";
}

std::string Backing::redis(std::uint16_t port) const {
  if (!redis_) return {};
  return "redis://127.0.0.1:" + std::to_string(port == 0 ? redis_->port() : port);
}

std::string Backing::smtp(std::uint16_t port) const {
  return "smtp://127.0.0.1:" + std::to_string(port == 0 ? smtp_port_ : port);
}

std::string Backing::risk(std::uint16_t port) const {
  return "http://127.0.0.1:" + std::to_string(port == 0 ? risk_.port() : port);
}

}  // namespace switchgear::shop
