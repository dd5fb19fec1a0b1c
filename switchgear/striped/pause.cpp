#include "switchgear/striped/pause.hpp"

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

}  // namespace switchgear
