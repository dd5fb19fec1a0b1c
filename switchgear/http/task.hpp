// The smallest coroutine a connection needs: starts at once, sleeps at one place, frees itself at its end.
#pragma once

#include <coroutine>
#include <exception>
#include <utility>

namespace switchgear::http {

/// Runs by itself and is not awaited. Its frame is the only allocation and is made once per connection, not
/// per request: asio::awaitable would add an executor, a stack of frames and an allocation to every wait. An
/// exception that leaves it ends the process: the data path throws nothing.
struct Detached {
  struct promise_type {
    Detached get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
  };
};

/// Where a Detached coroutine sleeps until something happened that concerns it. It finds what happened in the
/// objects that it watches: several wakes before it looks are one. Threads: one.
class WakePoint {
 public:
  /// Resumes the sleeper now, or lets its next sleep end at once. The sleeper may be gone when this returns.
  void wake() {
    awake_ = true;
    if (sleeper_) std::exchange(sleeper_, {}).resume();
  }

  // Trivially destructible, as g++ 12 requires of every operand of a co_await expression.
  struct Awaiter {
    WakePoint* point;
    [[nodiscard]] bool await_ready() const noexcept { return point->awake_; }
    void await_suspend(std::coroutine_handle<> sleeper) const noexcept { point->sleeper_ = sleeper; }
    void await_resume() const noexcept { point->awake_ = false; }
  };
  [[nodiscard]] Awaiter sleep() noexcept { return Awaiter{this}; }

 private:
  std::coroutine_handle<> sleeper_{};
  bool awake_ = false;
};

}  // namespace switchgear::http
