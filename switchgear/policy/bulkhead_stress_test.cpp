// Many threads on one bulkhead, with exact counts. Run under ThreadSanitizer too (./dev check).
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "switchgear/core/random.hpp"
#include "switchgear/policy/bulkhead.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;
using Entry = Bulkhead::Entry;

constexpr int eight = 8;

/// A thread that waits to be woken. Bounded: a lost wake-up is a failure, not a hang.
class Sleeper final : public Waker {
 public:
  void wake() noexcept override {
    const std::scoped_lock lock(mutex_);
    woken_ = true;
    condition_.notify_one();
  }
  [[nodiscard]] bool wait() {
    std::unique_lock lock(mutex_);
    const bool in_time = condition_.wait_for(lock, 60s, [this] { return woken_; });
    woken_ = false;
    return in_time;
  }

 private:
  std::mutex mutex_;
  std::condition_variable condition_;
  bool woken_ = false;
};

struct Made {
  std::atomic<std::uint64_t> admitted{0}, rejected{0}, timed_out{0}, cancelled{0}, lost{0}, too_many{0};
};

/// Not atomic on purpose: ThreadSanitizer reports two callers that hold the only slot at once.
struct Guarded {
  std::uint64_t calls = 0;
};

class Caller {
 public:
  /// `most`: how many may run.
  Caller(Bulkhead& bulkhead, Made& made, std::atomic<int>& running, const std::atomic<int>& most,
         Guarded* guarded, int thread)
      : bulkhead_(bulkhead),
        made_(made),
        running_(running),
        most_(most),
        guarded_(guarded),
        random_(static_cast<std::uint64_t>(thread) + 7) {}

  void call() {
    const double dice = random_.uniform();
    if (dice < 0.4) {
      if (auto permit = bulkhead_.try_acquire()) {
        work(*std::move(permit));
      } else {
        ++made_.rejected;
      }
      return;
    }
    Bulkhead::Ticket ticket;
    if (bulkhead_.join(ticket, sleeper_) == Entry::refused) {
      (void)bulkhead_.refuse(Reason::bulkhead_full);
      ++made_.rejected;
      return;
    }
    if (dice < 0.5) return cancel(ticket);
    if (dice < 0.6) return give_up(ticket);
    for (;;) {
      if (auto permit = bulkhead_.poll(ticket)) return work(*std::move(permit));
      if (!sleeper_.wait()) {
        ++made_.lost;
        return;
      }
    }
  }

 private:
  void work(Bulkhead::Permit permit) {
    ++made_.admitted;
    if (running_.fetch_add(1) >= most_) ++made_.too_many;
    if (guarded_ != nullptr) ++guarded_->calls;
    if (random_.uniform() < 0.1) std::this_thread::yield();
    running_.fetch_sub(1);
    const Bulkhead::Permit dropped = std::move(permit);
  }
  void give_up(Bulkhead::Ticket& ticket) {
    if (random_.uniform() < 0.5) std::this_thread::yield();
    if (auto permit = bulkhead_.leave(ticket)) return work(*std::move(permit));
    (void)bulkhead_.refuse(Reason::queue_timeout);
    ++made_.timed_out;
  }
  /// A caller that drops its ticket does not learn whether it had got the slot.
  void cancel(Bulkhead::Ticket&) {
    if (random_.uniform() < 0.5) std::this_thread::yield();
    ++made_.cancelled;
  }

  Bulkhead& bulkhead_;
  Made& made_;
  std::atomic<int>& running_;
  const std::atomic<int>& most_;
  Guarded* guarded_;
  Random random_;
  Sleeper sleeper_;
};

void expect_exact(const Bulkhead& bulkhead, const Made& made, std::uint64_t calls) {
  EXPECT_EQ(made.lost, 0U) << "a waiter was never woken";
  EXPECT_EQ(made.too_many, 0U);
  const BulkheadSnapshot end = bulkhead.snapshot();
  EXPECT_EQ(end.in_use, 0U);
  EXPECT_EQ(end.waiting, 0U);
  EXPECT_EQ(end.totals.rejected, made.rejected);
  EXPECT_EQ(end.totals.timed_out, made.timed_out);
  EXPECT_EQ(end.totals.admitted, made.admitted);
  EXPECT_EQ(end.totals.cancelled, made.cancelled);
  EXPECT_EQ(end.totals.admitted + end.totals.cancelled + end.totals.rejected + end.totals.timed_out, calls);
}

