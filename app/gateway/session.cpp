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
}  // namespace

void Session::start(Worker& worker, int descriptor, std::string client_address) {
  auto* session = new Session{worker, descriptor, std::move(client_address)};
  worker.started(*session, Worker::Counted::yes);
  session->run();  // deletes itself through Worker::finished
}

void Session::start_replay(Worker& worker, int descriptor, std::string client_address, ServicePtr service) {
  auto* session = new Session{worker, descriptor, std::move(client_address)};
  session->replayed_ = std::move(service);
  worker.started(*session, Worker::Counted::no);
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

    begin_discarding();
    while ((step = discard_request()) == Step::wait) co_await sleep();
    if (step == Step::over) break;
    if (next_request() == Step::over) break;
  }
  if (part_ == Part::lingering) {
    while (linger() == Step::wait) co_await sleep();
  }
  worker_.finished(*this, replayed_ ? Worker::Counted::no : Worker::Counted::yes);
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

bool Session::end_if_idle() {
  if (client_->has_input()) return false;
  kill();
  return true;
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
      if (!std::exchange(head_started_, true)) {
        since_ = now_;
        IdleHook::unlink();
      }
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
      // A stored call's connection is the gateway's own, and no place that a client could have.
      if (!IdleHook::is_linked() && !replayed_) worker_.became_idle(*this);
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
    if (client_gone_ == TimePoint{}) {  // it pipelines more than there is room for
      const http::IoStatus state = client_->peer_state();
      if (state == http::IoStatus::broken) return client_left();
      if (state == http::IoStatus::end) client_gone_ = now_;
      client_->watch_behind_unread();
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

}  // namespace switchgear::gateway
