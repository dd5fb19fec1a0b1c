#include "switchgear/http/connection_pool.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>

namespace switchgear::http {

namespace {
constexpr Duration resolved_for = std::chrono::seconds{10};
}

Lease& Lease::operator=(Lease&& other) noexcept {
  if (this != &other) {
    drop();
    pool_ = other.pool_;
    connection_ = std::exchange(other.connection_, nullptr);
  }
  return *this;
}

void Lease::give_back() noexcept {
  if (connection_ != nullptr) pool_->give_back(*std::exchange(connection_, nullptr));
}

void Lease::drop() noexcept {
  if (connection_ != nullptr) pool_->remove(*std::exchange(connection_, nullptr));
}

ConnectionPool::ConnectionPool(EventLoop& loop, std::string host, std::uint16_t port,
                               const PoolLimits& limits)
    : loop_(loop),
      host_(std::move(host)),
      port_(port),
      limits_(limits),
      resolver_(loop.context()),
      self_(std::make_shared<ConnectionPool*>(this)) {
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(host_, error);
  named_ = static_cast<bool>(error);
  if (!named_) addresses_.emplace_back(address, port_);
}

ConnectionPool::~ConnectionPool() { *self_ = nullptr; }

ConnectionPool::Answer ConnectionPool::acquire(Waiter& waiter, Lease& lease, Reuse reuse) {
  if (reuse == Reuse::allowed && !idle_.empty()) {
    Connection& connection = *idle_.back();
    idle_.pop_back();
    connection.lease();
    lease = Lease{*this, connection};
    return Answer::ready;
  }
  if (waiting_.size() >= limits_.waiting + connecting_) return Answer::full;
  waiting_.push_back(waiter);
  connect_as_needed();
  return Answer::waiting;
}

void ConnectionPool::forget(Waiter& waiter) noexcept {
  if (waiter.WaitingHook::is_linked()) waiting_.erase(waiting_.iterator_to(waiter));
}

void ConnectionPool::connect_as_needed() {
  if (named_ && (addresses_.empty() || loop_.now() - resolved_at_ > resolved_for)) return resolve();
  // Counted again each time: a connection may fail, or be ready, while the next is being started.
  while (waiting_.size() > connecting_ + failures_.size()) {
    if (connections_.size() >= limits_.connections) {
      // An idle one that may not be reused by whoever waits makes room for a fresh one.
      if (idle_.empty()) return;
      Connection& oldest = *idle_.front();
      remove(oldest);
    }
    connections_.push_back(std::make_unique<Connection>(*this));
    Connection& connection = *connections_.back();
    connection.index_ = connections_.size() - 1;
    ++connecting_;
    connection.connect(addresses_);
  }
}

void ConnectionPool::resolve() {
  if (resolving_) return;
  resolving_ = true;
  resolver_.async_resolve(host_, std::to_string(port_),
                          [self = self_](const boost::system::error_code& error,
                                         const boost::asio::ip::tcp::resolver::results_type& found) {
                            if (*self == nullptr) return;
                            ConnectionPool& pool = **self;
                            pool.resolving_ = false;
                            if (error) {
                              // An address that was good before is better than none.
                              if (pool.addresses_.empty()) {
                                while (!pool.waiting_.empty()) pool.fail_one(ConnectError::unresolved);
                                return;
                              }
                            } else {
                              pool.addresses_.assign(found.begin(), found.end());
                            }
                            pool.resolved_at_ = pool.loop_.now();
                            pool.connect_as_needed();
                          });
}

void ConnectionPool::connected(Connection& connection) {
  // Reads once, so that the next edge is seen; a connection that ends as it begins is none.
  if (connection.stream().receive() != IoStatus::would_block)
    return failed(connection, ConnectError::refused);
  --connecting_;
  connection.phase_ = Connection::Phase::idle;
  connection.resting_since_ = loop_.now();
  idle_.push_back(&connection);
  connection.stream().watch_readable();
  serve_waiting();
}

/// Told later: a call that asks for a connection would otherwise run another call's end on its own stack.
void ConnectionPool::failed(Connection& connection, ConnectError error) {
  failures_.push_back(error);
  remove(connection);
  serve_later();
}

/// Whoever waits longest gets the bad news: connections are not made for a particular waiter.
void ConnectionPool::fail_one(ConnectError error) {
  if (waiting_.empty()) return;
  Waiter& waiter = waiting_.front();
  waiting_.pop_front();
  waiter.on_connect_error(error);
}

void ConnectionPool::give_back(Connection& connection) noexcept {
  Stream& stream = connection.stream();
  // The read costs nothing when nothing can have come, which is nearly always.
  if (retired_ || stream.closed() || !stream.buffer().empty() || stream.receive() != IoStatus::would_block)
    return remove(connection);
  connection.rest();
  idle_.push_back(&connection);
  if (!waiting_.empty()) serve_later();
}

void ConnectionPool::remove_idle(Connection& connection) noexcept {
  const auto place = std::find(idle_.begin(), idle_.end(), &connection);
  if (place != idle_.end()) idle_.erase(place);
}

void ConnectionPool::remove(Connection& connection) noexcept {
  if (connection.phase_ == Connection::Phase::idle) remove_idle(connection);
  if (connection.phase_ == Connection::Phase::connecting) --connecting_;
  const std::size_t index = connection.index_;
  std::unique_ptr<Connection> gone = std::move(connections_[index]);
  if (index + 1 != connections_.size()) {
    connections_[index] = std::move(connections_.back());
    connections_[index]->index_ = index;
  }
  connections_.pop_back();
  if (!waiting_.empty()) serve_later();
}

void ConnectionPool::serve_waiting() {
  while (!failures_.empty()) {
    const ConnectError error = failures_.front();
    failures_.pop_front();
    fail_one(error);
  }
  while (!waiting_.empty() && !idle_.empty()) {
    Waiter& waiter = waiting_.front();
    waiting_.pop_front();
    Connection& connection = *idle_.back();
    idle_.pop_back();
    connection.lease();
    waiter.on_connection(Lease{*this, connection});
  }
}

/// Not at once: a call that is giving its connection back would run the next call on its own stack, and that
/// one the next.
void ConnectionPool::serve_later() {
  if (serving_later_) return;
  serving_later_ = true;
  boost::asio::post(loop_.context(), [self = self_] {
    if (*self == nullptr) return;
    ConnectionPool& pool = **self;
    pool.serving_later_ = false;
    pool.serve_waiting();
    pool.connect_as_needed();
  });
}

void ConnectionPool::retire() noexcept {
  retired_ = true;
  while (!idle_.empty()) remove(*idle_.back());
}

}  // namespace switchgear::http
