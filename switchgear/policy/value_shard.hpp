// A part of the values of BreakersByValue, and what is kept of each. Used by it alone.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "switchgear/core/time.hpp"
#include "switchgear/policy/opened_values.hpp"
#include "switchgear/policy/quiet_window.hpp"

namespace switchgear::detail {

/// One value. Everything but `calls` is guarded by the shard's lock.
struct ValueEntry {
  ValueEntry* next = nullptr;  ///< in its bucket
  ValueEntry* older = nullptr;
  ValueEntry* newer = nullptr;
  TimePoint placed{};  ///< when it was put at the end of its row
  TimePoint seen{};    ///< the latest time a caller has shown; while it is awake, of those that ask
  std::uint64_t hash = 0;
  /// In flight. Grows under the lock only; so at 0, under the lock, it stays there.
  std::atomic<std::uint32_t> calls{0};
  QuietWindow quiet;
  std::unique_ptr<AwakeValue> awake;  ///< null: it is quiet
  std::string key;

  /// The last thing that a call does to it.
  void leave() noexcept { calls.fetch_sub(1, std::memory_order_release); }
  [[nodiscard]] bool in_use() const noexcept { return calls.load(std::memory_order_acquire) != 0; }
};

/// Entries in the order in which they were last used, or found to be unable to go.
class ValueRow {
 public:
  [[nodiscard]] ValueEntry* oldest() const noexcept { return oldest_; }

  void add(ValueEntry& entry, TimePoint now) noexcept {
    entry.placed = now;
    entry.older = newest_;
    entry.newer = nullptr;
    (newest_ == nullptr ? oldest_ : newest_->newer) = &entry;
    newest_ = &entry;
  }
  void remove(ValueEntry& entry) noexcept {
    (entry.older == nullptr ? oldest_ : entry.older->newer) = entry.newer;
    (entry.newer == nullptr ? newest_ : entry.newer->older) = entry.older;
  }
  void to_end(ValueEntry& entry, TimePoint now) noexcept {
    remove(entry);
    add(entry, std::max(now, entry.placed));
  }

 private:
  ValueEntry* oldest_ = nullptr;
  ValueEntry* newest_ = nullptr;
};

/// A hash table of fixed size, so that no call waits for it to grow, and its entries in two rows.
struct alignas(64) ValueShard {
  std::mutex mutex;
  std::vector<ValueEntry*> buckets;  ///< a power of two
  ValueRow quiet;
  ValueRow awake;
  std::size_t whole = 0;  ///< in `awake`

  [[nodiscard]] ValueRow& row_of(const ValueEntry& entry) noexcept { return entry.awake ? awake : quiet; }

  [[nodiscard]] ValueEntry*& bucket_of(std::uint64_t hash) noexcept {
    return buckets[hash & (buckets.size() - 1)];
  }
  [[nodiscard]] ValueEntry* find(std::uint64_t hash, std::string_view key) noexcept {
    ValueEntry* entry = bucket_of(hash);
    while (entry != nullptr && (entry->hash != hash || entry->key != key)) entry = entry->next;
    return entry;
  }
  void insert(ValueEntry& entry) noexcept {
    ValueEntry*& bucket = bucket_of(entry.hash);
    entry.next = std::exchange(bucket, &entry);
  }
  void erase(ValueEntry& entry) noexcept {
    ValueEntry** link = &bucket_of(entry.hash);
    while (*link != &entry) link = &(*link)->next;
    *link = entry.next;
  }
};

}  // namespace switchgear::detail
