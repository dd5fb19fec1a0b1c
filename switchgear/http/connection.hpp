// One connection to an upstream, from its first SYN to its last byte. Made, kept and ended by its
// ConnectionPool.
#pragma once

#include <cstddef>
#include <cstdint>

#include "switchgear/http/address_book.hpp"
#include "switchgear/http/connection_budget.hpp"
#include "switchgear/http/event_loop.hpp"
#include "switchgear/http/stream.hpp"
#include "switchgear/tls/context.hpp"
#include "switchgear/tls/failure.hpp"
#include "switchgear/tls/session.hpp"

namespace switchgear::http {

enum class ConnectError : std::uint8_t {
  refused,     ///< refused, unreachable, reset: no address of the upstream took the connection
  timeout,     ///< the last address to be tried did not answer in time
  unresolved,  ///< the name is not known
  resources,   ///< this process has no descriptor left: says nothing about the upstream
  // Of TLS: the connection was made, and is not secure.
  tls_timeout,     ///< the handshake was not done in time
  tls_plain_text,  ///< the upstream does not speak TLS
  tls_refused,     ///< it refused, by an alert
  tls_closed,      ///< it ended the connection
  tls_protocol,    ///< nothing in common, or malformed
  certificate_expired,
  certificate_not_yet_valid,
  certificate_name,       ///< for another name or address
  certificate_untrusted,  ///< not signed by an authority that is trusted
};

[[nodiscard]] ConnectError error_of(tls::Failure failure) noexcept;

/// How the connections of a pool are secured, with the session that they resume. Threads: one.
struct ClientSecurity {
  tls::Peer peer;
  tls::SessionStore sessions{};
};

class Connection final : public RestingHook, private Stream::Owner, private Timer {
 public:
  /// Who made it. Each of these may destroy the connection, except on_bad_address().
  class Keeper {
   public:
    virtual void on_connected(Connection& connection) = 0;
    virtual void on_failed(Connection& connection, ConnectError error) = 0;
    /// This address did not take the connection; others may be left.
    virtual void on_bad_address(const Address& address) = 0;
    /// It was idle, and the peer closed it, or it was idle for too long.
    virtual void on_ended(Connection& connection) noexcept = 0;

   protected:
    ~Keeper() = default;
  };
  struct Times {
    Duration connect{};  ///< for all addresses together, TLS handshake included
    Duration idle{};
  };
  enum class Phase : std::uint8_t { connecting, securing, idle, leased };

  static constexpr std::size_t idle_memory = 4096;

  /// All are borrowed. `security` null: plain.
  Connection(Keeper& keeper, EventLoop& loop, ConnectionBudget& budget, const Times& times,
             ClientSecurity* security = nullptr)
      : keeper_(keeper), loop_(loop), budget_(budget), security_(security), times_(times) {}
  ~Connection() override;

  /// Tries one address after the other, each for its share of the time that is left, so that one that does
  /// not answer leaves time for the next; tells the keeper how it ended, perhaps before it returns.
  /// Precondition: not called before; there is an address.
  void connect(const Addresses& addresses);
  /// Of one in use: once it rests, something may come that belongs to the answer before.
  void doubt_rest() noexcept { doubtful_rest_ = true; }
  /// Of one that rests: it has come. One system call, if it was doubted.
  [[nodiscard]] bool is_spoilt() noexcept { return doubtful_rest_ && stream_->has_unexpected_input(); }
  /// Begins a use.
  void lease();
  /// Ends it: it is idle from now on, and counts as resting in the budget.
  void rest();
  /// Ends one that rests.
  void end() noexcept { keeper_.on_ended(*this); }

  [[nodiscard]] Phase phase() const noexcept { return phase_; }
  /// It cannot be used yet.
  [[nodiscard]] bool connecting() const noexcept { return phase_ <= Phase::securing; }
  /// Precondition: connected.
  [[nodiscard]] Stream& stream() noexcept { return *stream_; }
  /// It has been idle since it was made.
  [[nodiscard]] bool kept() const noexcept { return kept_; }

  /// When it was begun.
  [[nodiscard]] TimePoint made_at() const noexcept { return made_at_; }

  std::size_t index = 0;  ///< in the keeper's list, which writes it

 private:
  /// Precondition: an address is left.
  void try_next();
  void address_failed(ConnectError error);
  // Each is false if there is nothing to see yet; else the connection may be gone.
  [[nodiscard]] bool look_at_socket();
  [[nodiscard]] bool secure();
  void on_socket_connected();
  void connected();

  void on_ready(Stream& stream) override;
  void on_timer(TimePoint now) override;

  Keeper& keeper_;
  EventLoop& loop_;
  ConnectionBudget& budget_;
  ClientSecurity* const security_;
  const Times times_;
  StreamPtr stream_;
  Address trying_;
  Addresses untried_;       ///< the next one last
  TimePoint connect_by_{};  ///< when every address has had its turn
  const TimePoint made_at_ = EventLoop::now();
  TimePoint resting_since_{};
  bool kept_ = false;
  bool doubtful_rest_ = false;
  Phase phase_ = Phase::connecting;
};

}  // namespace switchgear::http
