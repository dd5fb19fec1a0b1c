#include "switchgear/http/client/client_pool.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <string>
#include <system_error>

#include "switchgear/policy/time_limit.hpp"

namespace switchgear::http {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

[[nodiscard]] TimePoint now() noexcept { return std::chrono::steady_clock::now(); }

[[nodiscard]] bool lacks_resources(const std::error_code& code) noexcept {
  return code == std::errc::too_many_files_open || code == std::errc::too_many_files_open_in_system ||
         code == std::errc::no_buffer_space || code == std::errc::not_enough_memory;
}

}  // namespace

/// A request that waits for a connection, on the frame of its acquire(). Gone from the list when that ends,
/// however it ends.
struct ClientPool::Waiter {
  Waiter(ClientPool& waits_in, Reuse which, const AsyncAttempt& made)
      : pool(waits_in),
        event(waits_in.executor_, asio::steady_timer::time_point::max()),
        reuse(which),
        attempt(made) {
    place = pool.waiting_.insert(pool.waiting_.end(), this);
    pool.publish();
  }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  ~Waiter() {
    if (waits) leave();
    if (given) pool.put_back(std::move(given));  // its request was cancelled as it was given
  }

  void leave() noexcept {
    waits = false;
    pool.waiting_.erase(place);
    pool.publish();
  }

  ClientPool& pool;
  asio::steady_timer event;
  Reuse reuse;
  const AsyncAttempt& attempt;
  const TimePoint asked_at = now();
  TimePoint served_since;  ///< when the pool has begun what it gets
  bool waits = true;
  std::list<Waiter*>::iterator place;
  Connection given;
  std::optional<Error> failed;
};

// --- leases

ClientLease::~ClientLease() {
  if (connection_ == nullptr) return;
  if (begun_) {
    connection_.reset();
    pool_->dropped();
  } else {
    pool_->put_back(std::move(connection_));
  }
}

void ClientLease::give_back() noexcept {
  connection_->kept = true;
  pool_->put_back(std::move(connection_));
}

// --- the pool

ClientPool::ClientPool(const asio::any_io_executor& executor, std::shared_ptr<BlockPool> blocks,
                       Security security, const Url& url, RequestClass which, const PoolOptions& options)
    : executor_(executor),
      blocks_(std::move(blocks)),
      security_(std::move(security)),
      url_(url),
      class_(which),
      options_(options),
      addresses_(url.host(), url.port()),
      resolver_(executor),
      hold_(executor) {}

asio::awaitable<ClientLease> ClientPool::acquire(Reuse reuse, const AsyncAttempt& attempt) {
  const std::shared_ptr<ClientPool> self = shared_from_this();
  expire(now());
  if (reuse == Reuse::allowed) {
    if (Connection kept = take_idle()) co_return ClientLease(self, std::move(kept));
  }
  const std::size_t on_their_way = connecting_ + (options_.max - std::min(options_.max, open()));
  if (waiting_.size() >= options_.max_waiting + on_their_way) {
    shown_.refused.fetch_add(1, std::memory_order_relaxed);
    throw error(Errc::pool_full, std::to_string(waiting_.size()) + " requests wait for a connection already");
  }
  Waiter waiter(*this, reuse, attempt);
  connect_as_needed();
  if (waiter.waits && !holding_ && waiting_.size() > connecting_) attempt.begin_own_wait();
  error_code told;
  // It may have failed at once.
  if (waiter.waits) co_await waiter.event.async_wait(asio::redirect_error(asio::use_awaitable, told));
  if (waiter.failed) throw Error(*waiter.failed);
  if (!waiter.given || !attempt.end_own_wait(waiter.served_since))
    throw boost::system::system_error(asio::error::operation_aborted);
  co_return ClientLease(self, std::move(waiter.given));
}

ClientPool::Connection ClientPool::take_idle() {
  while (!idle_.empty()) {
    Connection last = std::move(idle_.back());
    idle_.pop_back();
    if (last->transport->quiet()) {
      ++active_;
      shown_.reused.fetch_add(1, std::memory_order_relaxed);
      publish();
      return last;
    }
    shown_.recycled.fetch_add(1, std::memory_order_relaxed);
  }
  publish();
  return nullptr;
}

bool ClientPool::is_expired(const ClientConnection& connection, TimePoint at) const noexcept {
  return at - connection.rested >= options_.idle_timeout || at - connection.made >= options_.max_age;
}

