// Asks the server to cancel what a connection is doing.
#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <memory>
#include <optional>

struct pg_conn;

namespace switchgear::postgres {

/// How many cancellations of a pool are under way. Threads: any.
using Cancelling = std::atomic<unsigned>;

/// Begins to cancel, and returns what becomes readable when the server has passed it on; nothing if too many
/// are under way or the system refuses.
///
/// libpq 15 sends a cancellation on a connection of its own and blocks meanwhile, so each has a thread for
/// that time, which never touches the executor: it closes one end of a pipe.
[[nodiscard]] std::optional<boost::asio::posix::stream_descriptor> cancel_at_server(
    const boost::asio::any_io_executor& executor, pg_conn* connection,
    const std::shared_ptr<Cancelling>& under_way);

}  // namespace switchgear::postgres
