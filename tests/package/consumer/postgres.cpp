// A program of its own that asks a database which is not there, until its breaker opens.
#include "switchgear/policy/circuit_breaker.hpp"
#include "switchgear/postgres/blocking_client.hpp"

int main() {
  using namespace switchgear;
  CircuitBreakerOptions once;
  once.consecutive_failures = 1;
  CircuitBreaker breaker{"db", once};
  postgres::BlockingClient db{"host=127.0.0.1 port=1 user=shop dbname=shop", Pipeline{breaker}};
  for (int unavailable = 0; unavailable < 2; ++unavailable) {
    try {
      db.fetch({"SELECT name FROM users WHERE id = $1", 7});
      return 1;
    } catch (const postgres::DatabaseUnavailable& why) {
      if ((why.code() == Reason::open) != (unavailable == 1)) return 1;
    }
  }
  return breaker.state() == State::open ? 0 : 1;
}
