// nginx as a peer of the client and of health checks.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "tests/house/program.hpp"
#include "tests/http/client_fixture.hpp"

namespace switchgear::http {

/// A folder for one test, gone with it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "switchgear-client-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

/// Listens on a port of the system's choice: nginx takes over the socket, as it does at an upgrade.
class Nginx {
 public:
  /// `options`: directives of its `http` block; `server`: of its only server.
  explicit Nginx(const std::string& options, const std::string& server) {
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listener, any, size), 0);
    EXPECT_EQ(::listen(listener, 64), 0);
    ::getsockname(listener, any, &size);
    port_ = ntohs(address.sin_port);
    write("nginx.conf",
          "user root; daemon off; worker_processes 1; pid nginx.pid; error_log stderr notice;\n"
          "events {}\n"
          "http {\n  access_log off; client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f;\n"
          "  uwsgi_temp_path u; scgi_temp_path s; default_type application/json;\n  " +
              options + "\n  server {\n    listen 127.0.0.1:" + std::to_string(port_) + ";\n    " + server +
              "\n  }\n}\n");
    ::setenv("NGINX", (std::to_string(listener) + ";").c_str(), 1);
    program_ = std::make_unique<house::Program>(
        std::vector<std::string>{NGINX, "-p", folder_.file(""), "-c", folder_.file("nginx.conf")});
    ::unsetenv("NGINX");
    ::close(listener);
  }
  Nginx(const Nginx&) = delete;
  Nginx& operator=(const Nginx&) = delete;
  /// Asks the master to end, because only it ends its worker.
  ~Nginx() {
    program_->signal(SIGTERM);
    EXPECT_EQ(program_->wait(wire::patience), 0) << program_->output();
  }
  [[nodiscard]] std::string url() const { return url_of(port_); }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// Of its own folder, with the folders it is in.
  void write(const std::string& name, const std::string& text) const {
    const std::filesystem::path file = folder_.file(name);
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }

 private:
  TemporaryFolder folder_;
  std::uint16_t port_ = 0;
  std::unique_ptr<house::Program> program_;
};

}  // namespace switchgear::http
