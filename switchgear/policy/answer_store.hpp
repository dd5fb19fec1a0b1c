// Answers by key, each with its age: bounded, the least recently used leaves first. What `cache` and the
// cached `fallback` remember with. Of the shape of LevelDB's sharded LRU cache (util/cache.cc), but with one
// bound for all shards together.
//
// How it is shared. Keys are spread over shards, each with a mutex, an index and a list in order of use;
// `size_` counts the places taken in all of them. Invariants: 1. size_ never exceeds max_entries; 2. nothing
// is evicted while a place is free; 3. nothing of the user's (a T's copy or destructor) runs under a lock:
// values are shared_ptr<const T>, and whatever is displaced is handed out and dies after the lock is
// released.
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

namespace switchgear {

struct AnswerStoreCounters {
  std::uint64_t hits = 0;
  std::uint64_t evicted = 0;  ///< had to leave for a newer answer
  std::uint64_t expired = 0;  ///< found, but too old
};

/// Remembers up to `max_entries` answers.
///
///     AnswerStore<Rates> rates{1'000};
///     rates.put("EUR", std::make_shared<const Rates>(fetched), now);
///     if (auto known = rates.find("EUR", now, 10min)) use(*known->value, known->age);
///
/// Not for: owning what must not be lost; any entry may be evicted.
/// Threads: every method from any thread. Time: ages are counted from the `now` given to put(); an answer
/// from the future is 0 old. find() allocates nothing; put() allocates the entry, before it locks.
///
/// A store of fewer than 1024 entries is one shard, and evicts in exact order of use; a larger one is 16
/// shards, and evicts the least recently used answer of the shard that the new key falls into. The bound is
/// exact in both. O(1) per call, except for the rare put() into an empty shard of a full store.
template <class T>
class AnswerStore {
  struct Entry {
    std::string key;
    std::shared_ptr<const T> value;
    TimePoint at;
  };
  using Entries = std::list<Entry>;

 public:
  struct Answer {
    std::shared_ptr<const T> value;  ///< never null
    Duration age{};                  ///< never negative
  };
  /// What had to make way. Destroys it, so let it go where a T may be destroyed.
  using Displaced = Entries;

  /// `max_entries` and `shards` are at least 1.
  AnswerStore(std::size_t max_entries, std::size_t shards)
      : max_entries_(max_entries), shard_count_(shards), shards_(std::make_unique<Shard[]>(shards)) {
    assert(max_entries >= 1 && shards >= 1);
    // Room for the usual load from the start; a store allowed to hold millions grows into it.
    const std::size_t expected = std::min<std::size_t>(max_entries / shards + 1, 1024);
    for (std::size_t i = 0; i < shards; ++i) shards_[i].index.reserve(expected);
  }
  explicit AnswerStore(std::size_t max_entries) : AnswerStore(max_entries, max_entries < 1024 ? 1 : 16) {}
  AnswerStore(const AnswerStore&) = delete;
  AnswerStore& operator=(const AnswerStore&) = delete;
  ~AnswerStore() = default;

  /// The answer to `key` if it is at most `max_age` old; it then counts as used. An older one is forgotten.
  [[nodiscard]] std::optional<Answer> find(std::string_view key, TimePoint now, Duration max_age) {
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
      return std::nullopt;
    }
    shard.by_use.splice(shard.by_use.begin(), shard.by_use, entry);
    ++shard.hits;
    return Answer{entry->value, age};
  }

