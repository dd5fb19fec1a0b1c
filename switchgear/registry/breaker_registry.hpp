// Every breaker of a program by name, with listeners for all of them and hot reload of their options.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "switchgear/core/time.hpp"
#include "switchgear/policy/circuit_breaker.hpp"
#include "switchgear/policy/circuit_breaker_options.hpp"
#include "switchgear/policy/event_fanout.hpp"
#include "switchgear/registry/keyed_breakers.hpp"
#include "switchgear/registry/tags.hpp"

namespace switchgear {

/// What apply() did, by name, each list sorted.
struct AppliedOptions {
  std::vector<std::string> added;
  std::vector<std::string> replaced;
  std::vector<std::string> removed;
  std::vector<std::string> kept;
};

struct NamedSnapshot {
  std::string name;
  BreakerSnapshot snapshot;
};

/// Breakers by name.
///
///     BreakerRegistry registry{{now, std::chrono::system_clock::now()}, seed};
///     registry.events().subscribe(log);
///     auto payment = registry.get_or_create("payment", preset("payment"), now);
///     if (auto permit = payment->try_acquire(now)) …
///
/// Named ones stay until apply() leaves them out. Keyed ones, made for a tenant or a user, retire when idle:
///
///     auto theirs = registry.get_or_create_keyed("payment/" + tenant, preset("payment"), now);
///
/// Not for the path of a call: look a named breaker up once and keep the pointer, because a look-up takes a
/// mutex. Look a keyed one up anew for each piece of work, and keep it no longer: holding it keeps it from
/// retiring. Threads: every method from any thread. Lifetime: a breaker lives as long as a pointer to it, and
/// keeps its listeners alive with it, so one that was removed or replaced still works for the calls that hold
/// it.
class BreakerRegistry {
 public:
  /// `anchor` puts dates on events; each breaker's jitter is drawn from a seed made of `seed` and its name.
  /// Throws std::invalid_argument when `limits` are not valid.
  BreakerRegistry(WallAnchor anchor, std::uint64_t seed, const KeyedLimits& limits = {});
  BreakerRegistry(const BreakerRegistry&) = delete;
  BreakerRegistry& operator=(const BreakerRegistry&) = delete;
  ~BreakerRegistry();

  /// The breaker of that name; made from `options` when there is none. An existing one keeps the options it
  /// has; a keyed one is a named one from here on. Throws std::invalid_argument when one must be made and the
  /// options are not valid.
  [[nodiscard]] std::shared_ptr<CircuitBreaker> get_or_create(std::string_view name,
                                                              const CircuitBreakerOptions& options,
                                                              TimePoint now);

  /// The same for a breaker that may retire. It does when there is no other pointer to it, it is closed, no
  /// call is in flight, and either no call came for `max_idle`, or there are more than `max_keyed` and it is
  /// the one used least recently. If it is requested again, it starts anew: closed, with an empty window and
  /// no totals. One that is open, half-open, ramping or in an operator's hand never retires, so breakers that
  /// may not go can exceed `max_keyed`. O(1) when it is there; making one looks at no more than 128 others.
  /// Memory: a count window's breaker takes 2 KiB; a time window's grows with the processors.
  [[nodiscard]] std::shared_ptr<CircuitBreaker> get_or_create_keyed(std::string_view name,
                                                                    const CircuitBreakerOptions& options,
                                                                    TimePoint now);

  /// Lets the keyed breakers go that may, and returns how many went. Called about every `max_idle`, it keeps
  /// none for longer than twice that; where new keys keep coming it need not be called at all.
  std::size_t retire_idle(TimePoint now);

  /// Makes happen what is due by itself: CircuitBreaker::advance() of every breaker that has something due,
  /// and retire_idle(). Called about every 100 ms (a Ticker does so), it shows transitions soon after they
  /// are due; late, often or never harms nothing. O(breakers), of which an idle one costs a load.
  void advance(TimePoint now);

