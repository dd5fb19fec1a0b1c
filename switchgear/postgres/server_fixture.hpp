// What the tests against a real PostgreSQL share: one server for the whole program, and ways to call it.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <string>
#include <thread>

#include "switchgear/policy/circuit_breaker.hpp"
#include "switchgear/postgres/blocking_client.hpp"
#include "switchgear/postgres/client.hpp"
#include "tests/house/postgres_server.hpp"

namespace switchgear::postgres {

/// Started by the first test that asks; tests that stop servers have their own.
inline house::PostgresServer& shared_server() {
  static house::PostgresServer server;
  return server;
}

/// A client with one connection: its statements share a session.
inline ClientOptions one_connection() {
  ClientOptions options;
  options.pool.max = 1;
  return options;
}

/// What a call throws, as text; empty if it throws nothing.
template <class Thrown, class F>
std::string thrown_by(F call) {
  try {
    call();
  } catch (const Thrown& thrown) {
    return thrown.what();
  }
  return {};
}

inline CallTotals totals(const CircuitBreaker& breaker) {
  return breaker.snapshot(std::chrono::steady_clock::now()).totals;
}

inline constexpr auto soon = std::chrono::seconds{10};

/// Waits for a figure that changes beside the calls.
template <class Condition>
::testing::AssertionResult eventually(Condition condition) {
  const auto until = std::chrono::steady_clock::now() + soon;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return ::testing::AssertionFailure() << "not within 10 s";
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
  }
  return ::testing::AssertionSuccess();
}

}  // namespace switchgear::postgres
