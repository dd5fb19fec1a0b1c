#include "switchgear/sync/parking.hpp"

#include <time.h>

#include <algorithm>

namespace switchgear {

constinit thread_local Parking detail::this_thread_parking;

void Parking::wake() noexcept {
  pthread_mutex_lock(&mutex_);
  wake_ = true;
  pthread_cond_signal(&woken_);
  pthread_mutex_unlock(&mutex_);
}

void Parking::wait_for(Duration length) noexcept {
  // A longer wait than this is a wait for being woken; the sum below must not overflow.
  length = std::min<Duration>(length, std::chrono::hours{24 * 365});
  timespec end{};
  clock_gettime(CLOCK_MONOTONIC, &end);
  const Duration sum = std::chrono::nanoseconds{end.tv_nsec} + length;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(sum);
  end.tv_sec += seconds.count();
  end.tv_nsec = static_cast<long>((sum - seconds).count());
  pthread_mutex_lock(&mutex_);
  while (!wake_ && pthread_cond_clockwait(&woken_, &mutex_, CLOCK_MONOTONIC, &end) == 0) {
  }
  wake_ = false;
  pthread_mutex_unlock(&mutex_);
}

}  // namespace switchgear
