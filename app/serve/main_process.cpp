#include "app/serve/main_process.hpp"

#include <sys/socket.h>

#include <cstdlib>
#include <exception>
#include <string>

#include "switchgear/http/descriptor.hpp"
#include "switchgear/http/unix_socket.hpp"

namespace switchgear::serve {

void name_main_process(pid_t process) noexcept {
  const char* const path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr || *path == '\0') return;
  try {
    const std::string state = "MAINPID=" + std::to_string(process);
    const auto address = http::unix_address(std::string{http::unix_scheme}.append(path));
    const http::Descriptor socket{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    (void)::sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL | MSG_DONTWAIT, address.data(),
                   static_cast<socklen_t>(address.size()));
  } catch (const std::exception&) {  // a path that no socket has
  }
}

}  // namespace switchgear::serve
