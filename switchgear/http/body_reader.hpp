// Where one message's body ends, and its content without the framing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "switchgear/http/chunked.hpp"
#include "switchgear/http/head.hpp"
#include "switchgear/http/read_buffer.hpp"

namespace switchgear::http {

/// A 204 ends with its head, whatever that says (RFC 9112, 6.3), and must not announce a body; a server that
/// does may send one, which would be taken for the next response. A 304 may tell the length of what it stands
/// for.
[[nodiscard]] inline bool announces_what_it_must_not_have(const Head& head) noexcept {
  return head.status == 204 && (head.chunked || head.content_length.value_or(0) != 0);
}

/// Works on the front of a ReadBuffer: next() finds content there, used() takes it away.
/// Threads: one. Never allocates.
class BodyReader {
 public:
  enum class Framing : std::uint8_t { none, length, chunked, until_end };
  enum class State : std::uint8_t {
    more,       ///< bytes must be received
    content,    ///< content() bytes wait at the front of the buffer
    done,       ///< nothing is left of the body
    truncated,  ///< the stream ended inside it
    broken,     ///< its chunks are malformed
  };

  /// RFC 9112, 6.3, for a validated request.
  void start_request(const Head& head) noexcept;
  /// The same for a response to `method`. A HEAD, 1xx, 204 and 304 have no body whatever the fields say.
  void start_response(const Head& head, bool to_head) noexcept;

  /// `ended`: nothing will follow what is in the buffer.
  [[nodiscard]] State next(ReadBuffer& buffer, bool ended) noexcept;
  /// The same of a body that begins `offset` bytes behind the buffer's front. Once, first; then that much is
  /// to be taken away before anything else, and next() goes on.
  [[nodiscard]] State look_ahead(ReadBuffer& buffer, std::size_t offset, bool ended) noexcept {
    return find(buffer.data() + offset, buffer.size() - offset, ended);
  }
  /// Before anything else: whether `bytes`, its beginning, are not all of it. May be wrong about chunks: it
  /// does not read them.
  [[nodiscard]] bool may_lack(std::string_view bytes) const noexcept;
  /// After look_ahead() has found content: it is not the last, and nothing follows.
  [[nodiscard]] bool is_cut_short(bool ended) const noexcept {
    return ended && framing_ != Framing::until_end && !is_last();
  }
  [[nodiscard]] std::size_t content() const noexcept { return content_; }
  /// `size` bytes of the content, at most content(), are dealt with.
  void used(ReadBuffer& buffer, std::size_t size) noexcept;
  /// The content at hand is the last of the body. Only with the `content` state.
  [[nodiscard]] bool is_last() const noexcept;
  /// The lines of the trailers, each with its CR LF; empty when there are none, or if the header's Connection
  /// names fields: a trailer may be one of them (RFC 9110, 7.6.1), and trailers may be dropped. Once
  /// is_last() or done, until finish().
  [[nodiscard]] std::string_view trailers(ReadBuffer& buffer) const noexcept;
  /// Takes away the framing behind the last content. Once, after done.
  void finish(ReadBuffer& buffer) noexcept;

  [[nodiscard]] Framing framing() const noexcept { return framing_; }
  [[nodiscard]] std::uint64_t total() const noexcept { return total_; }  ///< content seen so far
  /// Content known to be still to come, for a body with a length.
  [[nodiscard]] std::uint64_t left() const noexcept { return left_; }

 private:
  void begin(Framing framing, std::uint64_t length) noexcept;
  [[nodiscard]] State find(char* bytes, std::size_t size, bool ended) noexcept;
  void begin_chunked(const Head& head) noexcept;

  Framing framing_ = Framing::none;
  bool decoded_all_ = false;  ///< chunked: the end is in the buffer
  bool drops_trailers_ = false;
  std::uint64_t left_ = 0;
  std::uint64_t total_ = 0;
  std::size_t content_ = 0;
  std::size_t gap_ = 0;          ///< framing behind the content, already read
  std::size_t trailers_at_ = 0;  ///< from the buffer's front
  ChunkedDecoder chunks_;
};

}  // namespace switchgear::http
