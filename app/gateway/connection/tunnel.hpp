// A connection that was upgraded: bytes both ways, which the gateway does not read.
#pragma once

#include <cstdint>

#include "app/gateway/connection/incoming_request.hpp"
#include "app/gateway/response/delivery.hpp"
#include "app/gateway/service/upgrade_counts.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/http/stream.hpp"

namespace switchgear::gateway {

/// From the service's 101 to the end. Holds no bytes of its own: what one side has sent stays in the buffer
/// of its stream, a block at most, until the other has taken it, and meanwhile nothing more is received from
/// that side. So a slow reader slows its peer down, and memory does not grow.
///
///   both ways open ──one side ends its stream──▶ the other way open ──▶ closed
///          └───────────── idle, or one side is reset ──────────┴──▶ over
///
/// One side's end is passed on as such, a reset as a reset. Threads: its loop's.
class Tunnel {
 public:
  /// All are borrowed. `to_client` may still hold the head of the 101.
  Tunnel(http::Stream& client, Delivery& to_client, http::Stream& service, UpgradeCounts& counts,
         TimePoint now) noexcept;
  Tunnel(const Tunnel&) = delete;
  Tunnel& operator=(const Tunnel&) = delete;
  ~Tunnel();

  /// Moves what can be moved without waiting. `over`: end() says why. `idle`: how long it may go on without a
  /// byte.
  [[nodiscard]] Progress advance(TimePoint now, Duration idle);
  /// When to call advance() at the latest.
  [[nodiscard]] TimePoint due(Duration idle) const noexcept;
  /// `cut_off` until it is over.
  [[nodiscard]] UpgradeEnd end() const noexcept { return end_; }

 private:
  struct Way {
    http::Stream& from;
    http::Stream& to;
    std::uint64_t& bytes;
    UpgradeEnd if_reset;  ///< `from` was
    bool ended = false;   ///< `from` has said that it sends no more, and `to` has all of it and knows
  };

  [[nodiscard]] Progress move(Way& way);
  [[nodiscard]] http::Stream::Sent send(const Way& way);
  [[nodiscard]] Progress lose(const Way& from_lost);

  Delivery& to_client_;
  UpgradeCounts& counts_;
  Way up_;
  Way down_;
  TimePoint moved_at_;
  bool moved_ = false;  ///< in this look
  UpgradeEnd end_ = UpgradeEnd::cut_off;
};

}  // namespace switchgear::gateway
