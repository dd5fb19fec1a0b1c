#include "switchgear/registry/event_fanout.hpp"

#include <algorithm>
#include <utility>

namespace switchgear {

EventFanout::EventFanout() : listeners_(std::make_shared<const Listeners>()) {}
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
  publish(std::move(next));
}

void EventFanout::unsubscribe(const std::shared_ptr<EventSink>& listener) {
  std::shared_ptr<const Listeners>
      last;  // released after the lock: a listener's destructor is the user's code
  const std::lock_guard lock{mutex_};
  last = listeners_;
  Listeners next = *listeners_;
  std::erase_if(next, [&](const Listener& each) { return each.sink == listener; });
  publish(std::move(next));
}

void EventFanout::on_transition(const Transition& transition) {
  const auto all = listeners();
  for (const Listener& each : *all) {
    try {
      each.sink->on_transition(transition);
    } catch (...) {  // NOLINT(bugprone-empty-catch): one listener's trouble is no other's, and not the call's
    }
  }
}

void EventFanout::on_rejection(const RejectionEvent& rejection) {
  if (!any_for_rejections_.load(std::memory_order_relaxed)) return;
  const auto all = listeners();
  for (const Listener& each : *all) {
    if (each.interest != Interest::transitions_and_rejections) continue;
    try {
      each.sink->on_rejection(rejection);
    } catch (...) {  // NOLINT(bugprone-empty-catch): as above
    }
  }
}

std::shared_ptr<const EventFanout::Listeners> EventFanout::listeners() const {
  const std::lock_guard lock{mutex_};
  return listeners_;
}

void EventFanout::publish(Listeners next) {
  const bool any = std::ranges::any_of(
      next, [](const Listener& each) { return each.interest == Interest::transitions_and_rejections; });
  listeners_ = std::make_shared<const Listeners>(std::move(next));
  any_for_rejections_.store(any, std::memory_order_relaxed);
}

}  // namespace switchgear
