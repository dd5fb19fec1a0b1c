// One stream of server-sent events over one connection.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "switchgear/a2a/sse_reader.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/http/client/response_stream.hpp"

namespace switchgear::a2a {

/// Threads: those of the executor. Dropped: the connection is closed.
class SseConnection {
 public:
  SseConnection(const boost::asio::any_io_executor& executor, http::ResponseStream stream,
                std::size_t max_event)
      : executor_(executor), stream_(std::move(stream)), reader_(max_event) {}

  /// The data of the next event; empty: the stream has come to its end in good order. Throws http::Error when
  /// it broke, Error (Errc::stream_idle) if nothing came for `idle`, not even a comment, or
  /// (Errc::event_too_large).
  [[nodiscard]] boost::asio::awaitable<std::optional<std::string>> next(Duration idle);

 private:
  boost::asio::any_io_executor executor_;
  http::ResponseStream stream_;
  SseReader reader_;
};

}  // namespace switchgear::a2a
