// Decodes the content coding gzip as it arrives, into a bounded text.
#pragma once

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace switchgear::http {

/// RFC 1952: one or more members, each checked by its length and its checksum. A small body that would decode
/// to a huge one stops at the bound, and never takes more memory than that. Threads: one.
class Gunzip {
 public:
  enum class State : std::uint8_t { ok, broken, too_large };

  /// `out` never grows beyond `most` bytes.
  Gunzip(std::string& out, std::size_t most);
  Gunzip(const Gunzip&) = delete;
  Gunzip& operator=(const Gunzip&) = delete;
  ~Gunzip();

  /// After anything but ok: not called again.
  [[nodiscard]] State add(std::string_view coded);
  /// Whether the content ended where it may. An empty body is whole.
  [[nodiscard]] bool whole() const noexcept { return between_members_; }

 private:
  std::string& out_;
  std::size_t most_;
  z_stream zlib_{};
  bool between_members_ = true;
};

}  // namespace switchgear::http
