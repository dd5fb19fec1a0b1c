// How long a card may be used as it is (RFC 9111), and how long in place of one that cannot be had (RFC
// 5861).
#pragma once

#include <chrono>
#include <string>

#include "switchgear/core/time.hpp"
#include "switchgear/http/headers.hpp"

namespace switchgear::a2a {

/// For a card whose answer does not say. A client's memory is a private cache: `s-maxage` is not for it.
struct CardCacheOptions {
  Duration default_fresh = std::chrono::minutes{5};
  /// How long a card that is not fresh is used when the agent does not give another. The answer's own
  /// `stale-if-error` or `must-revalidate` counts more.
  Duration max_stale = std::chrono::hours{24};
  /// How soon a card is asked for again after that has failed; until then the old one is used.
  Duration retry_after = std::chrono::seconds{5};

  friend bool operator==(const CardCacheOptions&, const CardCacheOptions&) = default;
};

struct CardFreshness {
  bool may_be_stored = true;  ///< false: good for the call that asked for it, and no other
  TimePoint fresh_until{};
  TimePoint usable_until{};     ///< in place of one that cannot be had
  std::string etag{};           ///< for If-None-Match; empty: none
  std::string last_modified{};  ///< for If-Modified-Since

  [[nodiscard]] bool can_be_revalidated() const noexcept { return !etag.empty() || !last_modified.empty(); }
};

/// Of an answer, a 200 or a 304, that came at `now`.
[[nodiscard]] CardFreshness freshness_of(const http::Headers& headers, const CardCacheOptions& options,
                                         TimePoint now, std::chrono::system_clock::time_point date);

}  // namespace switchgear::a2a
