// Answers by key, each with its age: bounded by number and by memory, the least recently used leaves first.
// The memory of `cache` and the cached `fallback`. Of the shape of LevelDB's sharded LRU cache
// (util/cache.cc), but with one bound for all shards together.
//
// How it is shared. Keys are spread over shards, each with a mutex, an index and a list in order of use;
// `entries_` and `bytes_` count the room taken in all of them, by what is stored and by what is about to be.
// Invariants: 1. neither ever exceeds its bound; 2. nothing is evicted while there is room; 3. nothing of the
// user's (a T's copy or destructor) runs under a lock: values are shared_ptr<const T>, and whatever is
// displaced is handed out and dies after the lock is released.
#pragma once

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "switchgear/core/time.hpp"
#include "switchgear/policy/answer_traits.hpp"

namespace switchgear {

/// How much is remembered at once.
struct AnswerStoreBounds {
  std::size_t entries;
  std::uint64_t bytes;  ///< of keys, answers, and what it takes to find them

  // Not explicit: a store of 10 is AnswerStore<T>{10}.
  AnswerStoreBounds(std::size_t max_entries, std::uint64_t max_bytes = std::uint64_t{64} << 20U)  // NOLINT
      : entries(max_entries), bytes(max_bytes) {}
};

/// The answers stored now, and those that could not be.
struct AnswerMemory {
  std::size_t entries = 0;
  std::size_t max_entries = 0;
  std::uint64_t bytes = 0;  ///< keys and what it takes to find them included; never above `max_bytes`
  std::uint64_t max_bytes = 0;
  std::uint64_t evicted = 0;  ///< answers that had to leave for newer ones, since the start
  std::uint64_t refused = 0;  ///< answers that are larger than all the room there is, since the start
};

struct AnswerStoreCounters {
  std::uint64_t hits = 0;
  std::uint64_t evicted = 0;  ///< had to leave for a newer answer
  std::uint64_t expired = 0;  ///< found, but too old
  std::uint64_t refused = 0;  ///< larger than all the room there is
};

/// Remembers answers, up to a number of them and up to an amount of memory.
///
///     AnswerStore<Rates> rates{AnswerStoreBounds{1'000, 1 << 20}};
///     rates.put("EUR", std::make_shared<const Rates>(fetched), now);
///     if (auto known = rates.find("EUR", now, 10min)) use(*known->value, known->age);
///
/// Not for: owning what must not be lost; any entry may be evicted.
/// Threads: every method from any thread. Time: ages are counted from the `now` given to put(); an answer
/// from the future is 0 old. find() allocates nothing; put() allocates the entry, before it locks.
///
/// A store of fewer than 1024 entries or 16 MiB is one shard, and evicts in exact order of use; a larger one
/// is 16 shards, and evicts the least recently used answers of the shard that the new key falls into. The
/// bounds are exact in both. O(1) per call, except for a put() that takes the room of many small answers, or
/// that finds its shard empty and the store full.
template <class T>
class AnswerStore {
  struct Entry {
    std::string key;
    std::shared_ptr<const T> value;
    TimePoint at;
    std::uint64_t bytes;
  };
  using Entries = std::list<Entry>;

 public:
  struct Answer {
    std::shared_ptr<const T> value;  ///< never null
    Duration age{};                  ///< never negative
  };
  /// Evicted entries. It destroys them, so it must go out of scope where a T may be destroyed.
  using Displaced = Entries;

  /// What an entry takes beside its key and its answer: nodes of list and index, counts of references.
  static constexpr std::uint64_t bytes_per_entry = sizeof(Entry) + 128;

  /// Entries and `shards` are at least 1.
  AnswerStore(const AnswerStoreBounds& bounds, std::size_t shards)
      : bounds_(bounds), shard_count_(shards), shards_(std::make_unique<Shard[]>(shards)) {
    assert(bounds.entries >= 1 && shards >= 1);
    // Room for the usual load from the start; a store allowed to hold millions grows into it.
    const std::size_t expected = std::min<std::size_t>(bounds.entries / shards + 1, 1024);
    for (std::size_t i = 0; i < shards; ++i) shards_[i].index.reserve(expected);
  }
  explicit AnswerStore(const AnswerStoreBounds& bounds)
      : AnswerStore(bounds, bounds.entries < 1024 || bounds.bytes < (std::uint64_t{16} << 20U) ? 1 : 16) {}
  AnswerStore(const AnswerStore&) = delete;
  AnswerStore& operator=(const AnswerStore&) = delete;
  ~AnswerStore() = default;

