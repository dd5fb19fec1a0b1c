#include "app/gateway/connection/incoming_request.hpp"

#include <algorithm>

namespace switchgear::gateway {

namespace {
using BodyState = http::BodyReader::State;
using Framing = http::BodyReader::Framing;

// A body that is refused is read to its end if that is cheap, so that the connection can be kept.
constexpr std::uint64_t cheap_size = std::uint64_t{64} * 1024;
// nginx's lingering_time and lingering_timeout: how long a client may go on sending a request that is
// answered already, and how long it may pause meanwhile.
constexpr Duration linger_time = std::chrono::seconds{30};
constexpr Duration linger_silence = std::chrono::seconds{5};
// After this many reads without a pause the other connections get their turn.
constexpr std::uint32_t reads_per_turn = 32;
}  // namespace

bool make_room(http::ReadBuffer& buffer, std::size_t most) {
  if (buffer.space_size() != 0 || buffer.compact()) return true;
  if (buffer.capacity() >= most) return false;
  buffer.grow(most);
  return true;
}

http::IoStatus receive_or_doubt(http::Stream& client) noexcept {
  const http::IoStatus status = client.receive();
  return status == http::IoStatus::would_block && client.doubt() ? client.receive() : status;
}

void IncomingRequest::begin(const http::Head& head) noexcept {
  body_.start_request(head);
  if (head.expects_continue && head.version >= 11) {
    state_ = State::held_back;
  } else {
    state_ = body_.framing() == Framing::none ? State::whole : State::coming;
  }
  fault_ = Fault::none;
  progress_ = {};
  waits_since_.reset();
  behind_ = last_pause_ = {};
  counted_ = client_.tls() == nullptr ? 0 : client_.tls()->received();
}

void IncomingRequest::begin_unreadable() noexcept {
  body_ = {};
  state_ = State::coming;
  fault_ = Fault::none;
}

ContentSource::Piece IncomingRequest::next_piece(TimePoint now) {
  using Source = ContentSource::State;
  http::ReadBuffer& buffer = client_.buffer();
  if (progress_ == TimePoint{}) progress_ = now;
  for (;;) {
    const BodyState body = body_.next(buffer, client_.ended());
    if (body_.total() > limits_.body_bytes) return lose(Fault::too_large);
    switch (body) {
      case BodyState::content:
        state_ = State::coming;
        return {Source::content,
                {buffer.view().substr(0, body_.content()), body_.is_last(), body_.trailers(buffer)}};
      case BodyState::done:
        return {Source::content, {{}, true, body_.trailers(buffer)}};
      case BodyState::truncated:
        return lose(Fault::client_left);
      case BodyState::broken:
        return lose(Fault::malformed);
      case BodyState::more:
        break;
    }
    if (!make_room(buffer, http::BlockPool::block_size)) return lose(Fault::client_left);
    switch (receive_or_doubt(client_)) {
      case http::IoStatus::ok:
        end_wait(now);
        progress_ = now;
        continue;
      case http::IoStatus::end:
        continue;  // the body says whether it was whole
      case http::IoStatus::would_block:
        client_.watch_readable();
        wait_for_client(now);
        return {held_back() ? Source::held_back : Source::wait};
      case http::IoStatus::broken:
        return lose(Fault::client_left);
    }
  }
}

/// Each pause has its limit, and so has the time by which the client is behind the least rate: that grows
/// while it is waited for, shrinks with what comes, and is never less than nothing. So neither a byte now and
/// then nor much at the beginning pays for a long wait.
void IncomingRequest::wait_for_client(TimePoint now) noexcept {
  if (held_back()) {
    due_ = progress_ + limits_.body_timeout;
    return;
  }
  if (const std::uint64_t all = come(); all != counted_) {
    if (waits_since_) {  // part of a TLS record
      end_wait(now);
      progress_ = now;
    }
    behind_ = std::max(Duration::zero(), behind_ - worth(all - counted_));
    counted_ = all;
  }
  if (!waits_since_) waits_since_ = now;
  due_ = std::max(progress_, *waits_since_) + limits_.body_timeout;
  if (limits_.min_body_rate != 0) due_ = std::min(due_, *waits_since_ + (limits_.body_timeout - behind_));
}

/// Content; through TLS, what carries it: a slow client's record may take many seconds to be whole.
std::uint64_t IncomingRequest::come() const noexcept {
  return client_.tls() == nullptr ? body_.total() : client_.tls()->received();
}

Duration IncomingRequest::worth(std::uint64_t bytes) const noexcept {
  if (bytes == 0 || limits_.min_body_rate == 0) return Duration::zero();
  return from_seconds(static_cast<double>(bytes) / static_cast<double>(limits_.min_body_rate));
}

void IncomingRequest::end_wait(TimePoint now) noexcept {
  last_pause_ = pause(now);
  behind_ += last_pause_;
  waits_since_.reset();
}

void IncomingRequest::note_progress(TimePoint now) noexcept {
  progress_ = now;
  if (waits_since_) waits_since_ = now;
  behind_ = {};
}

Duration IncomingRequest::pause(TimePoint now) const noexcept {
  return waits_since_ ? now - *waits_since_ : Duration::zero();
}

bool IncomingRequest::dawdles(Duration patience, TimePoint now) const noexcept {
  if (whole()) return false;
  if (pause(now) >= patience) return true;
  return limits_.min_body_rate != 0 && behind_ + pause(now) - worth(come() - counted_) >= patience;
}

bool IncomingRequest::all_here() const noexcept {
  return body_.framing() == Framing::length && client_.buffer().size() >= body_.left();
}

ContentSource::Piece IncomingRequest::lose(Fault fault) noexcept {
  fault_ = fault;
  return {ContentSource::State::lost};
}

void IncomingRequest::all_used() {
  body_.finish(client_.buffer());
  state_ = State::whole;
}

void IncomingRequest::go_ahead(TimePoint now) noexcept {
  state_ = State::coming;
  progress_ = now;
}

bool IncomingRequest::cheap_to_drop() const noexcept {
  return whole() || body_.framing() == Framing::none ||
         (body_.framing() == Framing::length && body_.left() <= cheap_size && !held_back());
}

void IncomingRequest::begin_dropping(TimePoint now) noexcept {
  heard_at_ = now;
  drop_until_ = now + linger_time;
}

TimePoint IncomingRequest::patience() const noexcept {
  return std::min(drop_until_, heard_at_ + linger_silence);
}

Progress IncomingRequest::drop(TimePoint now) {
  http::ReadBuffer& buffer = client_.buffer();
  std::uint32_t reads = 0;
  while (!whole()) {
    switch (body_.next(buffer, client_.ended())) {
      case BodyState::content:
        body_.used(buffer, body_.content());
        continue;
      case BodyState::done:
        all_used();
        continue;
      case BodyState::truncated:
      case BodyState::broken:
        return Progress::over;
      case BodyState::more:
        break;
    }
    if (const Progress progress = receive_to_drop(now, reads); progress != Progress::go) return progress;
  }
  return Progress::go;
}

Progress IncomingRequest::drop_everything(TimePoint now) {
  std::uint32_t reads = 0;
  for (;;) {
    if (client_.ended()) return Progress::over;
    client_.buffer().consume(client_.buffer().size());
    if (const Progress progress = receive_to_drop(now, reads); progress != Progress::go) return progress;
  }
}

/// `go`: something came, or the stream's end did.
Progress IncomingRequest::receive_to_drop(TimePoint now, std::uint32_t& reads) {
  http::ReadBuffer& buffer = client_.buffer();
  buffer.grow(http::BlockPool::block_size);
  if (!make_room(buffer, http::BlockPool::block_size)) return Progress::over;
  switch (receive_or_doubt(client_)) {
    case http::IoStatus::ok:
      heard_at_ = now;
      return ++reads == reads_per_turn ? Progress::pause : Progress::go;
    case http::IoStatus::end:
      return Progress::go;
    case http::IoStatus::would_block:
      client_.watch_readable();
      return Progress::wait;
    case http::IoStatus::broken:
      break;
  }
  return Progress::over;
}

}  // namespace switchgear::gateway
