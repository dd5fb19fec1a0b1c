#include "switchgear/policy/short_lock.hpp"

#include <chrono>
#include <thread>

namespace switchgear {

namespace {

void pause_processor() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace

void wait_a_little(int tries) noexcept {
  constexpr int spins = 64;
  constexpr int yields = 64;
  if (tries < spins) {
    pause_processor();
  } else if (tries < spins + yields) {
    std::this_thread::yield();
  } else {
    std::this_thread::sleep_for(std::chrono::microseconds{50});
  }
}

void ShortLock::wait() noexcept {
  // Only reads while it is taken: an exchange would pull the cache line away from the holder.
  for (int tries = 0;
       taken_.load(std::memory_order_relaxed) || taken_.exchange(true, std::memory_order_acquire); ++tries)
    wait_a_little(tries);
}

}  // namespace switchgear
