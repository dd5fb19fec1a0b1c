// The breakers of keys that come and go: tenants, users, shards. Used by the registry alone.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "switchgear/core/time.hpp"
#include "switchgear/policy/option_problem.hpp"
#include "switchgear/registry/housed_breaker.hpp"

namespace switchgear {

/// How many breakers a registry keeps for keys, and for how long.
struct KeyedLimits {
  /// A breaker without a call for so long retires; longer than 0. Longer remembers more of tenants that call
  /// seldom. Default 10 min.
  Duration max_idle = std::chrono::minutes{10};
  /// How many there are at most, as long as some may go; 1 … 100'000'000. Default 10,000: with a count window
  /// of 100 some 20 MiB.
  std::size_t max_keyed = 10'000;

  friend bool operator==(const KeyedLimits&, const KeyedLimits&) = default;
};

[[nodiscard]] std::vector<OptionProblem> validate(const KeyedLimits& limits);

namespace detail {

/// Breakers in the order in which they were last requested. The first of the row are checked whenever one is
/// added; one that may not go walks to the end (the clock of Corbató's Multics paging, with the time of last
/// use instead of a bit).
///
/// 1. One with another holder is never removed, so no key ever has two breakers in use.
/// 2. Nor does one that CircuitBreaker::idle_since() denies: open, half-open, ramping, with a call in flight,
///    in an operator's hand.
/// 3. Of the others, those without a call for max_idle go; above max_keyed, those used least recently.
///
/// Threads: every method from any thread.
class KeyedBreakers {
 public:
  using House = std::shared_ptr<HousedBreaker>;

  explicit KeyedBreakers(const KeyedLimits& limits);

  /// Null when there is none. Counts as use. O(1).
  [[nodiscard]] House ask(std::string_view name, TimePoint now);
  /// Null when there is none. Does not count as use.
  [[nodiscard]] House find(std::string_view name) const;
  /// Adds one whose name is new, and removes others as the limits require, checking no more than a fixed
  /// number.
  void add(House house, TimePoint now);
  /// Takes one out of the limits' reach; null when there is none.
  House take(std::string_view name);
  /// Removes all that may go; returns how many. O(those last requested longer than max_idle ago).
  std::size_t retire_idle(TimePoint now);

  void append_to(std::vector<std::shared_ptr<CircuitBreaker>>& list) const;
  void append_due(TimePoint now, std::vector<House>& list) const;

 private:
  struct Entry {
    House house;
    TimePoint seen;  ///< when it was last requested, found in use or found unable to go
  };
  using Row = std::list<Entry>;

  /// What went is released by the caller, after the lock.
  [[nodiscard]] std::vector<House> sweep_locked(TimePoint now, std::size_t looks);
  void to_the_end_locked(Row::iterator entry, TimePoint seen);

  const KeyedLimits limits_;
  mutable std::mutex mutex_;
  Row row_;
  std::unordered_map<std::string_view, Row::iterator> by_name_;  ///< names are the breakers' own
};

}  // namespace detail
}  // namespace switchgear
