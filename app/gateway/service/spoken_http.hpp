// Which version of HTTP an instance speaks, as far as its answers say.
#pragma once

#include <atomic>
#include <cstdint>

namespace switchgear::gateway {

/// A server of HTTP/1.0 may not understand content in chunks, nor `Expect` (RFC 9112, 6.1; RFC 9110, 10.1.1).
/// Threads: any. Read by every call, written when it changes.
class SpokenHttp {
 public:
  enum class Version : std::uint8_t { unknown, http10, http11 };

  [[nodiscard]] Version latest() const noexcept { return latest_.load(std::memory_order_relaxed); }
  /// `version`: of an answer, times ten. An error in HTTP/1.0 may be that of a proxy in front of a service
  /// that speaks HTTP/1.1, and says nothing.
  void note(unsigned version, unsigned status) noexcept {
    if (version < 11 && status >= 400) return;
    const Version seen = version < 11 ? Version::http10 : Version::http11;
    if (latest() != seen) latest_.store(seen, std::memory_order_relaxed);
  }

 private:
  std::atomic<Version> latest_{Version::unknown};
};

}  // namespace switchgear::gateway