  /// Remembers `value`, which is not null, in place of an earlier answer to `key`. Returns what had to leave.
  Displaced put(std::string_view key, std::shared_ptr<const T> value, TimePoint now) {
    assert(value != nullptr);
    Entries fresh;
    fresh.push_back(Entry{std::string(key), std::move(value), now});
    Displaced displaced;
    Place place{size_};
    Shard& shard = shard_of(key);
    while (!try_put(shard, fresh, displaced, place)) evict_elsewhere(displaced, place);
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
      const std::lock_guard lock(shards_[i].mutex);
      size_.fetch_sub(shards_[i].by_use.size(), std::memory_order_relaxed);
      shards_[i].index.clear();
      erased.swap(shards_[i].by_use);
    }
  }

  /// Never more than max_entries().
  [[nodiscard]] std::size_t size() const noexcept { return size_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t max_entries() const noexcept { return max_entries_; }

  [[nodiscard]] AnswerStoreCounters counters() const {
    AnswerStoreCounters sum;
    for (std::size_t i = 0; i < shard_count_; ++i) {
      const std::lock_guard lock(shards_[i].mutex);
      sum.hits += shards_[i].hits;
      sum.evicted += shards_[i].evicted;
      sum.expired += shards_[i].expired;
    }
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

  /// One of the max_entries places, taken for an entry that is not stored yet.
  struct Place {
    std::atomic<std::size_t>& size;
    bool taken = false;

    explicit Place(std::atomic<std::size_t>& counter) noexcept : size(counter) {}
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() {
      if (taken) size.fetch_sub(1, std::memory_order_relaxed);
    }

    void take_free(std::size_t max) noexcept {
      std::size_t seen = size.load(std::memory_order_relaxed);
      while (!taken && seen < max) {
        taken = size.compare_exchange_weak(seen, seen + 1, std::memory_order_relaxed);
      }
    }
  };

  [[nodiscard]] Shard& shard_of(std::string_view key) const noexcept {
    // The index inside the shard uses the same hash: its low bits decide there, so the high ones decide here.
    const std::uint64_t mixed = std::hash<std::string_view>{}(key)*0x9e3779b97f4a7c15U;
    return shards_[(mixed >> 32U) % shard_count_];
  }

  /// Stores `fresh` in its shard; false when that takes the place of an entry elsewhere, which must leave
  /// first.
  [[nodiscard]] bool try_put(Shard& shard, Entries& fresh, Displaced& displaced, Place& place) {
    const std::lock_guard lock(shard.mutex);
    const auto [slot, is_new] = shard.index.try_emplace(fresh.front().key, fresh.begin());
    if (!is_new) {
      const Position known = slot->second;
      std::swap(known->value, fresh.front().value);
      known->at = fresh.front().at;
      shard.by_use.splice(shard.by_use.begin(), shard.by_use, known);
      return true;
    }
    if (!place.taken) place.take_free(max_entries_);
    if (!place.taken) place.taken = evict_locked(shard, displaced);
    if (!place.taken) {
      shard.index.erase(slot);
      return false;
    }
    place.taken = false;  // the entry's from here on
    shard.by_use.splice(shard.by_use.begin(), fresh);
    return true;
  }

  /// Makes the entry least recently used leave, but keeps its place taken. False when there is none.
  [[nodiscard]] static bool evict_locked(Shard& shard, Displaced& displaced) {
    if (shard.by_use.empty()) return false;
    const Position last = std::prev(shard.by_use.end());
    shard.index.erase(last->key);
    displaced.splice(displaced.end(), shard.by_use, last);
    ++shard.evicted;
    return true;
  }

  void evict_elsewhere(Displaced& displaced, Place& place) {
    for (std::size_t i = 0; i < shard_count_ && !place.taken; ++i) {
      const std::lock_guard lock(shards_[i].mutex);
      place.taken = evict_locked(shards_[i], displaced);
    }
  }

  void remove_locked(Shard& shard, Position entry, Displaced& removed) {
    shard.index.erase(entry->key);
    removed.splice(removed.end(), shard.by_use, entry);
    size_.fetch_sub(1, std::memory_order_relaxed);
  }

  std::size_t max_entries_;
  std::size_t shard_count_;
  std::unique_ptr<Shard[]> shards_;
  std::atomic<std::size_t> size_{0};
};

}  // namespace switchgear
