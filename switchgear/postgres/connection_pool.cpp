#include "switchgear/postgres/connection_pool.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <stdexcept>
#include <string>

namespace switchgear::postgres {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

[[nodiscard]] TimePoint now() noexcept { return std::chrono::steady_clock::now(); }

void count(std::atomic<std::uint64_t>& counter, std::size_t by = 1) noexcept {
  counter.fetch_add(by, std::memory_order_relaxed);
}

}  // namespace

/// A call that waits for a connection, on the frame of its acquire(). Gone from the list when that ends,
/// however it ends.
struct ConnectionPool::Waiter {
  Waiter(ConnectionPool& waits_in, TimePoint until) : pool(waits_in), event(waits_in.executor_, until) {
    place = pool.waiting_.insert(pool.waiting_.end(), this);
    pool.publish();
  }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  ~Waiter() {
    if (waits) leave();
    if (given) pool.give_back(std::move(given));  // its call was cancelled as it was given
  }

  void leave() noexcept {
    waits = false;
    pool.waiting_.erase(place);
    pool.publish();
  }

  ConnectionPool& pool;
  asio::steady_timer event;
  bool waits = true;
  std::list<Waiter*>::iterator place;
  Held given;
  std::exception_ptr failed;
};

Lease::~Lease() {
  if (connection_ != nullptr) pool_->give_back(std::move(connection_));
}

// --- the pool

ConnectionPool::ConnectionPool(const asio::any_io_executor& executor, std::string_view connection_string,
                               const ClientOptions& options)
    : executor_(executor),
      where_(connection_string),
      options_(options),
      under_way_(std::make_shared<Cancelling>(0)) {
  if (limits_.max == 0)
    throw std::invalid_argument("PoolOptions::max: 0 connections can carry no statement; use 1 or more");
  if (limits_.min > limits_.max)
    throw std::invalid_argument("PoolOptions::min: " + std::to_string(limits_.min) + " is more than max, " +
                                std::to_string(limits_.max));
}

asio::awaitable<Lease> ConnectionPool::acquire() {
  const std::shared_ptr<ConnectionPool> self = shared_from_this();
  expire(now());
  // A call that comes later must not overtake those that wait.
  if (waiting_.empty()) {
    Held kept = co_await take_idle();
    if (kept) {
      connect_as_needed(limits_.min);
      co_return Lease(self, std::move(kept));
    }
  }
  const std::size_t on_their_way = connecting_ + (limits_.max - std::min(limits_.max, open()));
  if (waiting_.size() >= limits_.max_waiting + on_their_way)
    throw refused(Errc::pool_full, std::to_string(waiting_.size()) + " calls wait for a connection already");
  Waiter waiter(*this, saturating_add(now(), limits_.max_wait));
  connect_as_needed(limits_.min);
  error_code told;
  co_await waiter.event.async_wait(asio::redirect_error(asio::use_awaitable, told));
  if (waiter.failed) std::rethrow_exception(waiter.failed);
  if (waiter.given) co_return Lease(self, std::move(waiter.given));
  if (told) throw boost::system::system_error(asio::error::operation_aborted);
  throw refused(
      Errc::pool_timeout,
      "no connection became free in " +
          std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(limits_.max_wait).count()) +
          "ms; " + std::to_string(active_) + " of " + std::to_string(limits_.max) + " are in use");
}

/// One that is alive, or null.
asio::awaitable<ConnectionPool::Held> ConnectionPool::take_idle() {
  while (!idle_.empty()) {
    // While it is checked it counts as in use, also if the call is cancelled meanwhile.
    ++active_;
    Held last = std::move(idle_.back());
    idle_.pop_back();
    const bool asks = now() - last->rested >= limits_.check_after;
    Lease candidate(shared_from_this(), std::move(last));
    if (candidate->is_alive() && (!asks || co_await check(*candidate))) {
      count(shown_.reused);
      publish();
      co_return candidate.take();
    }
    count(shown_.recycled);
    --active_;
    const Held dead = candidate.take();
  }
  publish();
  co_return nullptr;
}

