// One sink that hands every event on to any number of listeners. The registry gives it to all its breakers.
// Never here: storing or interpreting events (observe/ does that).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "switchgear/core/event.hpp"

namespace switchgear {

/// Which events a listener is called for. Rejections can come by the million per second, so a listener asks
/// for them.
enum class Interest : std::uint8_t { transitions, transitions_and_rejections };

/// Hands events to its listeners in the order they subscribed.
///
///     auto log = std::make_shared<TransitionLog>();
///     registry.events().subscribe(log);
///
/// Threads: every method from any thread, also from inside a listener. No lock is held while a listener runs,
/// so a listener that is being unsubscribed may still be called by an event already on its way; it is kept
/// alive until that is over. What a listener throws is dropped, and the next listener is called all the same.
class EventFanout final : public EventSink {
 public:
  EventFanout();
  ~EventFanout() override;

  /// Subscribing the same listener again only changes its interest.
  void subscribe(std::shared_ptr<EventSink> listener, Interest interest = Interest::transitions);
  /// Does nothing when the listener is not subscribed.
  void unsubscribe(const std::shared_ptr<EventSink>& listener);

  void on_transition(const Transition& transition) override;
  /// Costs one atomic load as long as nobody subscribed for rejections.
  void on_rejection(const RejectionEvent& rejection) override;

 private:
  struct Listener {
    std::shared_ptr<EventSink> sink;
    Interest interest;
  };
  using Listeners = std::vector<Listener>;

  [[nodiscard]] std::shared_ptr<const Listeners> listeners() const;
  void publish(Listeners next);

  mutable std::mutex mutex_;
  std::shared_ptr<const Listeners>
      listeners_;  ///< replaced as a whole, so that a caller can walk it without the lock
  std::atomic<bool> any_for_rejections_{false};
};

}  // namespace switchgear
