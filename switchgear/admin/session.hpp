// One connection to the admin server: reads requests, writes answers, or becomes a stream of events.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "switchgear/admin/api.hpp"
#include "switchgear/admin/event_stream.hpp"
#include "switchgear/tls/context.hpp"
#include "switchgear/tls/handshake_counts.hpp"

namespace switchgear::admin {

/// A connection that may be closed to make room for another one: any but an event stream's.
struct ClosableConnection
    : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
  explicit ClosableConnection(boost::asio::ip::tcp::socket& of) : socket(of) {}
  boost::asio::ip::tcp::socket& socket;
};

/// Any connection, so that all can be closed at the end.
struct OpenConnection
    : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
  explicit OpenConnection(boost::asio::ip::tcp::socket& of) : socket(of) {}
  boost::asio::ip::tcp::socket& socket;
};

/// What all sessions share. Lives as long as any of them; touched on the server's strand only, but for
/// end() and unless_ended().
struct SessionContext {
  SessionContext(const ServerLimits& of_server, Api& of_program, EventStream& of_events)
      : limits(of_server), api(of_program), events(of_events) {}

  template <class Hook>
  using Connections = boost::intrusive::list<Hook, boost::intrusive::constant_time_size<false>>;

  const ServerLimits& limits;
  Api& api;  ///< it and `events` use what is borrowed: only within unless_ended()
  EventStream& events;
  std::size_t connections = 0;
  /// The one that has waited longest for its client comes first: half a request, an idle connection, an
  /// answer that is not taken.
  Connections<ClosableConnection> closable = {};
  Connections<OpenConnection> open = {};
  std::uint64_t closed_for_others = 0;
  std::uint64_t requests = 0;
  std::optional<tls::ServerContext> tls = {};  ///< of further connections; empty: plain text
  tls::HandshakeCounts handshakes = {};

  /// False, and nothing is done, when the server has ended: what it borrowed may be gone. While `use` runs,
  /// end() waits.
  template <class Use>
  bool unless_ended(Use use) {
    const std::lock_guard lock{mutex_};
    if (ended_) return false;
    use();
    return true;
  }
  [[nodiscard]] bool ended() {
    return !unless_ended([] {});
  }
  /// False when it had ended before.
  bool end() {
    const std::lock_guard lock{mutex_};
    return !std::exchange(ended_, true);
  }

 private:
  std::mutex mutex_;
  bool ended_ = false;
};

/// Ends the connection that has waited longest for its client. False when there is none to end.
[[nodiscard]] bool close_longest_waiting(SessionContext& context);

/// Ends every connection.
void close_all(SessionContext& context);

/// Runs until the connection ends. Every wait in it has a timeout.
[[nodiscard]] boost::asio::awaitable<void> serve_connection(boost::asio::ip::tcp::socket socket,
                                                            std::shared_ptr<SessionContext> context);

}  // namespace switchgear::admin
