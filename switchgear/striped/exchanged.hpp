// A small value that many threads read and one exchanges now and then: readers take no lock, and are not held
// up by a writer that is pre-empted.
//
// Two places and a version. The writer fills the place that the version does not name, then counts the
// version up. A reader copies the place that the version names and looks again: if the version has moved on,
// its copy may be torn, and it copies again. So a reader repeats only after a whole exchange, and never
// waits.
//
// Orders: the words of a place are stored with release and loaded with acquire. A reader that got a word of
// the exchange after the next sees, in its second look, at least the exchange before it (Boehm, "Can seqlocks
// get along with programming language memory models?", MSPC 2012, without its fences, which ThreadSanitizer
// does not see).
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <type_traits>

namespace switchgear {

/// Not for: values that change with every call. Threads: any. Never allocates.
template <class T>
class Exchanged {
  static_assert(std::is_trivially_copyable_v<T> && std::is_default_constructible_v<T>,
                "readers copy it while it may be torn");

 public:
  explicit Exchanged(const T& value) { fill(places_[0], value); }

  [[nodiscard]] T get() const noexcept {
    T value;
    for (;;) {
      const std::uint64_t version = version_.load(std::memory_order_acquire);
      const Place& place = places_[version & 1U];
      // Word by word into the value itself: copied as a whole, the words would have to reach memory first.
      for (std::size_t i = 0; i < words; ++i) {
        const std::uint64_t word = place[i].load(std::memory_order_acquire);
        std::memcpy(reinterpret_cast<std::byte*>(&value) + i * 8, &word,
                    std::min<std::size_t>(8, sizeof(T) - i * 8));
      }
      if (version_.load(std::memory_order_relaxed) == version) return value;
    }
  }

  void set(const T& value) noexcept {
    const std::scoped_lock lock(mutex_);
    const std::uint64_t version = version_.load(std::memory_order_relaxed);
    fill(places_[(version + 1) & 1U], value);
    version_.store(version + 1, std::memory_order_release);
  }

 private:
  static constexpr std::size_t words = (sizeof(T) + 7) / 8;
  using Words = std::array<std::uint64_t, words>;
  using Place = std::array<std::atomic<std::uint64_t>, words>;

  static void fill(Place& place, const T& value) noexcept {
    Words copy{};
    std::memcpy(copy.data(), &value, sizeof(T));
    for (std::size_t i = 0; i < words; ++i) place[i].store(copy[i], std::memory_order_release);
  }
  std::atomic<std::uint64_t> version_{0};
  std::array<Place, 2> places_{};
  std::mutex mutex_;
};

}  // namespace switchgear
