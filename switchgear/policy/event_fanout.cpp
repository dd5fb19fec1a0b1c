#include "switchgear/policy/event_fanout.hpp"

#include <algorithm>
#include <utility>

#include "switchgear/core/quietly.hpp"

namespace switchgear {
namespace {

Interest interest_in(Verdict verdict) noexcept {
  if (verdict == Verdict::success) return Interest::successes;
  return verdict == Verdict::failure ? Interest::failures : Interest::ignored;
}

}  // namespace

EventFanout::EventFanout() : listeners_(std::make_shared<Listeners>()) {}
EventFanout::~EventFanout() = default;

void EventFanout::subscribe(std::shared_ptr<EventSink> listener, Interest interest) {
  if (!listener) return;
  const std::lock_guard lock{mutex_};
  Listeners next = *listeners_;
  const auto known = std::ranges::find(next, listener, &Listener::sink);
  if (known != next.end()) {
    known->interest = interest;
  } else {
    next.push_back({std::move(listener), interest});
  }
  publish_locked(std::move(next));
}

void EventFanout::set_interest(const std::shared_ptr<EventSink>& listener, Interest interest) noexcept {
  const std::lock_guard lock{mutex_};
  const auto known = std::ranges::find(*listeners_, listener, &Listener::sink);
  if (known == listeners_->end()) return;
  std::atomic_ref{known->interest}.store(interest, std::memory_order_relaxed);
  want_locked();
}

void EventFanout::unsubscribe(const std::shared_ptr<EventSink>& listener) {
  std::shared_ptr<Listeners> last;  // released after the lock: a listener's destructor is the user's code
  const std::lock_guard lock{mutex_};
  last = listeners_;
  Listeners next = *listeners_;
  std::erase_if(next, [&](const Listener& each) { return each.sink == listener; });
  publish_locked(std::move(next));
}

void EventFanout::watch(Watcher& watcher) {
  const std::lock_guard lock{mutex_};
  watchers_.insert(&watcher);
  watcher.on_wish_changed();
}

void EventFanout::unwatch(Watcher& watcher) {
  const std::lock_guard lock{mutex_};
  watchers_.erase(&watcher);
}

void EventFanout::on_level(const LevelEvent& level) {
  tell(Interest::transitions, [&](EventSink& sink) { sink.on_level(level); });
}

void EventFanout::on_ramp(const RampEvent& ramp) {
  tell(Interest::transitions, [&](EventSink& sink) { sink.on_ramp(ramp); });
}

void EventFanout::on_adapted(const AdaptedEvent& adapted) {
  tell(Interest::transitions, [&](EventSink& sink) { sink.on_adapted(adapted); });
}

void EventFanout::on_transition(const Transition& transition) {
  tell(Interest::transitions, [&](EventSink& sink) { sink.on_transition(transition); });
}

void EventFanout::on_rejection(const RejectionEvent& rejection) {
  tell(Interest::rejections, [&](EventSink& sink) { sink.on_rejection(rejection); });
}

void EventFanout::on_call(const CallEvent& call) {
  tell(interest_in(call.verdict), [&](EventSink& sink) { sink.on_call(call); });
}

void EventFanout::on_retry(const RetryEvent& retry) {
  tell(Interest::retries, [&](EventSink& sink) { sink.on_retry(retry); });
}

void EventFanout::on_gave_up(const GaveUpEvent& end) {
  tell(Interest::retries, [&](EventSink& sink) { sink.on_gave_up(end); });
}

void EventFanout::on_hedge(const HedgeEvent& hedge) {
  tell(Interest::hedges, [&](EventSink& sink) { sink.on_hedge(hedge); });
}

void EventFanout::on_timeout(const TimeoutEvent& timeout) {
  tell(Interest::timeouts, [&](EventSink& sink) { sink.on_timeout(timeout); });
}

void EventFanout::on_fallback(const FallbackEvent& fallback) {
  tell(Interest::fallbacks, [&](EventSink& sink) { sink.on_fallback(fallback); });
}

void EventFanout::on_cache(const CacheEvent& cache) {
  tell(Interest::cache, [&](EventSink& sink) { sink.on_cache(cache); });
}

void EventFanout::on_rejected(const RejectedEvent& rejected) {
  tell(Interest::rejections, [&](EventSink& sink) { sink.on_rejected(rejected); });
}

template <class Tell>
void EventFanout::tell(Interest interest, Tell tell) const {
  if (!wants(interest)) return;
  std::shared_ptr<Listeners> all;
  {
    const std::lock_guard lock{mutex_};
    all = listeners_;
  }
  for (Listener& each : *all) {
    if (includes(std::atomic_ref{each.interest}.load(std::memory_order_relaxed), interest))
      detail::quietly([&] { tell(*each.sink); });
  }
}

void EventFanout::publish_locked(Listeners next) {
  listeners_ = std::make_shared<Listeners>(std::move(next));
  want_locked();
}

void EventFanout::want_locked() noexcept {
  Interest all{};
  for (const Listener& each : *listeners_) all = all | each.interest;
  if (wanted_.exchange(all, std::memory_order_relaxed) == all) return;
  for (Watcher* const each : watchers_) each->on_wish_changed();
}

}  // namespace switchgear
