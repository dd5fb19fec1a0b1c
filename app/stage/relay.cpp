#include "app/stage/relay.hpp"

#include <fcntl.h>

#include <array>
#include <boost/asio/write.hpp>
#include <utility>

namespace switchgear::stage {
namespace {

constexpr std::size_t piece = 16 * 1024;

}  // namespace

void Relay::Pair::close() {
  boost::system::error_code ignored;
  client.close(ignored);
  server.close(ignored);
}

Relay::Relay(asio::io_context& io, std::uint16_t port, tcp::endpoint server)
    : io_(io), server_(std::move(server)), acceptor_(io) {
  reserve(port);
  port_ = acceptor_.local_endpoint().port();
}

void Relay::reserve(std::uint16_t port) {
  acceptor_.open(tcp::v4());
  ::fcntl(acceptor_.native_handle(), F_SETFD, FD_CLOEXEC);
  acceptor_.set_option(tcp::acceptor::reuse_address(true));
  acceptor_.bind({asio::ip::address_v4::loopback(), port});
}

void Relay::listen() {
  acceptor_.listen();
  ++listening_;
  asio::co_spawn(io_, accept(listening_), asio::detached);
}

void Relay::refuse(bool refused) {
  if (std::exchange(refused_, refused) == refused) return;
  if (!refused) return listen();
  acceptor_.close();
  reserve(port_);
  close_all();
}

void Relay::hang(bool hangs) {
  // What was held back cannot be passed on in order any more.
  if (std::exchange(hangs_, hangs) && !hangs) close_all();
}

void Relay::close_all() {
  for (const Held& pair : open_) pair->close();
}

asio::awaitable<void> Relay::accept(std::uint64_t listening) {
  while (listening == listening_) {
    boost::system::error_code error;
    const auto pair = std::make_shared<Pair>(io_);
    co_await acceptor_.async_accept(pair->client, asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
    ++connections_;
    asio::co_spawn(io_, join(pair), asio::detached);
  }
}

asio::awaitable<void> Relay::join(Held pair) {
  open_.insert(pair);
  boost::system::error_code error;
  co_await pair->server.async_connect(server_, asio::redirect_error(asio::use_awaitable, error));
  if (error) {
    pair->close();
    open_.erase(pair);
    co_return;
  }
  asio::co_spawn(io_, pass(pair, pair->server, pair->client), asio::detached);
  co_await pass(pair, pair->client, pair->server);
  open_.erase(pair);
}

/// The end of either direction ends the connection.
asio::awaitable<void> Relay::pass(Held pair, tcp::socket& from, tcp::socket& to) {
  std::array<char, piece> bytes;
  for (;;) {
    boost::system::error_code error;
    const auto into = asio::buffer(bytes);
    const std::size_t got =
        co_await from.async_read_some(into, asio::redirect_error(asio::use_awaitable, error));
    if (error) break;
    if (hangs_) continue;
    const auto out = asio::buffer(bytes.data(), got);
    co_await asio::async_write(to, out, asio::redirect_error(asio::use_awaitable, error));
    if (error) break;
  }
  pair->close();
}

}  // namespace switchgear::stage
