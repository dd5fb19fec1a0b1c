// One sink that hands every event on to any number of listeners. Each policy has one of its own, and a
// registry has one for all of them. Never here: storing or interpreting events (observe/ does that).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "switchgear/core/event.hpp"

namespace switchgear {

/// Which events a listener is called for; `a | b` for both. Transitions are rare; changes of what an adaptive
/// or a multi-level breaker goes by come with them. Rejections, calls and a cache's answers can come by the
/// million per second, so a listener must subscribe to them.
enum class Interest : std::uint16_t {
  nothing = 0,
  transitions = 1,
  rejections = 2,  ///< of every policy that refuses
  successes = 4,
  failures = 8,
  ignored = 16,
  retries = 32,  ///< and their end: on_retry(), on_gave_up()
  hedges = 64,
  timeouts = 128,
  fallbacks = 256,
  cache = 512,
  transitions_and_rejections = transitions | rejections,
  calls = successes | failures | ignored,
  everything = transitions | rejections | calls | retries | hedges | timeouts | fallbacks | cache,
};

[[nodiscard]] constexpr Interest operator|(Interest one, Interest other) noexcept {
  return static_cast<Interest>(static_cast<std::uint16_t>(one) | static_cast<std::uint16_t>(other));
}

/// Whether `all` has anything of `part`.
[[nodiscard]] constexpr bool includes(Interest all, Interest part) noexcept {
  return (static_cast<std::uint16_t>(all) & static_cast<std::uint16_t>(part)) != 0;
}

/// Hands events to its listeners in the order they subscribed.
///
///     auto log = std::make_shared<TransitionLog>();
///     registry.events().subscribe(log);
///     registry.events().subscribe(pager, Interest::transitions | Interest::failures);
///     retry.events().subscribe(pager, Interest::retries);
///
/// Not for counting: a snapshot has the totals already, and costs the calls nothing. Without a listener, a
/// policy pays one load where something happens that would be an event, and a call that nothing happens to
/// pays nothing. While a listener is subscribed to calls, every call of the breakers concerned takes a mutex.
/// Threads: every method from any thread, also from inside a listener. No lock is held while a listener runs,
/// so a listener that is being unsubscribed may still be called by an event already on its way; it is kept
/// alive until that is over. What a listener throws is dropped, and the next listener is called all the same.
class EventFanout final : public EventSink {
 public:
  /// Notified when a fan-out begins, or ceases, to need some kind of event, so that what feeds it can send as
  /// little. Called under the fan-out's mutex: must not call the fan-out, except wants() and wanted().
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
  /// Changes what a subscribed listener is called for, without allocating; Interest::nothing keeps its place.
  /// Does nothing when the listener is not subscribed.
  void set_interest(const std::shared_ptr<EventSink>& listener, Interest interest) noexcept;
  /// Does nothing when the listener is not subscribed.
  void unsubscribe(const std::shared_ptr<EventSink>& listener);

  /// Whether any listener is subscribed to any of `interest`. One load.
  [[nodiscard]] bool wants(Interest interest) const noexcept { return includes(wanted(), interest); }
  /// What the listeners are subscribed to, together.
  [[nodiscard]] Interest wanted() const noexcept { return wanted_.load(std::memory_order_relaxed); }

  /// Calls `watcher` at once, and whenever wanted() changes, until unwatch() has returned.
  void watch(Watcher& watcher);
  void unwatch(Watcher& watcher);

  /// Each costs one load while no listener is subscribed to it.
  void on_transition(const Transition& transition) override;
  void on_rejection(const RejectionEvent& rejection) override;
  void on_call(const CallEvent& call) override;
  void on_adapted(const AdaptedEvent& adapted) override;
  void on_ramp(const RampEvent& ramp) override;
  void on_level(const LevelEvent& level) override;
  void on_retry(const RetryEvent& retry) override;
  void on_gave_up(const GaveUpEvent& end) override;
  void on_hedge(const HedgeEvent& hedge) override;
  void on_timeout(const TimeoutEvent& timeout) override;
  void on_fallback(const FallbackEvent& fallback) override;
  void on_cache(const CacheEvent& cache) override;
  void on_rejected(const RejectedEvent& rejected) override;

 private:
  struct Listener {
    std::shared_ptr<EventSink> sink;
    Interest interest;  ///< set_interest() changes it while others read
  };
  using Listeners = std::vector<Listener>;

  template <class Tell>
  void tell(Interest interest, Tell tell) const;
  void publish_locked(Listeners next);
  void want_locked() noexcept;

  mutable std::mutex mutex_;
  std::shared_ptr<Listeners>
      listeners_;  ///< replaced as a whole, so that a caller can walk it without the lock
  std::set<Watcher*> watchers_;
  std::atomic<Interest> wanted_{Interest{}};  ///< of all listeners together
};

}  // namespace switchgear
