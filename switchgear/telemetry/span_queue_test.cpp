#include "switchgear/telemetry/span_queue.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace switchgear::telemetry {
namespace {

std::vector<Span> spans(std::size_t count, const std::string& name = "GET shop") {
  std::vector<Span> made(count);
  for (Span& each : made) each.name = name;
  return made;
}

TEST(SpanQueue, GivesTheOldestFirst) {
  SpanQueue queue{10};
  queue.push(spans(2, "first"));
  queue.push(spans(2, "second"));
  const std::vector<Span> taken = queue.take(3);
  ASSERT_EQ(taken.size(), 3U);
  EXPECT_EQ(taken[0].name, "first");
  EXPECT_EQ(taken[2].name, "second");
  EXPECT_EQ(queue.take(3).size(), 1U);
  EXPECT_TRUE(queue.take(3).empty());
}

TEST(SpanQueue, KeepsTheOrderRoundTheEndOfItsMemory) {
  SpanQueue queue{5};
  int pushed = 0;
  int taken = 0;
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 2; ++i) queue.push(spans(1, std::to_string(pushed++)));
    if (round % 2 == 0) continue;
    for (const Span& each : queue.take(4)) EXPECT_EQ(each.name, std::to_string(taken++));
  }
  EXPECT_EQ(taken, 40);
  EXPECT_EQ(queue.figures().dropped, 0U);
}

TEST(SpanQueue, DropsACallThatDoesNotFitWholeAndCountsItsSpans) {
  SpanQueue queue{5};
  queue.push(spans(3));
  queue.push(spans(3));
  queue.push(spans(2));
  EXPECT_EQ(queue.figures().waiting, 5U);
  EXPECT_EQ(queue.figures().dropped, 3U);
  queue.count_dropped(4);
  EXPECT_EQ(queue.figures().dropped, 7U);
}

TEST(SpanQueue, WakesItsExporterOnceForEachBatch) {
  int woken = 0;
  SpanQueue queue{100, 4, [&woken] { ++woken; }};
  queue.push(spans(3));
  EXPECT_EQ(woken, 0);
  queue.push(spans(1));
  EXPECT_EQ(woken, 1);
  queue.push(spans(3));
  EXPECT_EQ(woken, 1);
  queue.push(spans(5));
  EXPECT_EQ(woken, 2);
}

TEST(SpanQueue, LosesNoSpanUncountedThoughManyThreadsPushWhileOneTakes) {
  SpanQueue queue{64};
  constexpr int threads = 4;
  constexpr int calls = 2000;
  std::atomic<int> running{threads};
  std::vector<std::jthread> pushers;
  for (int i = 0; i < threads; ++i) {
    pushers.emplace_back([&] {
      for (int call = 0; call < calls; ++call) queue.push(spans(3));
      --running;
    });
  }
  std::size_t taken = 0;
  while (running != 0) taken += queue.take(16).size();
  pushers.clear();
  for (std::size_t more = 1; more != 0; taken += more) more = queue.take(16).size();
  EXPECT_EQ(taken + queue.figures().dropped, std::size_t{threads} * calls * 3);
}

}  // namespace
}  // namespace switchgear::telemetry
