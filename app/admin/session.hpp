// One connection to the admin server: reads requests, writes answers, or becomes a stream of events.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>

#include "app/admin/api.hpp"
#include "app/admin/event_stream.hpp"

namespace switchgear::admin {

/// What all sessions share. Lives as long as the server; touched on the admin thread only.
struct SessionContext {
  const AdminLimits& limits;
  Api& api;
  EventStream& events;
  std::size_t connections = 0;
  std::uint64_t requests = 0;
};

/// Runs until the connection ends. Every wait in it has a timeout.
[[nodiscard]] boost::asio::awaitable<void> serve_connection(boost::asio::ip::tcp::socket socket,
                                                            SessionContext& context);

}  // namespace switchgear::admin
