#include "switchgear/striped/short_lock.hpp"

#include "switchgear/striped/pause.hpp"

namespace switchgear {

void ShortLock::wait() noexcept {
  // Only reads while it is taken: an exchange would pull the cache line away from the holder.
  for (int tries = 0;
       taken_.load(std::memory_order_relaxed) || taken_.exchange(true, std::memory_order_acquire); ++tries)
    wait_a_little(tries);
}

}  // namespace switchgear
