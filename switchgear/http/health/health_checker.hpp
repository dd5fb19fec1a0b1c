// Checks one dependency again and again, and tells of every result.
#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/system/error_code.hpp>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "switchgear/async/asio_time.hpp"
#include "switchgear/core/quietly.hpp"
#include "switchgear/health/watch.hpp"
#include "switchgear/http/health/check_function.hpp"

namespace switchgear::http {

/// Told of every result, on the executor, in order.
using CheckListener = std::function<void(const health::Judged&)>;

/// What a checker gets besides its options.
struct CheckerContext {
  std::uint64_t seed = 0;  ///< for jitter
  /// Whether the dependency was called since this was last asked, for `no_traffic_interval`. Empty: always.
  std::function<bool()> called{};
};

/// Begins a check when it is due, one at a time, and stops it at its time limit. A check that throws, hangs
/// or ignores its cancellation is a bad result, and the checker goes on.
///
///     HealthChecker checker{io.get_executor(), port_check(io.get_executor(), {"10.0.0.1", 8080}, options),
///                           options.watch, [&](const health::Judged& judged) {
///                             breaker.on_check(judged.result.good() ? CheckAnswer::good : CheckAnswer::bad,
///                                              options.watch.rows, judged.at);
///                           }};
///     checker.start();
///
/// Executor: must not run two things at once (an io_context of one thread, or a strand). While the checker
/// runs, io_context::run() does not return. Threads: start() and stop() from any; snapshot() from any. The
/// listener may stop or destroy the checker. Lifetime: after stop(), or the destructor, has returned on the
/// executor's thread, no call of the listener begins; a check that hangs keeps what it uses until it comes
/// back.
template <class Time = AsioTime>
class HealthChecker {
 public:
  /// Throws std::invalid_argument naming every problem when `options` are not valid.
  HealthChecker(const boost::asio::any_io_executor& executor, CheckFunction check,
                const health::WatchOptions& options, CheckListener listener, CheckerContext context = {},
                const Time& time = {})
      : loop_(std::make_shared<Loop>(executor, std::move(check), options, std::move(listener),
                                     std::move(context), time)) {}
  HealthChecker(const HealthChecker&) = delete;
  HealthChecker& operator=(const HealthChecker&) = delete;
  ~HealthChecker() { stop(); }

  /// Once.
  void start() {
    boost::asio::dispatch(loop_->executor, [loop = loop_] { loop->look(); });
  }
  /// For good. Harmless when not started, or stopped already.
  void stop() {
    loop_->stopped = true;
    boost::asio::dispatch(loop_->executor, [loop = loop_] { loop->end_all(); });
  }

  [[nodiscard]] health::WatchSnapshot snapshot() const {
    const std::lock_guard lock(loop_->mutex);
    return loop_->watch.snapshot();
  }

 private:
  /// Shared with the check that is out.
  struct Loop : std::enable_shared_from_this<Loop> {
    Loop(const boost::asio::any_io_executor& on, CheckFunction function, const health::WatchOptions& options,
         CheckListener told, CheckerContext given, const Time& clock)
        : executor(on),
          check(std::move(function)),
          listener(std::move(told)),
          context(std::move(given)),
          time(clock),
          watch(options, context.seed, time.now()),
          timer(executor, time) {}

    void look() {
      while (!stopped) {
        const health::Watch::Step step = next_step();
        if (step.todo == health::Watch::Todo::nothing) break;
        if (step.todo == health::Watch::Todo::begin) begin();
        if (step.todo == health::Watch::Todo::give_up) cancel.emit(boost::asio::cancellation_type::terminal);
        if (step.judged) tell(*step.judged);
      }
      arm();
    }

    [[nodiscard]] health::Watch::Step next_step() {
      const TimePoint now = time.now();
      if (now >= next_due() && (!context.called || context.called())) traffic = health::Traffic::some;
      const std::lock_guard lock(mutex);
      const health::Watch::Step step = watch.step(now, traffic);
      if (step.todo == health::Watch::Todo::begin) traffic = health::Traffic::none;
      return step;
    }

    [[nodiscard]] TimePoint next_due() const {
      const std::lock_guard lock(mutex);
      return watch.next_due();
    }

    void arm() {
      if (stopped) return;
      timer.wait(next_due(), [weak = this->weak_from_this()](const boost::system::error_code& error) {
        if (error) return;
        if (const auto self = weak.lock()) self->look();
      });
    }

    void begin() {
      const auto self = this->shared_from_this();
      boost::asio::co_spawn(
          executor, run(self),
          boost::asio::bind_cancellation_slot(
              cancel.slot(), [self](const std::exception_ptr& failed, health::CheckResult result) {
                self->end(failed, std::move(result));
              }));
    }

    static boost::asio::awaitable<health::CheckResult> run(std::shared_ptr<Loop> self) {
      health::CheckResult result = co_await self->check();
      co_return result;
    }

    void end(const std::exception_ptr& failed, health::CheckResult result) {
      if (failed) result = {health::CheckEnd::checker_failed, words_of(failed)};
      std::optional<health::Judged> judged;
      {
        const std::lock_guard lock(mutex);
        judged = watch.end(std::move(result), time.now());
      }
      if (judged && !stopped) tell(*judged);
      arm();
    }

    [[nodiscard]] static std::string words_of(const std::exception_ptr& failed) {
      try {
        std::rethrow_exception(failed);
      } catch (const std::exception& error) {
        return error.what();
      } catch (...) {
        return "the check failed";
      }
    }

    void tell(const health::Judged& judged) {
      switchgear::detail::quietly([&] {
        if (listener) listener(judged);
      });
    }

    void end_all() {
      timer.cancel();
      cancel.emit(boost::asio::cancellation_type::terminal);
    }

    const boost::asio::any_io_executor executor;
    const CheckFunction check;
    const CheckListener listener;
    const CheckerContext context;
    const Time time;
    std::atomic<bool> stopped{false};
    mutable std::mutex mutex;  ///< guards `watch`
    health::Watch watch;
    health::Traffic traffic = health::Traffic::none;  ///< since the last check began
    boost::asio::cancellation_signal cancel;
    typename Time::template Timer<boost::asio::any_io_executor> timer;
  };

  const std::shared_ptr<Loop> loop_;
};

}  // namespace switchgear::http
