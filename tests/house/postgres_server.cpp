#include "tests/house/postgres_server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <utility>

namespace switchgear::house {

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto patience = 10s;

/// Null when this test is not root: then the servers run as it does.
const passwd* server_user() {
  static const passwd* const user = [] {
    if (geteuid() != 0) return static_cast<passwd*>(nullptr);
    passwd* const postgres = getpwnam("postgres");
    return postgres != nullptr ? postgres : getpwnam("nobody");
  }();
  return user;
}

std::string contents(const fs::path& file) {
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

/// Between fork() and exec(): system calls only, because the test has threads.
void become_server(const passwd* user, int log, pid_t parent) noexcept {
  if (user != nullptr) {
    if (setgroups(0, nullptr) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0) _exit(126);
  }
  prctl(PR_SET_PDEATHSIG, SIGQUIT);
  if (getppid() != parent) _exit(126);
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  if (chdir("/") != 0) _exit(126);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

std::string tool(const std::string& name) { return std::string(POSTGRES_BIN) + "/" + name; }

void run(const std::vector<std::string>& command, const fs::path& log) {
  const int status = ServerProcess(command, log).end(0);
  if (status != 0)
    throw std::runtime_error(command[0] + " ended with " + std::to_string(status) + ": " + contents(log));
}

/// initdb once for the whole program; each server starts with a copy.
const fs::path& new_cluster() {
  static const ServerFolder folder;
  static const fs::path data = [] {
    run({tool("initdb"), "-D", (folder.path() / "data").string(), "-A", "trust", "-U", "shop", "-E", "UTF8",
         "--locale=C", "-N", "--no-instructions"},
        folder.path() / "initdb.log");
    return folder.path() / "data";
  }();
  return data;
}

struct Session {
  explicit Session(const std::string& connection) : handle(PQconnectdb(connection.c_str())) {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() { PQfinish(handle); }
  PGconn* handle;
};

}  // namespace

int free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (bind(socket, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
      getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length) != 0)
    throw std::runtime_error("found no free port");
  close(socket);
  return ntohs(address.sin_port);
}

void give_to_servers(const fs::path& file) {
  if (const passwd* const user = server_user()) {
    if (chown(file.c_str(), user->pw_uid, user->pw_gid) != 0)
      throw std::runtime_error("chown " + file.string());
  }
}

// --- processes and folders

ServerProcess::ServerProcess(std::vector<std::string> command, const fs::path& log) {
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (std::string& each : command) arguments.push_back(each.data());
  arguments.push_back(nullptr);
  const passwd* const user = server_user();
  const int out = open(log.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ == 0) {
    become_server(user, out, parent);
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  close(out);
  if (pid_ < 0) throw std::runtime_error("cannot start " + command[0]);
}

ServerProcess::ServerProcess(ServerProcess&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}

ServerProcess& ServerProcess::operator=(ServerProcess&& other) noexcept {
  std::swap(pid_, other.pid_);
  return *this;
}

ServerProcess::~ServerProcess() { end(SIGQUIT); }

int ServerProcess::end(int signal) noexcept {
  if (pid_ < 0) return 0;
  int status = 0;
  if (signal != 0) kill(pid_, signal);
  waitpid(std::exchange(pid_, -1), &status, 0);
  return status;
}

ServerFolder::ServerFolder() {
  std::string name = (fs::temp_directory_path() / "switchgear-pg-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a folder");
  path_ = name;
  give_to_servers(path_);
}

ServerFolder::~ServerFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

fs::path ServerFolder::write(const std::string& name, const std::string& text) const {
  const fs::path file = path_ / name;
  std::ofstream(file) << text;
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
  give_to_servers(file);
  return file;
}

// --- PostgreSQL

PostgresServer::PostgresServer(std::vector<std::string> settings, Role role)
    : settings_(std::move(settings)), port_(free_port()) {
  const fs::path data = folder_.path() / "data";
  run({"/bin/cp", "-a", new_cluster().string(), data.string()}, folder_.path() / "log");
  if (role == Role::standby) give_to_servers(folder_.write("data/standby.signal", ""));
  start();
}

PostgresServer::~PostgresServer() { process_.end(SIGQUIT); }

void PostgresServer::start() {
  std::vector<std::string> command{tool("postgres"), "-D", (folder_.path() / "data").string()};
  std::vector<std::string> all{"port=" + std::to_string(port_),
                               "listen_addresses=127.0.0.1",
                               "unix_socket_directories=" + folder_.path().string(),
                               "fsync=off",
                               "full_page_writes=off",
                               "synchronous_commit=off",
                               "shared_buffers=16MB",
                               "autovacuum=off",
                               "max_connections=100",
                               "client_connection_check_interval=50ms",
                               "superuser_reserved_connections=2",
                               "restart_after_crash=on"};
  all.insert(all.end(), settings_.begin(), settings_.end());
  for (const std::string& each : all) {
    command.emplace_back("-c");
    command.push_back(each);
  }
  const auto until = std::chrono::steady_clock::now() + patience;
  process_ = ServerProcess(command, folder_.path() / "log");
  int ended = 0;
  while (PQping(connection().c_str()) != PQPING_OK) {
    int status = 0;
    if (waitpid(process_.pid(), &status, WNOHANG) == process_.pid()) {
      // After a crash the old sessions may need a moment to go.
      if (++ended > 20) throw std::runtime_error("PostgreSQL ended: " + log());
      process_.forget();
      process_ = ServerProcess(command, folder_.path() / "log");
    }
    if (std::chrono::steady_clock::now() > until)
      throw std::runtime_error("PostgreSQL is not ready: " + log());
    std::this_thread::sleep_for(20ms);
  }
}

void PostgresServer::stop() { process_.end(SIGINT); }
void PostgresServer::crash() { process_.end(SIGKILL); }

std::string PostgresServer::connection(const std::string& more) const {
  return "host=127.0.0.1 port=" + std::to_string(port_) + " user=shop dbname=postgres " + more;
}

std::string PostgresServer::log() const { return contents(folder_.path() / "log"); }

std::string PostgresServer::sql(const std::string& text, const std::string& more) const {
  const Session session(connection(more));
  if (PQstatus(session.handle) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(session.handle));
  const std::unique_ptr<PGresult, void (*)(PGresult*)> result(PQexec(session.handle, text.c_str()), PQclear);
  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
    throw std::runtime_error(text + ": " + PQerrorMessage(session.handle));
  return PQntuples(result.get()) > 0 ? PQgetvalue(result.get(), 0, 0) : "";
}

void PostgresServer::wait_for(const std::string& text, const std::string& wanted) const {
  const auto until = std::chrono::steady_clock::now() + patience;
  std::string found;
  while ((found = sql(text)) != wanted) {
    if (std::chrono::steady_clock::now() > until) {
      ADD_FAILURE() << text << " stays " << found << " instead of " << wanted;
      return;
    }
    std::this_thread::sleep_for(5ms);
  }
}

// --- pgbouncer

PgBouncer::PgBouncer(const PostgresServer& server, const std::string& mode) : port_(free_port()) {
  const fs::path settings = folder_.write(
      "pgbouncer.ini",
      "[databases]\npostgres = host=127.0.0.1 port=" + std::to_string(server.port()) +
          " user=shop\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = " + std::to_string(port_) +
          "\nauth_type = any\npool_mode = " + mode +
          "\nunix_socket_dir =\ndefault_pool_size = 5\nserver_login_retry = 1\nquery_wait_timeout = 2\n");
  process_ = ServerProcess({PGBOUNCER, settings.string()}, folder_.path() / "log");
  const auto until = std::chrono::steady_clock::now() + patience;
  while (PQping(connection().c_str()) != PQPING_OK) {
    if (std::chrono::steady_clock::now() > until)
      throw std::runtime_error("pgbouncer is not ready: " + log());
    std::this_thread::sleep_for(20ms);
  }
}

std::string PgBouncer::connection() const {
  return "host=127.0.0.1 port=" + std::to_string(port_) + " user=shop dbname=postgres";
}

std::string PgBouncer::log() const { return contents(folder_.path() / "log"); }

}  // namespace switchgear::house
