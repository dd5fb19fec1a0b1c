#include "app/gateway/listening/listener.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <system_error>
#include <utility>

#include "switchgear/config/address.hpp"
#include "switchgear/http/unix_socket.hpp"

namespace switchgear::gateway {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using http::Descriptor;

[[noreturn]] void fail(const config::Endpoint& at, std::error_code error) {
  throw std::system_error{error, "cannot listen on " + config::text_of(at)};
}
[[nodiscard]] std::error_code last_error() noexcept { return {errno, std::system_category()}; }

[[nodiscard]] tcp::endpoint resolve(const config::Endpoint& at) {
  boost::system::error_code error;
  const auto address = asio::ip::make_address(at.host, error);
  if (!error) return {address, at.port};
  asio::io_context context;
  tcp::resolver resolver{context};
  const auto found = resolver.resolve(at.host, std::to_string(at.port), error);
  if (error) fail(at, error);
  return *found.begin();
}

void set(const Descriptor& socket, int level, int option) noexcept {
  const int on = 1;
  ::setsockopt(socket.get(), level, option, &on, sizeof on);
}

enum class Port : std::uint8_t { alone, shared };

[[nodiscard]] Descriptor listen_on(const tcp::endpoint& endpoint, Port port, Listener::Family family) {
  const config::Endpoint at{endpoint.address().to_string(), endpoint.port()};
  Descriptor socket{::socket(endpoint.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!socket) fail(at, last_error());
  set(socket, SOL_SOCKET, SO_REUSEADDR);
  if (port == Port::shared) set(socket, SOL_SOCKET, SO_REUSEPORT);
  if (family == Listener::Family::ipv6 && endpoint.protocol() == tcp::v6())
    set(socket, IPPROTO_IPV6, IPV6_V6ONLY);
  if (::bind(socket.get(), endpoint.data(), static_cast<socklen_t>(endpoint.size())) != 0 ||
      ::listen(socket.get(), SOMAXCONN) != 0)
    fail(at, last_error());
  return socket;
}

[[nodiscard]] tcp::endpoint local_endpoint(const Descriptor& socket) noexcept {
  tcp::endpoint endpoint;
  auto size = static_cast<socklen_t>(endpoint.capacity());
  ::getsockname(socket.get(), endpoint.data(), &size);
  endpoint.resize(size);
  return endpoint;
}

[[nodiscard]] bool listens(const Descriptor& socket) noexcept {
  int yes = 0;
  socklen_t size = sizeof yes;
  return ::getsockopt(socket.get(), SOL_SOCKET, SO_ACCEPTCONN, &yes, &size) == 0 && yes != 0;
}

}  // namespace

Listener::Listener(const config::Listener& options, std::size_t threads, Family family)
    : options_(options), at_(options.at), file_(config::is_unix(at_) ? config::file_of(at_) : "") {
  config::is_unix(at_) ? bind_unix() : bind_tcp(threads, family);
}

Listener::Listener(const config::Listener& options, std::vector<Descriptor> handed)
    : options_(options),
      at_(options.at),
      file_(config::is_unix(at_) ? config::file_of(at_) : ""),
      sockets_(std::move(handed)) {
  if (sockets_.empty() || !std::ranges::all_of(sockets_, listens))
    fail(at_, std::make_error_code(std::errc::not_a_socket));
  if (!config::is_unix(at_)) at_.port = local_endpoint(sockets_.front()).port();
}

Listener::~Listener() = default;

void Listener::bind_tcp(std::size_t threads, Family family) {
  tcp::endpoint endpoint = resolve(at_);
  const Port port = threads > 1 ? Port::shared : Port::alone;
  if (port == Port::shared) {
    // Sharing would also let a second gateway in, and each would get a part of the clients: so first, alone.
    endpoint = local_endpoint(listen_on(endpoint, Port::alone, family));
  }
  for (std::size_t i = 0; i < threads; ++i) {
    sockets_.push_back(listen_on(endpoint, port, family));
    endpoint = local_endpoint(sockets_.back());
  }
  at_.port = endpoint.port();
}

/// The mode is set before anyone can connect, which is when the socket listens.
void Listener::bind_unix() {
  const auto address = http::unix_address(at_.host);
  Descriptor socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!socket) fail(at_, last_error());
  const auto bind = [&] {
    return ::bind(socket.get(), address.data(), static_cast<socklen_t>(address.size())) == 0;
  };
  if (!bind()) {
    const std::error_code error = last_error();
    if (!file_.remove_if_dead() || !bind()) fail(at_, error);
  }
  file_.own();
  if (!file_.set_mode(options_.mode) || ::listen(socket.get(), SOMAXCONN) != 0) fail(at_, last_error());
  sockets_.push_back(std::move(socket));
}

std::vector<Descriptor> Listener::share_of(std::size_t index, std::size_t threads) const {
  std::vector<Descriptor> share;
  for (std::size_t i = index; i < std::max(threads, sockets_.size()); i += threads) {
    share.push_back(sockets_[i % sockets_.size()].share());
    if (!share.back()) fail(at_, last_error());
  }
  return share;
}

void Listener::set_mode(unsigned mode) noexcept {
  if (std::exchange(options_.mode, mode) != mode) (void)file_.set_mode(mode);
}

OpenedListeners listeners_for(const std::vector<config::Listener>& wanted, const Listeners& known,
                              HandedSockets handed, std::size_t threads) {
  const auto asked_for = [](const auto& listener) { return listener->asked_for(); };
  const auto opened = [&](const config::Listener& one) {
    if (auto given = handed.extract(config::text_of(one.at)))
      return std::make_shared<Listener>(one, std::move(given.mapped()));
    const config::Endpoint every_ipv4{"0.0.0.0", one.at.port};
    const bool alone = std::ranges::find(wanted, every_ipv4, &config::Listener::at) == wanted.end();
    return std::make_shared<Listener>(one, threads, alone ? Listener::Family::both : Listener::Family::ipv6);
  };
  OpenedListeners listeners;
  for (const config::Listener& each : wanted) {
    if (const auto before = std::ranges::find(known, each.at, asked_for); before != known.end()) {
      listeners.all.push_back(*before);
      continue;
    }
    listeners.all.push_back(opened(each));
    OpenedListeners::Opened& fresh = listeners.opened.emplace_back();
    fresh.listener = listeners.all.back();
    for (std::size_t i = 0; i < threads; ++i) fresh.parts.push_back(fresh.listener->share_of(i, threads));
  }
  return listeners;
}

std::string url_of(const Listener& listener, config::Encryption encryption) {
  const config::Endpoint shown{listener.asked_for().host, listener.at().port};
  if (config::is_unix(shown)) return config::text_of(shown);
  return (encryption == config::Encryption::tls ? "https://" : "http://") + config::text_of(shown);
}

}  // namespace switchgear::gateway
