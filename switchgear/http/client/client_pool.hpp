// The connections to one address, kept and shared by the requests of one client.
#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "switchgear/async/attempt_op.hpp"
#include "switchgear/http/address_book.hpp"
#include "switchgear/http/client/transport.hpp"
#include "switchgear/http/client_options.hpp"
#include "switchgear/http/error.hpp"
#include "switchgear/http/read_buffer.hpp"
#include "switchgear/http/request.hpp"
#include "switchgear/http/url.hpp"

namespace switchgear::http {

class ClientPool;

/// One open connection.
struct ClientConnection {
  ClientConnection(std::shared_ptr<Transport> opened, BlockPool& blocks, TimePoint begun_at, TimePoint now)
      : transport(std::move(opened)), buffer(blocks, 4096), begun(begun_at), made(now), rested(now) {}

  std::shared_ptr<Transport> transport;
  ReadBuffer buffer;
  TimePoint begun;
  TimePoint made;
  TimePoint rested;   ///< since when it is idle, while it is
  bool kept = false;  ///< it has been idle between two requests
};

/// The use of one connection. Move-only. Dropped: closed when begin() was called, else given back.
class ClientLease {
 public:
  ClientLease(std::shared_ptr<ClientPool> pool, std::unique_ptr<ClientConnection> connection) noexcept
      : pool_(std::move(pool)), connection_(std::move(connection)) {}
  ClientLease(ClientLease&&) noexcept = default;
  ClientLease& operator=(ClientLease&&) = delete;
  ~ClientLease();

  [[nodiscard]] Transport& transport() const noexcept { return *connection_->transport; }
  [[nodiscard]] ReadBuffer& buffer() const noexcept { return connection_->buffer; }
  /// It was kept idle before, so the peer may have closed it as it was taken.
  [[nodiscard]] bool kept() const noexcept { return connection_->kept; }
  /// From now on the connection is good only after a whole exchange.
  void begin() noexcept { begun_ = true; }
  /// After a whole exchange, when both sides are willing to go on and nothing is left over.
  void give_back() noexcept;

 private:
  std::shared_ptr<ClientPool> pool_;
  std::unique_ptr<ClientConnection> connection_;
  bool begun_ = false;
};

/// Idle connections are used last in, first out, so that a burst's surplus grows old and goes. Requests that
/// find none wait in the order in which they came; a connection is not made for a particular request, and one
/// whose request has gone is kept for the next. The name is looked up beside the requests, because a lookup
/// cannot be cancelled.
///
/// An idle pool holds no timer and no pending read, because those would keep io_context::run() from
/// returning. Connections that are stale are found when the pool is used, and by sweep().
///
/// Threads: those of the executor, but figures(), which may be called from any. Lifetime: shared with its
/// leases.
class ClientPool final : public std::enable_shared_from_this<ClientPool> {
 public:
  enum class Reuse : std::uint8_t { allowed, never };

  ClientPool(const boost::asio::any_io_executor& executor, std::shared_ptr<BlockPool> blocks,
             Security security, const Url& url, RequestClass which, const PoolOptions& options);

  /// Throws Error when no connection can be had, and boost::system::system_error (operation_aborted) when
  /// cancelled. While all that may be are in use, this is a wait of `attempt`'s own.
  [[nodiscard]] boost::asio::awaitable<ClientLease> acquire(Reuse reuse, const AsyncAttempt& attempt);

  /// Closes what has been idle for too long, is too old, or was closed by the peer.
  void sweep() noexcept;
  /// Closes all idle connections, and every other when it is given back.
  void retire() noexcept;

  /// No connection, and no request that waits for one.
  [[nodiscard]] bool empty() const noexcept { return open() == 0 && waiting_.empty(); }
  [[nodiscard]] PoolFigures figures() const;

 private:
  friend class ClientLease;
  struct Waiter;
  using Connection = std::unique_ptr<ClientConnection>;

  [[nodiscard]] Connection take_idle();
  [[nodiscard]] bool is_expired(const ClientConnection& connection, TimePoint at) const noexcept;
  /// Without a system call for those that stay: sweep() asks the kernel about each.
  void expire(TimePoint at) noexcept;
  [[nodiscard]] std::size_t open() const noexcept { return idle_.size() + active_ + connecting_; }
  void connect_as_needed();
  [[nodiscard]] boost::asio::awaitable<void> connect(std::shared_ptr<ClientPool> self);
  [[nodiscard]] boost::asio::awaitable<std::shared_ptr<Transport>> connect_to(Address address, Duration limit,
                                                                              std::optional<Error>& why);
  void connected(Connection connection);
  void connect_failed(const Error& why, TimePoint begun);
  void look_up();
  void end_lookup(Addresses found);
  void hold();
  void stop_holding();
  void fail_all(const Error& why);
  void tell_those_in_line();
  void put_back(Connection connection) noexcept;
  void dropped() noexcept;
  void serve_later() noexcept;
  void hand_over(Connection connection, Waiter& waiter);
  [[nodiscard]] Error error(std::error_code code, std::string_view why) const;
  void publish() noexcept;

  boost::asio::any_io_executor executor_;
  std::shared_ptr<BlockPool> blocks_;  // before the connections, which give their memory back
  Security security_;
  Url url_;
  RequestClass class_;
  PoolOptions options_;
  AddressBook addresses_;
  boost::asio::ip::tcp::resolver resolver_;
  boost::asio::steady_timer hold_;  ///< a lookup that takes too long fails those who wait for it
  bool holding_ = false;
  bool retired_ = false;
  std::vector<Connection> idle_;
  std::size_t active_ = 0;
  std::size_t connecting_ = 0;
  std::list<Waiter*> waiting_;

  // What figures() reads; written by the executor's thread alone.
  struct Shown {
    std::atomic<std::size_t> active{0}, idle{0}, connecting{0}, waiting{0};
    std::atomic<std::uint64_t> opened{0}, reused{0}, failed{0}, recycled{0}, refused{0};
  };
  Shown shown_;
};

}  // namespace switchgear::http
