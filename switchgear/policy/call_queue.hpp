// Calls stored for later: what a queueing fallback puts aside while a dependency is away, and what is made
// when it is back.
//
// Invariants: 1. at most one thread holds an entry, and no other gets one meanwhile: entries are handled
// first in, first out, one by one, but for those that were told to wait for all others, and those that a
// caller chooses by itself; 2. an entry leaves only when its holder says that it is done; 3. stored = done +
// size, at every moment; 4. no lock is held while a handler runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "switchgear/core/time.hpp"
#include "switchgear/policy/option_problem.hpp"

namespace switchgear {

struct CallQueueOptions {
  std::size_t max = 10'000;  ///< calls stored at once; 1 … 100'000'000; a further one is refused

  friend bool operator==(const CallQueueOptions&, const CallQueueOptions&) = default;
};

[[nodiscard]] std::vector<OptionProblem> validate(const CallQueueOptions& options);

/// One stored call.
struct QueuedCall {
  std::uint64_t id = 0;  ///< from 1, in the order of storing; never used twice by one queue
  std::string payload;   ///< whatever lets the call be made later
  TimePoint stored_at{};
  std::uint32_t handed_out = 0;  ///< how often so far, this time included: 1 for the first time
};

/// A handler's decision about the entry it got.
enum class Drained : std::uint8_t {
  done,   ///< made, or not to be made any more: it leaves
  again,  ///< not now, as the dependency is away: it stays at the head, and the drain ends
  later,  ///< not this one now: it goes behind all others, and the drain goes on with the next
};

struct DrainResult {
  enum class End : std::uint8_t {
    empty,  ///< nothing is left of what was stored when this drain, or the last to join it, began
    limit,  ///< `at_most` entries are done
    again,  ///< the handler said so
    busy,   ///< another thread holds an entry; one that drains goes on, while it can, with all that is stored
            ///< now
  };
  std::size_t done = 0;
  End end = End::empty;
};

/// Since construction, but for `waiting`.
struct CallQueueCounters {
  std::uint64_t stored = 0;
  std::uint64_t refused = 0;  ///< full
  std::uint64_t done = 0;
  std::uint64_t again = 0;    ///< handed out, and left in its place
  std::uint64_t later = 0;    ///< handed out, and put behind all others
  std::uint64_t waiting = 0;  ///< stored - done
};

struct CallQueueSnapshot {
  CallQueueCounters totals;
};

/// Stores calls in memory.
///
///     CallQueue queue{"emails", {.max = 1'000}};
///     auto id = queue.try_push(serialize(mail), now);                     // empty: full
///     queue.drain([&](const QueuedCall& call) {                           // later, on a thread of yours
///       return send(call.payload) ? Drained::done : Drained::again;
///     });
///
/// Not for: surviving a crash (it is memory), ordering across processes, waiting for room (it never waits).
/// Threads: every method from any thread; handlers run on the draining thread and may use the queue.
/// Lifetime: outlives its leases. Neither copied nor moved. A call is handed out at least once: a handler
/// that made it and then says `again` will be handed it again, so let it be idempotent or say `done`.
///
/// The queue drops nothing by itself. A call that fails although the dependency is back would hold up all
/// those behind it: say `later` for it, and `done` once `handed_out` is too high (having stored it elsewhere
/// for an operator).
class CallQueue {
 public:
  class Lease;

  /// Throws std::invalid_argument naming every problem when `options` are not valid (see validate()).
  explicit CallQueue(std::string name, const CallQueueOptions& options = {});
  CallQueue(const CallQueue&) = delete;
  CallQueue& operator=(const CallQueue&) = delete;
  ~CallQueue();

  /// Stores a call behind all others. Returns its id, or nothing when the queue is full.
  [[nodiscard]] std::optional<std::uint64_t> try_push(std::string payload, TimePoint now);

  /// Another bound from now on, 0 … 100'000'000 (larger ones are cut). What is stored beyond it stays; with 0
  /// every further call is refused, so that no call is stored that will not be made.
  void set_max(std::size_t max) noexcept;

  /// Hands entries to `handler`, the first stored first, until one of the ends of DrainResult. Entries stored
  /// or told `later` after it began are left alone, so a handler may store again what it could not do. What
  /// the handler throws passes through; its entry stays at the head.
  DrainResult drain(const std::function<Drained(const QueuedCall&)>& handler, std::size_t at_most = SIZE_MAX);

  /// For handlers that cannot answer at once, such as coroutines: takes the head, which no other thread gets
  /// until the lease is over. Nothing when the queue is empty or the head is held.
  [[nodiscard]] std::optional<Lease> try_lease();
  /// The same with the first entry that `suits`, which may stand behind others; left alone, it keeps its
  /// place. `suits` is called under the lock of the queue: it must be quick, and must not use the queue.
  /// O(entries) in the worst case.
  [[nodiscard]] std::optional<Lease> try_lease(const std::function<bool(const QueuedCall&)>& suits);

  /// Held entry included.
  [[nodiscard]] std::size_t size() const;
  /// How long the head has been stored; nothing when the queue is empty. (One told `later` may be older.)
  [[nodiscard]] std::optional<Duration> oldest(TimePoint now) const;
  [[nodiscard]] CallQueueCounters counters() const;
  [[nodiscard]] CallQueueSnapshot snapshot() const { return {counters()}; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] CallQueueOptions options() const;

 private:
  struct Head {
    const QueuedCall* call = nullptr;  ///< held for the caller; null when there is none to hand out
    bool busy = false;                 ///< because someone else holds an entry
  };
  [[nodiscard]] Head take_head_locked(std::uint64_t before) noexcept;
  void give_back(const QueuedCall& call, Drained what) noexcept;

  struct Entry {
    QueuedCall call;
    std::uint64_t turn;  ///< the order of handing out: the id, until its handler says `later`
  };

  std::string name_;
  CallQueueOptions options_;
  mutable std::mutex mutex_;
  std::list<Entry> calls_;  ///< a list: an entry stays where it is while others come
  std::uint64_t next_id_ = 1;
  std::uint64_t next_turn_ = 1;
  std::uint64_t drain_before_ = 0;  ///< drains hand out entries with smaller turns
  bool head_held_ = false;
  CallQueueCounters counters_;
};

/// An entry of a queue, held by one caller. Dropped without done(), the entry stays where it is.
/// Move-only; one thread at a time.
class CallQueue::Lease {
 public:
  Lease(Lease&& other) noexcept : queue_(std::exchange(other.queue_, nullptr)), call_(other.call_) {}
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  Lease& operator=(Lease&&) = delete;
  ~Lease() {
    if (queue_ != nullptr) queue_->give_back(*call_, Drained::again);
  }

  /// Precondition: neither moved from nor done.
  [[nodiscard]] const QueuedCall& call() const noexcept { return *call_; }

  /// The call leaves the queue. Once.
  void done() && noexcept { give_back(Drained::done); }
  /// The call goes behind all others.
  void later() && noexcept { give_back(Drained::later); }

 private:
  friend class CallQueue;
  Lease(CallQueue& queue, const QueuedCall& call) noexcept : queue_(&queue), call_(&call) {}

  void give_back(Drained what) noexcept {
    if (CallQueue* queue = std::exchange(queue_, nullptr)) queue->give_back(*call_, what);
  }

  CallQueue* queue_;
  const QueuedCall* call_;
};

}  // namespace switchgear
