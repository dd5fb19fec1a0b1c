// A stand-in for an agent that judges the risk of an order, over A2A 1.0 (JSON-RPC): orders of more than a
// hundred pieces are a high risk.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace switchgear::shop {

/// For a StandInServer: one connection, until it ends.
[[nodiscard]] boost::asio::awaitable<void> serve_risk(boost::asio::ip::tcp::socket socket);

}  // namespace switchgear::shop
