#include "switchgear/sync/run_within.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "switchgear/policy/circuit_breaker.hpp"
#include "switchgear/sync/call.hpp"
#include "switchgear/testing/manual_time.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;

/// A user's pool: one thread, and a queue of std::function.
class Pool {
 public:
  ~Pool() {
    post([this] { ended_ = true; });
    thread_.join();
  }
  void post(std::function<void()> task) {
    const std::lock_guard lock{mutex_};
    tasks_.push_back(std::move(task));
    posted_.notify_one();
  }

 private:
  void work() {
    while (!ended_) {
      std::function<void()> task;
      {
        std::unique_lock lock{mutex_};
        posted_.wait(lock, [this] { return !tasks_.empty(); });
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
      task();
    }
  }

  std::mutex mutex_;
  std::condition_variable posted_;
  std::deque<std::function<void()>> tasks_;
  bool ended_ = false;
  std::thread thread_{[this] { work(); }};
};

/// Opened by the test, waited for by a function that hangs.
class Gate {
 public:
  void open() { opened_.set_value(); }
  void wait() const { open_.wait(); }

 private:
  std::promise<void> opened_;
  std::shared_future<void> open_ = opened_.get_future().share();
};

/// The limit passes at once, but not before the function has begun.
class TimeOfARunningFunction {
 public:
  [[nodiscard]] TimePoint now() const noexcept { return time_.now(); }
  void wait(Parking& parking, TimePoint until) {
    begun_.wait();
    time_.wait(parking, until);
  }
  void begin() { begun_.open(); }

 private:
  testing::ManualTime time_;
  Gate begun_;
};

class RunWithin : public ::testing::Test {
 protected:
  void hang() {
    time_.begin();
    gate_.wait();
  }

  Gate gate_;
  TimeOfARunningFunction time_;
  Pool pool_;  // ends first: its functions use the rest
};

TEST_F(RunWithin, ReturnsWhatTheFunctionReturnedOnAnotherThread) {
  const auto id = run_within(pool_, 1min, [] { return std::this_thread::get_id(); });
  ASSERT_TRUE(id);
  EXPECT_NE(*id, std::this_thread::get_id());
  EXPECT_TRUE(run_within(pool_, 1min, [] {})) << "nothing, in time";
}

TEST_F(RunWithin, HandsOverAnAnswerThatCanOnlyBeMoved) {
  auto answer = run_within(pool_, 1min, [] { return std::make_unique<int>(7); });
  ASSERT_TRUE(answer);
  EXPECT_EQ(**answer, 7);
}

TEST_F(RunWithin, ThrowsWhatTheFunctionThrew) {
  EXPECT_THROW((void)run_within(pool_, 1min, []() -> int { throw std::out_of_range("no row"); }),
               std::out_of_range);
}

TEST_F(RunWithin, StopsWaitingForAFunctionThatHangs) {
  const auto answer = run_within(
      pool_, 200ms,
      [this] {
        hang();
        return 1;
      },
      time_);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.rejection().reason, Reason::timed_out);
  EXPECT_EQ(answer.rejection().policy, "run_within");
  gate_.open();
}

/// Tells which thread destroyed it.
struct TracedAnswer {
  std::promise<std::thread::id>* destroyed;
  explicit TracedAnswer(std::promise<std::thread::id>& at) : destroyed(&at) {}
  TracedAnswer(TracedAnswer&& other) noexcept : destroyed(std::exchange(other.destroyed, nullptr)) {}
  ~TracedAnswer() {
    if (destroyed != nullptr) destroyed->set_value(std::this_thread::get_id());
  }
};

TEST_F(RunWithin, LetsTheFunctionGoOnAndDestroysItsAnswerOnItsThread) {
  std::promise<std::thread::id> destroyed;
  std::promise<std::thread::id> ran;
  EXPECT_FALSE(run_within(
      pool_, 200ms,
      [&] {
        hang();
        ran.set_value(std::this_thread::get_id());
        return TracedAnswer{destroyed};
      },
      time_));
  gate_.open();
  EXPECT_EQ(destroyed.get_future().get(), ran.get_future().get());
}

