// One message on its way out: head and framing made here, content borrowed from its receiver.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "switchgear/http/stream.hpp"

namespace switchgear::http {

enum class Coding : std::uint8_t { identity, chunked };

/// Copies no content but small pieces that make one packet with what stands before them, and keeps only the
/// framing that the socket did not take: back-pressure needs no buffer of its own. Threads: one.
class Outbox {
 public:
  struct Content {
    std::string_view bytes;
    bool last = false;               ///< nothing follows
    std::string_view trailers = {};  ///< with `last`: field lines, for a chunked message
  };

  void begin(Coding coding) noexcept {
    coding_ = coding;
    chunk_left_ = 0;
    ended_ = false;
  }

  /// Bytes that go out before anything else: a head, or an interim response. Kept until the next send().
  void put(std::string_view head) { pending_.append(head); }

  /// Sends what is pending, then content. `size` counts content only, and that much of it must not be offered
  /// again; the rest must be, before anything new. `ok`: all of it, and what is pending, is out.
  Stream::Sent send(Stream& stream, const Content& content);

  /// Everything is out, the end of the message included.
  [[nodiscard]] bool complete() const noexcept { return ended_ && pending_.empty(); }
  [[nodiscard]] bool idle() const noexcept { return pending_.empty(); }

  /// Forgets what is left and keeps no memory worth mentioning.
  void clear() noexcept;

 private:
  std::string pending_;
  std::size_t chunk_left_ = 0;  ///< content promised by the last chunk size sent
  Coding coding_ = Coding::identity;
  bool ended_ = true;
};

}  // namespace switchgear::http