asio::awaitable<bool> ConnectionPool::check(Connection& connection) {
  const TimeLimit limit(connection, saturating_add(now(), limits_.check_timeout));
  try {
    co_await connection.command("");
    co_return true;
  } catch (const Error&) {
    co_return false;
  } catch (const boost::system::system_error& stopped) {
    if (stopped.code() != asio::error::timed_out) throw;
    co_return false;
  }
}

bool ConnectionPool::is_used_up(const Connection& connection, TimePoint at) const noexcept {
  return at - connection.made >= limits_.max_age ||
         (limits_.max_uses != 0 && connection.uses >= limits_.max_uses);
}

bool ConnectionPool::is_expired(const Connection& connection, TimePoint at) const noexcept {
  return is_used_up(connection, at) ||
         (open() > limits_.min && at - connection.rested >= limits_.idle_timeout);
}

/// The longest idle ones stand first.
void ConnectionPool::expire(TimePoint at) noexcept {
  for (std::size_t i = 0; i < idle_.size();) {
    if (!is_expired(*idle_[i], at)) {
      ++i;
      continue;
    }
    idle_.erase(idle_.begin() + static_cast<std::ptrdiff_t>(i));
    count(shown_.recycled);
  }
}

void ConnectionPool::sweep() noexcept {
  expire(now());
  const auto dead = [](const Held& each) { return !each->is_alive(); };
  count(shown_.recycled, std::erase_if(idle_, dead));
  publish();
}

void ConnectionPool::retire() noexcept {
  retired_ = true;
  idle_.clear();
  publish();
}

// --- opening connections

void ConnectionPool::connect_as_needed(std::size_t at_least) {
  if (retired_) at_least = 0;  // calls that were begun before still get theirs
  while (open() < limits_.max && (waiting_.size() > connecting_ || open() < at_least)) {
    ++connecting_;
    asio::co_spawn(executor_, connect(shared_from_this()), asio::detached);
  }
  publish();
}

asio::awaitable<void> ConnectionPool::connect(std::shared_ptr<ConnectionPool> /*keeps this*/) {
  std::exception_ptr why;
  try {
    Held made = co_await connect_to_any(saturating_add(now(), limits_.connect_timeout));
    connected(std::move(made));
  } catch (...) {
    why = std::current_exception();
  }
  if (why) connect_failed(why);
}

/// Each address gets its share of the time that is left, so that one that does not answer leaves time for the
/// next.
asio::awaitable<ConnectionPool::Held> ConnectionPool::connect_to_any(TimePoint until) {
  std::vector<Target> targets;
  try {
    targets = co_await where_.targets(executor_, until);
  } catch (const Error& failed) {
    throw DatabaseUnavailable(label(), failed.code(), failed.what());
  }
  std::string why;
  ServerReport report;
  std::size_t left = targets.size();
  for (const Target& target : targets) {
    const Duration share = saturating_sub(until, now()) / static_cast<Duration::rep>(left--);
    auto connection = std::make_unique<Connection>(executor_, options_, schema_);
    const TimeLimit limit(*connection, saturating_add(now(), share));
    std::string failed;
    try {
      co_await connection->open(target);
      connection->made = now();
      co_return connection;
    } catch (const Error& refusal) {
      failed = refusal.what();
      report = refusal.report();
    } catch (const boost::system::system_error& stopped) {
      const bool late = stopped.code() == asio::error::timed_out;
      failed = target.name + ": " + (late ? "no answer in time" : stopped.code().message());
    }
    why += (why.empty() ? "" : "; ") + failed;
  }
  throw DatabaseUnavailable(label(), Errc::unreachable, why, std::move(report));
}

void ConnectionPool::connected(Held connection) {
  --connecting_;
  count(shown_.opened);
  serve(std::move(connection));
}

/// The longest waiting call gets the failure.
void ConnectionPool::connect_failed(const std::exception_ptr& why) {
  --connecting_;
  count(shown_.failed);
  if (!waiting_.empty()) {
    Waiter& waiter = *waiting_.front();
    waiter.leave();
    waiter.failed = why;
    waiter.event.cancel();
  }
  serve_later();
}

