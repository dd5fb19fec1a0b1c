// Callbacks, and futures: the same policies for code that was written before coroutines.
//
// The operation is any asynchronous operation that takes a completion token; errors come as codes, refusals
// among them.
#include <boost/asio.hpp>
#include <boost/asio/use_future.hpp>
#include <cstdio>
#include <future>
#include <string>
#include <thread>

#include "examples/asio_http.hpp"
#include "examples/tiny_http.hpp"
#include "switchgear/async/async_call.hpp"
#include "switchgear/pipeline/standard_order.hpp"

namespace {

namespace asio = boost::asio;
using namespace switchgear;
using namespace std::chrono_literals;
using boost::system::error_code;
using example::Reply;

/// `op(attempt, token)`: starts one attempt, which completes with (error_code, Reply).
auto asking(asio::io_context& io, std::uint16_t port, std::string path) {
  return [&io, port, path = std::move(path)](const AsyncAttempt&, auto token) {
    example::async_post(io.get_executor(), port, path, std::move(token));
  };
}

void show(const char* what, const error_code& code, const Reply& reply) {
  if (code) {
    std::printf("%s: %s\n", what, code.message().c_str());
  } else {
    std::printf("%s: %d %s\n", what, reply.status, reply.body.c_str());
  }
}

}  // namespace

int main() {
  example::Server stock{[](const std::string& path, const std::string&) {
    if (path == "/hangs") return Reply{0, ""};
    return Reply{200, "7 of " + path.substr(1)};
  }};

  CircuitBreakerOptions careful;
  careful.consecutive_failures = 5;
  CircuitBreaker breaker{"stock", careful};
  Bulkhead bulkhead{"stock", {.max_concurrent = 1, .max_queue = 10, .max_wait = 5s}};
  Timeout timeout{"stock", 2s};
  const auto pipeline = standard_pipeline(breaker, bulkhead, timeout);

  asio::io_context io;
  int ended = 0;

  // Three at once, one slot: the others wait their turn, and no thread waits with them.
  for (const char* path : {"/apples", "/pears", "/plums"}) {
    async_call<Reply>(io.get_executor(), pipeline, asking(io, stock.port(), path),
                      [&, path](const error_code& code, const Reply& reply) {
                        show(path, code, reply);
                        ++ended;
                      });
  }
  io.run_for(30s);

  // What takes too long is cancelled, and says so in the words of the standard library.
  async_call<Reply>(io.get_executor(), pipeline, asking(io, stock.port(), "/hangs"),
                    [&](const error_code& code, const Reply& reply) {
                      show("/hangs", code, reply);
                      if (code == std::errc::timed_out) ++ended;
                    });
  io.restart();
  io.run_for(30s);

  // A refusal is a code of its own; the report tells the rest.
  breaker.command(Command::force_open, AsioTime::now());
  AsyncReport report;
  const AsyncCallOptions options{CallOptions{}, &report};
  async_call<Reply>(io.get_executor(), pipeline, options, asking(io, stock.port(), "/apples"),
                    [&](const error_code& code, const Reply& reply) {
                      show("/apples", code, reply);
                      std::printf("  because %s\n", to_string(*report.rejection).c_str());
                      if (code == Reason::forced_open) ++ended;
                    });
  io.restart();
  io.run_for(30s);
  breaker.command(Command::reset, AsioTime::now());

  // From another thread, with a future: the context is this call's, the thread that waits is not.
  io.restart();
  auto work = asio::make_work_guard(io);
  std::jthread thread([&] { io.run(); });
  std::future<Reply> future =
      async_call<Reply>(io.get_executor(), pipeline, asking(io, stock.port(), "/grapes"), asio::use_future);
  show("/grapes", {}, future.get());
  work.reset();
  return ended == 5 && bulkhead.snapshot().in_use == 0 ? 0 : 1;
}
