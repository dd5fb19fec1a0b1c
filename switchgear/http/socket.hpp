// A TCP socket's own calls: receive, send, look, end. Stream decides what it carries: plain text or TLS.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace switchgear::http {

enum class IoStatus : std::uint8_t {
  ok,
  would_block,
  end,     ///< the peer will send no more
  broken,  ///< reset, or any other error
};

/// How far a receive or a send came.
struct Transfer {
  IoStatus status = IoStatus::ok;
  std::size_t size = 0;
};

/// Non-blocking; its owner waits with an edge-triggered reactor. Remembers whether a receive is worth a
/// system call. Threads: one.
class Socket {
 public:
  /// The descriptor is the caller's until close().
  explicit Socket(int descriptor) noexcept : descriptor_(descriptor) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  [[nodiscard]] bool closed() const noexcept { return descriptor_ < 0; }
  [[nodiscard]] bool ended() const noexcept { return ended_; }
  /// A receive may find something.
  [[nodiscard]] bool readable() const noexcept { return readable_; }
  /// There was an edge, or the user wants the kernel to be asked once.
  void set_readable() noexcept { readable_ = true; }
  /// The last receive was taken to have emptied the socket; the stream's end may be behind what it got.
  [[nodiscard]] bool doubtful() const noexcept { return doubtful_; }
  [[nodiscard]] bool doubt() noexcept {
    if (!doubtful_) return false;
    doubtful_ = false;
    return readable_ = true;
  }

  /// `space` is not 0. Costs no system call when nothing can have come.
  [[nodiscard]] Transfer receive(char* into, std::size_t space) noexcept;
  /// `ok`: all of it.
  [[nodiscard]] Transfer send(std::span<const iovec> pieces) noexcept;

  /// Whether the peer has ended its stream (`end`) or the connection (`broken`), whatever is still unread;
  /// else `would_block`. One system call.
  [[nodiscard]] IoStatus peer_state() const noexcept;
  /// Bytes that were sent, and that the peer has not acknowledged. One system call.
  [[nodiscard]] std::size_t unacknowledged() const noexcept;
  /// Whether a byte waits to be received, without taking it. One system call.
  [[nodiscard]] IoStatus peek() const noexcept;

  /// What waits to be received, from its beginning, without taking it. One system call.
  [[nodiscard]] Transfer look(char* into, std::size_t space) const noexcept;
  /// Takes bytes that look() has seen; `scratch` has room for them.
  void skip(char* scratch, std::size_t size) const noexcept;

  void shut_down_sending() const noexcept;
  /// From now on close() makes the peer see a reset.
  void reset_at_close() const noexcept;
  void close() noexcept;

 private:
  int descriptor_;
  bool readable_ = true;
  bool doubtful_ = false;
  bool ended_ = false;
};

}  // namespace switchgear::http
