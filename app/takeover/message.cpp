#include "app/takeover/message.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace switchgear::takeover {

namespace {

constexpr std::size_t longest_text = 512;

/// Room for the descriptors of one message, aligned as the kernel wants it.
struct alignas(cmsghdr) ControlSpace {
  std::array<char, CMSG_SPACE(most_sockets * sizeof(int))> bytes{};
};

void take_sockets(msghdr& header, std::vector<http::Descriptor>& into) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int number = -1;
      std::memcpy(&number, CMSG_DATA(part) + i * sizeof(int), sizeof number);
      into.emplace_back(number);
    }
  }
}

}  // namespace

bool send(int to, std::string_view text, std::span<const http::Descriptor> sockets) noexcept {
  iovec piece{const_cast<char*>(text.data()), text.size()};
  msghdr header{};
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  ControlSpace space;
  if (!sockets.empty()) {
    header.msg_control = space.bytes.data();
    header.msg_controllen = CMSG_SPACE(sockets.size() * sizeof(int));
    cmsghdr* const part = CMSG_FIRSTHDR(&header);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sockets.size() * sizeof(int));
    for (std::size_t i = 0; i < sockets.size(); ++i) {
      const int number = sockets[i].get();
      std::memcpy(CMSG_DATA(part) + i * sizeof(int), &number, sizeof number);
    }
  }
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(to, &header, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent == static_cast<ssize_t>(text.size());
}

std::optional<Message> receive(int from) {
  Message message;
  message.text.resize(longest_text);
  iovec piece{message.text.data(), message.text.size()};
  ControlSpace space;
  msghdr header{};
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  header.msg_control = space.bytes.data();
  header.msg_controllen = space.bytes.size();
  ssize_t got = 0;
  do {
    got = ::recvmsg(from, &header, MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got < 0) return std::nullopt;
  take_sockets(header, message.sockets);
  errno = 0;
  if (got == 0 || (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) return std::nullopt;
  message.text.resize(static_cast<std::size_t>(got));
  return message;
}

std::optional<Peer> peer_of(int socket) noexcept {
  ucred who{};
  socklen_t size = sizeof who;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) return std::nullopt;
  return Peer{who.pid, who.uid};
}

}  // namespace switchgear::takeover
