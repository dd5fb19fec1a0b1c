#include "switchgear/admin/server.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "switchgear/admin/api.hpp"
#include "switchgear/admin/event_stream.hpp"
#include "switchgear/admin/session.hpp"
#include "switchgear/observe/event_queue.hpp"
#include "switchgear/observe/transition_log.hpp"
#include "switchgear/registry/breaker_registry.hpp"

namespace switchgear::admin {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

using Strand = asio::strand<asio::any_io_executor>;

tcp::acceptor adopted(const Strand& strand, int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  return tcp::acceptor{strand, address.ss_family == AF_INET6 ? tcp::v6() : tcp::v4(), socket};
}

tcp::acceptor listen_on(const Strand& strand, const ServerOptions& options) {
  const std::string& host = options.host;
  const std::uint16_t port = options.port;
  try {
    if (options.listening_socket >= 0) return adopted(strand, options.listening_socket);
    tcp::resolver resolver{strand};
    const auto found = resolver.resolve(host, std::to_string(port), tcp::resolver::passive);
    return tcp::acceptor{strand, found.begin()->endpoint(), true};
  } catch (const boost::system::system_error& error) {
    const bool bracketed = host.find(':') != std::string::npos;
    throw std::system_error(error.code(), "cannot listen on " + (bracketed ? "[" + host + "]" : host) + ":" +
                                              std::to_string(port));
  }
}

}  // namespace

/// What the coroutines share, and keep alive until the last of them has ended.
class Server::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(const asio::any_io_executor& executor, BreakerRegistry& registry, const ServerOptions& options,
       Program program)
      : limits_(options.limits),
        registry_(registry),
        strand_(executor),
        acceptor_(listen_on(strand_, options)),
        port_(acceptor_.local_endpoint().port()),
        program_(listening(std::move(program))),
        api_(options, registry, program_),
        events_(api_, limits_),
        shared_{limits_, api_, events_} {
    shared_.tls = options.tls;
  }

  /// To be called once, after the constructor: a call's thread may wake the core at once, which needs
  /// weak_from_this(). Within unless_ended(), so that the executor does not read what is being opened.
  void listen() {
    shared_.unless_ended([&] { events_.listen(program_.events, [this] { wake(); }); });
  }

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

  void start() {
    if (std::exchange(started_, true)) return;
    asio::co_spawn(strand_, accept(shared_from_this()), asio::detached);
    asio::co_spawn(strand_, tick_events(shared_from_this()), asio::detached);
  }

  [[nodiscard]] int listening_socket() noexcept { return acceptor_.native_handle(); }

  void use_tls(std::optional<tls::ServerContext> tls) {
    asio::post(strand_, [self = shared_from_this(), next = std::move(tls)] {
      if (self->shared_.tls != next) self->shared_.tls = next;  // equal ones keep the sessions
    });
  }

  void stop_listening() {
    asio::post(strand_, [self = shared_from_this()] {
      error_code failed;
      // close() leaves it to the kernel to forget the socket, which that does not while another process has
      // it.
      const int socket = self->acceptor_.release(failed);
      if (!failed) ::close(socket);
    });
  }

  void stop() {
    if (!shared_.end()) return;
    events_.stop_listening();  // from here on nothing posts to a context that may end before this does
    for (const auto& sink : own_sinks_) registry_.events().unsubscribe(sink);
    asio::post(strand_, [self = shared_from_this()] {
      error_code ignored;
      self->acceptor_.close(ignored);
      self->pause_.cancel();
      self->tick_.cancel();
      close_all(self->shared_);
    });
  }

 private:
  /// The same program, with a log of transitions and a queue of events where it has none.
  Program listening(Program program) {
    if (!program.transitions) own_sinks_.push_back(program.transitions = std::make_shared<TransitionLog>());
    if (!program.events) own_sinks_.push_back(program.events = std::make_shared<EventQueue>());
    for (const auto& sink : own_sinks_) registry_.events().subscribe(sink);
    return program;
  }

  /// On the thread of a call.
  void wake() {
    asio::post(strand_, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) {
        self->shared_.unless_ended([&] { self->events_.announce_transitions(self->api_.now()); });
      }
    });
  }

  static asio::awaitable<void> accept(std::shared_ptr<Core> self) {
    error_code failed;
    auto token = asio::redirect_error(asio::use_awaitable, failed);
    while (self->acceptor_.is_open()) {
      tcp::socket socket{self->strand_};
      co_await self->acceptor_.async_accept(socket, token);
      if (self->shared_.ended()) co_return;
      if (failed) {  // most likely out of file descriptors: another attempt at once would fail the same way
        self->pause_.expires_after(std::chrono::milliseconds{100});
        co_await self->pause_.async_wait(token);
        continue;
      }
      // A probe must get its answer whatever others hold; only event streams keep their places.
      if (self->shared_.connections >= self->limits_.connections && !close_longest_waiting(self->shared_)) {
        continue;
      }
      error_code ignored;
      socket.set_option(tcp::no_delay{true}, ignored);
      const std::shared_ptr<SessionContext> context{self, &self->shared_};
      asio::co_spawn(self->strand_, serve_connection(std::move(socket), context), asio::detached);
    }
  }

  static asio::awaitable<void> tick_events(std::shared_ptr<Core> self) {
    error_code failed;
    auto token = asio::redirect_error(asio::use_awaitable, failed);
    while (self->shared_.unless_ended([&] { self->events_.tick(self->api_.now()); })) {
      self->tick_.expires_after(self->limits_.events_interval);
      co_await self->tick_.async_wait(token);
    }
  }

  const ServerLimits limits_;
  BreakerRegistry& registry_;
  std::vector<std::shared_ptr<EventSink>> own_sinks_;
  const Strand strand_;
  tcp::acceptor acceptor_;
  const std::uint16_t port_;
  asio::steady_timer pause_{strand_};
  asio::steady_timer tick_{strand_};
  const Program program_;
  Api api_;
  EventStream events_;
  SessionContext shared_;
  bool started_ = false;
};

struct Server::OwnThread {
  asio::io_context context{1};
  std::thread thread;

  void run() {
    if (!thread.joinable()) thread = std::thread{[this] { context.run(); }};
  }

  /// Also runs what closes the connections.
  void end() {
    context.stop();
    if (thread.joinable()) thread.join();
    context.restart();
    context.poll();
  }
};

Server::Server(const asio::any_io_executor& executor, BreakerRegistry& registry, const ServerOptions& options,
               Program program)
    : core_(std::make_shared<Core>(executor, registry, options, std::move(program))) {
  core_->listen();
}

Server::Server(BreakerRegistry& registry, const ServerOptions& options, Program program)
    : own_(std::make_unique<OwnThread>()),
      core_(std::make_shared<Core>(own_->context.get_executor(), registry, options, std::move(program))) {
  core_->listen();
}

Server::~Server() { stop(); }

std::uint16_t Server::port() const noexcept { return core_->port(); }

int Server::listening_socket() const noexcept { return core_->listening_socket(); }
void Server::stop_listening() { core_->stop_listening(); }
void Server::use_tls(std::optional<tls::ServerContext> tls) { core_->use_tls(std::move(tls)); }

void Server::start() {
  core_->start();
  if (own_) own_->run();
}

void Server::stop() {
  core_->stop();
  if (own_) own_->end();
}

}  // namespace switchgear::admin
