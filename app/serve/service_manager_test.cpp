#include "app/serve/service_manager.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

namespace switchgear::serve {
namespace {

using namespace std::chrono_literals;

/// The manager's end: a socket of datagrams, bound to a path or to an abstract name.
class Manager {
 public:
  explicit Manager(const std::string& name) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name.copy(address.sun_path, sizeof address.sun_path - 1);
    if (name.front() == '@') address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), size), 0) << name;
  }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;
  ~Manager() { ::close(socket_); }

  /// The next message, or nothing: a datagram is there as soon as it was sent.
  [[nodiscard]] std::string heard() const {
    std::array<char, 4096> bytes{};
    const ssize_t size = ::recv(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT);
    return size < 0 ? std::string{} : std::string{bytes.data(), static_cast<std::size_t>(size)};
  }

 private:
  int socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
};

class ServiceManagerTest : public testing::Test {
 protected:
  ServiceManagerTest() {
    std::string pattern = testing::TempDir() + "notify-XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
  }
  ~ServiceManagerTest() override { std::filesystem::remove_all(directory_); }

  std::string directory_;
};

TEST_F(ServiceManagerTest, HearsThatTheProcessServesReloadsAndEnds) {
  const std::string path = directory_ + "/socket";
  const Manager manager{path};
  const ServiceManager told{path};
  told.ready("serves\nhttp://127.0.0.1:8080");
  EXPECT_EQ(manager.heard(),
            "READY=1\nMAINPID=" + std::to_string(::getpid()) + "\nSTATUS=serves http://127.0.0.1:8080\n");
  told.reloading();
  EXPECT_TRUE(manager.heard().starts_with("RELOADING=1\nMONOTONIC_USEC="));
  told.stopping("draining", 1500ms);
  EXPECT_EQ(manager.heard(), "STOPPING=1\nSTATUS=draining\nEXTEND_TIMEOUT_USEC=1500000\n");
}

TEST_F(ServiceManagerTest, MayListenOnAnAbstractSocket) {
  const std::string name = "@" + directory_;
  const Manager manager{name};
  ServiceManager{name}.ready("");
  EXPECT_TRUE(manager.heard().starts_with("READY=1\n"));
}

TEST_F(ServiceManagerTest, IsNotMissed) {
  for (const std::string& nobody : {std::string{}, std::string{"@"}, std::string{"relative"},
                                    directory_ + "/none", "/" + std::string(200, 'x')})
    ServiceManager{nobody}.ready("serves");
}

TEST_F(ServiceManagerTest, ThatEndsDoesNotEndTheProcess) {
  const std::string path = directory_ + "/socket";
  auto manager = std::make_unique<Manager>(path);
  const ServiceManager told{path};
  manager.reset();
  told.stopping("draining", 1s);
}

}  // namespace
}  // namespace switchgear::serve
