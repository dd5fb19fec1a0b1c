// The chunked transfer coding, read strictly and in place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "switchgear/http/head_validator.hpp"

namespace switchgear::http {

/// Decodes RFC 9112, 7.1. Stricter than Beast: every line ends in CR LF, sizes are at most 15 hex digits,
/// extensions are bounded and dropped (a proxy that forwards them forwards unchecked bytes), trailers go
/// through HeadValidator.
///
/// Decoding is in place: payload is moved to the front of the bytes given, so what is behind a proxy sees is
/// framing made anew, never the client's. Threads: one. Never allocates.
class ChunkedDecoder {
 public:
  enum class State : std::uint8_t { more, done, broken };
  struct Step {
    std::size_t payload = 0;   ///< bytes of content, now at the front of `bytes`
    std::size_t consumed = 0;  ///< bytes of `bytes` that were read; what follows them is not looked at yet
    State state = State::more;
  };

  static constexpr std::size_t max_line = 256;                           ///< a size line with its extensions
  static constexpr std::size_t max_extensions = std::size_t{16} * 1024;  ///< of a whole body
  static constexpr std::size_t max_trailers = std::size_t{8} * 1024;

  /// `done`: the body, trailers included, ended after `consumed` bytes. The trailers' lines stay where they
  /// are until then: while state is `more`, unconsumed bytes must be presented again, with more behind them.
  [[nodiscard]] Step decode(char* bytes, std::size_t size) noexcept;

  /// After `done`: the trailer block, empty line included, relative to the `bytes` of the last decode().
  [[nodiscard]] std::size_t trailers_at() const noexcept { return trailers_at_; }
  [[nodiscard]] const Head& trailers() const noexcept { return trailers_.head(); }

 private:
  enum class Part : std::uint8_t { size_line, data, data_end, trailers, over };

  /// The length of the size line with its CR LF; 0 when more is needed or the coding is broken.
  [[nodiscard]] std::size_t take_size_line(std::string_view bytes) noexcept;

  std::uint64_t left_ = 0;  ///< of the current chunk's data
  std::size_t extensions_ = 0;
  std::size_t trailers_at_ = 0;
  HeadValidator trailers_{HeadKind::trailers, HeadLimits{max_trailers, 64, 0}};
  Part part_ = Part::size_line;
  bool broken_ = false;
};

}  // namespace switchgear::http
