// How a policy wakes a caller that waits for it.
#pragma once

namespace switchgear {

/// Implemented by the driver of a call: it ends the wait of a thread, or resumes a coroutine. Threads: any. A
/// policy may hold a lock of its own while it calls this, so wake() only signals: it must not call any
/// policy, and must not block. It may come late or without need; the woken call polls again.
class Waker {
 public:
  virtual void wake() noexcept = 0;

 protected:
  Waker() = default;
  Waker(const Waker&) = default;
  Waker& operator=(const Waker&) = default;
  ~Waker() = default;
};

}  // namespace switchgear
