// The connections to one database, kept and shared by the calls of one client.
#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <list>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "switchgear/core/time.hpp"
#include "switchgear/postgres/client_options.hpp"
#include "switchgear/postgres/connection/connection.hpp"
#include "switchgear/postgres/connection/target.hpp"
#include "switchgear/postgres/error.hpp"

namespace switchgear::postgres {

class ConnectionPool;

/// The use of one connection. Move-only. Dropped: given back when nothing is under way on it, else cancelled
/// and rolled back beside its caller, or closed.
class Lease {
 public:
  Lease(std::shared_ptr<ConnectionPool> pool, std::unique_ptr<Connection> connection) noexcept
      : pool_(std::move(pool)), connection_(std::move(connection)) {}
  Lease(Lease&&) noexcept = default;
  Lease& operator=(Lease&&) = delete;
  ~Lease();

  [[nodiscard]] Connection& operator*() const noexcept { return *connection_; }
  [[nodiscard]] Connection* operator->() const noexcept { return connection_.get(); }

 private:
  friend class ConnectionPool;
  [[nodiscard]] std::unique_ptr<Connection> take() noexcept { return std::move(connection_); }

  std::shared_ptr<ConnectionPool> pool_;
  std::unique_ptr<Connection> connection_;
};

/// Idle connections are used last in, first out, so that a burst's surplus grows old and goes. Calls that
/// find none wait in the order in which they came, each for `max_wait`; a connection is not opened for a
/// particular call, and one whose call has gone is kept for the next.
///
/// An idle pool holds no timer and no pending read, because those would keep io_context::run() from
/// returning. Connections that are stale are found when the pool is used, and by sweep().
///
/// Threads: those of the executor, but figures(), which may be called from any. Lifetime: shared with its
/// leases.
class ConnectionPool final : public std::enable_shared_from_this<ConnectionPool> {
 public:
  /// Throws std::invalid_argument for a connection string or options that cannot be used.
  ConnectionPool(const boost::asio::any_io_executor& executor, std::string_view connection_string,
                 const ClientOptions& options);

  /// Throws Error when no connection can be had, and boost::system::system_error (operation_aborted) when
  /// cancelled.
  [[nodiscard]] boost::asio::awaitable<Lease> acquire();

  /// Closes what has been idle for too long, is too old, or was closed by the server.
  void sweep() noexcept;
  /// Closes all idle connections, and every other when it is given back.
  void retire() noexcept;

  [[nodiscard]] const std::string& label() const noexcept { return where_.label(); }
  [[nodiscard]] PoolFigures figures() const;

 private:
  friend class Lease;
  struct Waiter;
  using Held = std::unique_ptr<Connection>;

  [[nodiscard]] boost::asio::awaitable<Held> take_idle();
  [[nodiscard]] boost::asio::awaitable<bool> check(Connection& connection);
  [[nodiscard]] bool is_expired(const Connection& connection, TimePoint at) const noexcept;
  [[nodiscard]] bool is_used_up(const Connection& connection, TimePoint at) const noexcept;
  void expire(TimePoint at) noexcept;
  [[nodiscard]] std::size_t open() const noexcept {
    return idle_.size() + active_ + connecting_ + recovering_;
  }
  void connect_as_needed(std::size_t at_least);
  [[nodiscard]] boost::asio::awaitable<void> connect(std::shared_ptr<ConnectionPool> self);
  [[nodiscard]] boost::asio::awaitable<Held> connect_to_any(TimePoint until);
  void connected(Held connection);
  void connect_failed(const std::exception_ptr& why);
  void give_back(Held connection) noexcept;
  void put_back(Held connection) noexcept;
  void serve(Held connection) noexcept;
  void recover_later(Held connection) noexcept;
  [[nodiscard]] boost::asio::awaitable<void> recover(std::shared_ptr<ConnectionPool> self, Held connection);
  void serve_later() noexcept;
  void hand_over(Held connection, Waiter& waiter);
  [[nodiscard]] Error refused(Errc code, std::string_view why);
  void publish() noexcept;

  boost::asio::any_io_executor executor_;
  ConnectionString where_;
  ClientOptions options_;
  std::shared_ptr<SchemaAge> schema_ = std::make_shared<SchemaAge>();
  const PoolOptions& limits_ = options_.pool;
  std::shared_ptr<Cancelling> under_way_;
  bool retired_ = false;
  bool serving_later_ = false;
  std::vector<Held> idle_;
  std::size_t active_ = 0;
  std::size_t connecting_ = 0;
  std::size_t recovering_ = 0;
  std::list<Waiter*> waiting_;

  // What figures() reads; written by the executor's thread alone.
  struct Shown {
    std::atomic<std::size_t> active{0}, idle{0}, connecting{0}, recovering{0}, waiting{0};
    std::atomic<std::uint64_t> opened{0}, reused{0}, failed{0}, recycled{0}, broken{0}, cancelled{0},
        refused{0};
  };
  Shown shown_;
};

}  // namespace switchgear::postgres
