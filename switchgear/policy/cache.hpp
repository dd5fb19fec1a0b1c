// Answers younger than `ttl` without a call; the same key in flight is one call.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "switchgear/core/cause.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/core/waker.hpp"
#include "switchgear/policy/answer_store.hpp"
#include "switchgear/policy/event_fanout.hpp"
#include "switchgear/policy/option_checker.hpp"
#include "switchgear/policy/option_problem.hpp"
#include "switchgear/policy/single_flight.hpp"

namespace switchgear {

struct CacheOptions {
  /// An answer is given again while it is younger than this; 0s or longer. With 0s nothing is remembered, and
  /// only calls at the same time share an answer.
  Duration ttl = std::chrono::seconds{5};
  /// Answers remembered at once, 1 … 100'000'000; beyond it the least recently used leaves.
  std::size_t max_entries = 10'000;
  /// The memory that they take at once, keys included, in bytes; 1 KiB … 1 TiB. Beyond it the least recently
  /// used leaves; an answer that is larger by itself is not remembered. See answer_traits.hpp for the size of
  /// a type of your own.
  std::uint64_t max_bytes = std::uint64_t{64} << 20U;

  friend bool operator==(const CacheOptions&, const CacheOptions&) = default;
};

[[nodiscard]] std::vector<OptionProblem> validate(const CacheOptions& options);

/// Since construction.
struct CacheCounters {
  std::uint64_t hits = 0;             ///< answers from memory
  std::uint64_t misses = 0;           ///< callers told to make the call
  std::uint64_t shared = 0;           ///< answers of a call that someone else made meanwhile
  std::uint64_t shared_failures = 0;  ///< failures of such a call
  std::uint64_t evicted = 0;          ///< had to leave for a newer answer
};

struct CacheSnapshot {
  CacheCounters totals;
  AnswerMemory memory;
};

/// Remembers answers by key.
///
///     Cache<Rates> cache{"rates", {.ttl = 5s}};
///     if (auto hit = cache.find(key, now)) return *hit->value;             // hit->age old
///     Cache<Rates>::Ticket ticket;                                         // in this caller's frame
///     if (cache.join(key, ticket, &waker, now) == Cache<Rates>::Role::follower) {
///       auto poll = cache.poll(ticket, now);                               // again when woken
///       …                                                                  // what Poll::State says
///     }
///     cache.finish(ticket, std::make_shared<const Rates>(fetch(key)), now);
///
/// Not for: answers that differ from caller to caller under one key; calls that change something; a call that
/// requests its own key further in, since as a follower it would wait for itself. A leader whose own caller
/// has gone away, or whose own time is over, leaves instead of finishing with that cause: it says nothing
/// about the dependency, and the first follower makes the call in its place. An exception in a shared failure
/// is one object for all who waited: read it, do not change it.
///
/// Threads: every method from any thread, a ticket from one at a time. Lifetime: outlives its tickets.
/// Neither copied nor moved. find(), join() and poll() allocate nothing. No T is copied; none is destroyed
/// under a lock.
template <class T>
class Cache {
 public:
  struct Hit {
    std::shared_ptr<const T> value;
    Duration age{};  ///< since the call that brought it ended
  };
  /// One caller's part in a flight. Destroyed, it leaves; until then the key it joined with must stay.
  using Ticket = SingleFlight::Ticket;
  using Role = SingleFlight::Role;
  struct Poll {
    enum State : std::uint8_t {
      waiting,   ///< poll again when woken
      leads,     ///< make the call, then finish or leave
      answered,  ///< `value`, `age` old
      failed,    ///< the leader's failure, shared by those who waited for it
    };
    State state = leads;
    std::shared_ptr<const T> value;
    Duration age{};
    Cause cause;
  };

  /// Throws std::invalid_argument naming every problem when `options` are not valid (see validate()).
  Cache(std::string name, const CacheOptions& options)
      : name_(std::move(name)),
        options_(checked(name_, options)),
        store_(AnswerStoreBounds{options_.max_entries, options_.max_bytes}) {}
  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;

  /// The answer to `key`, when one younger than `ttl` is remembered; never one to an empty key.
  [[nodiscard]] std::optional<Hit> find(std::string_view key, TimePoint now) {
    if (key.empty()) return std::nullopt;
    std::optional<Duration> too_old;
    auto known = store_.find(key, now, oldest(), &too_old);
    if (too_old) tell(CacheResult::stale, key, *too_old, now);
    if (!known) return std::nullopt;
    tell(CacheResult::hit, key, known->age, now);
    return Hit{std::move(known->value), known->age};
  }

