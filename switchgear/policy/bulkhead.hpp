// At most so many calls of one dependency at once; the next ones wait in a bounded queue, first come, first
// served.
//
// How it is shared. `word_` holds in one atomic the slots that were taken from it (bits 0 … 20), the callers
// in the queue (bits 21 … 41), how many slots there are (`max`, bits 42 … 62), and whether it is the whole
// truth (bit 63). While it is not, free slots may also be parked with the threads that freed them, which take
// them from there and touch nothing that is shared.
//
//   try_take   parked here, or waiting = 0 and taken < max → taken + 1         one compare-exchange, no lock
//   gather     when none is left in the word and some may be parked: none is   under mutex_
//              parked any more, bit 63
//   free       parks it, or taken − 1; when callers wait → pass_on()           one atomic change, no lock
//   join       gather; waiting + 1 when no slot is free or others wait         under mutex_
//   pass_on    when callers wait and a slot is free: taken + 1, waiting − 1    under mutex_
//   spread     when none waits and three quarters are free:   not bit 63       under mutex_
//   resize     gather; max; a pass_on for every slot that is free then         under mutex_
//
// Invariants: 1. While callers wait, at least as many threads are on their way into pass_on() as slots are
// free: nothing is parked and none is free when the first caller is counted in, and every thread that frees
// one from then on sees the waiter; so no wake-up is lost (models/bulkhead.pml). 2. While callers wait,
// `taken` rises only under mutex_: no caller overtakes the queue. 3. `waiting` is the length of the list
// whenever mutex_ is free. 4. Bit 63 is set whenever callers wait, and a caller is refused only by a word
// that has it: never while a slot is free. 5. `taken`, parked slots included, rises only in a word whose
// `max` is above it, and nothing is parked until it is well below: so a lower max holds for every call that
// is admitted after it, and calls that run go on.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "switchgear/core/result.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/core/waker.hpp"
#include "switchgear/policy/event_fanout.hpp"
#include "switchgear/policy/option_problem.hpp"
#include "switchgear/striped/parked_slots.hpp"
#include "switchgear/striped/tally.hpp"

namespace switchgear {

struct BulkheadOptions {
  /// Calls that run at once; 1 … 1'000'000. Start from rate × latency of a good day, and double it.
  std::uint32_t max_concurrent = 50;
  /// Callers that wait for a slot at once; 0 … 1'000'000. 0: no waiting, a full bulkhead refuses.
  std::uint32_t max_queue = 0;
  /// How long a caller waits at most; 0s or longer, and longer than 0s exactly when there is a queue. Kept by
  /// the driver of the call, which calls leave() when it is over.
  Duration max_wait{};

  friend bool operator==(const BulkheadOptions&, const BulkheadOptions&) = default;
};

[[nodiscard]] std::vector<OptionProblem> validate(const BulkheadOptions& options);

/// Since construction; every call ends in one of them.
struct BulkheadTotals {
  std::uint64_t admitted = 0;   ///< permits handed to callers
  std::uint64_t rejected = 0;   ///< found every slot and every place in the queue taken
  std::uint64_t timed_out = 0;  ///< waited for as long as they may
  std::uint64_t cancelled = 0;  ///< went away while they waited
};

/// Calls that come and go meanwhile may or may not be in it.
struct BulkheadSnapshot {
  std::uint32_t in_use = 0;
  std::uint32_t waiting = 0;
  BulkheadTotals totals;
};

/// Keeps one slow dependency from taking every thread and connection there is.
///
///     Bulkhead bulkhead{"payment", {.max_concurrent = 20}};
///     auto permit = bulkhead.try_acquire();
///     if (!permit) return refuse(permit.rejection());
///     call_payment();                                      // the permit, dropped, frees its slot
///
/// or, for callers that can wait,
///
///     Bulkhead::Ticket ticket;
///     if (bulkhead.join(ticket, waker) == Bulkhead::Entry::refused)
///       return refuse(bulkhead.refuse(Reason::bulkhead_full));
///     std::optional<Bulkhead::Permit> permit;
///     while (!(permit = bulkhead.poll(ticket))) wait_until_woken();
///
/// Not for: limiting calls per second (a rate limiter does), or finding the right number (an adaptive limit
/// does). Threads: every method from any thread; a Ticket and a Permit by one thread at a time. try_acquire()
/// and a permit's end take no lock while no caller waits, except when the last slot is reached after a calm.
/// Lifetime: must outlive its permits and tickets. Neither copied nor moved; allocates only when constructed.
class Bulkhead {
 public:
  class Permit;
  class Ticket;
  enum class Entry : std::uint8_t {
    granted,  ///< poll() has the permit
    waiting,  ///< at the end of the queue; the waker is called when poll() has the permit
    refused,  ///< every place in the queue is taken
  };

