// The checker in manual time, with checks that answer, throw, hang or ignore their cancellation.
#include "switchgear/http/health/health_checker.hpp"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "switchgear/policy/circuit_breaker.hpp"
#include "switchgear/testing/manual_asio_time.hpp"

namespace switchgear::http {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using health::CheckEnd;
using health::CheckResult;
using health::Judged;
using health::Status;
using testing::ManualAsioTime;
using testing::ManualSchedule;

health::WatchOptions every_ten_seconds() {
  health::WatchOptions options;
  options.interval = 10s;
  options.jitter = 0;
  options.timeout = 2s;
  return options;
}

/// What the next checks do; the last one is repeated.
enum class Does : std::uint8_t { answer_well, answer_badly, throw_at_once, hang, hang_for_good };

class Bench {
 public:
  explicit Bench(std::vector<Does> script, CheckerContext context = {},
                 const health::WatchOptions& options = every_ten_seconds())
      : script_(std::move(script)),
        checker_(std::make_unique<HealthChecker<ManualAsioTime>>(
            io_.get_executor(), [this] { return check(); }, options,
            [this](const Judged& judged) {
              seen.push_back(judged);
              if (on_result) on_result();
            },
            std::move(context), ManualAsioTime{schedule_})) {}

  void start() {
    checker_->start();
    pass(0s);
  }
  void pass(Duration length) { schedule_.run_for(io_, length); }
  void stop() { checker_->stop(); }
  void destroy() { checker_.reset(); }
  void release_hung() {
    for (auto& timer : hung_) timer->cancel();
  }
  [[nodiscard]] std::vector<CheckEnd> ends() const {
    std::vector<CheckEnd> all;
    for (const Judged& each : seen) all.push_back(each.result.end);
    return all;
  }
  [[nodiscard]] Status status() const { return checker_->snapshot().status; }

  std::vector<Judged> seen;
  std::function<void()> on_result;
  int begun = 0;
  int out = 0;
  int most_out = 0;

 private:
  asio::awaitable<CheckResult> check() {
    const Does does = script_[std::min<std::size_t>(static_cast<std::size_t>(begun), script_.size() - 1)];
    ++begun;
    most_out = std::max(most_out, ++out);
    struct Back {
      int& out;
      ~Back() { --out; }
    };
    const Back back{out};
    CheckResult result;
    switch (does) {
      case Does::answer_well:
        break;
      case Does::answer_badly:
        result.end = CheckEnd::unexpected;
        break;
      case Does::throw_at_once:
        throw std::runtime_error("no database");
      case Does::hang: {
        asio::steady_timer never(io_, TimePoint::max());
        co_await never.async_wait(asio::use_awaitable);
        break;
      }
      case Does::hang_for_good: {
        auto never = std::make_shared<asio::steady_timer>(io_, TimePoint::max());
        hung_.push_back(never);
        co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
        boost::system::error_code ignored;
        co_await never->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        break;
      }
    }
    co_return result;
  }