void ClientPool::expire(TimePoint at) noexcept {
  const auto expired = [&](const Connection& each) { return is_expired(*each, at); };
  shown_.recycled.fetch_add(std::erase_if(idle_, expired), std::memory_order_relaxed);
}

void ClientPool::sweep() noexcept {
  expire(now());
  const auto closed = [](const Connection& each) { return !each->transport->quiet(); };
  shown_.recycled.fetch_add(std::erase_if(idle_, closed), std::memory_order_relaxed);
  publish();
}

void ClientPool::retire() noexcept {
  retired_ = true;
  idle_.clear();
  publish();
}

// --- opening connections

void ClientPool::connect_as_needed() {
  if (addresses_.due(now())) look_up();
  if (addresses_.empty()) hold();
  if (holding_) return;
  while (waiting_.size() > connecting_) {
    if (open() >= options_.max) {
      // An idle one that the waiting request may not reuse makes room for a fresh one.
      if (idle_.empty()) break;
      idle_.erase(idle_.begin());
    }
    ++connecting_;
    asio::co_spawn(executor_, connect(shared_from_this()), asio::detached);
  }
  publish();
}

/// Tries one address after the other, each for its share of the time that is left, so that one that does not
/// answer leaves time for the next.
asio::awaitable<void> ClientPool::connect(std::shared_ptr<ClientPool> /*keeps this*/) {
  std::optional<Error> why;
  const TimePoint begun = now();
  const Addresses addresses = addresses_.addresses();
  const TimePoint until = saturating_add(now(), options_.connect_timeout);
  std::size_t left = addresses.size();
  for (const Address& address : addresses) {
    const Duration share = saturating_sub(until, now()) / static_cast<Duration::rep>(left--);
    const std::shared_ptr<Transport> transport = co_await connect_to(address, share, why);
    if (transport) {
      connected(std::make_unique<ClientConnection>(transport, *blocks_, begun, now()));
      co_return;
    }
    if (lacks_resources(why->code())) break;
    addresses_.try_last(address);
  }
  connect_failed(*why, begun);
}

/// Null when the address takes no connection: `why` says so.
asio::awaitable<std::shared_ptr<Transport>> ClientPool::connect_to(Address address, Duration limit,
                                                                   std::optional<Error>& why) {
  asio::steady_timer alarm(executor_, limit);
  try {
    const std::shared_ptr<Transport> transport =
        url_.tls() ? tls_transport(executor_, *security_.context, security_.name)
                   : plain_transport(executor_);
    alarm.async_wait([transport](const error_code& code) {
      if (!code) transport->close();
    });
    co_await transport->connect(address);
    // The alarm may have rung at the same moment.
    if (alarm.cancel() != 0) co_return transport;
    why.emplace(error(std::make_error_code(std::errc::timed_out), "the connection was not made in time"));
  } catch (const TlsRefused& refused) {
    why.emplace(error(Errc::tls, refused.text()));
  } catch (const boost::system::system_error& thrown) {
    const std::error_code code = thrown.code();
    if (code == std::errc::operation_canceled) {
      why.emplace(error(std::make_error_code(std::errc::timed_out), "the connection was not made in time"));
    } else {
      why.emplace(error(code, code.message()));
    }
  }
  co_return nullptr;
}

void ClientPool::connected(Connection connection) {
  --connecting_;
  shown_.opened.fetch_add(1, std::memory_order_relaxed);
  if (waiting_.empty()) {
    if (!retired_) idle_.push_back(std::move(connection));
    return publish();
  }
  hand_over(std::move(connection), *waiting_.front());
}

/// The longest waiter gets the failure: connections are not made for a particular request. One that asked
/// only after the connection had been begun has not waited for as long as that took: another is begun for it.
void ClientPool::connect_failed(const Error& why, TimePoint begun) {
  --connecting_;
  shown_.failed.fetch_add(1, std::memory_order_relaxed);
  if (!lacks_resources(why.code())) addresses_.doubt();
  if (!waiting_.empty() && waiting_.front()->asked_at <= begun) {
    Waiter& waiter = *waiting_.front();
    waiter.failed = why;
    waiter.leave();
    waiter.event.cancel();
  }
  connect_as_needed();
}

// --- the name

