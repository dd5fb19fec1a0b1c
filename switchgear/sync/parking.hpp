// Where a thread waits: for a time to come, or for a policy to wake it.
#pragma once

#include <pthread.h>

#include "switchgear/core/time.hpp"
#include "switchgear/core/waker.hpp"

namespace switchgear {

/// One per thread: a thread waits for one thing at a time. A wake that comes early is kept. One that comes
/// after its wait has ended ends the next wait too soon; the waiting call polls again anyway.
class Parking final : public Waker {
 public:
  /// The calling thread's. Valid until that thread ends.
  [[nodiscard]] static Parking& mine() noexcept;

  void wake() noexcept override;
  /// Returns when woken or when `length` of the monotonic clock has passed.
  void wait_for(Duration length) noexcept;

  constexpr Parking() noexcept = default;

 private:
  pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t woken_ = PTHREAD_COND_INITIALIZER;
  bool wake_ = false;
};

namespace detail {
extern constinit thread_local Parking this_thread_parking;
}
inline Parking& Parking::mine() noexcept { return detail::this_thread_parking; }

}  // namespace switchgear
