#include "app/shop/stand_in_server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace switchgear::shop {

namespace asio = boost::asio;
using asio::ip::tcp;

StandInServer::StandInServer(Serve serve)
    : serve_(serve),
      acceptor_(io_, {asio::ip::address_v4::loopback(), 0}),
      port_(acceptor_.local_endpoint().port()) {
  asio::co_spawn(io_, accept(), asio::detached);
  thread_ = std::thread([this] { io_.run(); });
}

StandInServer::~StandInServer() {
  io_.stop();
  thread_.join();
}

asio::awaitable<void> StandInServer::accept() {
  for (;;) {
    boost::system::error_code error;
    tcp::socket socket{io_};
    co_await acceptor_.async_accept(socket, asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
    asio::co_spawn(io_, serve_(std::move(socket)), asio::detached);
  }
}

}  // namespace switchgear::shop
