// One sink that hands every event on to any number of listeners. The registry has one for all its breakers,
// and each breaker one of its own. Never here: storing or interpreting events (observe/ does that).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "switchgear/core/event.hpp"

namespace switchgear {

/// Which events a listener is called for; `a | b` for both. Transitions are rare. Rejections and calls can
/// come by the million per second, so a listener must subscribe to them.
enum class Interest : std::uint8_t {
  transitions = 1,
  rejections = 2,
  successes = 4,
  failures = 8,
  ignored = 16,
  transitions_and_rejections = transitions | rejections,
  calls = successes | failures | ignored,
  everything = transitions | rejections | calls,
};

[[nodiscard]] constexpr Interest operator|(Interest one, Interest other) noexcept {
  return static_cast<Interest>(static_cast<std::uint8_t>(one) | static_cast<std::uint8_t>(other));
}

/// Whether `all` has anything of `part`.
[[nodiscard]] constexpr bool includes(Interest all, Interest part) noexcept {
  return (static_cast<std::uint8_t>(all) & static_cast<std::uint8_t>(part)) != 0;
}

/// Hands events to its listeners in the order they subscribed.
///
///     auto log = std::make_shared<TransitionLog>();
///     registry.events().subscribe(log);
///     registry.events().subscribe(pager, Interest::transitions | Interest::failures);
///
/// Not for counting calls: a snapshot has the totals already, and costs the calls nothing. While a listener
/// is subscribed to calls, every call of the breakers concerned takes a mutex. Threads: every method from any
/// thread, also from inside a listener. No lock is held while a listener runs, so a listener that is being
/// unsubscribed may still be called by an event already on its way; it is kept alive until that is over. What
/// a listener throws is dropped, and the next listener is called all the same.
class EventFanout final : public EventSink {
 public:
  /// Notified when a fan-out begins, or ceases, to need calls: a breaker sends no calls without a listener.
  /// Called under the fan-out's mutex: must not call the fan-out, except wants_calls().
  class Watcher {
   public:
    virtual void on_wish_changed() noexcept = 0;

   protected:
    Watcher() = default;
    Watcher(const Watcher&) = default;
    Watcher& operator=(const Watcher&) = default;
    ~Watcher() = default;
  };

  EventFanout();
  ~EventFanout() override;

  /// Subscribing the same listener again only changes its interest.
  void subscribe(std::shared_ptr<EventSink> listener, Interest interest = Interest::transitions);
  /// Does nothing when the listener is not subscribed.
  void unsubscribe(const std::shared_ptr<EventSink>& listener);

  /// Whether any listener is subscribed to calls of any verdict.
  [[nodiscard]] bool wants_calls() const noexcept { return wanted(Interest::calls); }

  /// Calls `watcher` at once, and whenever wants_calls() changes, until unwatch() has returned.
  void watch(Watcher& watcher);
  void unwatch(Watcher& watcher);

  void on_transition(const Transition& transition) override;
  /// Costs one atomic load while no listener is subscribed to rejections; on_call() likewise.
  void on_rejection(const RejectionEvent& rejection) override;
  void on_call(const CallEvent& call) override;

 private:
  struct Listener {
    std::shared_ptr<EventSink> sink;
    Interest interest;
  };
  using Listeners = std::vector<Listener>;

  [[nodiscard]] bool wanted(Interest interest) const noexcept {
    return includes(wanted_.load(std::memory_order_relaxed), interest);
  }
  template <class Tell>
  void tell(Interest interest, Tell tell) const;
  void publish_locked(Listeners next);

  mutable std::mutex mutex_;
  std::shared_ptr<const Listeners>
      listeners_;  ///< replaced as a whole, so that a caller can walk it without the lock
  std::set<Watcher*> watchers_;
  std::atomic<Interest> wanted_{Interest{}};  ///< of all listeners together
};

}  // namespace switchgear