  /// Throws std::invalid_argument naming every problem when `options` are not valid.
  explicit Bulkhead(std::string name, const BulkheadOptions& options = {});
  Bulkhead(const Bulkhead&) = delete;
  Bulkhead& operator=(const Bulkhead&) = delete;
  ~Bulkhead() = default;

  /// Requests a slot, and never waits. Refuses (bulkhead_full) when none is free, or when others wait for
  /// one. Here and in refuse(), `now` only dates the event for listeners.
  [[nodiscard]] Result<Permit> try_acquire(TimePoint now = {}) noexcept;

  /// The same for a caller that will wait instead of being refused, by join(): counts no refusal.
  [[nodiscard]] std::optional<Permit> try_slot() noexcept;

  /// Takes a slot, or a place at the end of the queue. Does not count a refusal: see refuse().
  /// Precondition: `ticket` is in no queue. `waker` must live until the ticket has its permit or has left; it
  /// is woken once, under the bulkhead's lock.
  [[nodiscard]] Entry join(Ticket& ticket, Waker& waker) noexcept;

  /// The permit of a ticket whose turn has come; empty while it waits, and once it has handed its permit out.
  [[nodiscard]] std::optional<Permit> poll(Ticket& ticket) noexcept;

  /// Stops waiting. A permit that was granted in the last moment is returned, not lost. Does not count what
  /// became of the caller: see refuse(). Constant time.
  [[nodiscard]] std::optional<Permit> leave(Ticket& ticket) noexcept;

  /// Counts a caller that is sent away, and says so in words: `reason` is bulkhead_full, queue_timeout or
  /// cancelled. try_acquire() does so by itself.
  [[nodiscard]] Rejection refuse(Reason reason, TimePoint now = {}) noexcept;

  /// Where listeners subscribe for this policy's events.
  [[nodiscard]] EventFanout& events() noexcept { return events_; }

  [[nodiscard]] BulkheadSnapshot snapshot() const noexcept;

  /// Every slot is taken, and a caller has found it so: it waits, or was refused. One atomic load.
  [[nodiscard]] bool is_full() const noexcept {
    const std::uint64_t seen = word_.load(std::memory_order_relaxed);
    return waiting_of(seen) != 0 || ((seen & nothing_parked) != 0 && taken_of(seen) >= max_of(seen));
  }

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] BulkheadOptions options() const;
  [[nodiscard]] Duration max_wait() const noexcept {
    return Duration{max_wait_.load(std::memory_order_relaxed)};
  }

  /// Other options from now on. Calls that run keep their slots, so with fewer slots none is admitted until
  /// enough of them have ended; callers that wait keep their places and their waits, and are let in at once
  /// while there are more slots. Throws std::invalid_argument, and changes nothing, when the options are not
  /// valid.
  void set_options(const BulkheadOptions& options);

 private:
  enum Count : std::uint8_t { admitted, rejected, timed_out, cancelled, counts };

  static constexpr std::uint64_t one_taken = 1;
  static constexpr unsigned bits = 21;
  static constexpr std::uint64_t mask = (std::uint64_t{1} << bits) - 1;
  static constexpr std::uint64_t one_waiting = std::uint64_t{1} << bits;
  static constexpr std::uint64_t one_slot = std::uint64_t{1} << (2 * bits);
  static constexpr std::uint64_t nothing_parked = std::uint64_t{1} << 63U;
  [[nodiscard]] static constexpr std::uint32_t taken_of(std::uint64_t word) noexcept {
    return static_cast<std::uint32_t>(word & mask);
  }
  [[nodiscard]] static constexpr std::uint32_t waiting_of(std::uint64_t word) noexcept {
    return static_cast<std::uint32_t>((word >> bits) & mask);
  }
  [[nodiscard]] static constexpr std::uint32_t max_of(std::uint64_t word) noexcept {
    return static_cast<std::uint32_t>((word >> (2 * bits)) & mask);
  }
  /// No caller waits, and the word has a slot.
  [[nodiscard]] static constexpr bool has_slot(std::uint64_t word) noexcept {
    return waiting_of(word) == 0 && taken_of(word) < max_of(word);
  }
  /// Few enough run that slots may be parked.
  [[nodiscard]] static constexpr bool is_calm(std::uint64_t word) noexcept {
    return taken_of(word) <= max_of(word) / 4;
  }

