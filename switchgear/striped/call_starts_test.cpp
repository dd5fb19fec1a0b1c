#include "switchgear/striped/call_starts.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

namespace switchgear {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint long_ago{1s};
constexpr TimePoint now{1h};

std::unique_ptr<CallStarts> calls_older_than(Duration age, std::uint32_t count) {
  return std::make_unique<CallStarts>(age, count);
}

TEST(CallStarts, CountsTheCallsThatAreOlder) {
  const auto calls = calls_older_than(1s, 2);
  const std::uint32_t first = calls->enter(1, long_ago);
  EXPECT_EQ(calls->stuck(1, now), 0U) << "one is not enough";
  (void)calls->enter(1, long_ago);
  calls->start();
  EXPECT_EQ(calls->stuck(1, now), 2U);
  calls->start();
  EXPECT_EQ(calls->stuck(2, now), 0U) << "another generation's";
  calls->leave(first);
  calls->start();
  EXPECT_EQ(calls->stuck(1, now), 0U);
}

/// A reader may look at a slot between its owner's two steps, in and out: old calls leave, fresh ones take
/// their slots, and no fresh one must be taken for stuck.
TEST(CallStarts, NoCallIsGivenTheAgeOfTheOneBeforeItInItsSlot) {
  constexpr int threads = 6;
  const auto calls = calls_older_than(1s, 1);
  std::vector<std::jthread> running;
  for (int t = 0; t < threads; ++t) {
    running.emplace_back([&](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        calls->leave(calls->enter(1, long_ago));  // of the generation before
        const std::uint32_t fresh = calls->enter(2, now);
        std::this_thread::yield();
        calls->leave(fresh);
      }
    });
  }
  for (int look = 0; look < 100'000; ++look) {
    calls->start();  // as if nothing were known: look through all slots
    ASSERT_EQ(calls->stuck(2, now), 0U);
  }
}

}  // namespace
}  // namespace switchgear
