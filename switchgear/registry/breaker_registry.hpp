// registry/: named breakers and where they are looked up; global listeners; hot reload of a whole set of
// options. Needs nothing but the standard library. Never here: reading configuration files, deciding about a
// call.
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
#include "switchgear/registry/event_fanout.hpp"

namespace switchgear {

/// What apply() did, by name, each list sorted.
struct AppliedOptions {
  std::vector<std::string> added;
  std::vector<std::string> replaced;
  std::vector<std::string> removed;
  std::vector<std::string> kept;
};

/// Breakers by name.
///
///     BreakerRegistry registry{{now, std::chrono::system_clock::now()}, seed};
///     registry.events().subscribe(log);
///     auto payment = registry.get_or_create("payment", options, now);
///     if (auto permit = payment->try_acquire(now)) …
///
/// Not for the path of a call: look a breaker up once and keep the pointer, because a look-up takes a mutex.
/// Threads: every method from any thread. Lifetime: a breaker lives as long as anyone holds it, and keeps the
/// listeners' fan-out alive with it, so one that was removed or replaced still works for the calls that hold
/// it.
class BreakerRegistry {
 public:
  /// `anchor` puts dates on events; each breaker's jitter is drawn from a seed made of `seed` and its name.
  BreakerRegistry(WallAnchor anchor, std::uint64_t seed);
  BreakerRegistry(const BreakerRegistry&) = delete;
  BreakerRegistry& operator=(const BreakerRegistry&) = delete;
  ~BreakerRegistry();

  /// The breaker of that name; made from `options` when there is none. An existing one keeps the options it
  /// has. Throws std::invalid_argument when one must be made and the options are not valid.
  [[nodiscard]] std::shared_ptr<CircuitBreaker> get_or_create(std::string_view name,
                                                              const CircuitBreakerOptions& options,
                                                              TimePoint now);

  /// Null when there is none.
  [[nodiscard]] std::shared_ptr<CircuitBreaker> find(std::string_view name) const;

  /// Every breaker, sorted by name.
  [[nodiscard]] std::vector<std::shared_ptr<CircuitBreaker>> all() const;

  /// Makes the registry hold exactly `options`. A breaker whose options did not change stays the same object,
  /// with its state, window, totals and generation; one whose options changed is replaced by a new, closed
  /// one; one that is not named goes. All or nothing: throws std::invalid_argument, and changes nothing, when
  /// any of the options are not valid.
  AppliedOptions apply(const std::map<std::string, CircuitBreakerOptions>& options, TimePoint now);

  /// Where listeners subscribe for the events of all breakers, present and future.
  [[nodiscard]] EventFanout& events() noexcept { return *events_; }

  [[nodiscard]] const WallAnchor& anchor() const noexcept { return anchor_; }

 private:
  using Breakers = std::map<std::string, std::shared_ptr<CircuitBreaker>, std::less<>>;

  [[nodiscard]] std::shared_ptr<CircuitBreaker> make(std::string_view name,
                                                     const CircuitBreakerOptions& options,
                                                     TimePoint now) const;

  const WallAnchor anchor_;
  const std::uint64_t seed_;
  const std::shared_ptr<EventFanout> events_;
  mutable std::mutex mutex_;
  Breakers breakers_;
};

}  // namespace switchgear
