#include "app/gateway/session.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "app/gateway/worker.hpp"

namespace switchgear::gateway {

namespace {
// An end of stream that comes with the last bytes makes no edge of its own (stream.hpp): looked for after
// this.
constexpr Duration doubt_after = std::chrono::seconds{1};
// A request that is on its way while the gateway drains is still answered on an idle connection.
constexpr Duration drain_grace = std::chrono::milliseconds{300};
// How much of a request that was refused is read so that its connection can be kept, or closed without a
// reset that would take the answer with it (RFC 9112, 9.6).
constexpr std::size_t linger_bytes = std::size_t{256} * 1024;
constexpr Duration linger_time = std::chrono::seconds{2};
}  // namespace

void Session::start(Worker& worker, int descriptor, std::string client_address) {
  auto* session = new Session{worker, descriptor, std::move(client_address)};
  worker.started(*session);
  session->run();  // deletes itself through Worker::finished
}

void Session::start_replay(Worker& worker, int descriptor, std::string client_address, ServicePtr service) {
  auto* session = new Session{worker, descriptor, std::move(client_address)};
  session->replayed_ = std::move(service);
  worker.started(*session);
  session->run();
}

Session::Session(Worker& worker, int descriptor, std::string client_address)
    : worker_(worker),
      client_(new http::Stream{worker.loop(), descriptor, idle_memory}),
      client_address_(std::move(client_address)),
      now_(http::EventLoop::now()),
      validator_(http::HeadKind::request, worker.head_limits()),
      since_(now_) {
  client_->set_owner(this);
}

Session::~Session() {
  if (self_) *self_ = nullptr;
  end_call();
  client_->close();
}

http::Detached Session::run() {
  for (;;) {
    Step step = Step::go;
    part_ = Part::reading;
    while ((step = read_request()) == Step::wait) co_await sleep();
    if (step == Step::over) break;

    while ((step = forward()) == Step::wait) co_await sleep();
    if (step == Step::over) break;

    part_ = Part::answering;
    since_ = now_;
    while ((step = finish_answer()) == Step::wait) co_await sleep();
    if (step == Step::over) break;

    part_ = Part::discarding;
    while ((step = discard_request()) == Step::wait) co_await sleep();
    if (step == Step::over) break;
    if (next_request() == Step::over) break;
  }
  if (part_ == Part::lingering) {
    while (linger() == Step::wait) co_await sleep();
  }
  worker_.finished(*this);
}

http::WakePoint::Awaiter Session::sleep() {
  const TimePoint due = std::exchange(due_, TimePoint::max());
  // A deadline that moved later leaves the timer where it is: it fires early, once, and is armed again from
  // here.
  if (due != TimePoint::max() && (!armed() || due < Timer::due())) worker_.loop().arm(*this, due);
  slept_at_ = now_;
  return wake_.sleep();
}

void Session::wake() {
  now_ = http::EventLoop::now();
  if ((part_ == Part::exchanging || part_ == Part::calling) && !waits_for_upstream_)
    client_share_ += now_ - slept_at_;
  slept_at_ = now_;
  wake_.wake();
}

void Session::on_ready(http::Stream&) { wake(); }
void Session::on_timer(TimePoint) { wake(); }

void Session::kill() {
  killed_ = true;
  wake();
}

bool Session::make_room(std::size_t most) {
  http::ReadBuffer& buffer = client_->buffer();
  if (buffer.space_size() != 0 || buffer.compact()) return true;
  if (buffer.capacity() >= most) return false;
  buffer.grow(most);
  return true;
}

Session::Step Session::read_request() {
  if (killed_) return Step::over;
  http::ReadBuffer& buffer = client_->buffer();
  bool looked_again = false;
  for (;;) {
    if (!buffer.empty()) {
      if (!std::exchange(head_started_, true)) since_ = now_;
      switch (validator_.advance(buffer.view())) {
        case http::HeadValidator::Progress::complete:
          take_request();
          return Step::go;
        case http::HeadValidator::Progress::refused:
          refuse_head(validator_.error());
          return Step::go;
        case http::HeadValidator::Progress::need_more:
          break;
      }
      (void)make_room(worker_.limits().header_bytes + 1);  // the validator refuses what is larger
    }
    http::IoStatus status = client_->receive();
    if (status == http::IoStatus::would_block && client_->doubtful() &&
        (head_started_ || now_ >= since_ + doubt_after) && client_->doubt())
      status = client_->receive();
    if (status == http::IoStatus::ok) continue;
    if (status != http::IoStatus::would_block) return Step::over;
    if (head_started_) {
      const TimePoint due = since_ + worker_.limits().header_timeout;
      if (now_ >= due) {
        keep_ = false;
        answer({408, "", "the request's header did not arrive in time"});
        return Step::go;
      }
      wait_until(due);
    } else {
      TimePoint due = since_ + worker_.limits().idle_timeout;
      if (worker_.draining()) due = std::min(due, std::max(worker_.draining_since(), since_) + drain_grace);
      if (now_ >= due) {
        if (std::exchange(looked_again, true)) return Step::over;
        client_->look_again();
        continue;
      }
      wait_until(due);
      if (client_->doubtful()) wait_until(since_ + doubt_after);
      buffer.shrink();
    }
    client_->watch_readable();
    return Step::wait;
  }
}

/// While the upstream works: has the client left, or sent its next request?
Session::Step Session::watch_client() {
  http::ReadBuffer& buffer = client_->buffer();
  if (client_gone_ == TimePoint{}) {
    while (buffer.space_size() != 0) {
      http::IoStatus status = client_->receive();
      if (status == http::IoStatus::would_block && now_ >= call_started_ + doubt_after && client_->doubt())
        status = client_->receive();
      if (status == http::IoStatus::ok) continue;
      if (status == http::IoStatus::broken) return client_left();
      if (status == http::IoStatus::end) {
        client_gone_ = now_;
        break;
      }
      if (client_->doubtful()) wait_until(call_started_ + doubt_after);
      client_->watch_readable();
      return Step::wait;
    }
  }
  if (client_gone_ != TimePoint{}) {
    const TimePoint end = client_gone_ + doubt_after;
    if (now_ >= end) return client_left();
    wait_until(end);
  }
  return Step::wait;
}

Session::Step Session::yield() {
  if (!self_) self_ = std::make_shared<Session*>(this);
  boost::asio::post(worker_.loop().context(), [self = self_] {
    if (*self != nullptr) (*self)->wake();
  });
  return Step::wait;
}

Session::Step Session::finish_answer() {
  if (killed_) return Step::over;
  if (!outbox_.complete()) {
    const http::Stream::Sent sent = outbox_.send(*client_, {{}, true});
    if (sent.status == http::IoStatus::broken) return Step::over;
    if (sent.status == http::IoStatus::would_block) {
      if (sent.size != 0) since_ = now_;
      const TimePoint due = since_ + worker_.limits().write_timeout;
      if (now_ >= due) return Step::over;
      wait_until(due);
      client_->watch_writable();
      return Step::wait;
    }
  }
  since_ = now_;
  return Step::go;
}

/// What the client still sends of a request that is answered already.
Session::Step Session::discard_request() {
  if (killed_) return Step::over;
  http::ReadBuffer& buffer = client_->buffer();
  while (keep_ && !request_done_) {
    switch (body_.next(buffer, client_->ended())) {
      case http::BodyReader::State::content:
        body_.used(buffer, body_.content());
        continue;
      case http::BodyReader::State::done:
        body_.finish(buffer);
        request_done_ = true;
        continue;
      case http::BodyReader::State::truncated:
      case http::BodyReader::State::broken:
        return Step::over;
      case http::BodyReader::State::more:
        break;
    }
    if (!make_room(http::BlockPool::block_size)) return Step::over;
    http::IoStatus status = client_->receive();
    if (status == http::IoStatus::would_block && client_->doubt()) status = client_->receive();
    if (status == http::IoStatus::ok) continue;
    const TimePoint due = since_ + linger_time;
    if (status != http::IoStatus::would_block || now_ >= due) return Step::over;
    wait_until(due);
    client_->watch_readable();
    return Step::wait;
  }
  if (keep_) return Step::go;
  client_->shut_down_sending();
  part_ = Part::lingering;
  rounds_ = 0;
  return Step::over;
}

/// The answer is out and nothing more will be: reads on, so that the client gets the answer and not a reset.
Session::Step Session::linger() {
  if (killed_) return Step::over;
  http::ReadBuffer& buffer = client_->buffer();
  for (;;) {
    buffer.consume(buffer.size());
    http::IoStatus status = client_->receive();
    if (status == http::IoStatus::would_block && client_->doubt()) status = client_->receive();
    rounds_ += static_cast<std::uint32_t>(buffer.size());
    if (status == http::IoStatus::ok && rounds_ < linger_bytes) continue;
    const TimePoint due = since_ + linger_time;
    if (status != http::IoStatus::would_block || now_ >= due) return Step::over;
    wait_until(due);
    client_->watch_readable();
    return Step::wait;
  }
}

Session::Step Session::next_request() {
  // Requests that came before the client closed its half are still answered.
  if (client_->closed() || (client_gone_ != TimePoint{} && client_->buffer().empty())) return Step::over;
  validator_ =
      http::HeadValidator{http::HeadKind::request, worker_.head_limits()};  // limits may have been reloaded
  outbox_.clear();
  end_call();
  head_started_ = false;
  since_ = now_;
  return Step::go;
}

}  // namespace switchgear::gateway