// --- giving back

void ConnectionPool::give_back(Held connection) noexcept {
  --active_;
  ++connection->uses;
  if (connection->is_clean()) return put_back(std::move(connection));
  if (connection->is_open() && !retired_) return recover_later(std::move(connection));
  count(shown_.broken);
  connection.reset();
  serve_later();
}

void ConnectionPool::put_back(Held connection) noexcept {
  connection->rested = now();
  if (!is_used_up(*connection, connection->rested)) return serve(std::move(connection));
  count(shown_.recycled);
  connection.reset();
  serve_later();
}

/// Whatever its age: a new connection is used at least once.
void ConnectionPool::serve(Held connection) noexcept {
  connection->rested = now();
  if (!waiting_.empty()) return hand_over(std::move(connection), *waiting_.front());
  if (!retired_) idle_.push_back(std::move(connection));
  connection.reset();
  publish();
}

/// Beside the call, which has ended.
void ConnectionPool::recover_later(Held connection) noexcept {
  try {
    ++recovering_;
    asio::co_spawn(executor_, recover(shared_from_this(), std::move(connection)), asio::detached);
  } catch (...) {
    --recovering_;
  }
  publish();
}

asio::awaitable<void> ConnectionPool::recover(std::shared_ptr<ConnectionPool> /*keeps this*/,
                                              Held connection) {
  bool good = false;
  const bool was_active = connection->is_active();
  try {
    const TimeLimit limit(*connection, saturating_add(now(), limits_.cancel_timeout));
    good = co_await connection->recover(under_way_);
  } catch (const std::exception&) {
    good = false;  // closed, as it is then
  }
  --recovering_;
  if (good) {
    if (was_active) count(shown_.cancelled);
    put_back(std::move(connection));
    co_return;
  }
  count(shown_.broken);
  connection.reset();
  serve_later();
}

/// Not at once: a call that gives its connection back would run the next call on its own stack.
void ConnectionPool::serve_later() noexcept {
  publish();
  if (waiting_.empty() || serving_later_) return;
  serving_later_ = true;
  asio::post(executor_, [self = shared_from_this()] {
    self->serving_later_ = false;
    self->connect_as_needed(0);
  });
}

void ConnectionPool::hand_over(Held connection, Waiter& waiter) {
  waiter.leave();
  ++active_;
  if (connection->uses != 0) count(shown_.reused);
  waiter.given = std::move(connection);
  waiter.event.cancel();
  publish();
}

Error ConnectionPool::refused(Errc code, std::string_view why) {
  count(shown_.refused);
  return {code, label() + ": " + std::string(why)};
}

void ConnectionPool::publish() noexcept {
  constexpr auto relaxed = std::memory_order_relaxed;
  shown_.active.store(active_, relaxed);
  shown_.idle.store(idle_.size(), relaxed);
  shown_.connecting.store(connecting_, relaxed);
  shown_.recovering.store(recovering_, relaxed);
  shown_.waiting.store(waiting_.size(), relaxed);
}

PoolFigures ConnectionPool::figures() const {
  constexpr auto relaxed = std::memory_order_relaxed;
  PoolFigures figures;
  figures.database = label();
  figures.active = shown_.active.load(relaxed);
  figures.idle = shown_.idle.load(relaxed);
  figures.connecting = shown_.connecting.load(relaxed);
  figures.recovering = shown_.recovering.load(relaxed);
  figures.waiting = shown_.waiting.load(relaxed);
  figures.opened = shown_.opened.load(relaxed);
  figures.reused = shown_.reused.load(relaxed);
  figures.failed = shown_.failed.load(relaxed);
  figures.recycled = shown_.recycled.load(relaxed);
  figures.broken = shown_.broken.load(relaxed);
  figures.cancelled = shown_.cancelled.load(relaxed);
  figures.refused = shown_.refused.load(relaxed);
  return figures;
}

}  // namespace switchgear::postgres
