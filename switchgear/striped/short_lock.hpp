// A lock for a handful of instructions on data that several threads write.
//
// For the bookkeeping of calls that are not plain successes, where a std::mutex would cost more than the work
// that it guards. Never held around user code, I/O, an allocation or another lock.
#pragma once

#include <atomic>

namespace switchgear {

/// Threads: any. Taking it costs one atomic exchange when it is free. A thread that finds it taken waits
/// as wait_a_little() does.
class ShortLock {
 public:
  void lock() noexcept {
    if (taken_.exchange(true, std::memory_order_acquire)) [[unlikely]]
      wait();
  }
  void unlock() noexcept { taken_.store(false, std::memory_order_release); }

 private:
  void wait() noexcept;

  std::atomic<bool> taken_{false};
};

}  // namespace switchgear
