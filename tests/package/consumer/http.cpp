// A program of its own that reads HTTP, and must refuse smuggled requests; and that calls a server which is
// not there, until its breaker opens.
#include "switchgear/http/blocking_client.hpp"
#include "switchgear/http/head_validator.hpp"
#include "switchgear/policy/circuit_breaker.hpp"

int main() {
  using namespace switchgear;
  using namespace switchgear::http;
  HeadValidator honest{HeadKind::request, {}};
  HeadValidator smuggler{HeadKind::request, {}};
  if (honest.advance("GET / HTTP/1.1\r\nHost: shop\r\n\r\n") != HeadValidator::Progress::complete ||
      smuggler.advance("GET / HTTP/1.1\r\nHost: shop\r\nHost: bank\r\n\r\n") !=
          HeadValidator::Progress::refused) {
    return 1;
  }
  CircuitBreakerOptions once;
  once.consecutive_failures = 1;
  CircuitBreaker breaker{"shop", once};
  BlockingClient shop{"http://127.0.0.1:1/", Pipeline{breaker}};
  const Response instead{200, {}, R"({"known": 7})"};
  const Response answer = shop.get(Request{"/apples"}.query("kind", "red & green").fallback(instead));
  return answer.json().at("known").as_int64() == 7 && breaker.state() == State::open ? 0 : 1;
}
