#include "switchgear/http/socket_file.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "switchgear/http/descriptor.hpp"
#include "switchgear/http/unix_socket.hpp"

namespace switchgear::http {

void SocketFile::remove() noexcept {
  if (own_ && found() == own_) ::unlink(path_.c_str());
  own_.reset();
}

std::optional<SocketFile::Identity> SocketFile::found() const noexcept {
  struct stat status {};
  if (path_.empty() || ::lstat(path_.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) return std::nullopt;
  return Identity{status.st_dev, status.st_ino};
}

/// A backlog that is full answers EAGAIN, and a socket of another type EPROTOTYPE: a process is there.
bool SocketFile::remove_if_dead() const noexcept {
  if (!found()) return false;
  const Descriptor probe{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  const auto address = unix_address(std::string{unix_scheme}.append(path_));
  if (!probe || ::connect(probe.get(), address.data(), static_cast<socklen_t>(address.size())) == 0)
    return false;
  return errno == ECONNREFUSED && ::unlink(path_.c_str()) == 0;
}

void SocketFile::own() noexcept { own_ = found(); }

bool SocketFile::set_mode(unsigned mode) const noexcept {
  return path_.empty() || ::chmod(path_.c_str(), mode) == 0;
}

}  // namespace switchgear::http
