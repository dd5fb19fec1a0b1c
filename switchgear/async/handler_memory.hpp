// The memory of one call: where its state comes from, and the handlers of what it waits for, which lie in the
// state, so that waiting allocates nothing.
#pragma once

#include <array>
#include <atomic>
#include <boost/asio/recycling_allocator.hpp>
#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>

namespace switchgear::detail {

/// Allocators without memory of their own.
template <class Allocator>
inline constexpr bool is_everybodys = false;
template <class T>
inline constexpr bool is_everybodys<std::allocator<T>> = true;
template <class T>
inline constexpr bool is_everybodys<boost::asio::recycling_allocator<T>> = true;

/// An allocator that the user has chosen, or the heap. Not Asio's recycling: it keeps two blocks a thread, of
/// 1 KB at most, so a state is never kept, and each drives out a block that an operation would have found
/// again.
template <class State, class UserAllocator>
using StateAllocator =
    std::conditional_t<is_everybodys<UserAllocator>, std::allocator<State>,
                       typename std::allocator_traits<UserAllocator>::template rebind_alloc<State>>;
template <class State, class UserAllocator>
[[nodiscard]] StateAllocator<State, UserAllocator> state_allocator(const UserAllocator& users) noexcept {
  if constexpr (is_everybodys<UserAllocator>) {
    return {};
  } else {
    return StateAllocator<State, UserAllocator>(users);
  }
}

/// A few blocks. Further or larger ones come from the heap. Threads: any; a wake comes from another thread
/// than the one that gives its block back.
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
  static constexpr std::size_t block_size = 192;
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
