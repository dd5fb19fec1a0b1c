#include "switchgear/redis/redis_server_fixture.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): SIGKILL
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <stdexcept>
#include <thread>

namespace switchgear::redis {

namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return at;
}

/// A port that is free now.
std::uint16_t free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at = loopback(0);
  socklen_t size = sizeof(at);
  const bool bound = ::bind(socket, reinterpret_cast<const sockaddr*>(&at), sizeof(at)) == 0 &&
                     ::getsockname(socket, reinterpret_cast<sockaddr*>(&at), &size) == 0;
  ::close(socket);
  if (!bound) throw std::runtime_error("no free port");
  return ntohs(at.sin_port);
}

}  // namespace

RedisServer::RedisServer(std::vector<std::string> options, Kind kind, const house::Certificates* certificates)
    : options_(std::move(options)), kind_(kind), certificates_(certificates) {
  std::string pattern = (std::filesystem::temp_directory_path() / "switchgear-redis-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no folder for redis-server");
  folder_ = pattern;
  for (int attempt = 0; attempt < 5; ++attempt) {  // another process may have taken the port
    port_ = free_port();
    if (kind_ == Kind::cluster_node) bus_port_ = free_port();
    if (certificates_ != nullptr) tls_port_ = free_port();
    try {
      start();
      return;
    } catch (const std::runtime_error&) {
      if (attempt == 4) throw;
    }
  }
}

RedisServer::~RedisServer() {
  program_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void RedisServer::start() {
  if (kind_ == Kind::sentinel) return start_sentinel();
  std::vector<std::string> words{REDIS_SERVER,    "--port", std::to_string(port_), "--bind", "127.0.0.1",
                                 "--save",        "",       "--appendonly",        "no",     "--dir",
                                 folder_.string()};
  if (kind_ == Kind::cluster_node)
    words.insert(words.end(), {"--cluster-enabled", "yes", "--cluster-node-timeout", "1000", "--cluster-port",
                               std::to_string(bus_port_)});
  if (certificates_ != nullptr)
    words.insert(words.end(),
                 {"--tls-cluster", "yes", "--tls-replication", "yes", "--tls-port", std::to_string(tls_port_),
                  "--tls-cert-file", certificates_->file("server.pem"), "--tls-key-file",
                  certificates_->file("server.key"), "--tls-ca-cert-file", certificates_->file("ca.pem"),
                  "--tls-auth-clients", "no"});
  words.insert(words.end(), options_.begin(), options_.end());
  program_ = std::make_unique<house::Program>(words);
  if (!program_->read_until("Ready to accept connections", std::chrono::seconds{20}))
    throw std::runtime_error("redis-server did not start: " + program_->output());
}

void RedisServer::start_sentinel() {
  const std::filesystem::path file = folder_ / "sentinel.conf";
  std::ofstream(file) << "port " << port_ << "\nbind 127.0.0.1\nsentinel resolve-hostnames no\n";
  program_ =
      std::make_unique<house::Program>(std::vector<std::string>{REDIS_SERVER, file.string(), "--sentinel"});
  if (!program_->read_until("Sentinel ID is", std::chrono::seconds{20}))
    throw std::runtime_error("the Sentinel did not start: " + program_->output());
}

void RedisServer::kill() {
  program_->signal(SIGKILL);
  (void)program_->wait(std::chrono::seconds{10});
  program_.reset();
}

Address RedisServer::address() const {
  Address address;
  address.host = "127.0.0.1";
  address.port = port_;
  return address;
}

Address RedisServer::tls_address() const {
  Address address = this->address();
  address.port = tls_port_;
  address.tls = true;
  return address;
}

std::uint16_t RedisServer::speak_tls(const house::Certificates& certificates) const {
  run({"CONFIG", "SET", "tls-cert-file", certificates.file("server.pem"), "tls-key-file",
       certificates.file("server.key"), "tls-ca-cert-file", certificates.file("ca.pem"), "tls-auth-clients",
       "no"});
  for (int attempt = 0; attempt < 20; ++attempt) {
    const std::uint16_t port = free_port();
    if (!run({"CONFIG", "SET", "tls-port", std::to_string(port)}).is_error()) return port;
  }
  throw std::runtime_error("redis-server does not speak TLS");
}

Reply RedisServer::run(std::initializer_list<std::string_view> words) const {
  return BlockingConnection(port_).run(command(words));
}

BlockingConnection::BlockingConnection(std::uint16_t port)
    : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const sockaddr_in at = loopback(port);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&at), sizeof(at)) != 0)
    throw std::runtime_error("cannot connect to redis-server");
}

BlockingConnection::~BlockingConnection() { ::close(socket_); }

Reply BlockingConnection::run(const std::string& text) {
  if (::send(socket_, text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size()))
    throw std::runtime_error("cannot send to redis-server");
  for (;;) {
    if (auto reply = reader_.next()) return std::move(*reply);
    std::array<char, 4096> piece{};
    const ssize_t got = ::recv(socket_, piece.data(), piece.size(), 0);
    if (got <= 0 || !reader_.feed({piece.data(), static_cast<std::size_t>(got)}))
      throw std::runtime_error("no reply from redis-server");
  }
}

bool soon(const std::function<bool()>& holds, std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  return true;
}

}  // namespace switchgear::redis