  /// The answer to `key` if it is at most `max_age` old; it then counts as used. An older one is forgotten,
  /// and its age left in `too_old`.
  [[nodiscard]] std::optional<Answer> find(std::string_view key, TimePoint now, Duration max_age,
                                           std::optional<Duration>* too_old = nullptr) {
    Displaced expired;  // destroyed after the lock is released
    Shard& shard = shard_of(key);
    const std::lock_guard lock(shard.mutex);
    const auto found = shard.index.find(key);
    if (found == shard.index.end()) return std::nullopt;
    const Position entry = found->second;
    const Duration age = std::max(Duration::zero(), saturating_sub(now, entry->at));
    if (age > max_age) {
      remove_locked(shard, entry, expired);
      ++shard.expired;
      if (too_old != nullptr) *too_old = age;
      return std::nullopt;
    }
    shard.by_use.splice(shard.by_use.begin(), shard.by_use, entry);
    ++shard.hits;
    return Answer{entry->value, age};
  }

  /// Remembers `value`, which is not null, in place of an earlier answer to `key`. Returns what had to leave;
  /// `value` itself when it is larger than the whole store, or when other threads are about to fill it.
  Displaced put(std::string_view key, std::shared_ptr<const T> value, TimePoint now) {
    assert(value != nullptr);
    const std::size_t bytes = detail::answer_bytes(*value);
    return put(key, std::move(value), bytes, now);
  }
  /// The same for an answer that is known to take `bytes`.
  Displaced put(std::string_view key, std::shared_ptr<const T> value, std::size_t bytes, TimePoint now) {
    Entries fresh;
    fresh.push_back(Entry{std::string(key), std::move(value), now, bytes_per_entry + key.size() + bytes});
    Displaced displaced;
    Room room{*this, fresh.front().bytes};
    Shard& shard = shard_of(key);
    if (fresh.front().bytes <= bounds_.bytes) {
      while (!try_put(shard, fresh, displaced, room) && evict_elsewhere(displaced, room)) {
      }
    }
    if (!fresh.empty()) refused_.fetch_add(1, std::memory_order_relaxed);
    displaced.splice(displaced.end(), fresh);
    return displaced;
  }

  /// Forgets the answer to `key`. Returns what was there: nothing, or one.
  Displaced erase(std::string_view key) {
    Displaced erased;
    Shard& shard = shard_of(key);
    const std::lock_guard lock(shard.mutex);
    if (const auto found = shard.index.find(key); found != shard.index.end()) {
      remove_locked(shard, found->second, erased);
    }
    return erased;
  }

  /// Forgets every answer that was there when it began.
  void clear() {
    for (std::size_t i = 0; i < shard_count_; ++i) {
      Displaced erased;
      {
        const std::lock_guard lock(shards_[i].mutex);
        shards_[i].index.clear();
        erased.swap(shards_[i].by_use);
      }
      for (const Entry& entry : erased) give_back(1, entry.bytes);
    }
  }

  /// Never more than bounds().entries.
  [[nodiscard]] std::size_t size() const noexcept { return entries_.load(std::memory_order_relaxed); }
  /// Never more than bounds().bytes.
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_.load(std::memory_order_relaxed); }
  [[nodiscard]] const AnswerStoreBounds& bounds() const noexcept { return bounds_; }

  [[nodiscard]] AnswerMemory memory() const {
    const AnswerStoreCounters seen = counters();
    return {size(), bounds_.entries, bytes(), bounds_.bytes, seen.evicted, seen.refused};
  }

  [[nodiscard]] AnswerStoreCounters counters() const {
    AnswerStoreCounters sum;
    for (std::size_t i = 0; i < shard_count_; ++i) {
      const std::lock_guard lock(shards_[i].mutex);
      sum.hits += shards_[i].hits;
      sum.evicted += shards_[i].evicted;
      sum.expired += shards_[i].expired;
    }
    sum.refused = refused_.load(std::memory_order_relaxed);
    return sum;
  }

 private:
  using Position = typename Entries::iterator;

  struct alignas(64) Shard {
    std::mutex mutex;
    Entries by_use;                                        ///< the last used first
    std::unordered_map<std::string_view, Position> index;  ///< keys are the entries' own
    std::uint64_t hits = 0;
    std::uint64_t evicted = 0;
    std::uint64_t expired = 0;
  };

  /// The room for one entry that is not stored yet, gathered from what is free and from what is evicted.
  class Room {
   public:
    Room(AnswerStore& store, std::uint64_t wanted) noexcept : store_(store), wanted_(wanted) {}
    Room(const Room&) = delete;
    Room& operator=(const Room&) = delete;
    ~Room() { store_.give_back(entries_, bytes_); }