  std::vector<Does> script_;
  ManualSchedule schedule_;
  asio::io_context io_;
  std::vector<std::shared_ptr<asio::steady_timer>> hung_;
  std::unique_ptr<HealthChecker<ManualAsioTime>> checker_;
};

TEST(HealthChecker, ChecksOnceAnIntervalAndTellsOfEveryResult) {
  Bench bench{{Does::answer_well, Does::answer_badly, Does::answer_badly, Does::answer_well}};
  bench.start();
  EXPECT_EQ(bench.status(), Status::healthy);
  bench.pass(9s);
  EXPECT_EQ(bench.begun, 1);
  bench.pass(21s);
  EXPECT_EQ(bench.ends(),
            (std::vector{CheckEnd::good, CheckEnd::unexpected, CheckEnd::unexpected, CheckEnd::good}));
  EXPECT_TRUE(bench.seen[2].changed());
  EXPECT_EQ(bench.status(), Status::unhealthy) << "one good result is not enough";
}

TEST(HealthChecker, CountsACheckThatThrowsAsBadAndGoesOn) {
  Bench bench{{Does::throw_at_once, Does::throw_at_once, Does::answer_well}};
  bench.start();
  bench.pass(20s);
  EXPECT_EQ(bench.ends(), (std::vector{CheckEnd::checker_failed, CheckEnd::checker_failed, CheckEnd::good}));
  EXPECT_EQ(bench.seen[0].result.words, "no database");
}

TEST(HealthChecker, StopsACheckAtItsLimitAndBeginsTheNextOne) {
  Bench bench{{Does::hang, Does::answer_well}};
  bench.start();
  bench.pass(2s);
  EXPECT_EQ(bench.ends(), (std::vector{CheckEnd::timeout}));
  EXPECT_EQ(bench.out, 0) << "it was cancelled";
  bench.pass(8s);
  EXPECT_EQ(bench.ends(), (std::vector{CheckEnd::timeout, CheckEnd::good}));
}

TEST(HealthChecker, ACheckThatCannotBeStoppedIsBadAtEveryIntervalAndNeverOverlapsItself) {
  Bench bench{{Does::hang_for_good, Does::answer_well}};
  bench.start();
  bench.pass(35s);
  EXPECT_EQ(bench.ends(), (std::vector{CheckEnd::timeout, CheckEnd::hung, CheckEnd::hung, CheckEnd::hung}));
  EXPECT_EQ(bench.begun, 1);
  bench.release_hung();
  bench.pass(5s);
  EXPECT_EQ(bench.ends().back(), CheckEnd::good) << "it goes on as soon as the check is back";
  EXPECT_EQ(bench.most_out, 1);
}

TEST(HealthChecker, NothingIsToldOnceItWasStopped) {
  Bench bench{{Does::hang}};
  bench.start();
  bench.stop();
  bench.pass(1min);
  EXPECT_TRUE(bench.seen.empty());
  EXPECT_EQ(bench.out, 0);
}

TEST(HealthChecker, MayBeDestroyedByItsListener) {
  Bench bench{{Does::answer_well}};
  bench.on_result = [&] { bench.destroy(); };
  bench.start();
  bench.pass(1min);
  EXPECT_EQ(bench.seen.size(), 1U);
}

TEST(HealthChecker, GoesOnThoughItsListenerThrows) {
  Bench bench{{Does::answer_well}};
  bench.on_result = [] { throw std::runtime_error("mine"); };
  bench.start();
  bench.pass(20s);
  EXPECT_EQ(bench.seen.size(), 3U);
}

TEST(HealthChecker, AsksForTrafficAndChecksAQuietDependencyAtItsOwnPace) {
  health::WatchOptions options = every_ten_seconds();
  options.no_traffic_interval = 60s;
  bool called = false;
  CheckerContext context;
  context.called = [&] { return std::exchange(called, false); };
  Bench bench{{Does::answer_well}, std::move(context), options};
  bench.start();
  bench.pass(59s);
  EXPECT_EQ(bench.begun, 1);
  called = true;
  bench.pass(1s);
  EXPECT_EQ(bench.begun, 2);
  bench.pass(10s);
  EXPECT_EQ(bench.begun, 3);
}

TEST(HealthChecker, ABlockingCheckThatHangsHoldsUpNothingElse) {
  asio::io_context io;
  asio::thread_pool pool{1};
  std::promise<void> release;
  std::vector<CheckEnd> ends;
  health::WatchOptions options = every_ten_seconds();
  options.interval = 20ms;
  options.timeout = 1ms;
  HealthChecker<> checker{io.get_executor(),
                          blocking_check(pool.get_executor(),
                                         [&] {
                                           release.get_future().wait();
                                           return CheckResult{};
                                         }),
                          options, [&](const Judged& judged) {
                            ends.push_back(judged.result.end);
                            if (ends.size() == 3) io.stop();
                          }};
  checker.start();
  io.run();
  release.set_value();
  pool.join();
  EXPECT_EQ(ends, (std::vector{CheckEnd::timeout, CheckEnd::hung, CheckEnd::hung}));
}

TEST(HealthChecker, BlockingCheckMayEndJustAsItsTimeIsOver) {
  asio::io_context io;
  asio::thread_pool pool{1};
  const CheckFunction check = blocking_check(pool.get_executor(), [] { return CheckResult{}; });
  constexpr int rounds = 2'000;
  int good = 0;
  for (int i = 0; i < rounds; ++i) {
    asio::cancellation_signal over;
    bool ended = false;
    asio::co_spawn(io, check(),
                   asio::bind_cancellation_slot(
                       over.slot(), [&](const std::exception_ptr& failed, const CheckResult& result) {
                         ended = true;
                         if (!failed && result.end == CheckEnd::good) ++good;
                       }));
    for (io.poll(); !ended; io.poll()) over.emit(asio::cancellation_type::terminal);
    io.restart();
  }
  pool.join();
  EXPECT_EQ(good, rounds);
}

TEST(HealthChecker, DrivesABreaker) {
  CircuitBreakerOptions options;
  options.consecutive_failures = 5;
  options.open_duration = 5min;
  CircuitBreaker breaker{"payment", options};
  Bench bench{{Does::answer_badly, Does::answer_badly, Does::answer_well, Does::answer_well}};
  bench.on_result = [&] {
    const Judged& judged = bench.seen.back();
    breaker.on_check(judged.result.good() ? CheckAnswer::good : CheckAnswer::bad, HealthRows{}, judged.at);
  };
  bench.start();
  bench.pass(10s);
  EXPECT_EQ(breaker.state(), State::open);
  bench.pass(20s);
  EXPECT_EQ(breaker.state(), State::half_open);
}

}  // namespace
}  // namespace switchgear::http
