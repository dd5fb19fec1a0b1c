// One request and its response on one upstream connection: the client's side of HTTP/1.1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "switchgear/http/body_reader.hpp"
#include "switchgear/http/connection_pool.hpp"
#include "switchgear/http/head_validator.hpp"
#include "switchgear/http/outbox.hpp"

namespace switchgear::http {

/// Reads a response as it comes; sends a request as it is given. Decides nothing: not whether to try again,
/// not what it means.
///
///     exchange.begin(std::move(lease), Method::other);
///     exchange.request().put(head);  exchange.request().send(exchange.stream(), content);
///     while (exchange.read_head() == Exchange::Read::head) …     // interim heads first, the final one last
///
/// Threads: the loop's. Never allocates, except for a head larger than the connection's idle memory, and for
/// a body that is held.
class Exchange {
 public:
  enum class Read : std::uint8_t {
    wait,       ///< watch the stream
    head,       ///< head() is set; it may be interim (1xx)
    closed,     ///< the connection ended before the head was whole
    malformed,  ///< the head is not to be trusted: head_error()
  };

  explicit Exchange(const HeadLimits& limits) noexcept
      : limits_(limits), validator_(HeadKind::response, limits) {}

  void begin(Lease lease, bool to_head) noexcept;
  [[nodiscard]] bool active() const noexcept { return static_cast<bool>(lease_); }
  [[nodiscard]] Stream& stream() const noexcept { return lease_.stream(); }
  [[nodiscard]] bool reused() const noexcept { return lease_.reused(); }
  /// No byte of a response has come: together with reused(), the sign of a connection that was already dead
  /// when taken.
  [[nodiscard]] bool untouched() const noexcept { return !touched_; }

  [[nodiscard]] Outbox& request() noexcept { return request_; }

  /// Once it says `head`, the bytes stay in the buffer until accept_head().
  [[nodiscard]] Read read_head();
  [[nodiscard]] const Head& head() const noexcept { return validator_.head(); }
  enum class Ahead : std::uint8_t {
    sound,      ///< as far as it has come
    malformed,  ///< its chunks are
    cut_short,  ///< the connection has ended within it
  };
  /// Of a final head(): looks at the body, as far as it has come and fits behind the head. Views into the
  /// head stay good. Once, before accept_head().
  [[nodiscard]] Ahead look_ahead() noexcept;
  /// After look_ahead().
  [[nodiscard]] BodyReader::Framing framing_ahead() const noexcept { return body_.framing(); }
  enum class Held : std::uint8_t {
    wait,      ///< more must come: watch the stream
    whole,     ///< held_content() is all of it
    too_long,  ///< longer than asked for
    ended,     ///< the connection has, within it, or its chunks are malformed; look_ahead() says how
  };
  /// Of a final head(): keeps it and the body behind it, until all of that is there; views into the head are
  /// made anew. Before look_ahead(). Copies what is in chunks. May be called again after `wait`.
  [[nodiscard]] Held hold_body(std::size_t most);
  [[nodiscard]] std::string_view held_content() noexcept;
  [[nodiscard]] HeadError head_error() const noexcept { return validator_.error(); }
  /// Takes the head away. An interim one makes room for the next; a final one starts body().
  void accept_head() noexcept;
  [[nodiscard]] BodyReader& body() noexcept { return body_; }
  /// One more read for the body. `ok`: body().next() may have more.
  [[nodiscard]] IoStatus read_more();

  /// The response is complete. `request_complete`: so is the request. Keeps the connection when everything is
  /// clean.
  void finish(bool request_complete) noexcept;
  void abandon() noexcept;

 private:
  /// What has come behind the head.
  [[nodiscard]] std::string_view behind_head() noexcept {
    return stream().buffer().view().substr(head().size);
  }
  /// The content of a body in chunks that is held, as far as it has come.
  struct Dechunked {
    [[nodiscard]] bool takes_all(std::string_view bytes);
    void forget() noexcept;

    ChunkedDecoder decoder;
    std::string text;      ///< content, and behind it what is not decoded yet
    std::size_t size = 0;  ///< of the content
    std::size_t seen = 0;  ///< of the bytes behind the head
    bool whole = false;
    bool broken = false;
  };

  /// Whether all of the body is behind the head; `ended`: nothing follows.
  [[nodiscard]] bool is_all_here(bool ended);

  HeadLimits limits_;
  Lease lease_;
  Outbox request_;
  HeadValidator validator_;
  BodyReader body_;
  Dechunked dechunked_;
  bool to_head_ = false;
  bool touched_ = false;
  bool looked_ahead_ = false;
  bool persistent_ = false;
  bool may_not_have_body_ = false;  ///< the response, whatever its head says
};

}  // namespace switchgear::http
