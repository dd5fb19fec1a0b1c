// Calls on several contexts and threads that share their policies, with Asio's own timers and sockets.
#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_future.hpp>
#include <future>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "switchgear/async/async_call.hpp"
#include "switchgear/async/async_fixture.hpp"
#include "switchgear/policy/cache.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;
using namespace switchgear::testing;
using tcp = asio::ip::tcp;

/// An io_context and the thread that runs it.
class Runner {
 public:
  Runner() : thread_([this] { io.run(); }) {}
  ~Runner() { stop(); }
  void stop() {
    work_.reset();
    if (thread_.joinable()) thread_.join();
  }
  [[nodiscard]] std::thread::id id() const { return thread_.get_id(); }

  asio::io_context io{1};

 private:
  asio::executor_work_guard<asio::io_context::executor_type> work_{io.get_executor()};
  std::thread thread_;
};

struct Arrived {
  int value = 0;
  std::thread::id on;
};

/// Ends when it is told to, on the executor of its handler.
class Held {
 public:
  template <class Token>
  auto operator()(const AsyncAttempt&, Token&& token) {
    return asio::async_initiate<Token, void(error_code, int)>(
        [this](auto handler) {
          auto shared = std::make_shared<decltype(handler)>(std::move(handler));
          const auto executor = asio::get_associated_executor(*shared);
          end = [shared, executor](int value) {
            asio::post(executor, [shared, value] { std::move (*shared)(error_code{}, value); });
          };
        },
        token);
  }
  std::function<void(int)> end;
};

TEST(AsyncThreads, ShareOneCallPerKeyAcrossContexts) {
  Cache<int> cache{"rates", {}};
  const Pipeline pipeline{cache};
  Held held;
  std::promise<Arrived> first;
  std::promise<Arrived> second;
  Runner one;
  Runner other;
  const auto op = [&held](const AsyncAttempt& attempt, auto&& token) {
    return held(attempt, std::forward<decltype(token)>(token));
  };
  const auto begin = [&](Runner& runner, std::promise<Arrived>& arrived) {
    std::promise<void> begun;
    asio::post(runner.io, [&] {
      async_call<int>(runner.io.get_executor(), pipeline, CallOptions{.key = "EUR"}, op,
                      [&](error_code, int value) {
                        arrived.set_value({value, std::this_thread::get_id()});
                      });
      begun.set_value();
    });
    begun.get_future().wait();
  };
  begin(one, first);
  begin(other, second);  // waits, without a limit and so without a timer of use
  held.end(7);
  const Arrived led = first.get_future().get();
  const Arrived followed = second.get_future().get();
  EXPECT_EQ(led.value, 7);
  EXPECT_EQ(led.on, one.id());
  EXPECT_EQ(followed.value, 7);
  EXPECT_EQ(followed.on, other.id()) << "woken from the other thread, completed on its own";
  EXPECT_EQ(cache.counters().shared, 1U);
}

TEST(AsyncThreads, PassASlotFromOneContextToAnother) {
  Bulkhead bulkhead{"payment", {.max_concurrent = 1, .max_queue = 1, .max_wait = 1min}};
  const Pipeline pipeline{bulkhead};
  Held held;
  Runner one;
  Runner other;
  const auto op = [&held](const AsyncAttempt& attempt, auto&& token) {
    return held(attempt, std::forward<decltype(token)>(token));
  };
  std::promise<void> begun;
  asio::post(one.io, [&] {
    async_call<int>(one.io.get_executor(), pipeline, op, [](error_code, int) {});
    begun.set_value();
  });
  begun.get_future().wait();
  std::promise<void> queued;
  std::promise<Arrived> second;
  const auto at_once = []() -> asio::awaitable<int> { co_return 8; };
  asio::post(other.io, [&] {
    async_call<int>(other.io.get_executor(), pipeline, at_once, [&](std::exception_ptr, int value) {
      second.set_value({value, std::this_thread::get_id()});
    });
    queued.set_value();
  });
  queued.get_future().wait();
  EXPECT_EQ(bulkhead.snapshot().waiting, 1U);
  held.end(7);
  const Arrived arrived = second.get_future().get();
  EXPECT_EQ(arrived.value, 8);
  EXPECT_EQ(arrived.on, other.id());
}

