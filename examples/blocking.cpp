// Blocking calls: a thread that waits for the answer, and gives up in time.
//
// A shop calls a stock service. First all is well; then two replies fail, which a retry hides; then the
// service fails for good, its breaker opens, and calls are refused at once instead of waiting; then it
// recovers.
#include <atomic>
#include <cstdio>
#include <string>
#include <thread>

#include "examples/tiny_http.hpp"
#include "switchgear/pipeline/standard_order.hpp"
#include "switchgear/sync/call.hpp"

namespace {

using namespace switchgear;
using namespace std::chrono_literals;

CircuitBreakerOptions careful() {
  CircuitBreakerOptions options;
  options.consecutive_failures = 3;
  options.open_duration = 2s;  // longer, for a service that has to restart
  options.half_open.permitted_calls = 1;
  return options;
}

}  // namespace

int main() {
  std::atomic<int> to_fail{0};  // so many replies to come are 503
  std::atomic<int> served{0};
  example::Server stock{[&](const std::string& path, const std::string&) {
    ++served;
    if (to_fail > 0) {
      --to_fail;
      return example::Reply{503, "out of order"};
    }
    return example::Reply{200, "7 of " + path.substr(1)};
  }};

  // The policies are shared by every thread that reads the stock, and live as long as the program.
  RetryBudget budget{"stock"};
  Retry retry{"stock", {.max_attempts = 3, .base = 1ms}, /*seed*/ 1, &budget};
  CircuitBreaker breaker{"stock", careful()};
  Timeout attempt_limit{"stock attempt", 2s};
  Deadline deadline{"stock", 5s};
  const auto pipeline = standard_pipeline(deadline, retry, breaker, attempt_limit);

  // What is guarded. It is told how long it has, and hands that on to the socket.
  const auto ask = [&](const Attempt& attempt) {
    return example::post(stock.port(), "/apples", "", attempt.deadline);
  };
  const auto show = [&](const char* when) {
    const int before = served;
    CallReport report;
    auto reply = try_call(pipeline, {.report = &report}, ask);
    if (reply) {
      std::printf("%s: %d \"%s\", attempts: %u\n", when, reply->status, reply->body.c_str(), report.attempts);
    } else {
      std::printf("%s: refused (%s), requests: %d\n", when,
                  std::string(to_string(reply.rejection().reason)).c_str(), served - before);
    }
    return reply ? std::nullopt : reply.rejection().retry_after;
  };

  show("all is well");
  to_fail = 2;
  show("two replies fail");
  to_fail = 1'000;
  show("it fails for good");
  const auto wait = show("once more");

  // A rejection says when it is worth coming back.
  if (!wait) return 1;
  to_fail = 0;
  std::this_thread::sleep_for(*wait);
  show("it is back");

  // The same with exceptions, wrapped once and called like the function itself.
  const auto stock_of = guard(
      pipeline, [&](const std::string& item) { return example::post(stock.port(), "/" + item, "").body; });
  std::printf("guarded: %s\n", stock_of("pears").c_str());
  breaker.command(Command::force_open, SteadyTime::now());
  try {
    stock_of("pears");
  } catch (const Rejected& rejected) {
    std::printf("guarded: %s\n", rejected.what());
  }
  return breaker.snapshot(SteadyTime::now()).totals.failures == 5 ? 0 : 1;
}
