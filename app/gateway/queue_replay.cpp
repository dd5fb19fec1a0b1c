#include "app/gateway/queue_replay.hpp"

#include <algorithm>
#include <utility>

#include "switchgear/http/head_validator.hpp"

namespace switchgear::gateway {

namespace {
constexpr Duration look_every = std::chrono::milliseconds{250};
}  // namespace

QueueReplay::QueueReplay(Owner& owner, CallPool& calls, std::string service, std::shared_ptr<CallQueue> queue,
                         std::shared_ptr<CircuitBreaker> breaker)
    : owner_(owner),
      calls_(calls),
      worker_(calls.worker()),
      service_(std::move(service)),
      queue_(std::move(queue)),
      breaker_(std::move(breaker)) {
  worker_.loop.arm(*this, http::EventLoop::now() + look_every);
}

QueueReplay::~QueueReplay() {
  worker_.loop.disarm(*this);
  if (call_ != nullptr) calls_.give_back(call_);
}

void QueueReplay::on_timer(TimePoint now) {
  if (call_ != nullptr) return look();
  if (may_begin(now)) begin(now);
  if (!armed()) worker_.loop.arm(*this, now + look_every);
}

/// A breaker that is open, and due to be probed, learns from a stored call as well as from any other.
bool QueueReplay::may_begin(TimePoint now) {
  if (queue_->size() == 0 || worker_.draining()) return false;
  if (!breaker_) return turns_.may_begin(nullptr, now);
  const BreakerSnapshot seen = breaker_->snapshot(now);
  const QueueTurns::Seen breaker{seen.state, seen.since, seen.retry_after.value_or(Duration::zero()),
                                 seen.totals.rejected, seen.half_open.in_flight + seen.half_open.recorded};
  return turns_.may_begin(&breaker, now);
}

void QueueReplay::begin(TimePoint now) {
  ServicePtr service = worker_.service(service_);
  if (!service) return;
  auto next = turns_.take(*queue_, now);
  if (!next) return;
  lease_.emplace(*std::move(next));
  status_.reset();
  refused_ = false;
  call_ = calls_.take();
  if (!prepare(std::move(service), lease_->call().payload))
    return finish(UpstreamCall::State::abandoned, now);
  if (turns_.is_doubted()) call_->doubt();
  call_->start(*this, nullptr, now);
  look();
}

/// False: it cannot be read. It could when it came, so its size needs no further limit.
bool QueueReplay::prepare(ServicePtr service, std::string_view payload) {
  const StoredRequest stored{payload};
  const std::size_t size = stored.text.size();
  http::HeadValidator validator{http::HeadKind::request, {size, size, size}};
  if (validator.advance(stored.text) != http::HeadValidator::Progress::complete) return false;
  const http::Head& head = validator.head();
  http::FieldList& fields = worker_.loop.fields();
  if (!fields.parse_request(stored.text, head)) return false;
  const std::string_view path = stored.path.empty() ? head.path : stored.path;
  const Provenance from = provenance_of(stored.arrival, head, fields, {});
  call_->prepare(std::move(service), {head, fields, stored.text.substr(0, head.size), path, from},
                 CallRequest::Origin::queue);
  call_->hold(stored.text.substr(head.size));
  return true;
}

void QueueReplay::look() {
  if (std::exchange(looking_, Looking::again) != Looking::no) return;
  TimePoint now{};
  UpstreamCall::State state = UpstreamCall::State::idle;
  while (std::exchange(looking_, Looking::yes) == Looking::again) {
    now = http::EventLoop::now();
    state = call_->advance(now);
  }
  looking_ = Looking::no;
  if (state != UpstreamCall::State::deciding && state != UpstreamCall::State::responding)
    return finish(state, now);
  if (call_->due() != TimePoint::max()) worker_.loop.arm(*this, call_->due());
}

void QueueReplay::finish(UpstreamCall::State how, TimePoint now) {
  const bool whole = how == UpstreamCall::State::answered;
  const bool good = whole && status_ && call_->is_settled_by(*status_);
  calls_.give_back(std::exchange(call_, nullptr));
  using End = QueueTurns::End;
  turns_.end(*std::move(lease_), good ? End::good : refused_ ? End::refused : End::bad, now);
  // If at once, a tick later: the others get their turn.
  worker_.loop.arm(*this, good ? now : now + look_every);
  lease_.reset();
  owner_.replay_ended();
}

}  // namespace switchgear::gateway