  /// Null when there is none.
  [[nodiscard]] std::shared_ptr<CircuitBreaker> find(std::string_view name) const;

  /// Every breaker, named and keyed, sorted by name.
  [[nodiscard]] std::vector<std::shared_ptr<CircuitBreaker>> all() const;

  /// What all() know about themselves, without stopping their callers. Each is of one moment; together they
  /// are not.
  [[nodiscard]] std::vector<NamedSnapshot> snapshots(TimePoint now) const;

  /// Makes the registry hold exactly `options`, and the keyed breakers it has. A breaker whose options did
  /// not change stays the same object, with its state, window, totals, generation and listeners; one whose
  /// options changed is replaced by a new, closed one, to which its listeners move on; one that is not named
  /// goes. All or nothing: throws std::invalid_argument, and changes nothing, when any of the options are not
  /// valid.
  AppliedOptions apply(const std::map<std::string, CircuitBreakerOptions>& options, TimePoint now);

  /// What apply() does, for one breaker: the one there is if it has these options already; otherwise a new
  /// one, in its place if there is one. Throws std::invalid_argument, and changes nothing, when the options
  /// are not valid.
  std::shared_ptr<CircuitBreaker> put(std::string_view name, const CircuitBreakerOptions& options,
                                      TimePoint now);

  /// An operator's command to one breaker. False when there is none of that name.
  bool command(std::string_view name, Command command, TimePoint now);

  /// Command::reset to every breaker, whatever state or mode it is in. Totals stay.
  void reset_all(TimePoint now);

  /// What every breaker, named or keyed, needs to go on where it stands, sorted by name. `clocks` are
  /// readings of both clocks, made at the same time. Kept as to_text() of it, an opening outlives a restart.
  [[nodiscard]] std::vector<SavedBreaker> save(const WallAnchor& clocks) const;

  /// CircuitBreaker::restore() for each breaker that is here by its name; returns the names of the others,
  /// which a program that makes them on demand can restore when it has made them.
  std::vector<std::string> restore(const std::vector<SavedBreaker>& saved, const WallAnchor& clocks);

  /// Sets the tags of a breaker in place of those it had. They move on to one that replaces it, and go with
  /// one that retires or is left out. False when there is none of that name. Throws std::invalid_argument
  /// when they are not valid.
  bool tag(std::string_view name, Tags tags);
  /// Empty if the registry has no breaker of that name.
  [[nodiscard]] Tags tags(std::string_view name) const;

  /// Where listeners subscribe for the events of all breakers, present and future.
  [[nodiscard]] EventFanout& events() noexcept { return *events_; }

  /// The same, to outlive the registry.
  [[nodiscard]] const std::shared_ptr<EventFanout>& shared_events() const noexcept { return events_; }

  /// Calls `listener` for the events of one breaker, before those of events(). Subscribing again changes the
  /// interest. False when there is no breaker of that name; a keyed one takes its listeners along when it
  /// retires.
  bool subscribe(std::string_view name, std::shared_ptr<EventSink> listener,
                 Interest interest = Interest::transitions);
  /// Does nothing if the breaker or the listener does not exist.
  void unsubscribe(std::string_view name, const std::shared_ptr<EventSink>& listener);

  [[nodiscard]] const WallAnchor& anchor() const noexcept { return anchor_; }

 private:
  using House = std::shared_ptr<detail::HousedBreaker>;
  using Houses = std::map<std::string, House, std::less<>>;

  [[nodiscard]] House house(std::string_view name) const;
  /// With the listeners and tags of `replaced`, unless null.
  [[nodiscard]] House make(std::string_view name, const CircuitBreakerOptions& options, TimePoint now,
                           const House& replaced) const;

  const WallAnchor anchor_;
  const std::uint64_t seed_;
  const std::shared_ptr<EventFanout> events_;
  mutable std::mutex mutex_;  ///< taken before keyed_'s
  Houses named_;
  detail::KeyedBreakers keyed_;
};

}  // namespace switchgear
