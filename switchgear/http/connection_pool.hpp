// Connections to one upstream, kept and shared by the calls of one thread.
#pragma once

#include <boost/intrusive/list.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "switchgear/http/address_book.hpp"
#include "switchgear/http/connection.hpp"
#include "switchgear/http/connection_budget.hpp"
#include "switchgear/http/event_loop.hpp"

namespace switchgear::http {

struct PoolLimits {
  std::size_t connections = 256;                     ///< open at once, idle ones included
  std::size_t waiting = 1024;                        ///< calls without a connection
  Duration idle_timeout = std::chrono::seconds{30};  ///< an idle connection is closed after this
  Duration connect_timeout = std::chrono::seconds{2};
  Duration max_age = Duration::max();  ///< of a connection that is used again

  friend bool operator==(const PoolLimits&, const PoolLimits&) = default;
};

/// For metrics; counts since the pool was made, and what there is now.
struct PoolCounts {
  std::size_t open = 0;
  std::size_t idle = 0;
  std::size_t waiting = 0;
};

class ConnectionPool;

/// The use of one connection, until it is given back. Move-only; dropped means closed.
class Lease {
 public:
  Lease() = default;
  Lease(Lease&& other) noexcept
      : pool_(other.pool_), connection_(std::exchange(other.connection_, nullptr)) {}
  Lease& operator=(Lease&& other) noexcept;
  ~Lease() { drop(); }

  explicit operator bool() const noexcept { return connection_ != nullptr; }
  [[nodiscard]] Stream& stream() const noexcept { return connection_->stream(); }
  /// It was kept idle before, so the peer may have closed it at the very moment it was taken.
  [[nodiscard]] bool reused() const noexcept { return connection_->kept(); }

  /// After a clean exchange: both messages complete, nothing left over, both sides willing.
  void give_back() noexcept;
  /// The same after an answer that may have no body, whatever its head says (HEAD, 204, 304). A server that
  /// sends one all the same may do so later than the head: before the next use it is checked that nothing has
  /// come.
  void give_back_in_doubt() noexcept;
  /// After anything else.
  void drop() noexcept;

 private:
  friend class ConnectionPool;
  Lease(ConnectionPool& pool, Connection& connection) noexcept : pool_(&pool), connection_(&connection) {}
  ConnectionPool* pool_ = nullptr;
  Connection* connection_ = nullptr;
};

/// Idle connections are used last in, first out, so that a burst's surplus grows old and goes; calls that
/// find none wait in the order they came. How long they wait is their own affair: see forget(). Threads: the
/// loop's. Lifetime: outlives its leases and waiters. Callbacks come from the loop, never from within
/// acquire().
class ConnectionPool final : private Timer, private Connection::Keeper {
 public:
  struct WaitingTag;
  using WaitingHook =
      boost::intrusive::list_base_hook<boost::intrusive::tag<WaitingTag>,
                                       boost::intrusive::link_mode<boost::intrusive::safe_link>>;
  enum class Reuse : std::uint8_t { allowed, never };
  class Waiter : public WaitingHook {
   public:
    virtual void on_connection(Lease lease) = 0;
    virtual void on_connect_error(ConnectError error) = 0;

    Reuse reuse = Reuse::allowed;  ///< written by acquire()
    TimePoint asked_at{};          ///< likewise
    /// Written before either call: when the pool began what has come of it. That is when the connection was
    /// begun, or, if another call has just given it back, now. Until then the waiter has waited for other
    /// calls, not for the upstream.
    TimePoint served_since{};

   protected:
    ~Waiter() = default;
  };

  /// Requests the addresses of the pool's name, and calls back from the loop, later: with none if there are
  /// none, not at all once it is destroyed.
  using Lookup = std::function<void(std::function<void(Addresses)> found)>;

  ConnectionPool(EventLoop& loop, ConnectionBudget& budget, const std::string& host, std::uint16_t port,
                 const PoolLimits& limits);
  /// Through TLS, if there is a `peer`.
  ConnectionPool(EventLoop& loop, ConnectionBudget& budget, const std::string& host, std::uint16_t port,
                 const PoolLimits& limits, const std::optional<tls::Peer>& peer);
  /// Uses `lookup` instead of the system's resolver.
  ConnectionPool(EventLoop& loop, ConnectionBudget& budget, const std::string& host, std::uint16_t port,
                 const PoolLimits& limits, Lookup lookup);
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;
  ~ConnectionPool() override;

  enum class Answer : std::uint8_t { ready, waiting, full };
  /// `ready`: `lease` is set. `waiting`: one of the waiter's calls will come. `full`: too many wait. A waiter
  /// that requests `Reuse::never` gets a connection that was made after the request.
  [[nodiscard]] Answer acquire(Waiter& waiter, Lease& lease, Reuse reuse = Reuse::allowed);
  /// acquire() would say `full`.
  [[nodiscard]] bool is_full() const noexcept { return idle_.empty() && !has_room_to_wait(); }
  /// Whether what the waiter waits for is the service: a connection is being made, or an address looked up,
  /// and it is among the first that wait. False: every connection that may be is in use. O(connections).
  [[nodiscard]] bool connects_for(const Waiter& waiter) const noexcept;
  /// The waiter has lost interest; no call comes any more.
  void forget(Waiter& waiter) noexcept;

  /// Closes the idle connections, and every other when it is given back: the upstream is no longer wanted.
  void retire() noexcept;

  [[nodiscard]] PoolCounts counts() const noexcept {
    return {connections_.size(), idle_.size(), waiting_.size()};
  }
  [[nodiscard]] const PoolLimits& limits() const noexcept { return limits_; }

 private:
  friend class Lease;

  [[nodiscard]] bool has_room_to_wait() const noexcept;
  /// The one that was used last and may be used again; null: none is idle.
  [[nodiscard]] Connection* take_idle() noexcept;
  void connect_as_needed();
  void look_up();
  void hold();
  void stop_holding();
  void on_timer(TimePoint now) override;
  void on_connected(Connection& connection) override;
  void on_failed(Connection& connection, ConnectError error) override;
  void on_bad_address(const Address& address) override;
  void on_ended(Connection& connection) noexcept override { remove(connection); }
  struct Failed {
    ConnectError error;
    TimePoint begun;
  };
  void fail_one(const Failed& failed);
  void tell(Waiter& waiter, const Failed& failed);
  void hand_over(Connection& connection, Waiter& waiter);
  void give_back(Connection& connection) noexcept;
  void remove(Connection& connection) noexcept;
  [[nodiscard]] bool is_too_old(const Connection& connection) const noexcept;
  void remove_idle(Connection& connection) noexcept;
  void serve_waiting();
  void serve_later();

  using Waiting = boost::intrusive::list<Waiter, boost::intrusive::base_hook<WaitingHook>>;

  EventLoop& loop_;
  ConnectionBudget& budget_;
  std::optional<ClientSecurity> security_;
  PoolLimits limits_;
  AddressBook addresses_;
  Lookup lookup_;
  bool holding_ = false;  ///< no connection is begun before the lookup has ended, or has taken too long
  bool retired_ = false;
  bool serving_later_ = false;
  std::size_t connecting_ = 0;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> idle_;
  Waiting waiting_;
  std::deque<Failed> failures_;            ///< of connections, not told yet
  std::shared_ptr<ConnectionPool*> self_;  ///< what posted work finds emptied when the pool is gone
};

}  // namespace switchgear::http
