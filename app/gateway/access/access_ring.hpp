// Lines on their way from a thread that serves clients to the one that writes them.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace switchgear::gateway {

/// A ring of bytes in which only whole lines become visible. The thread that pushes never waits: a line that
/// does not fit is counted and dropped. `pushed_` is counted before `head_` is moved, so that a thread that
/// has seen a line has seen it counted.
///
/// Each position has one writer: `head_` is moved by the thread that pushes, after the bytes before it are
/// there; `tail_` by the one that takes, after it has done with the bytes before it. Each reads the other's
/// with acquire, so neither touches bytes that the other one still uses.
///
/// Threads: push() on one, pending() and taken() on one other; pushed() and lost() on any.
class AccessRing {
 public:
  /// `size` in bytes, a power of two.
  explicit AccessRing(std::size_t size)
      : mask_(size - 1), bytes_(std::make_unique_for_overwrite<char[]>(size)) {}

  /// `line` ends with a line feed. False: no room.
  bool push(std::string_view line) noexcept;

  /// What is there, in two parts if it goes round the end: whole lines together.
  [[nodiscard]] std::array<std::string_view, 2> pending() const noexcept;
  /// The first `size` bytes of pending() are not needed any more.
  void taken(std::size_t size) noexcept {
    tail_.store(tail_.load(std::memory_order_relaxed) + size, std::memory_order_release);
  }

  [[nodiscard]] std::size_t size() const noexcept { return mask_ + 1; }
  /// Lines that found room.
  [[nodiscard]] std::uint64_t pushed() const noexcept { return pushed_.load(std::memory_order_relaxed); }
  /// Lines that found no room.
  [[nodiscard]] std::uint64_t lost() const noexcept { return lost_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::size_t cache_line = 64;

  const std::size_t mask_;
  const std::unique_ptr<char[]> bytes_;
  alignas(cache_line) std::atomic<std::uint64_t> head_{0};
  std::uint64_t tail_seen_ = 0;  ///< by the thread that pushes
  std::atomic<std::uint64_t> pushed_{0};
  std::atomic<std::uint64_t> lost_{0};
  alignas(cache_line) std::atomic<std::uint64_t> tail_{0};
};

}  // namespace switchgear::gateway
