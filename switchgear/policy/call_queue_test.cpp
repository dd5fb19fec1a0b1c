#include "switchgear/policy/call_queue.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <latch>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "switchgear/core/random.hpp"
#include "switchgear/policy/property_fixture.hpp"
#include "switchgear/testing/manual_time.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;
using End = DrainResult::End;

const TimePoint start{1h};

std::vector<std::string> drained(CallQueue& queue) {
  std::vector<std::string> payloads;
  queue.drain([&](const QueuedCall& call) {
    payloads.push_back(call.payload);
    return Drained::done;
  });
  return payloads;
}

TEST(CallQueue, HandsOutCallsInTheOrderOfStoring) {
  CallQueue queue{"emails"};
  EXPECT_EQ(queue.try_push("a", start), 1U);
  EXPECT_EQ(queue.try_push("b", start), 2U);
  EXPECT_EQ(queue.try_push("c", start), 3U);
  EXPECT_EQ(drained(queue), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(queue.size(), 0U);
  EXPECT_EQ(queue.counters().done, 3U);
}

TEST(CallQueue, RefusesWhenFullUntilACallHasLeft) {
  CallQueue queue{"emails", {.max = 2}};
  ASSERT_TRUE(queue.try_push("a", start));
  ASSERT_TRUE(queue.try_push("b", start));
  EXPECT_FALSE(queue.try_push("c", start));
  EXPECT_EQ(queue.counters().refused, 1U);
  queue.drain([](const QueuedCall&) { return Drained::done; }, 1);
  EXPECT_EQ(queue.try_push("c", start), 3U) << "a refused call uses up no id";
}

TEST(CallQueue, KeepsACallUntilItsHandlerSaysDone) {
  CallQueue queue{"emails"};
  ASSERT_TRUE(queue.try_push("a", start));
  queue.drain([&](const QueuedCall&) {
    EXPECT_EQ(queue.size(), 1U) << "still stored while it is handled";
    return Drained::done;
  });
  EXPECT_EQ(queue.size(), 0U);
}

TEST(CallQueue, ACallThatMustBeMadeAgainStaysAtTheHeadAndEndsTheDrain) {
  CallQueue queue{"emails"};
  for (const char* payload : {"a", "b", "c"}) ASSERT_TRUE(queue.try_push(payload, start));
  int handed = 0;
  const DrainResult result =
      queue.drain([&](const QueuedCall&) { return ++handed == 2 ? Drained::again : Drained::done; });
  EXPECT_EQ(result.done, 1U);
  EXPECT_EQ(result.end, End::again);
  EXPECT_EQ(handed, 2);
  EXPECT_EQ(drained(queue), (std::vector<std::string>{"b", "c"}));
  EXPECT_EQ(queue.counters().again, 1U);
}

TEST(CallQueue, ACallThatAlwaysFailsGoesBehindTheOthersAndHoldsUpNone) {
  CallQueue queue{"emails"};
  for (const char* payload : {"bad", "b", "c"}) ASSERT_TRUE(queue.try_push(payload, start));
  std::vector<std::string> made;
  const auto handler = [&](const QueuedCall& call) {
    if (call.payload == "bad") return Drained::later;
    made.push_back(call.payload);
    return Drained::done;
  };
  const DrainResult first = queue.drain(handler);
  EXPECT_EQ(first.done, 2U);
  EXPECT_EQ(first.end, End::empty) << "one drain hands out each call once";
  EXPECT_EQ(made, (std::vector<std::string>{"b", "c"}));
  ASSERT_TRUE(queue.try_push("d", start));
  EXPECT_EQ(queue.drain(handler).done, 1U);
  EXPECT_EQ(queue.size(), 1U) << "it is never dropped";
  EXPECT_EQ(queue.counters().later, 2U);
}

TEST(CallQueue, SaysHowOftenACallHasBeenHandedOutSoThatAHandlerMayGiveItUp) {
  CallQueue queue{"emails"};
  ASSERT_EQ(queue.try_push("bad", start), 1U);
  std::vector<std::uint32_t> times;
  const auto three_times = [&](const QueuedCall& call) {
    EXPECT_EQ(call.id, 1U) << "it keeps its id";
    times.push_back(call.handed_out);
    return call.handed_out < 3 ? Drained::later : Drained::done;
  };
  for (int i = 0; i < 4; ++i) queue.drain(three_times);
  EXPECT_EQ(times, (std::vector<std::uint32_t>{1, 2, 3}));
}

TEST(CallQueue, AHandlerThatThrowsLosesNothing) {
  CallQueue queue{"emails"};
  for (const char* payload : {"a", "b"}) ASSERT_TRUE(queue.try_push(payload, start));
  EXPECT_THROW(queue.drain([](const QueuedCall&) -> Drained { throw std::runtime_error("no route"); }),
               std::runtime_error);
  EXPECT_EQ(drained(queue), (std::vector<std::string>{"a", "b"}));
}

TEST(CallQueue, EndsADrainAfterAsManyAsWereAskedFor) {
  CallQueue queue{"emails"};
  for (const char* payload : {"a", "b", "c"}) ASSERT_TRUE(queue.try_push(payload, start));
  const auto done = [](const QueuedCall&) { return Drained::done; };
  const DrainResult first = queue.drain(done, 2);
  EXPECT_EQ(first.done, 2U);
  EXPECT_EQ(first.end, End::limit);
  const DrainResult second = queue.drain(done, 2);
  EXPECT_EQ(second.done, 1U);
  EXPECT_EQ(second.end, End::empty);
}

TEST(CallQueue, LeavesAloneWhatWasStoredAfterADrainBegan) {
  CallQueue queue{"emails"};
  ASSERT_TRUE(queue.try_push("a", start));
  // A dependency that is still away, behind a fallback that stores the call once more: no endless loop.
  const DrainResult result = queue.drain([&](const QueuedCall& call) {
    EXPECT_TRUE(queue.try_push(call.payload, start));
    return Drained::done;
  });
  EXPECT_EQ(result.done, 1U);
  EXPECT_EQ(result.end, End::empty);
  EXPECT_EQ(queue.size(), 1U);
}

TEST(CallQueue, ADrainThatFindsAnotherAtWorkLeavesItsPartToThatOne) {
  CallQueue queue{"emails"};
  ASSERT_TRUE(queue.try_push("a", start));
  std::vector<std::string> handed;
  std::optional<DrainResult> inner;
  queue.drain([&](const QueuedCall& call) {
    handed.push_back(call.payload);
    if (!inner) {
      EXPECT_TRUE(queue.try_push("b", start));
      inner =
          queue.drain([](const QueuedCall&) { return ADD_FAILURE() << "handed out twice", Drained::done; });
    }
    return Drained::done;
  });
  ASSERT_TRUE(inner);
  EXPECT_EQ(inner->end, End::busy);
  EXPECT_EQ(inner->done, 0U);
  EXPECT_EQ(handed, (std::vector<std::string>{"a", "b"}));
}

TEST(CallQueue, ALeaseHoldsTheHeadUntilItIsDoneOrDropped) {
  CallQueue queue{"emails"};
  EXPECT_FALSE(queue.try_lease());
  for (const char* payload : {"a", "b"}) ASSERT_TRUE(queue.try_push(payload, start));
  {
    const auto lease = queue.try_lease();
    ASSERT_TRUE(lease);
    EXPECT_EQ(lease->call().payload, "a");
    EXPECT_FALSE(queue.try_lease()) << "held";
    EXPECT_TRUE(drained(queue).empty()) << "held";
  }
  auto lease = queue.try_lease();
  ASSERT_TRUE(lease);
  EXPECT_EQ(lease->call().payload, "a") << "dropped: back at the head";
  CallQueue::Lease moved = std::move(*lease);
  lease.reset();
  EXPECT_FALSE(queue.try_lease()) << "the moved lease holds it";
  std::move(moved).done();
  EXPECT_EQ(drained(queue), (std::vector<std::string>{"b"}));
}

TEST(CallQueue, ALeaseOfAChosenEntryLeavesTheOthersInTheirOrder) {
  CallQueue queue{"emails"};
  for (const char* payload : {"a", "b", "c", "d"}) ASSERT_TRUE(queue.try_push(payload, start));
  const auto named = [](std::string_view name) {
    return [name](const QueuedCall& call) { return call.payload == name; };
  };
  EXPECT_FALSE(queue.try_lease(named("x")));
  {
    const auto lease = queue.try_lease(named("b"));
    ASSERT_TRUE(lease);
    EXPECT_EQ(lease->call().payload, "b");
    EXPECT_EQ(lease->call().handed_out, 1U);
    EXPECT_FALSE(queue.try_lease()) << "one at a time";
    EXPECT_FALSE(queue.try_lease(named("c"))) << "one at a time";
    EXPECT_TRUE(drained(queue).empty()) << "one at a time";
  }
  std::move(*queue.try_lease(named("b"))).later();
  std::move(*queue.try_lease(named("c"))).done();
  EXPECT_EQ(drained(queue), (std::vector<std::string>{"a", "d", "b"}));
}

TEST(CallQueue, SaysHowLongTheHeadHasBeenStored) {
  testing::ManualTime time;
  CallQueue queue{"emails"};
  EXPECT_FALSE(queue.oldest(time.now()));
  ASSERT_TRUE(queue.try_push("a", time.now()));
  ASSERT_TRUE(queue.try_push("b", time.advance(2s)));
  EXPECT_EQ(queue.oldest(time.advance(3s)), 5s);
  queue.drain([](const QueuedCall&) { return Drained::done; }, 1);
  EXPECT_EQ(queue.oldest(time.now()), 3s);
  EXPECT_EQ(queue.oldest(time.now() - 1h), 0s);
}

TEST(CallQueue, TakesAnotherBoundAndKeepsWhatIsStoredBeyondIt) {
  CallQueue queue{"emails", {.max = 3}};
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(queue.try_push("call", TimePoint{}));
  queue.set_max(1);
  EXPECT_EQ(queue.options().max, 1U);
  EXPECT_EQ(queue.size(), 3U);
  EXPECT_FALSE(queue.try_push("call", TimePoint{}));
  EXPECT_EQ(queue.drain([](const QueuedCall&) { return Drained::done; }).done, 3U);
  EXPECT_TRUE(queue.try_push("call", TimePoint{}));
  queue.set_max(0);
  EXPECT_EQ(queue.drain([](const QueuedCall&) { return Drained::done; }).done, 1U);
  EXPECT_FALSE(queue.try_push("call", TimePoint{})) << "closed";
}

TEST(CallQueue, NamesWhatIsWrongWithItsOptions) {
  EXPECT_TRUE(validate(CallQueueOptions{}).empty());
  try {
    const CallQueue queue{"emails", {.max = 0}};
    FAIL() << "accepted a queue without room";
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(), "queue 'emails': max: 0 is not from 1 to 100000000");
  }
}