void race(std::uint32_t slots, std::uint32_t places, Guarded* guarded, int threads = eight) {
  constexpr int calls = 20'000;
  Bulkhead bulkhead{"payment", {slots, places, 1s}};
  Made made;
  std::atomic<int> running{0};
  const std::atomic<int> most{static_cast<int>(slots)};
  std::vector<std::thread> all;
  for (int thread = 0; thread < threads; ++thread) {
    all.emplace_back([&, thread] {
      Caller caller{bulkhead, made, running, most, guarded, thread};
      for (int i = 0; i < calls && made.lost == 0; ++i) caller.call();
    });
  }
  for (std::thread& thread : all) thread.join();
  expect_exact(bulkhead, made, static_cast<std::uint64_t>(threads) * calls);
  if (guarded != nullptr) {
    EXPECT_EQ(guarded->calls, made.admitted);
  }
}

/// Callers go on while the number of slots and of places changes; `sizes` are given one after the other.
void race_of_sizes(const std::vector<std::uint32_t>& sizes, int threads) {
  constexpr int calls = 10'000;
  Bulkhead bulkhead{"payment", {sizes.back(), 4, 1s}};
  Made made;
  std::atomic<int> running{0};
  std::atomic<int> most{static_cast<int>(sizes.back())};
  std::atomic<int> at_work{threads};
  std::vector<std::thread> all;
  for (int thread = 0; thread < threads; ++thread) {
    all.emplace_back([&, thread] {
      Caller caller{bulkhead, made, running, most, nullptr, thread};
      for (int i = 0; i < calls && made.lost == 0; ++i) caller.call();
      --at_work;
    });
  }
  for (std::size_t i = 0; at_work > 0; ++i) {
    const std::uint32_t slots = sizes[i % sizes.size()];
    most = std::max(most.load(), static_cast<int>(slots));
    bulkhead.set_options({slots, i % 3 == 0 ? 1U : 8U, 1s});
    // From then on none is admitted above the new number: so once fewer run, never more do.
    while (bulkhead.snapshot().in_use > slots) std::this_thread::yield();
    most = static_cast<int>(slots);
    std::this_thread::yield();
  }
  for (std::thread& thread : all) thread.join();
  expect_exact(bulkhead, made, static_cast<std::uint64_t>(threads) * calls);
}

TEST(BulkheadStress, LosesNoWakeUpAndNoSlotWhileItsSizeChanges) { race_of_sizes({1, 3, 2, 5}, eight); }

TEST(BulkheadStress, HoldsALowerSizeThoughThreadsHaveParkedSlots) {
  const std::uint32_t parking = 4 * (std::thread::hardware_concurrency() + 2);
  race_of_sizes({2, parking, 1, parking / 2}, eight);
}

TEST(BulkheadStress, LosesNoWakeUpAndNoSlotWithOneSlotForAll) {
  Guarded guarded;
  race(1, 4, &guarded);
}

TEST(BulkheadStress, LosesNoWakeUpAndNoSlotWithThreeSlotsAndAPlaceForEach) { race(3, eight, nullptr); }

TEST(BulkheadStress, LosesNoWakeUpAndNoSlotWhileThreadsParkSlotsAndOthersTakeTheLastOne) {
  const std::uint32_t slots = 2 * (std::thread::hardware_concurrency() + 2);  // the fewest of which some park
  race(slots, slots, nullptr, static_cast<int>(slots) + 4);
}

TEST(BulkheadStress, LetsEveryCallerThroughWhenAllOfThemWaitTheirTurn) {
  constexpr int calls = 5'000;
  constexpr int threads = eight;
  Bulkhead bulkhead{"payment", {1, threads, 1s}};
  Guarded guarded;
  std::atomic<int> lost{0};
  std::vector<std::thread> all;
  for (int thread = 0; thread < threads; ++thread) {
    all.emplace_back([&] {
      Sleeper sleeper;
      for (int i = 0; i < calls && lost == 0; ++i) {
        Bulkhead::Ticket ticket;
        std::optional<Bulkhead::Permit> permit;
        if (bulkhead.join(ticket, sleeper) == Entry::refused) ++lost;
        while (!(permit = bulkhead.poll(ticket)) && lost == 0) {
          if (!sleeper.wait()) ++lost;
        }
        ++guarded.calls;
        if (i % 8 == 0) std::this_thread::yield();  // holding the slot, so that a queue grows
      }
    });
  }
  for (std::thread& thread : all) thread.join();
  EXPECT_EQ(lost, 0);
  EXPECT_EQ(guarded.calls, static_cast<std::uint64_t>(threads) * calls);
  EXPECT_EQ(bulkhead.snapshot().totals.admitted, static_cast<std::uint64_t>(threads) * calls);
  EXPECT_EQ(bulkhead.snapshot().in_use, 0U);
}

}  // namespace
}  // namespace switchgear
