// Which of the last `size` calls failed, were slow, were high: three bits a call, and their sums.
// Knows nothing of threads; CountWindow shares it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <utility>

#include "switchgear/core/time.hpp"

namespace switchgear {

/// What a window keeps of one recorded call.
struct CallMarks {
  bool failed = false;
  bool slow = false;       ///< slower than slow_call.threshold
  bool high = false;       ///< at or above latency.above
  std::uint8_t extra = 0;  ///< of a failure: by how much it counts for more than one
  Duration latency{};

  [[nodiscard]] bool plain() const noexcept { return !failed && !slow && !high; }
};

/// Sums over a window.
struct WindowCounts {
  std::uint64_t calls = 0, failures = 0, slow = 0, high = 0;
  std::uint64_t extra = 0;  ///< sum of the failures' extra weights

  void add(const WindowCounts& other) noexcept {
    calls += other.calls;
    failures += other.failures;
    slow += other.slow;
    high += other.high;
    extra += other.extra;
  }
  void add(const CallMarks& marks) noexcept {
    ++calls;
    failures += marks.failed ? 1 : 0;
    slow += marks.slow ? 1 : 0;
    high += marks.high ? 1 : 0;
    extra += marks.extra;
  }
  [[nodiscard]] bool marked() const noexcept { return (failures | slow | high) != 0; }
};

/// A ring of marks. Every call takes the place of the oldest one; `skip` does so for many plain calls at
/// once, at the cost of one word per 64 of them. Size: 0 … 2^31.
///
/// `extras`: room for the extra weights, a byte for each place, all 0 at first; null where no failure has
/// one. Always the same.
class MarkRing {
 public:
  MarkRing() = default;
  explicit MarkRing(std::uint32_t size) : size_(size), lines_(std::make_unique<Line[]>(lines())) {}

  void clear(std::uint8_t* extras = nullptr) noexcept {
    if (marked()) std::fill_n(lines_.get(), lines(), Line{});
    failures_ = slow_ = high_ = 0;
    if (extras != nullptr) std::fill_n(extras, size_, std::uint8_t{0});
    extra_ = 0;
    place_ = 0;
  }

  /// `count` calls without a mark.
  void skip(std::uint64_t count, std::uint8_t* extras = nullptr) noexcept {
    if (count >= size_) {
      clear(extras);
      return;
    }
    const auto end = static_cast<std::uint32_t>(place_ + count);
    if (marked()) {
      forget(place_, std::min(end, size_), extras);
      if (end > size_) forget(0, end - size_, extras);
    }
    place_ = end < size_ ? end : end - size_;
  }

  void put(const CallMarks& marks, std::uint8_t* extras = nullptr) noexcept {
    Word& word = word_of(place_);
    const std::uint64_t bit = std::uint64_t{1} << (place_ % 64);
    replace(word.failed, bit, marks.failed, failures_);
    replace(word.slow, bit, marks.slow, slow_);
    replace(word.high, bit, marks.high, high_);
    if (extras != nullptr) [[unlikely]] {
      extra_ += std::uint32_t{marks.extra} - extras[place_];
      extras[place_] = marks.extra;
    }
    if (++place_ == size_) place_ = 0;
  }

  [[nodiscard]] std::uint32_t failures() const noexcept { return failures_; }
  [[nodiscard]] std::uint32_t slow() const noexcept { return slow_; }
  [[nodiscard]] std::uint32_t high() const noexcept { return high_; }
  [[nodiscard]] std::uint32_t extra() const noexcept { return extra_; }
  [[nodiscard]] std::size_t memory_bytes() const noexcept { return lines() * sizeof(Line); }

 private:
  struct Word {
    std::uint64_t failed = 0, slow = 0, high = 0;
  };

  /// A cache line, so that rings of different threads share none.
  struct alignas(64) Line {
    std::array<Word, 2> words;
  };

  [[nodiscard]] std::uint32_t lines() const noexcept { return (size_ + 127) / 128; }
  [[nodiscard]] Word& word_of(std::uint32_t place) const noexcept {
    return lines_[place / 128].words[place / 64 % 2];
  }
  [[nodiscard]] bool marked() const noexcept { return (failures_ | slow_ | high_) != 0; }

  static void replace(std::uint64_t& word, std::uint64_t bit, bool mark, std::uint32_t& sum) noexcept {
    const bool marked = (word & bit) != 0;
    if (marked == mark) return;
    word ^= bit;
    sum += mark ? 1U : ~0U;
  }

  static void forget(std::uint64_t& word, std::uint64_t mask, std::uint32_t& sum) noexcept {
    // Few marks expire at a time, and a portable popcount is a call.
    for (std::uint64_t gone = word & mask; gone != 0; gone &= gone - 1) --sum;
    word &= ~mask;
  }

  /// The places from `begin` to before `end`, which do not run over the ring's end.
  void forget(std::uint32_t begin, std::uint32_t end, std::uint8_t* extras) noexcept {
    if (extras != nullptr) [[unlikely]] {
      for (std::uint32_t place = begin; place < end; ++place)
        extra_ -= std::exchange(extras[place], std::uint8_t{0});
    }
    while (begin < end) {
      const std::uint32_t next = std::min(end, (begin / 64 + 1) * 64);
      const std::uint32_t many = next - begin;
      const std::uint64_t mask = (~std::uint64_t{0} >> (64 - many)) << (begin % 64);
      Word& word = word_of(begin);
      forget(word.failed, mask, failures_);
      forget(word.slow, mask, slow_);
      forget(word.high, mask, high_);
      begin = next;
    }
  }

  std::uint32_t size_ = 0;
  std::uint32_t place_ = 0;  ///< of the next call
  std::uint32_t failures_ = 0, slow_ = 0, high_ = 0, extra_ = 0;
  std::unique_ptr<Line[]> lines_;
};

}  // namespace switchgear
