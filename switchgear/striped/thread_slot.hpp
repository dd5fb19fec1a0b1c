// A small number for the calling thread, unique among the threads alive: it says which cell of a striped
// counter is its own.
#pragma once

#include <cstdint>

namespace switchgear {

/// Slots 0 … max_thread_slots-1 belong to one live thread each. A thread that finds all taken, or that is
/// already past its thread_local destructors, gets `shared_thread_slot`. A slot freed by a dying thread is
/// handed on with release/acquire order, so its next owner sees every plain increment the last one made.
inline constexpr std::uint32_t max_thread_slots = 64;
inline constexpr std::uint32_t shared_thread_slot = max_thread_slots;

namespace detail {
inline constexpr std::uint32_t no_thread_slot = ~std::uint32_t{0};
extern constinit thread_local std::uint32_t this_thread_slot;
std::uint32_t claim_thread_slot() noexcept;
}  // namespace detail

/// Costs one thread-local load after the thread's first call. Never fails, never allocates.
[[nodiscard]] inline std::uint32_t thread_slot() noexcept {
  const std::uint32_t slot = detail::this_thread_slot;
  return slot != detail::no_thread_slot ? slot : detail::claim_thread_slot();
}

}  // namespace switchgear
