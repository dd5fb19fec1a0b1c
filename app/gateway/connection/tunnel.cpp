#include "app/gateway/connection/tunnel.hpp"

#include <algorithm>

namespace switchgear::gateway {

namespace {

// After this many blocks one way without a pause the other connections get their turn.
constexpr unsigned blocks_per_turn = 32;
// A side whose peer will send no more has this long to say its next word: it may be gone for good, and would
// only be found out when something is sent to it.
constexpr Duration patience_with_half = std::chrono::seconds{30};

}  // namespace

Tunnel::Tunnel(http::Stream& client, Delivery& to_client, http::Stream& service, UpgradeCounts& counts,
               TimePoint now) noexcept
    : to_client_(to_client),
      counts_(counts),
      up_{client, service, counts.bytes_to_service, UpgradeEnd::client_left},
      down_{service, client, counts.bytes_to_client, UpgradeEnd::service_left},
      moved_at_(now) {
  ++counts_.begun;
}

Tunnel::~Tunnel() { ++counts_.ended[static_cast<std::size_t>(end_)]; }

TimePoint Tunnel::due(Duration idle) const noexcept {
  const bool half = up_.ended || down_.ended;
  return saturating_add(moved_at_, half ? std::min(idle, patience_with_half) : idle);
}

Progress Tunnel::advance(TimePoint now, Duration idle) {
  const bool late = now >= due(idle);
  if (late) {  // on a busy machine the event that says that something has come may wait behind the timer
    up_.from.look_again();
    down_.from.look_again();
  }
  moved_ = false;
  const Progress up = move(up_);
  const Progress down = up == Progress::over ? Progress::over : move(down_);
  if (down == Progress::over) return Progress::over;
  if (up_.ended && down_.ended) {
    end_ = UpgradeEnd::closed;
    return Progress::over;
  }
  if (moved_) {
    moved_at_ = now;
  } else if (late) {
    end_ = UpgradeEnd::idle;
    return Progress::over;
  }
  return up == Progress::pause ? up : down;
}

Progress Tunnel::move(Way& way) {
  http::ReadBuffer& buffer = way.from.buffer();
  for (unsigned blocks = 0; !way.ended; ++blocks) {
    const http::Stream::Sent sent = send(way);
    if (sent.size != 0) {
      buffer.consume(sent.size);
      way.bytes += sent.size;
      moved_ = true;
    }
    if (sent.status == http::IoStatus::broken) return lose(&way == &up_ ? down_ : up_);
    if (sent.status == http::IoStatus::would_block) {
      way.to.watch_writable();
      return Progress::wait;
    }
    if (way.from.ended()) {
      way.to.shut_down_sending();
      way.ended = moved_ = true;
      break;
    }
    if (blocks == blocks_per_turn) return Progress::pause;
    switch (receive_or_doubt(way.from)) {
      case http::IoStatus::ok:
        if (buffer.space_size() == 0) buffer.grow(http::BlockPool::block_size);
        break;
      case http::IoStatus::end:
        break;
      case http::IoStatus::would_block:
        buffer.shrink();
        way.from.watch_readable();
        return Progress::wait;
      case http::IoStatus::broken:
        return lose(way);
    }
  }
  return Progress::wait;
}

http::Stream::Sent Tunnel::send(const Way& way) {
  const std::string_view bytes = way.from.buffer().view();
  if (&way == &down_) return to_client_.content({bytes});
  const iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
  return way.to.send({&piece, 1});
}

/// If that side had ended its stream before, it only does not listen any more, and the other one may still be
/// reading its last words.
Progress Tunnel::lose(const Way& from_lost) {
  end_ = from_lost.if_reset;
  from_lost.ended ? from_lost.to.close() : from_lost.to.abort();
  return Progress::over;
}

}  // namespace switchgear::gateway