TEST_F(RunWithin, DoesNotDestroyOnTheCallersThreadAnAnswerThatComesWhileTheCallerLeaves) {
  std::promise<std::thread::id> destroyed;
  std::promise<std::thread::id> ran;
  // The caller requests the stop between giving up and leaving. Here that takes until the function has ended
  // and the pool has let go of it, which the pool's next task shows.
  const std::function<void()> let_it_end = [this] {
    std::promise<void> next;
    pool_.post([&next] { next.set_value(); });
    gate_.open();
    next.get_future().wait();
  };
  std::optional<std::stop_callback<std::function<void()>>> leaving;
  EXPECT_FALSE(run_within(
      pool_, 200ms,
      [&](const Attempt& attempt) {
        leaving.emplace(attempt.stop, let_it_end);
        hang();
        ran.set_value(std::this_thread::get_id());
        return TracedAnswer{destroyed};
      },
      time_));
  EXPECT_EQ(destroyed.get_future().get(), ran.get_future().get());
}

TEST_F(RunWithin, DropsWhatTheFunctionThrowsTooLate) {
  EXPECT_FALSE(run_within(
      pool_, 200ms,
      [this]() -> int {
        hang();
        throw std::runtime_error("too late");
      },
      time_));
  gate_.open();
  EXPECT_TRUE(run_within(pool_, 1min, [] {})) << "the thread has survived it";
}

TEST_F(RunWithin, TellsTheFunctionThatItIsNotWaitedForAnyMore) {
  std::promise<bool> heard;
  const TimePoint deadline = time_.now() + 200ms;
  EXPECT_FALSE(run_within(
      pool_, 200ms,
      [&](const Attempt& attempt) {
        hang();
        heard.set_value(attempt.stop.stop_requested() && attempt.deadline == deadline);
      },
      time_));
  gate_.open();
  EXPECT_TRUE(heard.get_future().get());
}

TEST_F(RunWithin, NeverBeginsAFunctionThatWaitedForItsThreadUntilTheLimit) {
  pool_.post([this] { gate_.wait(); });
  bool ran = false;
  testing::ManualTime time;
  EXPECT_FALSE(run_within(
      pool_, 200ms, [&ran] { ran = true; }, time));
  gate_.open();
  EXPECT_TRUE(run_within(pool_, 1min, [] {})) << "comes after it in the pool's queue";
  EXPECT_FALSE(ran);
}

TEST_F(RunWithin, KeepsWhatTheFunctionOwnsUntilItHasReturned) {
  const auto owned = std::make_shared<std::string>("row");
  EXPECT_FALSE(run_within(
      pool_, 200ms,
      [this, owned] {
        hang();
        return owned->size();
      },
      time_));
  EXPECT_EQ(owned.use_count(), 2);
  gate_.open();
  (void)run_within(pool_, 1min, [] {});
  EXPECT_EQ(owned.use_count(), 1);
}

TEST_F(RunWithin, DoesNotWaitForAFunctionThatTheExecutorThrewAway) {
  const auto shut_down = [](const std::function<void()>&) {};
  const auto answer = run_within(shut_down, 1min, [] { return 1; });
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.rejection().reason, Reason::cancelled);
}

TEST_F(RunWithin, PassesOnWhatPostingThrows) {
  const auto full = [](const std::function<void()>&) { throw std::length_error("queue full"); };
  EXPECT_THROW((void)run_within(full, 1min, [] { return 1; }), std::length_error);
}

TEST_F(RunWithin, IsAFailureForTheBreakerAroundIt) {
  CircuitBreaker breaker{"database", {.consecutive_failures = 1}, {.created = time_.now()}};
  const auto query = [&] {
    auto row = run_within(
        pool_, 200ms,
        [this] {
          hang();
          return 1;
        },
        time_);
    if (!row) throw Rejected(row.rejection());
    return *row;
  };
  EXPECT_THROW(call(Pipeline{breaker}, {}, query, time_), Rejected);
  EXPECT_EQ(breaker.state(), State::open);
  gate_.open();
}

TEST_F(RunWithin, LosesNoAnswerToTheLimitThatComesAtTheSameInstant) {
  // Whichever side is first: an answer or a timeout, never neither.
  int answers = 0;
  int timeouts = 0;
  for (int i = 0; i < 2000; ++i) run_within(pool_, 1us, [] { return 1; }) ? ++answers : ++timeouts;
  EXPECT_EQ(answers + timeouts, 2000);
}

}  // namespace
}  // namespace switchgear
