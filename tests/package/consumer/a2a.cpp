// A program of its own that asks an agent which is not there, until its breaker opens.
#include "switchgear/a2a/blocking_client.hpp"
#include "switchgear/policy/circuit_breaker.hpp"

int main() {
  using namespace switchgear;
  CircuitBreakerOptions once;
  once.consecutive_failures = 1;
  CircuitBreaker breaker{"planner", once};
  a2a::BlockingClient planner{"http://127.0.0.1:1", breaker};
  for (int refused = 0; refused < 2; ++refused) {
    try {
      planner.send(a2a::Message{"a weekend in Rome"});
      return 1;
    } catch (const std::system_error& why) {
      if ((why.code() == Reason::open) != (refused == 1)) return 1;
    }
  }
  return breaker.state() == State::open ? 0 : 1;
}
