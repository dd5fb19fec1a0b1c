// A server on loopback that stands in for what is not installed.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <thread>

namespace switchgear::shop {

/// Gives each connection to `serve`, on a thread of its own. Threads: any.
class StandInServer {
 public:
  using Serve = boost::asio::awaitable<void> (*)(boost::asio::ip::tcp::socket);

  explicit StandInServer(Serve serve);
  StandInServer(const StandInServer&) = delete;
  StandInServer& operator=(const StandInServer&) = delete;
  ~StandInServer();

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

 private:
  [[nodiscard]] boost::asio::awaitable<void> accept();

  Serve serve_;
  boost::asio::io_context io_{1};
  boost::asio::ip::tcp::acceptor acceptor_;
  std::uint16_t port_;
  std::thread thread_;
};

}  // namespace switchgear::shop
