// How a thread waits for another thread to get through a few instructions.
#pragma once

namespace switchgear {

/// Between a lost race for a shared word and the next try. A loser that goes on at once only takes the cache
/// line away from the winner again. Measured with two threads on one word, this makes both twice as fast; a
/// thread alone never gets here.
inline void pause_after_lost_race() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  for (int i = 0; i < 4; ++i) __builtin_ia32_pause();
#elif defined(__aarch64__)
  for (int i = 0; i < 4; ++i) __asm__ volatile("isb" ::: "memory");
#endif
}

/// For the n-th turn (from 0) of a loop that waits for another thread: spins for a moment, then yields, and
/// at last sleeps. The other thread may have been pre-empted, and under real-time priorities it only runs
/// again when the waiting one leaves it the processor.
void wait_a_little(int tries) noexcept;

}  // namespace switchgear
