// A user's program: guards calls to a dependency that breaks, and prints whether it was refused.
#include <chrono>
#include <cstdio>
#include <version>
#if defined(__cpp_lib_expected)
#include <expected>
#endif

#include "switchgear/registry/breaker_registry.hpp"
#include "switchgear/registry/presets.hpp"
#include "switchgear/sync/call.hpp"

int main() {
  using namespace switchgear;
#if defined(__cpp_lib_expected)
  CircuitBreakerOptions twice;
  twice.consecutive_failures = 2;
  CircuitBreaker orders{"orders", twice};
  for (int i = 0; i < 2; ++i) {
    static_cast<void>(try_call(orders, [] { return std::expected<int, int>{std::unexpect, 1}; }));
  }
  if (orders.state() != State::open) return 2;
#endif
  TimePoint now = std::chrono::steady_clock::now();
  BreakerRegistry registry{{now, std::chrono::system_clock::now()}, 1};
  const auto payment = registry.get_or_create("payment", preset("payment"), now);
  int made = 0;
  for (int i = 0; i < 10; ++i) {
    auto permit = payment->try_acquire(now);
    if (!permit) {
      std::printf("%s\n", to_string(permit.rejection()).c_str());
      continue;
    }
    ++made;
    now += std::chrono::milliseconds{1};
    std::move(*permit).record(Verdict::failure, now, FailureType::timeout);
  }
  return made == 3 && payment->state() == State::open ? 0 : 1;
}
