// Awaited calls: no thread waits, and an attempt whose time is over is cancelled, not abandoned.
//
// A coroutine calls a stock service: plainly; with a retry after an attempt that hung; with a hedge beside a
// slow one; and through an open breaker, which throws what call() throws.
#include <atomic>
#include <boost/asio.hpp>
#include <cstdio>
#include <exception>
#include <string>

#include "examples/asio_http.hpp"
#include "examples/tiny_http.hpp"
#include "switchgear/async/async_call.hpp"
#include "switchgear/pipeline/standard_order.hpp"

namespace {

namespace asio = boost::asio;
using namespace switchgear;
using namespace std::chrono_literals;
using example::Reply;

CircuitBreakerOptions careful() {
  CircuitBreakerOptions options;
  options.consecutive_failures = 5;
  return options;
}

/// The policies of one dependency, shared by all coroutines that call it.
struct StockPolicies {
  CircuitBreaker breaker{"stock", careful()};
  RetryBudget budget{"stock"};
  Retry retry{"stock", {.max_attempts = 3, .base = 1ms}, /*seed*/ 1, &budget};
  Timeout timeout{"stock attempt", 2s};
  Hedge hedge{"stock", {.delay = Duration{50ms}}, &budget};
};

/// An operation, as async_call() needs it: called once for each attempt.
auto asking(std::uint16_t port, std::string path) {
  return [port, path = std::move(path)](const AsyncAttempt&) -> asio::awaitable<Reply> {
    const auto executor = co_await asio::this_coro::executor;
    co_return co_await example::async_post(executor, port, path, asio::use_awaitable);
  };
}

asio::awaitable<void> shop(std::uint16_t port, StockPolicies& policies) {
  CallReport report;
  const AsyncCallOptions options{CallOptions{.report = &report}};  // named: see g++ 12 in async_call.hpp

  const auto retried = standard_pipeline(policies.retry, policies.breaker, policies.timeout);
  const auto apples = asking(port, "/apples");
  Reply reply = co_await async_call<Reply>(retried, options, apples, asio::use_awaitable);
  std::printf("plainly: %d %s, attempts: %u\n", reply.status, reply.body.c_str(), report.attempts);

  const auto pears = asking(port, "/hangs-once/pears");
  reply = co_await async_call<Reply>(retried, options, pears, asio::use_awaitable);
  std::printf("after a timeout: %d %s, attempts: %u\n", reply.status, reply.body.c_str(), report.attempts);

  const auto hedged = standard_pipeline(policies.hedge, policies.breaker, policies.timeout);
  const auto plums = asking(port, "/hangs-once/plums");
  reply = co_await async_call<Reply>(hedged, options, plums, asio::use_awaitable);
  std::printf("hedged: %d %s, attempts: %u\n", reply.status, reply.body.c_str(), report.attempts);

  policies.breaker.command(Command::force_open, AsioTime::now());
  try {
    co_await async_call<Reply>(retried, options, apples, asio::use_awaitable);
  } catch (const Rejected& rejected) {
    std::printf("refused: %s\n", std::string(to_string(rejected.reason())).c_str());
  }
  // The same without the price of an exception.
  const auto result = co_await async_try_call<Reply>(retried, options, apples, asio::use_awaitable);
  std::printf("refused: %s, attempts: %u\n", to_string(result.rejection()).c_str(), report.attempts);
}

}  // namespace

int main() {
  std::string hung;  // the server's own: paths that have hung
  example::Server stock{[&](const std::string& path, const std::string&) {
    if (path.starts_with("/hangs-once") && hung.find(path) == std::string::npos) {
      hung += path;
      return Reply{0, ""};
    }
    return Reply{200, "7 of " + path.substr(path.rfind('/') + 1)};
  }};

  StockPolicies policies;
  asio::io_context io;
  std::exception_ptr failed;
  asio::co_spawn(io, shop(stock.port(), policies),
                 [&](const std::exception_ptr& thrown) { failed = thrown; });
  io.run_for(30s);
  if (failed) std::rethrow_exception(failed);

  const CallTotals totals = policies.breaker.snapshot(AsioTime::now()).totals;
  std::printf("the breaker saw %d successes, %d timeout, %d ignored\n", static_cast<int>(totals.successes),
              static_cast<int>(totals.failures_by_type[static_cast<std::size_t>(FailureType::timeout)]),
              static_cast<int>(totals.ignored));
  return totals.successes == 3 && totals.failures == 1 && totals.ignored == 1 ? 0 : 1;
}