TEST(AsyncThreads, KeepAFutureForAThreadThatRunsNoContext) {
  CircuitBreaker breaker{"payment", opens_after(50)};
  const Pipeline pipeline{breaker};
  Runner runner;
  const auto op = [&]() -> asio::awaitable<int> {
    EXPECT_EQ(std::this_thread::get_id(), runner.id());
    co_return 7;
  };
  EXPECT_EQ(async_call<int>(runner.io.get_executor(), pipeline, op, asio::use_future).get(), 7);
  breaker.command(Command::force_open, AsioTime::now());
  EXPECT_THROW(async_call<int>(runner.io.get_executor(), pipeline, op, asio::use_future).get(), Rejected);
}

TEST(AsyncThreads, RunTheCallOnOneContextAndItsCoroutineOnAnother) {
  CircuitBreaker breaker{"payment", opens_after(50)};
  const Pipeline pipeline{breaker};
  Runner here;
  Runner there;
  std::thread::id op_on;
  std::thread::id resumed_on;
  const auto op = [&]() -> asio::awaitable<int> {
    op_on = std::this_thread::get_id();
    co_return 7;
  };
  const auto calls = [&]() -> asio::awaitable<int> {
    const int value = co_await async_call<int>(there.io.get_executor(), pipeline, op, asio::use_awaitable);
    resumed_on = std::this_thread::get_id();
    co_return value;
  };
  EXPECT_EQ(asio::co_spawn(here.io, calls, asio::use_future).get(), 7);
  EXPECT_EQ(op_on, there.id());
  EXPECT_EQ(resumed_on, here.id());
}

TEST(AsyncThreads, RunOnStrandsOfOneContextOfSeveralThreads) {
  constexpr int calls = 200;
  Bulkhead bulkhead{"payment", {.max_concurrent = 2, .max_queue = calls, .max_wait = 1min}};
  CircuitBreaker breaker{"payment", opens_after(50)};
  const Pipeline pipeline{bulkhead, breaker};
  std::atomic<int> ended{0};
  asio::io_context io;
  const auto op = []() -> asio::awaitable<int> {
    const auto executor = co_await asio::this_coro::executor;
    co_await asio::post(executor, asio::use_awaitable);
    co_return 1;
  };
  for (int call = 0; call < calls; ++call) {
    async_call<int>(asio::make_strand(io), pipeline, op,
                    [&](std::exception_ptr, int value) { ended.fetch_add(value); });
  }
  std::thread second([&] { io.run(); });
  io.run();
  second.join();
  EXPECT_EQ(ended.load(), calls);
  EXPECT_EQ(bulkhead.snapshot().in_use, 0U);
  EXPECT_EQ(breaker.snapshot(AsioTime::now()).totals.successes, static_cast<std::uint64_t>(calls));
}

TEST(AsyncSockets, ATimeoutCancelsTheReadAndClosesTheSocket) {
  asio::io_context io;
  tcp::acceptor acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  Timeout timeout{"payment", 20ms};
  CircuitBreaker breaker{"payment", opens_after(50)};
  const Pipeline pipeline{breaker, timeout};
  error_code seen_by_read;
  error_code seen_by_peer;
  Reason reason{};
  // Connected beforehand, so that what the timeout meets is the read, however slow the machine.
  tcp::socket connected(io);
  const auto op = [&](const AsyncAttempt&) -> asio::awaitable<int> {
    tcp::socket socket(std::move(connected));
    char byte = 0;
    const auto buffer = asio::buffer(&byte, 1);
    try {
      co_await asio::async_read(socket, buffer, asio::use_awaitable);
    } catch (const boost::system::system_error& thrown) {
      seen_by_read = thrown.code();
      throw;
    }
    co_return 1;
  };
  const auto calls = [&]() -> asio::awaitable<void> {
    co_await connected.async_connect(acceptor.local_endpoint(), asio::use_awaitable);
    try {
      co_await async_call<int>(pipeline, op, asio::use_awaitable);
    } catch (const Rejected& rejected) {
      reason = rejected.reason();
    }
  };
  const auto peer = [&]() -> asio::awaitable<void> {
    tcp::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
    char byte = 0;
    const auto buffer = asio::buffer(&byte, 1);
    try {
      co_await asio::async_read(socket, buffer, asio::use_awaitable);
    } catch (const boost::system::system_error& thrown) {
      seen_by_peer = thrown.code();
    }
  };
  asio::co_spawn(io, peer, asio::detached);
  asio::co_spawn(io, calls, asio::detached);
  io.run_for(60s);
  EXPECT_EQ(reason, Reason::timed_out);
  EXPECT_EQ(seen_by_read, asio::error::operation_aborted);
  EXPECT_EQ(seen_by_peer, asio::error::eof) << "the operation's socket is closed";
  EXPECT_EQ(breaker.snapshot(AsioTime::now()).totals.failures, 1U);
}

}  // namespace
}  // namespace switchgear
