// One request and its answer on one connection of the client.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "switchgear/http/body_reader.hpp"
#include "switchgear/http/client/client_pool.hpp"
#include "switchgear/http/client/wire.hpp"
#include "switchgear/http/crossing.hpp"
#include "switchgear/http/error.hpp"
#include "switchgear/http/response.hpp"

namespace switchgear::http {

/// Reads strictly: heads through HeadValidator, bodies through BodyReader. Gives the connection back when
/// both messages are complete and the server is willing. Threads: those of the connection's executor. `wire`
/// outlives it.
class RoundTrip {
 public:
  RoundTrip(ClientLease lease, const Wire& wire) : lease_(std::move(lease)), wire_(wire) {}

  /// Once. Throws Error, and boost::system::system_error (operation_aborted) when cancelled.
  [[nodiscard]] boost::asio::awaitable<Response> run();

  /// The same in pieces: the head alone, once, and then the body as it comes, as it is coded, without a bound
  /// on its length. False: it has come to its end, now or before.
  [[nodiscard]] boost::asio::awaitable<Response> begin();
  [[nodiscard]] boost::asio::awaitable<bool> read_piece(std::string& into);
  /// After the end: does nothing.
  void close() noexcept {
    if (!ended_) lease_.transport().close();
  }

  /// The connection was kept idle, and ended before a byte of the answer came: it may have been closed as it
  /// was taken (RFC 9112, 9.3.1), which says nothing about the server. Once run() has thrown Errc::closed.
  [[nodiscard]] bool was_stale() const noexcept { return kept_ && !touched_; }
  /// The same, called as soon as run() or begin() has thrown. False: the server had the request.
  [[nodiscard]] bool ended_at_once() const noexcept {
    return std::chrono::steady_clock::now() - began_ < longest_crossing;
  }

 private:
  enum class Read : std::uint8_t { bytes, end, broken };

  [[nodiscard]] boost::asio::awaitable<void> send();
  [[nodiscard]] boost::asio::awaitable<bool> read_head(Response& response);
  [[nodiscard]] boost::asio::awaitable<void> read_body(Response& response);
  /// More bytes into the buffer. True: nothing follows what is there.
  [[nodiscard]] boost::asio::awaitable<bool> receive_body();
  void finish() noexcept;
  [[nodiscard]] boost::asio::awaitable<Read> receive();
  [[noreturn]] void fail(Errc code, std::string_view why) const;

  ClientLease lease_;
  const Wire& wire_;
  BodyReader body_;
  bool kept_ = lease_.kept();
  TimePoint began_{};
  bool touched_ = false;
  bool sent_all_ = false;
  bool persistent_ = false;
  bool ended_ = false;   ///< both messages are complete; the connection may have been given back
  unsigned status_ = 0;  ///< of the response whose content is being read
};

}  // namespace switchgear::http
