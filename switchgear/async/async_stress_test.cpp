// One full pipeline under everything at once: four contexts and four blocking threads, failures, timeouts,
// queues, retries, and callers that go away. In the end nothing is lost and nothing is counted twice.
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdio>
#include <memory>
#include <stop_token>
#include <thread>
#include <vector>

#include "switchgear/async/async_call.hpp"
#include "switchgear/async/async_fixture.hpp"
#include "switchgear/core/random.hpp"
#include "switchgear/sync/call.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;
using namespace switchgear::testing;

constexpr std::uint64_t seed = 20261121;
constexpr int contexts = 4;
constexpr int callers_per_context = 12;
constexpr int calls_per_caller = 60;
constexpr int blocking_threads = 4;
constexpr int blocking_calls = 150;

/// The whole, as a user would put it together.
struct Stack {
  static CircuitBreakerOptions breaker_options() {
    CircuitBreakerOptions options;
    options.consecutive_failures = 12;
    options.open_duration = 1ms;
    options.max_open_duration = 1ms;
    return options;
  }
  static RetryOptions retry_options() {
    RetryOptions options;
    options.base = 100us;
    options.max_delay = 1ms;
    return options;
  }
  RateLimiter limiter{"limiter", {.rate = 40'000, .burst = 20, .max_wait = 3ms}};
  Bulkhead bulkhead{"bulkhead", {.max_concurrent = 16, .max_queue = 30, .max_wait = 3ms}};
  Deadline deadline{"deadline", 20ms};
  RetryBudget budget{"budget", {.ratio = 0.5}};
  Retry retry{"retry", retry_options(), 0, &budget};
  CircuitBreaker breaker{"breaker", breaker_options()};
  Timeout timeout{"timeout", 1ms};
  Pipeline<RateLimiter, Bulkhead, Deadline, Retry, CircuitBreaker, Timeout> pipeline{
      limiter, bulkhead, deadline, retry, breaker, timeout};
};

struct Counts {
  std::atomic<std::uint64_t> calls{0};
  std::atomic<std::uint64_t> attempts{0};
  std::atomic<std::uint64_t> cancelled_without_attempt{0};
};

/// One caller: makes its calls one after the other, and loses patience with some of them.
class Caller {
 public:
  Caller(asio::io_context& io, Stack& stack, Counts& counts, std::uint64_t number)
      : io_(io), stack_(stack), counts_(counts), random_(seed + number), work_(io), impatience_(io) {}

  void next() {
    if (made_++ == calls_per_caller) return;
    // The operation takes up to 1.1 ms, which is too long for some; some of the others fail.
    async_call<void>(
        io_.get_executor(), stack_.pipeline, AsyncCallOptions{{}, &report_},
        [this](const AsyncAttempt&, auto&& token) {
          work_.expires_after(std::chrono::microseconds(static_cast<int>(random_.uniform() * 1100)));
          const bool fails = random_.uniform() < 0.15;
          return asio::async_initiate<decltype(token), void(error_code)>(
              [this, fails](auto handler) {
                auto slot = asio::get_associated_cancellation_slot(handler);
                auto executor = asio::get_associated_executor(handler);
                work_.async_wait(asio::bind_cancellation_slot(
                    slot, asio::bind_executor(executor,
                                              [fails, handler = std::move(handler)](error_code code) mutable {
                                                if (!code && fails) code = asio::error::connection_reset;
                                                std::move(handler)(code);
                                              })));
              },
              token);
        },
        asio::bind_cancellation_slot(signal_.slot(), [this](error_code code) { ended(code); }));
    if (random_.uniform() < 0.4) lose_patience();
  }

 private:
  void lose_patience() {
    impatience_.expires_after(std::chrono::microseconds(static_cast<int>(random_.uniform() * 2000)));
    impatience_.async_wait([this, call = made_](error_code code) {
      if (!code && call == made_) signal_.emit(asio::cancellation_type::terminal);
    });
  }
  void ended(error_code code) {
    counts_.calls.fetch_add(1);
    counts_.attempts.fetch_add(report_.attempts);
    if (code == Reason::cancelled && report_.attempts == 0) counts_.cancelled_without_attempt.fetch_add(1);
    impatience_.cancel();
    next();
  }

  asio::io_context& io_;
  Stack& stack_;
  Counts& counts_;
  Random random_;
  asio::steady_timer work_;
  asio::steady_timer impatience_;
  asio::cancellation_signal signal_;
  AsyncReport report_;
  int made_ = 0;
};

void block(Stack& stack, Counts& counts, std::uint64_t number) {
  Random random{seed + 1000 + number};
  for (int call = 0; call < blocking_calls; ++call) {
    std::stop_source stop;
    CallReport report;
    CallOptions options;
    options.report = &report;
    options.stop = stop.get_token();
    const bool cancels = random.uniform() < 0.3;
    const auto result = try_call(stack.pipeline, options, [&] {
      const TimePoint until =
          SteadyTime::now() + std::chrono::microseconds(static_cast<int>(random.uniform() * 100));
      while (SteadyTime::now() < until) {
      }
      if (cancels) stop.request_stop();
      return std::error_code(random.uniform() < 0.3 ? make_error_code(std::errc::connection_reset)
                                                    : std::error_code{});
    });
    counts.calls.fetch_add(1);
    counts.attempts.fetch_add(report.attempts);
    if (!result && result.rejection().reason == Reason::cancelled && report.attempts == 0)
      counts.cancelled_without_attempt.fetch_add(1);
  }
}

TEST(AsyncStress, NothingIsLostAndNothingIsCountedTwice) {
  Stack stack;
  Counts counts;
  std::vector<std::unique_ptr<asio::io_context>> loops;
  std::vector<std::unique_ptr<Caller>> callers;
  for (int context = 0; context < contexts; ++context) {
    auto& io = *loops.emplace_back(std::make_unique<asio::io_context>(1));
    for (int i = 0; i < callers_per_context; ++i) {
      auto& caller = callers.emplace_back(std::make_unique<Caller>(io, stack, counts, callers.size()));
      asio::post(io, [&caller = *caller] { caller.next(); });
    }
  }
  std::vector<std::thread> threads;
  for (auto& io : loops) threads.emplace_back([&io = *io] { io.run(); });
  for (int thread = 0; thread < blocking_threads; ++thread)
    threads.emplace_back([&, thread] { block(stack, counts, static_cast<std::uint64_t>(thread)); });
  for (std::thread& thread : threads) thread.join();

  const BulkheadSnapshot slots = stack.bulkhead.snapshot();
  const RateLimiterSnapshot tokens = stack.limiter.snapshot(AsioTime::now());
  const CallTotals calls = stack.breaker.snapshot(AsioTime::now()).totals;
  std::printf(
      "seed %llu: %llu calls, %llu attempts; bulkhead %llu in, %llu full, %llu late, %llu gone; breaker %llu "
      "= "
      "%llu + %llu + %llu, opened %llu; limiter %llu, %llu waited, %llu back\n",
      static_cast<unsigned long long>(seed), static_cast<unsigned long long>(counts.calls.load()),
      static_cast<unsigned long long>(counts.attempts.load()),
      static_cast<unsigned long long>(slots.totals.admitted),
      static_cast<unsigned long long>(slots.totals.rejected),
      static_cast<unsigned long long>(slots.totals.timed_out),
      static_cast<unsigned long long>(slots.totals.cancelled), static_cast<unsigned long long>(calls.calls),
      static_cast<unsigned long long>(calls.successes), static_cast<unsigned long long>(calls.failures),
      static_cast<unsigned long long>(calls.ignored), static_cast<unsigned long long>(calls.opened),
      static_cast<unsigned long long>(tokens.totals.admitted),
      static_cast<unsigned long long>(tokens.totals.delayed),
      static_cast<unsigned long long>(tokens.totals.given_back));

  constexpr std::uint64_t all =
      contexts * callers_per_context * calls_per_caller + blocking_threads * blocking_calls;
  EXPECT_EQ(counts.calls.load(), all);
  EXPECT_EQ(slots.in_use, 0U);
  EXPECT_EQ(slots.waiting, 0U);
  EXPECT_EQ(calls.calls, calls.successes + calls.failures + calls.ignored);
  EXPECT_GE(calls.calls, counts.attempts.load()) << "each attempt had the breaker's permit";
  // Every call requested one token; a call that got one came to the bulkhead or went away while it waited for
  // it.
  EXPECT_EQ(tokens.totals.admitted + tokens.totals.rejected, all);
  const std::uint64_t came_to_the_bulkhead =
      slots.totals.admitted + slots.totals.rejected + slots.totals.timed_out + slots.totals.cancelled;
  EXPECT_EQ(tokens.totals.admitted,
            came_to_the_bulkhead + counts.cancelled_without_attempt.load() - slots.totals.cancelled);
  EXPECT_LE(tokens.totals.given_back, counts.cancelled_without_attempt.load());
}

}  // namespace
}  // namespace switchgear
