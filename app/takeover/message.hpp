// app/takeover: how a new process of the gateway gets the listening sockets of the one that runs, without a
// client that is refused. Never here: what the sockets are for, what either process does meanwhile.
//
//   new                                      old
//    │── switchgear takeover 1 ────────────────▶│   checks whose process it is
//    │◀── socket gateway 127.0.0.1:8080  (+fd) ─│   each listener
//    │◀── socket takeover 4700 (+fd) ───────────│   the one that it is asked at, and its process id
//    │◀── end ──────────────────────────────────│   goes on serving
//    │   binds what is left, opens its files    │
//    │   and serves                             │
//    │── ready 4711 ───────────────────────────▶│   accepts no further client, closes its files
//    │◀── released ─────────────────────────────│   finishes the requests that it has, and ends
//    │   answers those who have asked since     │
//
// A third process that asks meanwhile waits at the same socket, which the new process then listens at: at no
// time is it without one.
//
// Until `ready` the old process serves as if nothing had happened, whatever becomes of the new one.
//
// This header: one message, over a socket of Unix that keeps the borders of messages (SOCK_SEQPACKET).
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "switchgear/http/descriptor.hpp"

namespace switchgear::takeover {

inline constexpr std::string_view greeting = "switchgear takeover 1";
inline constexpr std::string_view socket_word = "socket ";
/// Handed by the takeover itself, with the process id behind it.
inline constexpr std::string_view takeover_name = "takeover ";
inline constexpr std::string_view end_word = "end";
inline constexpr std::string_view ready_word = "ready ";
inline constexpr std::string_view released_word = "released";
inline constexpr std::string_view refused_word = "refused ";

/// A listening socket, or several of one port, and what they are for.
struct Handed {
  std::string name;
  std::vector<http::Descriptor> sockets;
};

struct Message {
  std::string text;
  std::vector<http::Descriptor> sockets;
};

/// Descriptors in one message: what Linux allows, and a little less.
inline constexpr std::size_t most_sockets = 250;

/// False, with errno, if it cannot be sent. At most most_sockets of them.
[[nodiscard]] bool send(int to, std::string_view text,
                        std::span<const http::Descriptor> sockets = {}) noexcept;

/// Empty: the peer has ended, or sent what is not a message; with errno EAGAIN: there is none yet.
[[nodiscard]] std::optional<Message> receive(int from);

/// Of the process at the other end, as the kernel knows it.
struct Peer {
  pid_t process = 0;
  uid_t user = 0;
};
[[nodiscard]] std::optional<Peer> peer_of(int socket) noexcept;

}  // namespace switchgear::takeover