  /// Whether it took a slot without overtaking a waiter.
  [[nodiscard, gnu::always_inline]] bool try_take() noexcept { return parked_.take() || take_from_word(); }
  [[gnu::always_inline]] void free() noexcept {
    if (!parked_.park()) [[unlikely]]
      free_in_word();
  }
  [[nodiscard]] bool take_from_word() noexcept;
  void free_in_word() noexcept;
  void tell(Reason reason, TimePoint now) noexcept;
  void gather_locked() noexcept;
  void spread() noexcept;
  void pass_on() noexcept;
  [[nodiscard]] bool try_pass_on_locked() noexcept;
  [[nodiscard]] bool withdraw(Ticket& ticket) noexcept;
  void unlink_locked(Ticket& ticket) noexcept;

  // --- what calls write that find nothing parked
  alignas(64) std::atomic<std::uint64_t> word_;

  // --- what every call reads, on lines that are seldom taken away
  alignas(64) ParkedSlots parked_;
  Tally<counts> tally_;
  std::atomic<std::uint32_t> max_queue_;
  std::atomic<Duration::rep> max_wait_;
  const std::string name_;

  // --- touched only by waiting callers
  alignas(64) mutable std::mutex mutex_;
  Ticket* first_ = nullptr;
  Ticket* last_ = nullptr;

  EventFanout events_;
};

/// The right to make one call. Dropped, it frees its slot, to the first of the queue if there is one.
/// Move-only. May be dropped on another thread than it was acquired on.
class [[nodiscard]] Bulkhead::Permit {
 public:
  [[gnu::always_inline]] Permit(Permit&& other) noexcept
      : bulkhead_(std::exchange(other.bulkhead_, nullptr)) {}
  Permit& operator=(Permit&& other) noexcept {
    if (this != &other) {
      drop();
      bulkhead_ = std::exchange(other.bulkhead_, nullptr);
    }
    return *this;
  }
  Permit(const Permit&) = delete;
  Permit& operator=(const Permit&) = delete;
  [[gnu::always_inline]] ~Permit() { drop(); }

 private:
  friend class Bulkhead;
  explicit Permit(Bulkhead* bulkhead) noexcept : bulkhead_(bulkhead) {}

  [[gnu::always_inline]] void drop() noexcept {
    if (bulkhead_ != nullptr) std::exchange(bulkhead_, nullptr)->free();
  }

  Bulkhead* bulkhead_;
};

/// A place in the queue. Lives in the caller's frame; may be used again once it has left. Destroyed while it
/// waits, it leaves and counts as cancelled; with a slot that was granted and not fetched, it passes that on.
class Bulkhead::Ticket {
 public:
  Ticket() = default;
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;
  ~Ticket();

 private:
  friend class Bulkhead;
  enum class Place : std::uint8_t {
    nowhere,
    held,    ///< has a slot, which only its own thread knows of
    queued,  ///< in the queue, or granted from it: looked at under mutex_ only
  };

  Bulkhead* bulkhead_ = nullptr;
  Place place_ = Place::nowhere;
  // Under the bulkhead's mutex_:
  bool granted_ = false;
  Waker* waker_ = nullptr;
  Ticket* before_ = nullptr;
  Ticket* after_ = nullptr;
};

inline std::optional<Bulkhead::Permit> Bulkhead::try_slot() noexcept {
  if (!try_take()) [[unlikely]]
    return std::nullopt;
  tally_.add(admitted);
  return Permit{this};
}

inline Result<Bulkhead::Permit> Bulkhead::try_acquire(TimePoint now) noexcept {
  if (!try_take()) [[unlikely]] {
    tally_.add(rejected);
    if (events_.wants(Interest::rejections)) [[unlikely]]
      tell(Reason::bulkhead_full, now);
    // The end of another caller's call cannot be predicted.
    return {Reason::bulkhead_full, name_, std::nullopt};
  }
  tally_.add(admitted);
  return Permit{this};
}

}  // namespace switchgear