  /// Takes part in the call for `key`; `key` and `waker` are borrowed until the ticket has finished or left.
  /// A leader makes the call. A follower polls: at once, since an answer may have come since find() missed
  /// it, and when woken. A caller without a waker does not wait; it leads. So does a caller without a key:
  /// its answer is neither shared nor stored, since it may be another caller's. Precondition: the ticket has
  /// not joined, or has finished, left, or been answered.
  [[nodiscard]] Role join(std::string_view key, Ticket& ticket, Waker* waker, TimePoint now) {
    if (key.empty()) return Role::leader;  // the ticket stays off: there is nothing to finish
    const Role role = flights_.try_join(key, ticket, waker);
    if (role == Role::follower) return role;
    // The last leader may have finished between this caller's find() and here; its answer is in the store.
    auto known = store_.find(key, now, oldest());
    if (!known) {
      flights_.count_led(ticket);
      tell(CacheResult::miss, key, {}, now);
      return role;
    }
    tell(CacheResult::hit, key, known->age, now);
    flights_.answer_all(ticket, std::move(known->value), saturating_add(now, -known->age));
    return Role::follower;
  }

  /// What has become of the call.
  [[nodiscard]] Poll poll(Ticket& ticket, TimePoint now) {
    const std::string_view key = ticket.key();
    SingleFlight::Poll seen = flights_.poll(ticket);
    Poll poll;
    static_assert(static_cast<int>(SingleFlight::State::waiting) == Poll::waiting &&
                  static_cast<int>(SingleFlight::State::leads) == Poll::leads &&
                  static_cast<int>(SingleFlight::State::answered) == Poll::answered &&
                  static_cast<int>(SingleFlight::State::failed) == Poll::failed);
    poll.state = static_cast<typename Poll::State>(seen.state);
    if (poll.state == Poll::answered) poll.age = std::max(Duration::zero(), saturating_sub(now, seen.at));
    poll.value = std::static_pointer_cast<const T>(std::move(seen.value));
    poll.cause = std::move(seen.cause);
    if (seen.counted) tell(result_of(poll.state), key, poll.age, now);
    return poll;
  }

  /// The leader has an answer: it is remembered, unless the key was erased meanwhile, and given to the
  /// followers. One that was on its own remembers nothing.
  void finish(Ticket& ticket, std::shared_ptr<const T> value, TimePoint now) {
    assert(value != nullptr);
    typename AnswerStore<T>::Displaced displaced;  // destroyed when no lock is held
    const std::size_t bytes = detail::answer_bytes(*value);
    flights_.finish(ticket, value, now, [&](std::string_view key) {
      if (options_.ttl > Duration::zero()) displaced = store_.put(key, value, bytes, now);
    });
  }
  /// The leader has failed: nothing is remembered, and those who waited have failed alike.
  void finish(Ticket& ticket, const Cause& cause) { flights_.finish(ticket, cause); }
  /// The leader has an answer that must not be shared (too large, private): each follower makes its own call.
  void finish_uncacheable(Ticket& ticket) { flights_.finish_alone(ticket); }
  /// The leader gives up: the first follower makes the call. A follower no longer waits.
  void leave(Ticket& ticket) { flights_.leave(ticket); }

  /// Forgets the answer to `key`. A call under way still answers those who wait for it, but is not
  /// remembered: it may have been made before whatever this erase is about.
  void erase(std::string_view key) {
    typename AnswerStore<T>::Displaced erased;
    flights_.forget(key, [&] { erased = store_.erase(key); });
  }
  /// Does so for every key.
  void clear() {
    flights_.forget_all();
    store_.clear();
  }

  [[nodiscard]] CacheCounters counters() const {
    const AnswerStoreCounters stored = store_.counters();
    const SingleFlightCounters flown = flights_.counters();
    return {stored.hits, flown.led, flown.answered, flown.failed, stored.evicted};
  }
  [[nodiscard]] CacheSnapshot snapshot() const { return {counters(), memory()}; }

  /// Where listeners subscribe for this policy's events.
  [[nodiscard]] EventFanout& events() noexcept { return events_; }

  [[nodiscard]] std::size_t size() const noexcept { return store_.size(); }
  [[nodiscard]] AnswerMemory memory() const { return store_.memory(); }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const CacheOptions& options() const noexcept { return options_; }

 private:
  [[nodiscard]] static constexpr CacheResult result_of(typename Poll::State state) noexcept {
    if (state == Poll::leads) return CacheResult::miss;
    return state == Poll::answered ? CacheResult::shared : CacheResult::shared_failure;
  }
  void tell(CacheResult result, std::string_view key, Duration age, TimePoint now) {
    if (events_.wants(Interest::cache)) [[unlikely]]
      events_.on_cache({{name_, PolicyKind::cache, now}, result, key, age});
  }
  static CacheOptions checked(const std::string& name, const CacheOptions& options) {
    require_valid("cache", name, validate(options));
    return options;
  }
  /// "Younger than ttl" in whole nanoseconds.
  [[nodiscard]] Duration oldest() const noexcept { return options_.ttl - Duration{1}; }

  std::string name_;
  CacheOptions options_;
  AnswerStore<T> store_;
  SingleFlight flights_;
  EventFanout events_;
};

}  // namespace switchgear
