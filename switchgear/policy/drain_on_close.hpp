// Calls back when a breaker has closed, so that a queue can be drained.
#pragma once

#include <functional>
#include <string>

#include "switchgear/core/event.hpp"

namespace switchgear {

/// Calls a hook whenever a breaker closes, by itself or by an operator's command.
///
///     DrainOnClose on_close{"payment", [&] { boost::asio::post(pool, [&] { queue.drain(make_call); }); }};
///     CircuitBreaker breaker{"payment", options, {.sink = &on_close}};
///
/// The hook runs on the thread whose call closed the breaker, before that call returns: let it notify a
/// thread or post a task, and drain there. A drain inside the hook would make one caller pay for all that was
/// stored.
///
/// Not for: knowing that a queue has been drained; a drain ends early when the dependency fails again, and
/// the next closing starts another. Threads: as EventSink says. Lifetime: outlives the breakers that send to
/// it. What the hook throws is dropped by the breaker.
class DrainOnClose final : public EventSink {
 public:
  /// Listens to the breaker called `breaker`, or to every one when that is empty. Passes every event on to
  /// `next`, when there is one, before the hook runs. Throws std::invalid_argument when `hook` is empty.
  DrainOnClose(std::string breaker, std::function<void()> hook, EventSink* next = nullptr);

  void on_transition(const Transition& transition) override;
  void on_rejection(const RejectionEvent& rejection) override;

 private:
  std::string breaker_;
  std::function<void()> hook_;
  EventSink* next_;
};

}  // namespace switchgear
