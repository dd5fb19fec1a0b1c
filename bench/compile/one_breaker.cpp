// The least that a user compiles: one breaker around a call.
#include <switchgear/policy/circuit_breaker.hpp>
#include <switchgear/sync/call.hpp>

#include <cstdio>

int main() {
  switchgear::CircuitBreaker breaker{"payment", {.failure_rate = 0.5}};
  std::printf("%d\n", switchgear::call(breaker, [] { return 1; }));
}
