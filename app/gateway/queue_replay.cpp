#include "app/gateway/queue_replay.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <exception>
#include <utility>

#include "app/gateway/session.hpp"
#include "app/gateway/worker.hpp"

namespace switchgear::gateway {

namespace {
constexpr Duration look_every = std::chrono::milliseconds{250};
constexpr Duration shortest_pause = std::chrono::milliseconds{500};
constexpr Duration longest_pause = std::chrono::seconds{30};
constexpr std::uint32_t times_in_turn = 3;  ///< that a call is made before others get their turn
constexpr std::size_t memory = 4096;
constexpr http::HeadLimits answer_limits{std::size_t{128} * 1024, 400, 0};
}  // namespace

void write_stored_request(std::string& payload, std::string_view client_address, std::string_view head) {
  payload.assign(client_address).append("\n").append(head);
}

QueueReplay::QueueReplay(Worker& worker, std::string service, const PolicySet& policies)
    : worker_(worker),
      service_(std::move(service)),
      queue_(policies.policies().queue),
      breaker_(policies.policies().breaker),
      pause_(shortest_pause),
      validator_(http::HeadKind::response, answer_limits) {
  worker_.loop().arm(*this, http::EventLoop::now() + look_every);
}

QueueReplay::~QueueReplay() {
  worker_.loop().disarm(*this);
  if (stream_) stream_->close();
}

void QueueReplay::on_timer(TimePoint now) {
  if (!stream_ && may_begin(now)) begin();
  if (!armed()) worker_.loop().arm(*this, now + look_every);
}

/// A breaker that is open, and due to be probed, learns from a stored call as well as from any other.
bool QueueReplay::may_begin(TimePoint now) {
  if (queue_->size() == 0 || worker_.draining()) return false;
  if (breaker_) {
    const State state = breaker_->state();
    if (state == State::closed && std::exchange(seen_, state) != State::closed) next_ = now;
    seen_ = state;
    if (state == State::forced_open) return false;
    if (state == State::open && breaker_->snapshot(now).retry_after.value_or(Duration::zero()) > Duration{})
      return false;
  }
  return now >= next_;
}

void QueueReplay::begin() {
  const ServicePtr service = worker_.service(service_);
  if (!service) return;
  auto head = queue_->try_lease();
  if (!head) return;
  lease_.emplace(*std::move(head));
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    lease_.reset();
    return;
  }
  const std::string_view payload = lease_->call().payload;
  const std::size_t line = payload.find('\n');
  unsent_ = payload.substr(line + 1);
  to_head_ = unsent_.starts_with("HEAD ");
  status_ = 0;
  validator_.reset();
  stream_ = new http::Stream{worker_.loop(), ends[0], memory};
  stream_->set_owner(this);
  try {
    Session::start_replay(worker_, ends[1], std::string{payload.substr(0, line)}, service);
  } catch (const std::exception&) {  // no memory, or no room in the reactor
    ::close(ends[1]);
    return finish(false);
  }
  on_ready(*stream_);
}

void QueueReplay::on_ready(http::Stream&) {
  if (!unsent_.empty()) send();
  if (stream_) receive();
}

void QueueReplay::send() {
  const std::array<iovec, 1> piece{iovec{const_cast<char*>(unsent_.data()), unsent_.size()}};
  const http::Stream::Sent sent = stream_->send(piece);
  unsent_.remove_prefix(sent.size);
  if (sent.status == http::IoStatus::would_block) stream_->watch_writable();
  if (sent.status == http::IoStatus::broken) unsent_ = {};  // an answer may be there all the same
}

void QueueReplay::receive() {
  http::ReadBuffer& buffer = stream_->buffer();
  for (;;) {
    if (read_answer()) return;
    if (buffer.space_size() == 0 && !buffer.compact()) buffer.grow(answer_limits.bytes);
    if (buffer.space_size() == 0) return finish(false);
    http::IoStatus status = stream_->receive();
    if (status == http::IoStatus::would_block && stream_->doubt()) status = stream_->receive();
    if (status == http::IoStatus::ok) continue;
    if (status == http::IoStatus::would_block) return stream_->watch_readable();
    if (status == http::IoStatus::broken || status_ == 0) return finish(false);
    if (read_answer()) return;
    return finish(false);
  }
}

/// True when the call is over.
bool QueueReplay::read_answer() {
  http::ReadBuffer& buffer = stream_->buffer();
  while (status_ == 0) {
    if (buffer.empty()) return false;
    const auto progress = validator_.advance(buffer.view());
    if (progress == http::HeadValidator::Progress::need_more) return false;
    if (progress == http::HeadValidator::Progress::refused) {
      finish(false);
      return true;
    }
    const http::Head head = validator_.head();
    buffer.consume(head.size);
    validator_.reset();
    if (head.status < 200) continue;
    status_ = head.status;
    body_.start_response(head, to_head_);
  }
  for (;;) {
    switch (body_.next(buffer, stream_->ended())) {
      case http::BodyReader::State::content:
        body_.used(buffer, body_.content());
        continue;
      case http::BodyReader::State::more:
        return false;
      case http::BodyReader::State::done:
        finish(true);
        return true;
      case http::BodyReader::State::truncated:
      case http::BodyReader::State::broken:
        finish(false);
        return true;
    }
  }
}

void QueueReplay::finish(bool whole) {
  if (stream_) std::exchange(stream_, {})->close();
  unsent_ = {};
  bool good = false;
  if (const ServicePtr service = worker_.service(service_); whole && service) {
    const Outcome outcome = service->classifier().of_status(status_, {}, {});
    good = outcome.verdict != Verdict::failure && !outcome.worth_repeating();
  }
  const TimePoint now = http::EventLoop::now();
  if (good) {
    std::move(*lease_).done();
    pause_ = shortest_pause;
    next_ = now;
    worker_.loop().arm(*this, now);  // a tick later: the others get their turn
  } else {
    // The service works, and fails only on this call: the others need not wait for it.
    const bool there = whole && seen_ == State::closed;  // when this call began
    if (there && lease_->call().handed_out % times_in_turn == 0) std::move(*lease_).later();
    next_ = now + pause_;
    pause_ = std::min(2 * pause_, longest_pause);
    worker_.loop().arm(*this, now + look_every);
  }
  lease_.reset();
}

}  // namespace switchgear::gateway
