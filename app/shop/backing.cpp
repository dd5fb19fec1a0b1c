#include "app/shop/backing.hpp"

#include <chrono>
#include <fstream>
#include <optional>
#include <thread>
#include <utility>

#include "app/stage/workplace.hpp"

namespace switchgear::shop {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto patience = 20s;
constexpr auto between_looks = 20ms;

std::string last_line(const fs::path& log) {
  std::ifstream in{log};
  std::string last;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) last = line;
  }
  return last;
}

/// Debian keeps the programs of a PostgreSQL server out of PATH.
std::vector<std::string> postgres_folders() {
  std::vector<std::string> folders;
  std::error_code ignored;
  for (const fs::directory_entry& version : fs::directory_iterator("/usr/lib/postgresql", ignored))
    folders.push_back((version.path() / "bin").string());
  return folders;
}

}  // namespace

Backing::Backing(const fs::path& folder, Behind behind) : folder_(folder) {
  start_database(behind);
  start_redis(behind);
  start_smtp(behind);
}

std::unique_ptr<ServerProcess> Backing::start(const std::string& name, std::vector<std::string> command,
                                              std::uint16_t port) const {
  const fs::path log = folder_ / (name + ".log");
  auto process = std::make_unique<ServerProcess>(std::move(command), log);
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!listens(port)) {
    if (!process->running() || std::chrono::steady_clock::now() > until)
      throw stage::Broken(name + " did not start; it said: " + last_line(log));
    std::this_thread::sleep_for(between_looks);
  }
  return process;
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
  if (!init.succeeded()) throw stage::Broken("initdb failed; it said: " + last_line(log));
  database_port_ = free_port();
  database_ = start("postgresql",
                    {postgres->string(), "-D", data, "-c", "port=" + std::to_string(database_port_), "-c",
                     "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=" + home.string(), "-c",
                     "shared_buffers=16MB", "-c", "fsync=off"},
                    database_port_);
  what_runs_.push_back("orders in PostgreSQL on port " + std::to_string(database_port_));
}

void Backing::start_redis(Behind behind) {
  const auto redis = find_program("redis-server");
  if (behind == Behind::stand_ins || !redis) {
    what_runs_.emplace_back("no cache: Redis is not installed");
    if (behind == Behind::stand_ins) what_runs_.back() = "no cache";
    return;
  }
  redis_port_ = free_port();
  redis_ = start("redis",
                 {redis->string(), "--port", std::to_string(redis_port_), "--bind", "127.0.0.1", "--save", "",
                  "--appendonly", "no", "--dir", "/"},
                 redis_port_);
  what_runs_.push_back("cache in Redis on port " + std::to_string(redis_port_));
}

void Backing::start_smtp(Behind behind) {
  const auto aiosmtpd = find_program("aiosmtpd");
  if (behind == Behind::installed && aiosmtpd) {
    smtp_port_ = free_port();
    const std::string at = "127.0.0.1:" + std::to_string(smtp_port_);
    smtp_ = start("smtp", {aiosmtpd->string(), "-n", "-l", at, "-c", "aiosmtpd.handlers.Sink"}, smtp_port_);
    what_runs_.push_back("mail to aiosmtpd on port " + std::to_string(smtp_port_));
    return;
  }
  stand_in_ = std::make_unique<SmtpStandIn>();
  smtp_port_ = stand_in_->port();
  what_runs_.push_back("mail to a stand-in of the shop's own on port " + std::to_string(smtp_port_));
}

std::string Backing::database(std::uint16_t port) const {
  if (database_port_ == 0) return "sqlite:" + (folder_ / "orders.db").string();
  return "host=127.0.0.1 port=" + std::to_string(port == 0 ? database_port_ : port) +
         " user=shop dbname=postgres";
}

std::string Backing::redis(std::uint16_t port) const {
  if (redis_port_ == 0) return {};
  return "redis://127.0.0.1:" + std::to_string(port == 0 ? redis_port_ : port);
}

std::string Backing::smtp(std::uint16_t port) const {
  return "smtp://127.0.0.1:" + std::to_string(port == 0 ? smtp_port_ : port);
}

}  // namespace switchgear::shop
