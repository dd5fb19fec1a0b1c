// One connection, either side, plain or through TLS: receives into its buffer, sends from others' memory,
// says when to try again.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <cstddef>
#include <memory>
#include <span>

#include "switchgear/http/event_loop.hpp"
#include "switchgear/http/read_buffer.hpp"
#include "switchgear/http/readiness.hpp"
#include "switchgear/http/socket.hpp"
#include "switchgear/http/tls_layer.hpp"

namespace switchgear::http {

/// Non-blocking, edge-triggered. Try first, sleep only after would_block; on_ready() says that trying makes
/// sense again. Threads: the loop's. Shared by the user of the connection and the reactor while it waits;
/// close() ends its work.
class Stream final : public boost::intrusive_ref_counter<Stream, boost::thread_unsafe_counter>,
                     private Readiness::Listener {
 public:
  class Owner {
   public:
    virtual void on_ready(Stream& stream) = 0;

   protected:
    ~Owner() = default;
  };
  using Sent = Transfer;

  /// Takes over a non-blocking socket. `small` is the memory held while idle.
  Stream(EventLoop& loop, int descriptor, std::size_t small);
  ~Stream();

  void set_owner(Owner* owner) noexcept { owner_ = owner; }
  [[nodiscard]] ReadBuffer& buffer() noexcept { return buffer_; }
  [[nodiscard]] int descriptor() const noexcept { return socket_.descriptor(); }
  [[nodiscard]] bool closed() const noexcept { return socket_.closed(); }
  [[nodiscard]] bool ended() const noexcept { return ended_; }

  // Before anything was sent or received: all of it goes through TLS, and the handshake comes first. False:
  // there is no memory.
  [[nodiscard]] bool secure_as_server(const tls::ServerContext& context) noexcept;
  /// `sessions` is borrowed, until close().
  [[nodiscard]] bool secure_as_client(const tls::Peer& peer, tls::SessionStore& sessions) noexcept;
  /// `ok`: the connection is secure. `would_block`: on_ready() comes when it makes sense to try again. Else
  /// tls()->failure() says why there is no secure connection.
  [[nodiscard]] IoStatus handshake() noexcept;
  /// After a handshake that failed: what still comes is received as it is, so that it can be dropped.
  void give_up_tls() noexcept { tls_.reset(); }
  /// Null: plain.
  [[nodiscard]] const TlsLayer* tls() const noexcept { return tls_.get(); }

  // Before anything was received: what a balancer says first, which is not part of what the client sends, and
  // goes past TLS.
  /// The first bytes that wait, without taking them. After would_block, or too few of them:
  /// watch_behind_unread().
  [[nodiscard]] Transfer look(std::span<char> into) const noexcept {
    return closed() ? Transfer{IoStatus::broken, 0} : socket_.look(into.data(), into.size());
  }
  /// Takes as many as fill `scratch`, which look() has seen.
  void skip(std::span<char> scratch) const noexcept { socket_.skip(scratch.data(), scratch.size()); }

  /// One read into the buffer's space, which must not be empty. Costs no system call when nothing can have
  /// come. A read that did not fill the space is taken to have emptied the socket: see doubt().
  [[nodiscard]] IoStatus receive() noexcept;

  /// A short read empties the socket of data, but the end of the stream may have come with it and then makes
  /// no further edge. A user that is about to sleep in the middle of a message calls this: true when
  /// receive() should be tried once more.
  [[nodiscard]] bool doubt() noexcept { return socket_.doubt(); }
  [[nodiscard]] bool doubtful() const noexcept { return socket_.doubtful(); }
  /// For a last check before a connection is closed as idle: the next receive() asks the kernel. On a busy
  /// machine the event that says that there is something may still wait in the loop, behind the timer.
  void look_again() noexcept { socket_.set_readable(); }

  /// Sends what the socket takes. `ok`: all of it.
  [[nodiscard]] Sent send(std::span<const iovec> pieces) noexcept;

  /// on_ready() once, when receive() or send() is worth trying.
  void watch_readable() {
    if (!socket_.readable() && !ended_) readiness_.watch_readable();
  }
  void watch_writable() { readiness_.watch_writable(); }
  /// on_ready() once when something comes, although what came before was not received: for a user that has no
  /// room for it, and looks with peer_state() whether the peer is still there.
  void watch_behind_unread() {
    if (!ended_) readiness_.watch_readable();
  }
  /// Whether the peer has ended its stream (`end`) or the connection (`broken`), whatever is still unread;
  /// else `would_block`. One system call.
  [[nodiscard]] IoStatus peer_state() const noexcept {
    return closed() ? IoStatus::broken : socket_.peer_state();
  }

  /// True when the peer has closed or sent something: checked before a request that cannot be repeated. One
  /// system call.
  [[nodiscard]] bool has_unexpected_input() noexcept {
    return tls_ ? tls_->has_something_to_say() : socket_.peek() != IoStatus::would_block;
  }

  /// True when bytes have come that were not received yet. One system call.
  [[nodiscard]] bool has_input() noexcept {
    return (tls_ && tls_->holds_input()) || socket_.peek() == IoStatus::ok;
  }

  /// Bytes that were sent, and that the peer's system has not said to have. One system call.
  [[nodiscard]] std::size_t unacknowledged() const noexcept {
    return closed() ? 0 : socket_.unacknowledged();
  }

  void shut_down_sending() noexcept;
  void close() noexcept;
  /// Closes so that the peer sees a reset instead of an orderly end: a truncated message must not look whole.
  void abort() noexcept;

 private:
  void on_readable() override;
  void on_writable() override;
  void keep_alive() noexcept override { intrusive_ptr_add_ref(this); }
  void let_go() noexcept override { intrusive_ptr_release(this); }

  void watch_what_is_needed();
  [[nodiscard]] IoStatus receive_secure() noexcept;
  [[nodiscard]] Sent send_secure(std::span<const iovec> pieces) noexcept;

  Socket socket_;
  bool ended_ = false;
  bool shutting_down_ =
      false;  ///< the peer is not told yet that nothing more comes, because there is no room
  Owner* owner_ = nullptr;
  std::unique_ptr<TlsLayer> tls_;
  RecordSpace& record_;
  ReadBuffer buffer_;
  Readiness readiness_;
};

using StreamPtr = boost::intrusive_ptr<Stream>;

}  // namespace switchgear::http
