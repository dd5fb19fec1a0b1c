#include "switchgear/http/connection_pool.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>

namespace switchgear::http {

namespace {

[[nodiscard]] ConnectionPool::Lookup system_lookup(EventLoop& loop, const std::string& host,
                                                   std::uint16_t port) {
  using boost::asio::ip::tcp;
  return [resolver = std::make_shared<tcp::resolver>(loop.context()), host,
          service = std::to_string(port)](const std::function<void(Addresses)>& found) {
    resolver->async_resolve(
        host, service,
        [found](const boost::system::error_code& error, const tcp::resolver::results_type& all) {
          found(error ? Addresses{} : addresses_of(all));
        });
  };
}

}  // namespace

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

void Lease::give_back_in_doubt() noexcept {
  if (connection_ != nullptr) connection_->doubt_rest();
  give_back();
}

void Lease::drop() noexcept {
  if (connection_ != nullptr) pool_->remove(*std::exchange(connection_, nullptr));
}

ConnectionPool::ConnectionPool(EventLoop& loop, ConnectionBudget& budget, const std::string& host,
                               std::uint16_t port, const PoolLimits& limits)
    : ConnectionPool(loop, budget, host, port, limits, system_lookup(loop, host, port)) {}

ConnectionPool::ConnectionPool(EventLoop& loop, ConnectionBudget& budget, const std::string& host,
                               std::uint16_t port, const PoolLimits& limits,
                               const std::optional<tls::Peer>& peer)
    : ConnectionPool(loop, budget, host, port, limits) {
  if (peer) security_.emplace(*peer);
}

ConnectionPool::ConnectionPool(EventLoop& loop, ConnectionBudget& budget, const std::string& host,
                               std::uint16_t port, const PoolLimits& limits, Lookup lookup)
    : loop_(loop),
      budget_(budget),
      limits_(limits),
      addresses_(host, port),
      lookup_(std::move(lookup)),
      self_(std::make_shared<ConnectionPool*>(this)) {}

ConnectionPool::~ConnectionPool() {
  *self_ = nullptr;
  budget_.closed(connections_.size());
}

ConnectionPool::Answer ConnectionPool::acquire(Waiter& waiter, Lease& lease, Reuse reuse) {
  if (Connection* const kept = reuse == Reuse::allowed ? take_idle() : nullptr) {
    kept->lease();
    lease = Lease{*this, *kept};
    return Answer::ready;
  }
  if (!has_room_to_wait()) return Answer::full;
  waiter.reuse = reuse;
  waiter.asked_at = EventLoop::now();
  waiting_.push_back(waiter);
  connect_as_needed();
  return Answer::waiting;
}

Connection* ConnectionPool::take_idle() noexcept {
  while (!idle_.empty()) {
    Connection& last = *idle_.back();
    if (last.is_spoilt()) {
      remove(last);
      continue;
    }
    idle_.pop_back();
    return &last;
  }
  return nullptr;
}

/// A call that gets a connection of its own does not count as waiting for one.
bool ConnectionPool::has_room_to_wait() const noexcept {
  const std::size_t can_open = limits_.connections - std::min(limits_.connections, connections_.size());
  return waiting_.size() < limits_.waiting + connecting_ + can_open;
}

bool ConnectionPool::connects_for(const Waiter& waiter) const noexcept {
  if (!waiter.WaitingHook::is_linked()) return false;
  if (holding_) return true;
  auto one = waiting_.begin();
  for (std::size_t place = 0; place < connecting_ && one != waiting_.end(); ++place, ++one) {
    if (&*one == &waiter) return true;
  }
  return false;
}

void ConnectionPool::forget(Waiter& waiter) noexcept {
  if (waiter.WaitingHook::is_linked()) waiting_.erase(waiting_.iterator_to(waiter));
}

void ConnectionPool::connect_as_needed() {
  if (addresses_.due(loop_.now())) look_up();
  if (addresses_.empty()) hold();
  if (holding_) return;
  // Counted again each time: a connection may fail, or be ready, while the next is being started.
  while (waiting_.size() > connecting_ + failures_.size()) {
    if (connections_.size() >= limits_.connections) {
      // An idle one that the waiting call may not reuse makes room for a fresh one.
      if (idle_.empty()) return;
      Connection& oldest = *idle_.front();
      remove(oldest);
    }
    while (Connection* const surplus = budget_.surplus()) surplus->end();
    Keeper& keeper = *this;
    connections_.push_back(std::make_unique<Connection>(
        keeper, loop_, budget_, Connection::Times{limits_.connect_timeout, limits_.idle_timeout},
        security_ ? &*security_ : nullptr));
    budget_.opened();
    Connection& connection = *connections_.back();
    connection.index = connections_.size() - 1;
    ++connecting_;
    connection.connect(addresses_.addresses());
  }
}

void ConnectionPool::look_up() {
  addresses_.begin_lookup();
  hold();
  lookup_([self = self_](Addresses found) {
    if (*self == nullptr) return;
    ConnectionPool& pool = **self;
    pool.addresses_.end_lookup(std::move(found), pool.loop_.now());
    if (pool.holding_) pool.stop_holding();
  });
}

/// For as long as connecting may take: a call must not wait for ever for a resolver that does not answer.
void ConnectionPool::hold() {
  if (holding_) return;
  holding_ = true;
  loop_.arm(*this, saturating_add(loop_.now(), limits_.connect_timeout));
}

void ConnectionPool::on_timer(TimePoint /*now*/) { stop_holding(); }

void ConnectionPool::stop_holding() {
  holding_ = false;
  loop_.disarm(*this);
  if (!addresses_.empty()) return connect_as_needed();
  // Only those that wait now: a waiter that is told may request again at once.
  for (std::size_t left = waiting_.size(); left != 0; --left)
    tell(waiting_.front(), {ConnectError::unresolved, TimePoint::min()});
}

void ConnectionPool::on_connected(Connection& connection) {
  // Reads once, so that the next edge is seen; a connection that ends as it begins is not used.
  if (connection.stream().receive() != IoStatus::would_block) {
    // A server that does not accept the client's certificate says so behind the handshake.
    const TlsLayer* const tls = connection.stream().tls();
    return on_failed(connection, tls == nullptr ? ConnectError::refused : error_of(tls->failure()));
  }
  --connecting_;
  if (!waiting_.empty()) return hand_over(connection, waiting_.front());
  connection.rest();
  idle_.push_back(&connection);
}

/// Told later: a call that requests a connection would otherwise run another call's end on its own stack.
void ConnectionPool::on_failed(Connection& connection, ConnectError error) {
  if (error != ConnectError::resources) addresses_.doubt();
  failures_.push_back({error, connection.made_at()});
  remove(connection);
  serve_later();
}

void ConnectionPool::on_bad_address(const Address& address) { addresses_.try_last(address); }

/// The longest waiter gets the failure: connections are not made for a particular waiter. One that asked only
/// after the connection had been begun has not waited for as long as that took, and calls beside it may be
/// served all the time: another connection is begun for it.
void ConnectionPool::fail_one(const Failed& failed) {
  if (waiting_.empty() || failed.begun < waiting_.front().asked_at) return;
  tell(waiting_.front(), failed);
}

void ConnectionPool::tell(Waiter& waiter, const Failed& failed) {
  waiting_.erase(waiting_.iterator_to(waiter));
  waiter.served_since = failed.begun;
  waiter.on_connect_error(failed.error);
}

void ConnectionPool::give_back(Connection& connection) noexcept {
  Stream& stream = connection.stream();
  // The read costs nothing when nothing can have come, which is nearly always.
  if (retired_ || is_too_old(connection) || stream.closed() || !stream.buffer().empty() ||
      stream.receive() != IoStatus::would_block)
    return remove(connection);
  connection.rest();
  idle_.push_back(&connection);
  if (!waiting_.empty()) serve_later();
}

/// So that load moves to where the upstream's name leads by now.
bool ConnectionPool::is_too_old(const Connection& connection) const noexcept {
  return limits_.max_age != Duration::max() && EventLoop::now() - connection.made_at() >= limits_.max_age;
}

void ConnectionPool::remove_idle(Connection& connection) noexcept {
  const auto place = std::find(idle_.begin(), idle_.end(), &connection);
  if (place != idle_.end()) idle_.erase(place);
}

void ConnectionPool::remove(Connection& connection) noexcept {
  if (connection.phase() == Connection::Phase::idle) remove_idle(connection);
  if (connection.connecting()) --connecting_;
  const std::size_t index = connection.index;
  std::unique_ptr<Connection> gone = std::move(connections_[index]);
  if (index + 1 != connections_.size()) {
    connections_[index] = std::move(connections_.back());
    connections_[index]->index = index;
  }
  connections_.pop_back();
  budget_.closed();
  if (!waiting_.empty()) serve_later();
}

void ConnectionPool::serve_waiting() {
  while (!failures_.empty()) {
    const Failed failed = failures_.front();
    failures_.pop_front();
    fail_one(failed);
  }
  while (!idle_.empty()) {
    const auto waiter = std::find_if(waiting_.begin(), waiting_.end(),
                                     [](const Waiter& each) { return each.reuse == Reuse::allowed; });
    if (waiter == waiting_.end()) return;
    Connection* const kept = take_idle();
    if (kept == nullptr) return;
    hand_over(*kept, *waiter);
  }
}

void ConnectionPool::hand_over(Connection& connection, Waiter& waiter) {
  waiting_.erase(waiting_.iterator_to(waiter));
  waiter.served_since = connection.kept() ? loop_.now() : connection.made_at();
  connection.lease();
  waiter.on_connection(Lease{*this, connection});
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
