// A user's test: the dependency fails by script, in manual time.
#include "switchgear/policy/circuit_breaker.hpp"
#include "switchgear/testing/manual_time.hpp"
#include "switchgear/testing/scripted_dependency.hpp"

int main() {
  using namespace switchgear;
  using std::chrono::milliseconds;
  testing::ManualTime time;
  testing::ScriptedDependency<int> stock;
  stock.answers(7, milliseconds{10}).fails(FailureType::timeout, milliseconds{50}, 2);
  CircuitBreakerOptions options;
  options.consecutive_failures = 2;
  CircuitBreaker breaker{"stock", options};
  while (stock.left() > 0) {
    auto permit = breaker.try_acquire(time.now());
    if (!permit) return 1;
    const auto call = stock.next();
    std::move(*permit).record(call.outcome, time.advance(call.latency()));
  }
  return breaker.state() == State::open ? 0 : 1;
}
