// Which of the last `size` calls failed, were slow, were high: three bits a call, and their sums.
// Knows nothing of threads; CountWindow shares it.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <memory>

#include "switchgear/core/time.hpp"

namespace switchgear {

/// What a window keeps of one recorded call.
struct CallMarks {
  bool failed = false;
  bool slow = false;  ///< slower than slow_call.threshold
  bool high = false;  ///< at or above latency.above
  Duration latency{};

  [[nodiscard]] bool plain() const noexcept { return !failed && !slow && !high; }
};

/// Sums over a window.
struct WindowCounts {
  std::uint64_t calls = 0, failures = 0, slow = 0, high = 0;

  void add(const CallMarks& marks) noexcept {
    ++calls;
    failures += marks.failed ? 1 : 0;
    slow += marks.slow ? 1 : 0;
    high += marks.high ? 1 : 0;
  }
  void subtract(const WindowCounts& other) noexcept {
    calls -= other.calls;
    failures -= other.failures;
    slow -= other.slow;
    high -= other.high;
  }
  [[nodiscard]] bool bad() const noexcept { return (failures | slow | high) != 0; }
};

/// A ring of marks. Every call takes the place of the oldest one; `skip` does so for many plain calls at
/// once, at the cost of one word per 64 of them.
class MarkRing {
 public:
  explicit MarkRing(std::uint64_t size) : size_(size), words_(std::make_unique<Word[]>((size + 63) / 64)) {}

  void clear() noexcept {
    if (marked()) std::fill_n(words_.get(), (size_ + 63) / 64, Word{});
    failures_ = slow_ = high_ = 0;
    place_ = 0;
  }

  /// `count` calls without a mark.
  void skip(std::uint64_t count) noexcept {
    if (count >= size_) {
      if (marked()) std::fill_n(words_.get(), (size_ + 63) / 64, Word{});
      failures_ = slow_ = high_ = 0;
      place_ = (place_ + count) % size_;
      return;
    }
    const std::uint64_t end = place_ + count;
    if (marked()) {
      forget(place_, std::min(end, size_));
      if (end > size_) forget(0, end - size_);
    }
    place_ = end < size_ ? end : end - size_;
  }

  void put(const CallMarks& marks) noexcept {
    Word& word = words_[place_ / 64];
    const std::uint64_t bit = std::uint64_t{1} << (place_ % 64);
    replace(word.failed, bit, marks.failed, failures_);
    replace(word.slow, bit, marks.slow, slow_);
    replace(word.high, bit, marks.high, high_);
    if (++place_ == size_) place_ = 0;
  }

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  [[nodiscard]] std::uint64_t failures() const noexcept { return failures_; }
  [[nodiscard]] std::uint64_t slow() const noexcept { return slow_; }
  [[nodiscard]] std::uint64_t high() const noexcept { return high_; }
  [[nodiscard]] std::size_t memory_bytes() const noexcept { return (size_ + 63) / 64 * sizeof(Word); }

 private:
  struct Word {
    std::uint64_t failed = 0, slow = 0, high = 0;
  };

  [[nodiscard]] bool marked() const noexcept { return (failures_ | slow_ | high_) != 0; }

  static void replace(std::uint64_t& word, std::uint64_t bit, bool mark, std::uint64_t& sum) noexcept {
    sum -= (word & bit) != 0 ? 1 : 0;
    word &= ~bit;
    if (mark) {
      word |= bit;
      ++sum;
    }
  }

  static void forget(std::uint64_t& word, std::uint64_t mask, std::uint64_t& sum) noexcept {
    if ((word & mask) == 0) return;
    sum -= static_cast<std::uint64_t>(std::popcount(word & mask));
    word &= ~mask;
  }

  /// The places from `begin` to before `end`, which do not run over the ring's end.
  void forget(std::uint64_t begin, std::uint64_t end) noexcept {
    while (begin < end) {
      const std::uint64_t next = std::min(end, (begin / 64 + 1) * 64);
      const std::uint64_t many = next - begin;
      const std::uint64_t mask = (many == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << many) - 1)
                                 << (begin % 64);
      Word& word = words_[begin / 64];
      forget(word.failed, mask, failures_);
      forget(word.slow, mask, slow_);
      forget(word.high, mask, high_);
      begin = next;
    }
  }

  const std::uint64_t size_;
  const std::unique_ptr<Word[]> words_;
  std::uint64_t place_ = 0;  ///< of the next call
  std::uint64_t failures_ = 0, slow_ = 0, high_ = 0;
};

}  // namespace switchgear
