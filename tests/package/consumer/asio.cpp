// A stranger whose calls are awaited: one that hangs is cancelled, and opens the breaker.
#include <boost/asio.hpp>
#include <chrono>
#include <future>

#include "switchgear/async/async_call.hpp"
#include "switchgear/pipeline/pipeline.hpp"

namespace asio = boost::asio;
using namespace switchgear;

int main() {
  asio::io_context io;
  CircuitBreakerOptions options;
  options.consecutive_failures = 1;
  CircuitBreaker breaker{"stock", options};
  Timeout timeout{"stock", std::chrono::milliseconds{20}};
  const Pipeline pipeline{breaker, timeout};
  const auto hang = [&]() -> asio::awaitable<int> {
    asio::steady_timer never{io, std::chrono::hours{1}};
    co_await never.async_wait(asio::use_awaitable);
    co_return 7;
  };
  std::future<int> answer = async_call<int>(io.get_executor(), pipeline, hang, asio::use_future);
  io.run_for(std::chrono::seconds{30});
  try {
    return answer.get();
  } catch (const Rejected& cut_off) {
    return cut_off.reason() == Reason::timed_out && breaker.state() == State::open ? 0 : 1;
  }
}
