// A stand-in for an agent that judges the risk of an order, over A2A 1.0 (JSON-RPC): orders of more than a
// hundred pieces are a high risk.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <thread>

namespace switchgear::shop {

/// Runs on a thread of its own. Threads: any.
class RiskStandIn {
 public:
  RiskStandIn();
  RiskStandIn(const RiskStandIn&) = delete;
  RiskStandIn& operator=(const RiskStandIn&) = delete;
  ~RiskStandIn();

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

 private:
  [[nodiscard]] boost::asio::awaitable<void> accept();
  [[nodiscard]] boost::asio::awaitable<void> serve(boost::asio::ip::tcp::socket socket);

  boost::asio::io_context io_{1};
  boost::asio::ip::tcp::acceptor acceptor_;
  std::uint16_t port_;
  std::thread thread_;
};

}  // namespace switchgear::shop