    /// True when nothing is missing any more. Takes bytes only if all that are missing are free: those who
    /// gather at the same time do not keep each other from it.
    [[nodiscard]] bool complete() noexcept {
      if (entries_ == 0 && take(store_.entries_, std::size_t{1}, store_.bounds_.entries)) entries_ = 1;
      if (bytes_ < wanted_ && take(store_.bytes_, wanted_ - bytes_, store_.bounds_.bytes)) bytes_ = wanted_;
      return entries_ != 0 && bytes_ >= wanted_;
    }
    /// Of an entry that leaves. What is not needed is free from here on.
    void add(std::uint64_t bytes) noexcept {
      store_.give_back(entries_, 0);
      entries_ = 1;
      bytes_ += bytes;
      if (bytes_ <= wanted_) return;
      store_.give_back(0, bytes_ - wanted_);
      bytes_ = wanted_;
    }
    /// It is the entry's from here on.
    void hand_over() noexcept { entries_ = 0, bytes_ = 0; }

   private:
    template <class N>
    [[nodiscard]] static bool take(std::atomic<N>& taken, N wanted, N most) noexcept {
      N seen = taken.load(std::memory_order_relaxed);
      while (seen <= most && wanted <= most - seen) {
        if (taken.compare_exchange_weak(seen, seen + wanted, std::memory_order_relaxed)) return true;
      }
      return false;
    }

    AnswerStore& store_;
    std::uint64_t wanted_;
    std::size_t entries_ = 0;
    std::uint64_t bytes_ = 0;
  };

  void give_back(std::size_t entries, std::uint64_t bytes) noexcept {
    if (entries != 0) entries_.fetch_sub(entries, std::memory_order_relaxed);
    if (bytes != 0) bytes_.fetch_sub(bytes, std::memory_order_relaxed);
  }

  [[nodiscard]] Shard& shard_of(std::string_view key) const noexcept {
    // The index inside the shard uses the same hash: its low bits decide there, so the high ones decide here.
    const std::uint64_t mixed = std::hash<std::string_view>{}(key)*0x9e3779b97f4a7c15U;
    return shards_[(mixed >> 32U) % shard_count_];
  }

  /// Stores `fresh` in its shard; false when that takes the room of entries elsewhere, which must leave
  /// first.
  [[nodiscard]] bool try_put(Shard& shard, Entries& fresh, Displaced& displaced, Room& room) {
    const std::lock_guard lock(shard.mutex);
    if (const auto known = shard.index.find(fresh.front().key); known != shard.index.end())
      unlink_locked(shard, known->second, displaced, room);
    while (!room.complete()) {
      if (!evict_locked(shard, displaced, room)) return false;
    }
    shard.index.emplace(fresh.front().key, fresh.begin());
    shard.by_use.splice(shard.by_use.begin(), fresh);
    room.hand_over();
    return true;
  }

  /// Makes the entry least recently used leave; its room is `room`'s. False when there is none.
  [[nodiscard]] static bool evict_locked(Shard& shard, Displaced& displaced, Room& room) {
    if (shard.by_use.empty()) return false;
    unlink_locked(shard, std::prev(shard.by_use.end()), displaced, room);
    ++shard.evicted;
    return true;
  }

  /// False when every shard is empty, and what is missing is in the hands of other threads.
  [[nodiscard]] bool evict_elsewhere(Displaced& displaced, Room& room) {
    for (std::size_t i = 0; i < shard_count_ && !room.complete(); ++i) {
      const std::lock_guard lock(shards_[i].mutex);
      while (!room.complete() && evict_locked(shards_[i], displaced, room)) {
      }
    }
    return room.complete();
  }

  static void unlink_locked(Shard& shard, Position entry, Displaced& unlinked, Room& room) {
    room.add(entry->bytes);
    shard.index.erase(entry->key);
    unlinked.splice(unlinked.end(), shard.by_use, entry);
  }
  void remove_locked(Shard& shard, Position entry, Displaced& removed) {
    give_back(1, entry->bytes);
    shard.index.erase(entry->key);
    removed.splice(removed.end(), shard.by_use, entry);
  }

  AnswerStoreBounds bounds_;
  std::size_t shard_count_;
  std::unique_ptr<Shard[]> shards_;
  std::atomic<std::size_t> entries_{0};
  std::atomic<std::uint64_t> bytes_{0};
  std::atomic<std::uint64_t> refused_{0};
};

}  // namespace switchgear
