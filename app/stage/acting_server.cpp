#include "app/stage/acting_server.hpp"

#include <fcntl.h>

#include <utility>

namespace switchgear::stage {
namespace {

namespace bhttp = beast::http;

tcp::endpoint loopback(std::uint16_t port) { return {asio::ip::address_v4::loopback(), port}; }

}  // namespace

bhttp::response<bhttp::string_body> json_answer(unsigned status, unsigned version, bool keep_alive,
                                                const json::object& body) {
  bhttp::response<bhttp::string_body> response;
  response.version(version);
  response.result(status);
  response.set(bhttp::field::content_type, "application/json");
  response.keep_alive(keep_alive);
  response.body() = json::serialize(body);
  response.prepare_payload();
  return response;
}

ActingServer::ActingServer(asio::io_context& io, std::string name, std::uint16_t port, Act act)
    : io_(io),
      name_(std::move(name)),
      act_(std::move(act)),
      acceptor_(io),
      hanging_(io, asio::steady_timer::time_point::max()) {
  reserve(port);
  port_ = acceptor_.local_endpoint().port();
}

/// Takes the port without listening on it: connections are refused, and no other process can take the port.
void ActingServer::reserve(std::uint16_t port) {
  acceptor_.open(tcp::v4());
  // A child process that had the listener too would keep it listening while this server refuses.
  ::fcntl(acceptor_.native_handle(), F_SETFD, FD_CLOEXEC);
  acceptor_.set_option(tcp::acceptor::reuse_address(true));
  acceptor_.bind(loopback(port));
}

void ActingServer::listen() {
  acceptor_.listen();
  ++listening_;
  asio::co_spawn(io_, accept(listening_), asio::detached);
}

void ActingServer::refuse(bool refused) {
  if (std::exchange(refused_, refused) == refused) return;
  if (!refused) return listen();
  acceptor_.close();
  reserve(port_);
  for (const Socket& socket : open_) socket->close();
}

asio::awaitable<void> ActingServer::accept(std::uint64_t listening) {
  while (listening == listening_) {
    boost::system::error_code error;
    auto socket = std::make_shared<tcp::socket>(io_);
    co_await acceptor_.async_accept(*socket, asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
    asio::co_spawn(io_, work(socket), asio::detached);
  }
}

asio::awaitable<void> ActingServer::work(Socket socket) {
  open_.insert(socket);
  beast::flat_buffer buffer;
  bool keep = true;
  while (keep) {
    boost::system::error_code error;
    bhttp::request<bhttp::string_body> request;
    co_await bhttp::async_read(*socket, buffer, request, asio::redirect_error(asio::use_awaitable, error));
    if (error) break;
    const std::string_view target{request.target().data(), request.target().size()};
    const Reaction reaction = act_({calls_++, working_++, target});
    keep = co_await answer(*socket, reaction, request.version(), request.keep_alive());
    --working_;
  }
  open_.erase(socket);
}

/// False when the connection is done with.
asio::awaitable<bool> ActingServer::answer(tcp::socket& socket, Reaction reaction, unsigned version,
                                           bool keep_alive) {
  if (reaction.kind == Reaction::Kind::reset) {
    boost::system::error_code ignored;
    socket.set_option(asio::socket_base::linger(true, 0), ignored);
    socket.close(ignored);
    co_return false;
  }
  boost::system::error_code error;
  if (reaction.kind == Reaction::Kind::hang) {
    co_await hanging_.async_wait(asio::redirect_error(asio::use_awaitable, error));
    co_return false;
  }
  if (reaction.delay.count() > 0) {
    asio::steady_timer timer{io_, reaction.delay};
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
  }
  const json::object body{{"service", name_}, {"call", calls_}, {"ok", reaction.status < 400}};
  auto response = json_answer(reaction.status, version, keep_alive, body);
  co_await bhttp::async_write(socket, response, asio::redirect_error(asio::use_awaitable, error));
  co_return !error && response.keep_alive();
}

}  // namespace switchgear::stage