TEST(CallQueue, DoesWhatAPlainDequeDoes) {
  EXPECT_TRUE(holds(600, [] {
    const auto max = *rc::gen::inRange<std::size_t>(1, 6);
    CallQueue queue{"q", {.max = max}};
    std::deque<std::uint64_t> plain;
    std::optional<CallQueue::Lease> lease;
    std::uint64_t next = 1;
    const int steps = *rc::gen::inRange(1, 80);
    for (int i = 0; i < steps; ++i) {
      const int what = *rc::gen::inRange(0, 10);
      if (what < 5) {
        const auto id = queue.try_push(std::to_string(next), start);
        RC_ASSERT(id.has_value() == (plain.size() < max));
        if (id) {
          RC_ASSERT(*id == next);
          plain.push_back(next++);
        }
      } else if (what < 7) {
        const auto at_most = *rc::gen::inRange<std::size_t>(0, 4);
        const int again_at = *rc::gen::inRange(0, 6);
        const int later_at = *rc::gen::inRange(0, 6);
        int handed = 0;
        std::size_t put_behind = 0;
        const DrainResult result = queue.drain(
            [&](const QueuedCall& call) {
              RC_ASSERT(call.id == plain.front());
              RC_ASSERT(call.payload == std::to_string(call.id));
              const int now = handed++;
              if (now == again_at) return Drained::again;
              plain.pop_front();
              if (now != later_at) return Drained::done;
              plain.push_back(call.id);
              ++put_behind;
              return Drained::later;
            },
            at_most);
        if (lease && at_most > 0) {
          RC_ASSERT(result.end == End::busy);
        } else if (result.done == at_most) {
          RC_ASSERT(result.end == End::limit);
        } else if (result.end == End::empty) {
          RC_ASSERT(plain.size() == put_behind);
        } else {
          RC_ASSERT(result.end == End::again && handed == again_at + 1);
        }
      } else if (what < 8) {
        const auto least = *rc::gen::inRange<std::uint64_t>(0, next + 1);
        const auto suits = [least](std::uint64_t id) { return id >= least; };
        auto taken = least == 0 ? queue.try_lease()
                                : queue.try_lease([&](const QueuedCall& call) { return suits(call.id); });
        const auto first = std::find_if(plain.begin(), plain.end(), suits);
        RC_ASSERT(taken.has_value() == (!lease && first != plain.end()));
        if (taken) {
          RC_ASSERT(taken->call().id == *first);
          lease.emplace(std::move(*taken));
        }
      } else if (lease) {
        if (what == 8) {
          const std::uint64_t id = lease->call().id;
          plain.erase(std::find(plain.begin(), plain.end(), id));
          if (*rc::gen::inRange(0, 3) == 0) {
            std::move(*lease).later();
            plain.push_back(id);
          } else {
            std::move(*lease).done();
          }
        }
        lease.reset();
      }
      RC_ASSERT(queue.size() == plain.size());
      const CallQueueCounters counters = queue.counters();
      RC_ASSERT(counters.stored == counters.done + counters.waiting);
    }
  }));
}

