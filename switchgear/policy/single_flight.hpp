// One call per key at a time: the first caller makes it, the others wait for its result. After Go's
// golang.org/x/sync/singleflight, made sans-I/O.
//
//   join ──no call for the key─▶ leads ──finish──▶ off         (its followers: answered, failed, or alone)
//     │                            ▲  └──leaves──▶ off         (its first follower leads)
//     └──someone leads──▶ waits ───┘
//                           └──the leader finishes──▶ answered | failed | alone ──poll──▶ off
//
// Invariants: 1. a key has at most one leader that new callers can join; 2. the ring of a flight is its
// leader and then its followers, first come first; 3. everything in a ticket but `flights_` is read and
// written under the mutex of its shard, wakers are called under it, and nothing of the user's runs under it.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>

#include "switchgear/core/cause.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/core/waker.hpp"

namespace switchgear {

struct SingleFlightCounters {
  std::uint64_t led = 0;          ///< callers told to make the call
  std::uint64_t handed_over = 0;  ///< leaders that left without finishing, and had followers
  std::uint64_t answered = 0;     ///< callers given the answer to another's call
  std::uint64_t failed = 0;       ///< callers given the failure of another's call
};

/// Knows which keys are in flight. Values pass through as shared_ptr<const void>; Cache<T> puts the type back
/// on.
///
/// Not for: remembering answers (a Cache does).
/// Threads: every method from any thread, a ticket from one at a time. Lifetime: outlives its tickets. Never
/// allocates once constructed: tickets are linked where they live.
class SingleFlight {
 public:
  enum class Role : std::uint8_t { leader, follower };
  enum class State : std::uint8_t { waiting, leads, answered, failed };

  struct Poll {
    State state = State::leads;
    std::shared_ptr<const void> value;  ///< when answered
    TimePoint at{};                     ///< when answered: since when `value` is there
    Cause cause;                        ///< when failed
    bool counted = false;               ///< this is what counted the caller as led, answered or failed
  };

  /// One caller's place, in the caller's frame. Destroyed, it leaves.
  class Ticket {
   public:
    Ticket() = default;
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;
    ~Ticket() {
      if (flights_ != nullptr) flights_->leave(*this);
    }
    /// What it joined with last.
    [[nodiscard]] std::string_view key() const noexcept { return key_; }

   private:
    friend class SingleFlight;
    enum class Standing : std::uint8_t { leads, waits, alone, answered, failed };

    SingleFlight* flights_ = nullptr;  ///< null: off. The owner's own; never touched by other threads
    std::size_t bucket_ = 0;
    std::string_view key_;
    Waker* waker_ = nullptr;
    Standing standing_ = Standing::waits;
    bool told_ = false;        ///< has been told to make the call
    bool detached_ = false;    ///< a leader's: its key has been forgotten, new callers do not find it
    Ticket* chain_ = nullptr;  ///< a leader's: the next leader in its bucket
    Ticket* next_ = nullptr;   ///< the ring of the flight
    Ticket* previous_ = nullptr;
    std::shared_ptr<const void> value_;
    TimePoint at_{};
    Cause cause_;
  };

  SingleFlight();
  SingleFlight(const SingleFlight&) = delete;
  SingleFlight& operator=(const SingleFlight&) = delete;
  ~SingleFlight();

  /// Takes part in the flight of `key`, which is borrowed until the ticket is off again; so is `waker`.
  /// A leader makes the call, then finishes or leaves. A follower polls, now or when woken.
  /// A caller without a waker does not wait: if it finds a leader, it is told to lead as well, alone.
  /// Precondition: the ticket is off.
  Role join(std::string_view key, Ticket& ticket, Waker* waker);

  /// The same for a caller that looks once more for an answer before it leads: a leader is counted by
  /// count_led(), or has found one and says so by answer_all(). Counted at once and taken back, it would make
  /// a total go down.
  Role try_join(std::string_view key, Ticket& ticket, Waker* waker);
  void count_led(const Ticket& ticket) noexcept;

  /// The state of the flight. A ticket that is off leads: there is no call to wait for. After `answered` and
  /// `failed` the ticket is off.
  Poll poll(Ticket& ticket);

  /// The leader has an answer: its followers get it. First `publish(key)` runs, under the lock, unless the
  /// key was forgotten meanwhile or the caller was on its own; so what it stores is never older than a
  /// forget().
  template <class Publish>
  void finish(Ticket& ticket, const std::shared_ptr<const void>& value, TimePoint at, Publish publish) {
    if (ticket.flights_ == nullptr) return;
    const std::lock_guard lock(shard_of(ticket).mutex);
    if (ticket.standing_ == Ticket::Standing::leads && !ticket.detached_) publish(ticket.key_);
    answer_locked(ticket, value, at);
    take_off_locked(ticket);
  }
  /// The leader has failed, and so have its followers.
  void finish(Ticket& ticket, const Cause& cause);
  /// The leader has an answer that is its alone: its followers each make their own call.
  void finish_alone(Ticket& ticket);
  /// The leader of try_join() has found that an answer is there already: poll() says `answered` to it and to
  /// its followers.
  void answer_all(Ticket& ticket, const std::shared_ptr<const void>& value, TimePoint at);

  /// Gives up the place; a ticket that is off stays so. When it led, the first follower is woken and leads.
  void leave(Ticket& ticket);

  /// Callers from now on do not join the flight of `key` that is under way. Runs `also()` under the same
  /// lock.
  template <class Also>
  void forget(std::string_view key, Also also) {
    const std::size_t bucket = bucket_of(key);
    const std::lock_guard lock(shards_[bucket / buckets_per_shard].mutex);
    if (Ticket* leader = find_locked(bucket, key)) detach_locked(*leader);
    also();
  }
  void forget_all();

  [[nodiscard]] SingleFlightCounters counters() const;

 private:
  static constexpr std::size_t shard_count = 16;
  static constexpr std::size_t buckets_per_shard = 64;

  struct alignas(64) Shard {
    mutable std::mutex mutex;
    std::atomic<std::uint64_t> led{0};  ///< counted without the mutex
    SingleFlightCounters counters;      ///< the others
    std::array<Ticket*, buckets_per_shard> leaders{};
  };

  [[nodiscard]] static std::size_t bucket_of(std::string_view key) noexcept;
  [[nodiscard]] Shard& shard_of(const Ticket& ticket) const noexcept {
    return shards_[ticket.bucket_ / buckets_per_shard];
  }
  [[nodiscard]] Ticket*& leaders_of(std::size_t bucket) noexcept {
    return shards_[bucket / buckets_per_shard].leaders[bucket % buckets_per_shard];
  }
  [[nodiscard]] Ticket* find_locked(std::size_t bucket, std::string_view key) noexcept;
  void attach_locked(Ticket& leader) noexcept;
  void detach_locked(Ticket& leader) noexcept;
  /// Off; a leader's first follower leads in its place, and is woken.
  void take_off_locked(Ticket& ticket) noexcept;
  void answer_locked(Ticket& ticket, const std::shared_ptr<const void>& value, TimePoint at) noexcept;
  template <class Settle>
  void settle_followers_locked(Ticket& ticket, Settle settle) noexcept;

  std::unique_ptr<Shard[]> shards_;
};

}  // namespace switchgear
