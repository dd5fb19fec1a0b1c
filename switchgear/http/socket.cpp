#include "switchgear/http/socket.hpp"

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace switchgear::http {

Transfer Socket::receive(char* into, std::size_t space) noexcept {
  if (!readable_) return {ended_ ? IoStatus::end : IoStatus::would_block, 0};
  ssize_t got = 0;
  do {
    got = ::recv(descriptor_, into, space, 0);
  } while (got < 0 && errno == EINTR);
  if (got > 0) {
    const auto size = static_cast<std::size_t>(got);
    doubtful_ = size < space;
    readable_ = !doubtful_;
    return {IoStatus::ok, size};
  }
  readable_ = doubtful_ = false;
  if (got == 0) {
    ended_ = true;
    return {IoStatus::end, 0};
  }
  return {errno == EAGAIN || errno == EWOULDBLOCK ? IoStatus::would_block : IoStatus::broken, 0};
}

Transfer Socket::send(std::span<const iovec> pieces) noexcept {
  std::size_t total = 0;
  for (const iovec& piece : pieces) total += piece.iov_len;
  if (total == 0) return {IoStatus::ok, 0};
  ssize_t sent = 0;
  do {
    if (pieces.size() == 1) {
      sent = ::send(descriptor_, pieces[0].iov_base, pieces[0].iov_len, MSG_NOSIGNAL);
    } else {
      msghdr message{};
      message.msg_iov = const_cast<iovec*>(pieces.data());
      message.msg_iovlen = pieces.size();
      sent = ::sendmsg(descriptor_, &message, MSG_NOSIGNAL);
    }
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0) {
    const auto size = static_cast<std::size_t>(sent);
    return {size == total ? IoStatus::ok : IoStatus::would_block, size};
  }
  return {errno == EAGAIN || errno == EWOULDBLOCK ? IoStatus::would_block : IoStatus::broken, 0};
}

IoStatus Socket::peer_state() const noexcept {
  pollfd state{descriptor_, POLLRDHUP, 0};
  if (::poll(&state, 1, 0) <= 0) return IoStatus::would_block;
  return (state.revents & (POLLERR | POLLHUP)) != 0 ? IoStatus::broken : IoStatus::end;
}

std::size_t Socket::unacknowledged() const noexcept {
  int left = 0;
  return ::ioctl(descriptor_, SIOCOUTQ, &left) == 0 ? static_cast<std::size_t>(left) : 0;
}

IoStatus Socket::peek() const noexcept {
  char byte = 0;
  const ssize_t got = ::recv(descriptor_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (got > 0) return IoStatus::ok;
  if (got == 0) return IoStatus::end;
  const bool nothing = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
  return nothing ? IoStatus::would_block : IoStatus::broken;
}

Transfer Socket::look(char* into, std::size_t space) const noexcept {
  ssize_t got = 0;
  do {
    got = ::recv(descriptor_, into, space, MSG_PEEK | MSG_DONTWAIT);
  } while (got < 0 && errno == EINTR);
  if (got > 0) return {IoStatus::ok, static_cast<std::size_t>(got)};
  if (got == 0) return {IoStatus::end, 0};
  return {errno == EAGAIN || errno == EWOULDBLOCK ? IoStatus::would_block : IoStatus::broken, 0};
}

void Socket::skip(char* scratch, std::size_t size) const noexcept {
  while (size != 0) {
    const ssize_t got = ::recv(descriptor_, scratch, size, MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return;  // broken: so is what follows
    size -= static_cast<std::size_t>(got);
  }
}

void Socket::shut_down_sending() const noexcept { ::shutdown(descriptor_, SHUT_WR); }

void Socket::reset_at_close() const noexcept {
  const linger at_once{1, 0};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

void Socket::close() noexcept {
  if (closed()) return;
  ::close(descriptor_);
  descriptor_ = -1;
}

}  // namespace switchgear::http