TEST(CallQueue, EightThreadsLoseNothingAndDoubleNothing) {
  constexpr int pushers = 4;
  constexpr int drainers = 4;
  constexpr std::size_t each = 3'000;
  CallQueue queue{"q", {.max = 64}};
  std::vector<std::uint64_t> made;  // no lock of its own: one handler at a time is what is tested
  std::atomic<int> handling{0};
  std::atomic<int> worst{0};
  std::atomic<std::size_t> stored{0};
  std::atomic<std::size_t> reported{0};
  std::atomic<std::size_t> thrown_out{0};
  std::atomic<int> pushing{pushers};
  std::latch go{pushers + drainers};
  std::vector<std::thread> pool;
  for (int t = 0; t < pushers; ++t) {
    pool.emplace_back([&] {
      go.arrive_and_wait();
      for (std::size_t i = 0; i < each;) {
        if (queue.try_push("call", start)) {
          ++stored;
          ++i;
        } else {
          std::this_thread::yield();
        }
      }
      --pushing;
    });
  }
  for (int t = 0; t < drainers; ++t) {
    pool.emplace_back([&, t] {
      Random random{static_cast<std::uint64_t>(t)};
      const auto handler = [&](const QueuedCall& call) {
        if (++handling > 1) ++worst;
        const bool again = random.next() % 8 == 0;
        const bool thrown = random.next() % 32 == 0;
        if (!again && !thrown) made.push_back(call.id);
        --handling;
        if (thrown) throw std::runtime_error("thrown");
        return again ? Drained::again : Drained::done;
      };
      go.arrive_and_wait();
      while (pushing > 0 || queue.size() > 0) {
        try {
          reported += queue.drain(handler, 1 + random.next() % 20).done;
        } catch (const std::runtime_error&) {
          ++thrown_out;  // the entry stays, but how many were done before it is not reported
        }
        if (random.next() % 4 == 0) {
          if (auto lease = queue.try_lease()) {
            if (++handling > 1) ++worst;
            made.push_back(lease->call().id);
            --handling;
            std::move(*lease).done();
          }
        }
        std::this_thread::yield();
      }
    });
  }
  for (std::thread& thread : pool) thread.join();
  EXPECT_EQ(worst, 0) << "two at the head at once";
  EXPECT_EQ(stored, pushers * each);
  ASSERT_EQ(made.size(), pushers * each);
  for (std::size_t i = 0; i < made.size(); ++i) ASSERT_EQ(made[i], i + 1) << "first in, first out, once";
  EXPECT_LE(reported, made.size());
  EXPECT_GT(thrown_out, 0U);
  const CallQueueCounters counters = queue.counters();
  EXPECT_EQ(counters.stored, pushers * each);
  EXPECT_EQ(counters.done, pushers * each);
  EXPECT_EQ(counters.waiting, 0U);
}

}  // namespace
}  // namespace switchgear
