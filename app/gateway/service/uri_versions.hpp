// A request that changes something at a URI invalidates what is stored for it (RFC 9111, 4.4): here is kept
// how often that has happened.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace switchgear::gateway {

/// A version for each URI, which becomes a part of the key of an answer: after a change nothing that was
/// stored, or is under way, is found any more, in any encoding, and new requests make a call of their own.
/// URIs share a fixed number of places by their hash, so that it neither grows nor locks; a URI that shares
/// one is requested from the service once more than needed. Answers of earlier versions are not found, so
/// they leave first.
///
/// Threads: any.
class UriVersions {
 public:
  UriVersions() : versions_(std::make_unique<std::atomic<std::uint64_t>[]>(places)) {}

  /// Where the version of `target` (a path with its query) is kept. The same for all spellings of a path.
  [[nodiscard]] static std::size_t place_of(std::string_view target);

  [[nodiscard]] std::uint64_t at(std::size_t place) const noexcept {
    return versions_[place].load(std::memory_order_acquire);
  }
  void advance(std::size_t place) noexcept { versions_[place].fetch_add(1, std::memory_order_acq_rel); }

 private:
  static constexpr std::size_t places = 8192;  // 64 KiB
  std::unique_ptr<std::atomic<std::uint64_t>[]> versions_;
};

}  // namespace switchgear::gateway
