#include "switchgear/http/stream.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace switchgear::http {

Stream::Stream(EventLoop& loop, int descriptor, std::size_t small)
    : descriptor_(descriptor), buffer_(loop.blocks(), small), readiness_(loop.context(), descriptor, *this) {}

Stream::~Stream() { close(); }

IoStatus Stream::receive() noexcept {
  if (closed()) return IoStatus::broken;
  if (!readable_) return ended_ ? IoStatus::end : IoStatus::would_block;
  const std::size_t space = buffer_.space_size();
  ssize_t got = 0;
  do {
    got = ::recv(descriptor_, buffer_.space(), space, 0);
  } while (got < 0 && errno == EINTR);
  if (got > 0) {
    buffer_.commit(static_cast<std::size_t>(got));
    doubtful_ = static_cast<std::size_t>(got) < space;
    readable_ = !doubtful_;
    return IoStatus::ok;
  }
  readable_ = doubtful_ = false;
  if (got == 0) {
    ended_ = true;
    return IoStatus::end;
  }
  return errno == EAGAIN || errno == EWOULDBLOCK ? IoStatus::would_block : IoStatus::broken;
}

Stream::Sent Stream::send(std::span<const iovec> pieces) noexcept {
  if (closed()) return {IoStatus::broken, 0};
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
    const std::size_t size = static_cast<std::size_t>(sent);
    return {size == total ? IoStatus::ok : IoStatus::would_block, size};
  }
  return {errno == EAGAIN || errno == EWOULDBLOCK ? IoStatus::would_block : IoStatus::broken, 0};
}

bool Stream::has_unexpected_input() noexcept {
  char byte = 0;
  const ssize_t got = ::recv(descriptor_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

IoStatus Stream::peer_state() const noexcept {
  if (closed()) return IoStatus::broken;
  pollfd state{descriptor_, POLLRDHUP, 0};
  if (::poll(&state, 1, 0) <= 0) return IoStatus::would_block;
  return (state.revents & (POLLERR | POLLHUP)) != 0 ? IoStatus::broken : IoStatus::end;
}

bool Stream::has_input() noexcept {
  char byte = 0;
  return ::recv(descriptor_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

void Stream::shut_down_sending() noexcept {
  if (!closed()) ::shutdown(descriptor_, SHUT_WR);
}

void Stream::close() noexcept {
  if (closed()) return;
  readiness_.stop();
  ::close(descriptor_);
  descriptor_ = -1;
  owner_ = nullptr;
}

void Stream::abort() noexcept {
  if (closed()) return;
  const linger at_once{1, 0};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

void Stream::on_readable() {
  readable_ = true;
  if (owner_ != nullptr) owner_->on_ready(*this);
}

void Stream::on_writable() {
  if (owner_ != nullptr) owner_->on_ready(*this);
}

}  // namespace switchgear::http
