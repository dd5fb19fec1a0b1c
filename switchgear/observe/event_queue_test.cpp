#include "switchgear/observe/event_queue.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "switchgear/observe/manual_breakers_fixture.hpp"
#include "switchgear/policy/property_fixture.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;

LoggedEvent numbered(std::uint64_t number) {
  LoggedTransition made;
  made.breaker = "a name too long for the small string optimisation";
  made.generation = number;
  return made;
}

std::uint64_t number_of(const LoggedEvent& event) { return std::get<LoggedTransition>(event).generation; }

std::vector<std::uint64_t> numbers_of(const EventQueue::Batch& batch) {
  std::vector<std::uint64_t> numbers;
  for (const auto& event : batch.events) numbers.push_back(number_of(*event));
  return numbers;
}

using Numbers = std::vector<std::uint64_t>;

class Queue : public testing::Test {
 protected:
  void publish(std::uint64_t from, std::uint64_t to) {
    for (std::uint64_t number = from; number <= to; ++number) queue->publish(numbered(number));
  }

  std::shared_ptr<EventQueue> queue = std::make_shared<EventQueue>(4);
};

TEST_F(Queue, HandsTransitionsToAReaderThatOutliveTheStringsTheyCameWith) {
  ManualBreakers breakers;
  breakers.registry.events().subscribe(queue);
  EventQueue::Reader reader{queue};
  breakers.fail("a name too long for the small string optimisation", 4);
  breakers.registry.apply({}, breakers.now);  // the breaker is gone, and its name with it
  const auto batch = reader.read();
  ASSERT_EQ(batch.events.size(), 1U);
  const auto& seen = std::get<LoggedTransition>(*batch.events[0]);
  EXPECT_EQ(seen.breaker, "a name too long for the small string optimisation");
  EXPECT_EQ(seen.to, State::open);
  EXPECT_EQ(seen.rule, Rule::failure_rate);
  EXPECT_EQ(seen.window.failures, 4U);
  EXPECT_TRUE(reader.read().empty());
}

TEST_F(Queue, KeepsAPositionForEachReader) {
  EventQueue::Reader first{queue};
  publish(1, 1);
  EventQueue::Reader second{queue};
  publish(2, 3);
  EXPECT_EQ(numbers_of(first.read(2)), (Numbers{1, 2}));
  EXPECT_EQ(numbers_of(second.read()), (Numbers{2, 3})) << "what was published before it came is not for it";
  EXPECT_EQ(numbers_of(first.read()), (Numbers{3}));
}

TEST_F(Queue, LosesTheOldestEventsOfASlowReaderAndTellsItHowMany) {
  EventQueue::Reader slow{queue};
  EventQueue::Reader quick{queue};
  for (std::uint64_t number = 1; number <= 10; ++number) {
    publish(number, number);
    EXPECT_EQ(numbers_of(quick.read()), Numbers{number});
  }
  const auto batch = slow.read();
  EXPECT_EQ(batch.lost, 6U);
  EXPECT_EQ(numbers_of(batch), (Numbers{7, 8, 9, 10}));
  EXPECT_EQ(slow.read().lost, 0U) << "once";
}

TEST_F(Queue, WakesAReaderOnceForAllThatComesUntilItReads) {
  int wakes = 0;
  EventQueue::Reader reader{queue, [&] { ++wakes; }};
  publish(1, 3);
  EXPECT_EQ(wakes, 1);
  (void)reader.read();
  publish(4, 5);
  EXPECT_EQ(wakes, 2);
}

TEST_F(Queue, WakesAgainAfterAWakeThatThrew) {
  int wakes = 0;
  EventQueue::Reader reader{queue, [&] {
                              if (++wakes == 1) throw std::runtime_error("no memory");
                            }};
  publish(1, 2);
  EXPECT_EQ(wakes, 2);
}

TEST_F(Queue, WakesNoReaderThatHasGone) {
  int wakes = 0;
  std::optional<EventQueue::Reader> reader{std::in_place, queue, [&] { ++wakes; }};
  reader.reset();
  publish(1, 3);
  EXPECT_EQ(wakes, 0);
}

TEST_F(Queue, HasRoomForItsReadersAndGivesPlacesBack) {
  std::deque<EventQueue::Reader> readers;
  for (std::size_t i = 0; i < EventQueue::max_readers; ++i) readers.emplace_back(queue);
  EXPECT_THROW(EventQueue::Reader{queue}, std::invalid_argument);
  publish(1, 1);
  readers.clear();
  EventQueue::Reader next{queue};
  EXPECT_TRUE(next.read().empty()) << "it does not inherit what another left";
  publish(2, 2);
  EXPECT_EQ(numbers_of(next.read()), Numbers{2});
}

TEST_F(Queue, TakesNoCapacityThatMakesNoSense) {
  EXPECT_THROW(EventQueue{0}, std::invalid_argument);
  EXPECT_THROW(EventQueue{static_cast<std::size_t>(-1)}, std::invalid_argument);
}

/// What the queue promises one reader, without threads: the last `capacity` events, and how many it missed.
struct PlainReader {
  std::size_t capacity;
  std::deque<std::uint64_t> waiting{};
  std::uint64_t lost = 0;

  void publish(std::uint64_t number) {
    waiting.push_back(number);
    if (waiting.size() <= capacity) return;
    waiting.pop_front();
    ++lost;
  }
  std::pair<std::uint64_t, Numbers> read(std::size_t at_most) {
    const std::size_t taken = std::min(at_most, waiting.size());
    Numbers numbers(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(taken));
    waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(taken));
    return {std::exchange(lost, 0), std::move(numbers)};
  }
};

TEST(EventQueueModel, GivesEachReaderWhatAPlainListWouldWhateverTheOrderOfReadsAndEvents) {
  const auto property = [] {
    const std::size_t capacity = std::size_t{1} << *rc::gen::inRange(0, 4);
    const auto queue = std::make_shared<EventQueue>(capacity);
    EventQueue::Reader readers[]{EventQueue::Reader{queue}, EventQueue::Reader{queue}};
    PlainReader plain[]{PlainReader{capacity}, PlainReader{capacity}};
    std::uint64_t number = 0;
    // 0 and 1: that reader reads; above: an event.
    for (const int step : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 8))) {
      if (step >= 2) {
        queue->publish(numbered(++number));
        for (PlainReader& each : plain) each.publish(number);
        continue;
      }
      const auto at_most = static_cast<std::size_t>(*rc::gen::inRange(1, 6));
      const auto batch = readers[step].read(at_most);
      const auto [lost, numbers] = plain[step].read(at_most);
      RC_ASSERT(batch.lost == lost);
      RC_ASSERT(numbers_of(batch) == numbers);
    }
  };
  EXPECT_TRUE(holds(300, property));
}

}  // namespace
}  // namespace switchgear
