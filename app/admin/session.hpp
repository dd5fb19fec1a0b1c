// One connection to the admin server: reads requests, writes answers, or becomes a stream of events.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/intrusive/list.hpp>
#include <cstdint>

#include "app/admin/api.hpp"
#include "app/admin/event_stream.hpp"

namespace switchgear::admin {

/// A connection that may be closed to make room for another one: any but an event stream's.
struct ClosableConnection
    : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
  explicit ClosableConnection(boost::asio::ip::tcp::socket& of) : socket(of) {}
  boost::asio::ip::tcp::socket& socket;
};

/// What all sessions share. Lives as long as the server; touched on the admin thread only.
struct SessionContext {
  const AdminLimits& limits;
  Api& api;
  EventStream& events;
  std::size_t connections = 0;
  /// The one that has waited longest for its client comes first: half a request, an idle connection, an
  /// answer that is not taken.
  boost::intrusive::list<ClosableConnection, boost::intrusive::constant_time_size<false>> closable = {};
  std::uint64_t closed_for_others = 0;
  std::uint64_t requests = 0;
};

/// Ends the connection that has waited longest for its client. False when there is none to end.
[[nodiscard]] bool close_longest_waiting(SessionContext& context);

/// Runs until the connection ends. Every wait in it has a timeout.
[[nodiscard]] boost::asio::awaitable<void> serve_connection(boost::asio::ip::tcp::socket socket,
                                                            SessionContext& context);

}  // namespace switchgear::admin
