// What the tests of awaited calls share: an io_context, manual time, and operations that go as told.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "switchgear/async/async_call.hpp"
#include "switchgear/testing/manual_asio_time.hpp"

namespace switchgear::testing {

namespace asio = boost::asio;
using boost::system::error_code;

inline CircuitBreakerOptions opens_after(std::uint32_t failures) {
  CircuitBreakerOptions options;
  options.consecutive_failures = failures;
  options.open_duration = std::chrono::seconds{30};
  return options;
}

inline RetryOptions tries(std::uint32_t attempts) {
  RetryOptions options;
  options.max_attempts = attempts;
  options.backoff = Backoff::fixed;
  options.base = std::chrono::milliseconds{100};
  options.jitter = Jitter::none;
  return options;
}

/// A dependency whose operations end when the test says so. Each attempt is an operation with a token; an
/// emission on its slot is noted, and ends it with operation_aborted unless the dependency is deaf.
class Dependency {
 public:
  using Handler = std::function<void(error_code, int)>;

  struct Running {
    AsyncAttempt attempt;
    Handler end;
    std::optional<asio::cancellation_type_t> cancelled{};
  };

  explicit Dependency(asio::any_io_executor executor) : executor_(std::move(executor)) {}

  template <class Token>
  auto operator()(const AsyncAttempt& attempt, Token&& token) {
    return asio::async_initiate<Token, void(error_code, int)>(
        [this, attempt](auto handler) {
          const std::size_t index = running.size();
          auto shared = std::make_shared<decltype(handler)>(std::move(handler));
          auto slot = asio::get_associated_cancellation_slot(*shared);
          const auto executor = asio::get_associated_executor(*shared, executor_);
          running.push_back({attempt, [shared, executor](error_code code, int value) {
                               asio::post(executor,
                                          [shared, code, value] { std::move (*shared)(code, value); });
                             }});
          if (slot.is_connected()) {
            slot.assign([this, index](asio::cancellation_type_t type) {
              running[index].cancelled = type;
              if (!deaf) end(index, asio::error::operation_aborted);
            });
          }
        },
        token);
  }

  /// For async_call(), which copies its operation.
  [[nodiscard]] auto op() {
    return [this](const AsyncAttempt& attempt, auto&& token) {
      return (*this)(attempt, std::forward<decltype(token)>(token));
    };
  }

  void end(std::size_t index, error_code code, int value = 0) {
    if (auto handler = std::exchange(running[index].end, nullptr)) handler(code, value);
  }
  void succeed(std::size_t index, int value) { end(index, {}, value); }

  std::vector<Running> running;
  bool deaf = false;

 private:
  asio::any_io_executor executor_;
};

/// What a callback was given.
struct Got {
  int times = 0;
  error_code code;
  int value = -1;

  [[nodiscard]] auto handler() {
    return [this](error_code given, int result) {
      ++times;
      code = given;
      value = result;
    };
  }
};

/// Declared in the order in which they must outlive each other.
struct Loop {
  ManualSchedule schedule;
  asio::io_context io;
  ManualAsioTime time{schedule};

  void run() { schedule.run_for(io, Duration::zero()); }
  void run_for(Duration length) { schedule.run_for(io, length); }
  [[nodiscard]] asio::io_context::executor_type executor() { return io.get_executor(); }
};

/// Runs `coroutine()` to its end, in manual time, and throws what it throws.
template <class Coroutine>
void run_coroutine(Loop& loop, Coroutine coroutine, Duration most = std::chrono::hours{1}) {
  bool ended = false;
  std::exception_ptr thrown;
  asio::co_spawn(loop.executor(), std::move(coroutine), [&](std::exception_ptr exception) {
    ended = true;
    thrown = std::move(exception);
  });
  loop.run();
  if (!ended) loop.run_for(most);
  if (thrown) std::rethrow_exception(thrown);
  if (!ended) throw std::logic_error("the coroutine has not ended");
}

}  // namespace switchgear::testing
