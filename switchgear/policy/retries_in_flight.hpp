// How many calls to a dependency are in flight, and how many of their further attempts: both counts in one
// word, so that a further attempt is granted by counts of one moment.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <utility>

namespace switchgear {

/// Threads: any. Every function is lock-free, and one atomic addition or exchange where no other thread is at
/// it.
class RetriesInFlight {
 public:
  /// A call or a further attempt that is in flight, until this is destroyed or released. One that was
  /// default-constructed or moved from holds nothing. Move-only; may be released on another thread.
  class Place {
   public:
    Place() = default;
    Place(Place&& other) noexcept : of_(std::exchange(other.of_, nullptr)), one_(other.one_) {}
    Place& operator=(Place&& other) noexcept {
      if (this != &other) {
        release();
        of_ = std::exchange(other.of_, nullptr);
        one_ = other.one_;
      }
      return *this;
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() { release(); }

    void release() noexcept {
      if (of_ != nullptr) [[unlikely]]
        std::exchange(of_, nullptr)->fetch_sub(one_, std::memory_order_relaxed);
    }

   private:
    friend class RetriesInFlight;
    Place(std::atomic<std::uint64_t>& of, std::uint64_t one) noexcept : of_(&of), one_(one) {}

    std::atomic<std::uint64_t>* of_ = nullptr;
    std::uint64_t one_ = 0;
  };

  struct Counts {
    std::uint32_t calls = 0;
    std::uint32_t retries = 0;
  };

  [[nodiscard]] Place begin_call() noexcept {
    word_.fetch_add(one_call, std::memory_order_relaxed);
    return {word_, one_call};
  }

  /// A place for a further attempt, if `allowed(counts)`, which are those with it.
  template <class Allowed>
  [[nodiscard]] std::optional<Place> try_retry(const Allowed& allowed) noexcept {
    std::uint64_t seen = word_.load(std::memory_order_relaxed);
    do {
      if (!allowed(counts_in(seen + one_retry))) return std::nullopt;
    } while (!word_.compare_exchange_weak(seen, seen + one_retry, std::memory_order_relaxed));
    return Place{word_, one_retry};
  }

  [[nodiscard]] Counts counts() const noexcept { return counts_in(word_.load(std::memory_order_relaxed)); }

 private:
  static constexpr std::uint64_t one_call = 1;
  static constexpr std::uint64_t one_retry = std::uint64_t{1} << 32U;

  [[nodiscard]] static Counts counts_in(std::uint64_t word) noexcept {
    return {static_cast<std::uint32_t>(word), static_cast<std::uint32_t>(word >> 32U)};
  }

  alignas(64) std::atomic<std::uint64_t> word_{0};  ///< calls in the lower half, retries in the upper
};

}  // namespace switchgear
