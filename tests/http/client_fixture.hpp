// What the tests of the client share: a URL of a port, a breaker, an echo, and what a request that must fail
// says.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <system_error>
#include <utility>

#include "switchgear/async/asio_time.hpp"
#include "switchgear/core/rejected.hpp"
#include "switchgear/http/blocking_client.hpp"
#include "switchgear/policy/circuit_breaker.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::http {

using wire::Message;
using wire::ok;
using wire::Socket;
using wire::Upstream;
using namespace std::chrono_literals;

[[nodiscard]] inline std::string url_of(std::uint16_t port, const std::string& path = "") {
  return "http://127.0.0.1:" + std::to_string(port) + path;
}

[[nodiscard]] inline CircuitBreakerOptions opens_after(std::uint32_t failures) {
  CircuitBreakerOptions options;
  options.consecutive_failures = failures;
  return options;
}

[[nodiscard]] inline CallTotals totals(CircuitBreaker& breaker) {
  return breaker.snapshot(AsioTime::now()).totals;
}

/// Gives back the request as it came, its lines and its body.
[[nodiscard]] inline std::string echo(const Message& request) {
  return ok(request.start_line + "\n" + request.head_text + request.body);
}

/// How a request ended that brought no answer.
struct Ended {
  std::error_code code;
  std::string text;
};

template <class F>
[[nodiscard]] Ended ended(F&& request) {
  try {
    const Response answer = std::forward<F>(request)();
    return {{}, "answered with " + std::to_string(answer.status)};
  } catch (const std::system_error& thrown) {
    return {thrown.code(), thrown.what()};
  }
}

}  // namespace switchgear::http