void ClientPool::look_up() {
  addresses_.begin_lookup();
  if (addresses_.empty()) hold();
  const std::string service = std::to_string(url_.port());
  resolver_.async_resolve(
      url_.host(), service,
      [weak = weak_from_this()](const error_code& failed, const tcp::resolver::results_type& found) {
        const std::shared_ptr<ClientPool> pool = weak.lock();
        if (pool) pool->end_lookup(failed ? Addresses{} : addresses_of(found));
      });
}

void ClientPool::end_lookup(Addresses found) {
  addresses_.end_lookup(std::move(found), now());
  if (holding_) stop_holding();
}

/// For as long as connecting may take: a request must not wait for ever for a resolver that does not answer.
void ClientPool::hold() {
  if (holding_) return;
  holding_ = true;
  hold_.expires_after(options_.connect_timeout);
  hold_.async_wait([weak = weak_from_this()](const error_code& code) {
    const std::shared_ptr<ClientPool> pool = weak.lock();
    if (pool && !code && pool->holding_) pool->stop_holding();
  });
}

void ClientPool::stop_holding() {
  holding_ = false;
  hold_.cancel();
  if (!addresses_.empty()) {
    connect_as_needed();
    return tell_those_in_line();
  }
  fail_all(error(Errc::unresolved, "the name '" + url_.host() + "' is not known"));
}

/// Behind those that a connection is being made for.
void ClientPool::tell_those_in_line() {
  std::size_t place = 0;
  for (const Waiter* each : waiting_) {
    if (place++ >= connecting_) each->attempt.begin_own_wait();
  }
}

void ClientPool::fail_all(const Error& why) {
  while (!waiting_.empty()) {
    Waiter& waiter = *waiting_.front();
    waiter.failed = why;
    waiter.leave();
    waiter.event.cancel();
  }
}

// --- giving back

void ClientPool::hand_over(Connection connection, Waiter& waiter) {
  ++active_;
  waiter.served_since = connection->kept ? now() : connection->begun;
  waiter.given = std::move(connection);
  waiter.leave();
  waiter.event.cancel();
}

void ClientPool::put_back(Connection connection) noexcept {
  --active_;
  const TimePoint at = now();
  connection->rested = at;
  connection->buffer.shrink();
  // An idle connection is asked when it is taken; one that a waiting request gets at once is asked here.
  const bool closed = !waiting_.empty() && connection->kept && !connection->transport->quiet();
  if (retired_ || is_expired(*connection, at) || closed) {
    shown_.recycled.fetch_add(1, std::memory_order_relaxed);
    connection.reset();
    return serve_later();
  }
  const auto next = std::find_if(waiting_.begin(), waiting_.end(), [&](const Waiter* each) {
    return each->reuse == Reuse::allowed || !connection->kept;
  });
  if (next != waiting_.end()) {
    if (connection->kept) shown_.reused.fetch_add(1, std::memory_order_relaxed);
    return hand_over(std::move(connection), **next);
  }
  idle_.push_back(std::move(connection));
  serve_later();
}

void ClientPool::dropped() noexcept {
  --active_;
  serve_later();
}

/// Not at once: a context that is being destroyed gives its requests' connections back, and nothing may begin
/// there.
void ClientPool::serve_later() noexcept {
  publish();
  if (waiting_.empty()) return;
  asio::post(executor_, [weak = weak_from_this()] {
    if (const std::shared_ptr<ClientPool> pool = weak.lock()) pool->connect_as_needed();
  });
}

Error ClientPool::error(std::error_code code, std::string_view why) const {
  return Error(code, url_.origin() + ": " + std::string(why));
}

void ClientPool::publish() noexcept {
  shown_.active.store(active_, std::memory_order_relaxed);
  shown_.idle.store(idle_.size(), std::memory_order_relaxed);
  shown_.connecting.store(connecting_, std::memory_order_relaxed);
  shown_.waiting.store(waiting_.size(), std::memory_order_relaxed);
}

PoolFigures ClientPool::figures() const {
  const auto read = [](const auto& figure) { return figure.load(std::memory_order_relaxed); };
  return {url_.origin(),           time_classes[static_cast<std::size_t>(class_)].name,
          read(shown_.active),     read(shown_.idle),
          read(shown_.connecting), read(shown_.waiting),
          read(shown_.opened),     read(shown_.reused),
          read(shown_.failed),     read(shown_.recycled),
          read(shown_.refused)};
}

}  // namespace switchgear::http
