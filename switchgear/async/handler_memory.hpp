// Memory for the handlers of what a call itself waits for: it lies in the call's state, so that waiting
// allocates nothing.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <new>

namespace switchgear::detail {

/// A few blocks. Whoever asks for more, or for larger ones, gets them from the heap.
/// Threads: any; a wake comes from another thread than the one that gives its block back.
class HandlerMemory {
 public:
  HandlerMemory() = default;
  HandlerMemory(const HandlerMemory&) = delete;
  HandlerMemory& operator=(const HandlerMemory&) = delete;

  [[nodiscard]] void* take(std::size_t size) {
    if (size <= block_size) {
      for (Block& block : blocks_) {
        if (!block.taken.exchange(true, std::memory_order_acquire)) return block.bytes;
      }
    }
    return ::operator new(size);
  }

  void give_back(void* memory) noexcept {
    for (Block& block : blocks_) {
      if (memory == block.bytes) {
        block.taken.store(false, std::memory_order_release);
        return;
      }
    }
    ::operator delete(memory);
  }

 private:
  /// A wait of Asio's with the largest of its executors (any_io_executor) needs this much.
  static constexpr std::size_t block_size = 176;
  /// A wait, the aborted one that it replaced, a wake.
  static constexpr std::size_t block_count = 3;

  struct Block {
    alignas(std::max_align_t) std::byte bytes[block_size];
    std::atomic<bool> taken{false};
  };
  std::array<Block, block_count> blocks_;
};

template <class T>
class HandlerAllocator {
 public:
  using value_type = T;

  explicit HandlerAllocator(HandlerMemory& memory) noexcept : memory_(&memory) {}
  template <class Other>
  HandlerAllocator(const HandlerAllocator<Other>& other) noexcept  // NOLINT: allocators convert
      : memory_(other.memory_) {}

  [[nodiscard]] T* allocate(std::size_t count) {
    static_assert(alignof(T) <= alignof(std::max_align_t));
    return static_cast<T*>(memory_->take(count * sizeof(T)));
  }
  void deallocate(T* memory, std::size_t) noexcept { memory_->give_back(memory); }

  template <class Other>
  friend bool operator==(const HandlerAllocator& left, const HandlerAllocator<Other>& right) noexcept {
    return left.memory_ == right.memory_;
  }

 private:
  template <class Other>
  friend class HandlerAllocator;
  HandlerMemory* memory_;
};

}  // namespace switchgear::detail
