// The answer to one request of the client, whose body is read as it comes.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>
#include <utility>

#include "switchgear/http/client/round_trip.hpp"
#include "switchgear/http/client/wire.hpp"
#include "switchgear/http/response.hpp"

namespace switchgear::http {

/// For answers that last, such as server-sent events. Dropped before its end, it closes its connection.
/// Threads: those of the client's executor, one operation at a time. Move-only.
class ResponseStream {
 public:
  /// Status and headers; its body stays empty.
  [[nodiscard]] const Response& head() const noexcept { return head_; }
  /// Appends what comes next, at least one byte. False: the body has come to its end, now or before. Throws
  /// Error when it is broken off, and boost::system::system_error (operation_aborted) when cancelled or
  /// closed.
  [[nodiscard]] boost::asio::awaitable<bool> read_some(std::string& into) { return trip_->read_piece(into); }
  /// A read that waits ends with operation_aborted. After the body's end: does nothing.
  void close() noexcept { trip_->close(); }

 private:
  friend class ClientCore;
  ResponseStream(std::unique_ptr<Wire> wire, std::unique_ptr<RoundTrip> trip, Response head)
      : wire_(std::move(wire)), trip_(std::move(trip)), head_(std::move(head)) {}

  std::unique_ptr<Wire> wire_;  ///< before the round trip, which borrows it
  std::unique_ptr<RoundTrip> trip_;
  Response head_;
};

}  // namespace switchgear::http
