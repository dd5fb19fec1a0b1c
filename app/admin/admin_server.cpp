#include "app/admin/admin_server.hpp"

#include <algorithm>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "app/admin/api.hpp"
#include "app/admin/event_stream.hpp"
#include "app/admin/session.hpp"
#include "switchgear/config/address.hpp"

namespace switchgear::admin {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

tcp::acceptor listen_on(asio::io_context& context, const config::Endpoint& endpoint) {
  try {
    tcp::resolver resolver{context};
    const auto found = resolver.resolve(endpoint.host, std::to_string(endpoint.port), tcp::resolver::passive);
    return tcp::acceptor{context, found.begin()->endpoint(), true};
  } catch (const boost::system::system_error& error) {
    throw std::system_error(error.code(), "cannot listen on " + config::text_of(endpoint));
  }
}

/// Tells the admin thread that there are new transitions. Kept alive by the fan-out, so it may outlive the
/// server: disconnect() makes it deaf.
class TransitionBell final : public EventSink {
 public:
  TransitionBell(asio::io_context& context, std::function<void()> ring)
      : context_(&context), ring_(std::move(ring)) {}

  void on_transition(const Transition& /*transition*/) override {
    if (ringing_.exchange(true)) return;  // one visit to the log fetches all that came meanwhile
    const std::lock_guard lock{mutex_};
    if (context_ == nullptr) return;
    try {
      asio::post(*context_, [this] {
        ringing_.store(false);
        ring_();
      });
    } catch (...) {  // no memory: the next transition rings again
      ringing_.store(false);
      throw;
    }
  }

  void disconnect() {
    const std::lock_guard lock{mutex_};
    context_ = nullptr;
  }

 private:
  std::atomic<bool> ringing_{false};
  std::mutex mutex_;
  asio::io_context* context_;
  std::function<void()> ring_;
};

}  // namespace

class AdminServer::Impl {
 public:
  Impl(const AdminOptions& options, const AdminSources& sources, AdminCallbacks callbacks)
      : limits_(options.limits),
        registry_(sources.registry),
        api_(options, sources, std::move(callbacks)),
        events_(api_, limits_),
        shared_{limits_, api_, events_},
        acceptor_(listen_on(context_, options.listen)),
        port_(acceptor_.local_endpoint().port()),
        bell_(std::make_shared<TransitionBell>(context_,
                                               [this] { events_.announce_transitions(api_.now()); })) {}

  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { stop(); }

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

  void start() {
    if (thread_.joinable()) return;
    asio::co_spawn(context_, accept(), asio::detached);
    asio::co_spawn(context_, tick_events(), asio::detached);
    registry_.events().subscribe(bell_);
    thread_ = std::thread{[this] { context_.run(); }};
  }

  void stop() {
    registry_.events().unsubscribe(bell_);
    bell_->disconnect();
    context_.stop();
    if (thread_.joinable()) thread_.join();
    error_code ignored;
    acceptor_.close(ignored);
  }

 private:
  asio::awaitable<void> accept() {
    asio::steady_timer pause{context_};
    error_code failed;
    auto token = asio::redirect_error(asio::use_awaitable, failed);
    while (acceptor_.is_open()) {
      tcp::socket socket{context_};
      co_await acceptor_.async_accept(socket, token);
      if (failed) {  // most likely out of file descriptors: another attempt at once would fail the same way
        pause.expires_after(std::chrono::milliseconds{100});
        co_await pause.async_wait(token);
        continue;
      }
      // A probe must get its answer whatever others hold; only event streams keep their places.
      if (shared_.connections >= limits_.connections && !close_longest_waiting(shared_)) continue;
      error_code ignored;
      socket.set_option(tcp::no_delay{true}, ignored);
      asio::co_spawn(context_, serve_connection(std::move(socket), shared_), asio::detached);
    }
  }

  asio::awaitable<void> tick_events() {
    asio::steady_timer timer{context_};
    while (true) {
      timer.expires_after(limits_.events_interval);
      co_await timer.async_wait(asio::use_awaitable);
      events_.tick(api_.now());
    }
  }

  // In this order, because the coroutines that die with `context_` refer to all that stands above it.
  AdminLimits limits_;
  BreakerRegistry& registry_;
  Api api_;
  EventStream events_;
  SessionContext shared_;
  asio::io_context context_{1};
  tcp::acceptor acceptor_;
  std::uint16_t port_;
  std::shared_ptr<TransitionBell> bell_;
  std::thread thread_;
};

AdminServer::AdminServer(const AdminOptions& options, const AdminSources& sources, AdminCallbacks callbacks)
    : impl_(std::make_unique<Impl>(options, sources, std::move(callbacks))) {}
AdminServer::~AdminServer() = default;
std::uint16_t AdminServer::port() const noexcept { return impl_->port(); }
void AdminServer::start() { impl_->start(); }
void AdminServer::stop() { impl_->stop(); }

}  // namespace switchgear::admin
