#include "app/takeover/successor.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <iterator>
#include <system_error>
#include <utility>

#include "switchgear/http/unix_socket.hpp"

namespace switchgear::takeover {

namespace {

constexpr timeval patience{30, 0};  // for each message

[[nodiscard]] std::string last_error() { return std::generic_category().message(errno); }

}  // namespace

std::optional<Successor> Successor::of(const std::string& path) {
  http::Descriptor socket{::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)};
  const auto address = http::unix_address(std::string{http::unix_scheme}.append(path));
  if (!socket) throw Refused{fmt::format("no socket: {}", last_error())};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (::connect(socket.get(), address.data(), static_cast<socklen_t>(address.size())) != 0) {
    if (errno == ENOENT || errno == ECONNREFUSED) return std::nullopt;
    throw Refused{fmt::format("{} cannot be connected to: {}", path, last_error())};
  }
  const std::optional<Peer> peer = peer_of(socket.get());
  if (!peer || peer->user != ::geteuid()) {
    throw Refused{fmt::format("{} belongs to user {}, and this process to {}; both must be the same", path,
                              peer ? peer->user : 0, ::geteuid())};
  }
  Successor successor{std::move(socket), peer->process};
  if (!send(successor.connection_.get(), greeting))
    throw Refused{fmt::format("process {} does not listen: {}", peer->process, last_error())};
  successor.receive_sockets();
  return successor;
}

void Successor::receive_sockets() {
  for (;;) {
    std::optional<Message> message = receive(connection_.get());
    if (!message) {
      throw Refused{errno == EAGAIN ? fmt::format("process {} does not answer", predecessor_)
                                    : fmt::format("process {} has ended the conversation", predecessor_)};
    }
    if (message->text == end_word) return;
    if (message->text.starts_with(refused_word)) throw Refused{message->text.substr(refused_word.size())};
    if (!message->text.starts_with(socket_word) || message->sockets.empty())
      throw Refused{fmt::format("process {} does not speak as a switchgear", predecessor_)};
    take(*std::move(message));
  }
}

/// The process that answers need not be the one that listened when this one asked: it may have followed that.
void Successor::take(Message message) {
  const std::string name = message.text.substr(socket_word.size());
  if (name.starts_with(takeover_name)) {
    listening_ = std::move(message.sockets.front());
    std::from_chars(name.data() + takeover_name.size(), name.data() + name.size(), predecessor_);
    return;
  }
  auto known = std::ranges::find(sockets_, name, &Handed::name);
  if (known == sockets_.end()) known = sockets_.insert(known, Handed{name, {}});
  std::ranges::move(message.sockets, std::back_inserter(known->sockets));
}

bool Successor::ready() {
  if (!send(connection_.get(), fmt::format("{}{}", ready_word, ::getpid())))
    throw Refused{fmt::format("process {} has ended the conversation, and serves on", predecessor_)};
  const std::optional<Message> answer = receive(connection_.get());
  connection_.close();
  if (answer && answer->text.starts_with(refused_word))
    throw Refused{answer->text.substr(refused_word.size())};
  return answer && answer->text == released_word;
}

}  // namespace switchgear::takeover
