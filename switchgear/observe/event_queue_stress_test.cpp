// An event queue among more threads than processors. Built a second time with pause points (pause_point.hpp),
// where publishers and readers are pre-empted between their steps, and overtaken on purpose.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "switchgear/observe/event_queue.hpp"
#include "switchgear/striped/pause_point.hpp"

namespace switchgear {

#ifdef SWITCHGEAR_PAUSE_POINTS
namespace {
/// What this thread does at its next pause points; empty: it may lose the processor.
thread_local std::function<void()> at_pause;
}  // namespace

namespace detail {
void pause_point() noexcept {
  if (at_pause) {
    const auto once = std::exchange(at_pause, {});
    once();
    return;
  }
  thread_local std::uint32_t turn = 0;
  if (++turn % 7 == 0) std::this_thread::yield();
}
}  // namespace detail
#endif

namespace {

LoggedEvent numbered(int publisher, std::uint64_t number) {
  LoggedTransition made;
  made.breaker = "publisher " + std::to_string(publisher) + " of a queue that is far too small for it";
  made.generation = number;
  made.threshold = publisher;
  return made;
}

/// Reads until the publishers have ended and nothing is left, and counts.
class Account {
 public:
  explicit Account(const std::shared_ptr<EventQueue>& queue, int publishers)
      : last_(static_cast<std::size_t>(publishers)), reader_(queue, [this] { woken_.store(true); }) {}

  void read_until(const std::atomic<bool>& ended) {
    while (true) {
      const bool last_turn = ended.load();
      for (auto batch = reader_.read(3); !batch.empty(); batch = reader_.read(3)) take(batch);
      if (last_turn) return;
      std::this_thread::yield();
    }
  }

  std::uint64_t read = 0;
  std::uint64_t lost = 0;
  std::uint64_t out_of_order = 0;
  [[nodiscard]] bool woken() const { return woken_.load(); }

 private:
  void take(const EventQueue::Batch& batch) {
    lost += batch.lost;
    for (const auto& event : batch.events) {
      const auto& seen = std::get<LoggedTransition>(*event);
      std::uint64_t& last = last_[static_cast<std::size_t>(seen.threshold)];
      if (seen.generation <= last) ++out_of_order;
      last = seen.generation;
      ++read;
    }
  }

  std::vector<std::uint64_t> last_;
  std::atomic<bool> woken_{false};
  EventQueue::Reader reader_;
};

TEST(EventQueueStress, GivesEveryReaderEachEventOnceOrCountsItAsLost) {
  constexpr int publishers = 4;
  constexpr std::uint64_t each = 1500;
  for (const std::size_t capacity : {std::size_t{1}, std::size_t{2}, std::size_t{64}, std::size_t{1} << 13}) {
    const auto queue = std::make_shared<EventQueue>(capacity);
    std::atomic<bool> ended{false};
    Account first{queue, publishers};
    Account second{queue, publishers};
    {
      std::vector<std::jthread> readers;
      for (Account* account : {&first, &second})
        readers.emplace_back([&ended, account] { account->read_until(ended); });
      {
        std::vector<std::jthread> threads;
        for (int publisher = 0; publisher < publishers; ++publisher) {
          threads.emplace_back([&queue, publisher] {
            for (std::uint64_t number = 1; number <= each; ++number)
              queue->publish(numbered(publisher, number));
          });
        }
      }
      ended = true;
    }
    for (const Account* account : {&first, &second}) {
      EXPECT_EQ(account->read + account->lost, publishers * each) << capacity;
      EXPECT_EQ(account->out_of_order, 0U) << "of one publisher, with capacity " << capacity;
      EXPECT_TRUE(account->woken());
      if (capacity > publishers * each) {
        EXPECT_EQ(account->lost, 0U) << "there was room for all of them";
      }
    }
  }
}

TEST(EventQueueStress, LetsReadersComeAndGoWhileEventsArePublished) {
  const auto queue = std::make_shared<EventQueue>(8);
  std::atomic<bool> ended{false};
  std::atomic<std::uint64_t> wakes_of_the_gone{0};
  std::vector<std::jthread> threads;
  for (int publisher = 0; publisher < 2; ++publisher) {
    threads.emplace_back([&, publisher] {
      for (std::uint64_t number = 1; !ended; ++number) queue->publish(numbered(publisher, number));
    });
  }
  for (int turn = 0; turn < 100; ++turn) {
    auto alive = std::make_unique<std::atomic<bool>>(true);
    {
      EventQueue::Reader reader{queue, [&, alive = alive.get()] {
                                  if (!*alive) ++wakes_of_the_gone;
                                }};
      while (reader.read().empty()) std::this_thread::yield();
    }
    *alive = false;
  }
  ended = true;
  threads.clear();
  EXPECT_EQ(wakes_of_the_gone, 0U);
}

#ifdef SWITCHGEAR_PAUSE_POINTS

std::vector<std::uint64_t> read_all(EventQueue::Reader& reader, std::uint64_t& lost) {
  std::vector<std::uint64_t> numbers;
  for (auto batch = reader.read(); !batch.empty(); batch = reader.read()) {
    lost += batch.lost;
    for (const auto& event : batch.events) numbers.push_back(std::get<LoggedTransition>(*event).generation);
  }
  return numbers;
}

using Numbers = std::vector<std::uint64_t>;

/// A publisher that is pre-empted between its two steps, while others do `meanwhile`.
void publish_interrupted(EventQueue& queue, std::uint64_t number, std::function<void()> meanwhile) {
  at_pause = std::move(meanwhile);
  queue.publish(numbered(0, number));
}

TEST(EventQueueInterleavings, AReaderWaitsForAPublisherThatHasANumberAndIsWokenByIt) {
  const auto queue = std::make_shared<EventQueue>(4);
  int wakes = 0;
  EventQueue::Reader reader{queue, [&] { ++wakes; }};
  std::uint64_t lost = 0;
  publish_interrupted(*queue, 1, [&] {
    queue->publish(numbered(1, 2));
    EXPECT_EQ(wakes, 1);
    EXPECT_TRUE(reader.read().empty()) << "the second one comes after the first";
  });
  EXPECT_EQ(wakes, 2);
  EXPECT_EQ(read_all(reader, lost), (Numbers{1, 2}));
  EXPECT_EQ(lost, 0U);
}

TEST(EventQueueInterleavings, AReaderIsWokenByAnEventThatComesJustAfterItsLastLook) {
  const auto queue = std::make_shared<EventQueue>(4);
  int wakes = 0;
  EventQueue::Reader reader{queue, [&] { ++wakes; }};
  queue->publish(numbered(1, 1));
  at_pause = [&] {  // with the first event in its hand; then before it returns
    at_pause = [&] { queue->publish(numbered(1, 2)); };
  };
  EXPECT_EQ(reader.read().events.size(), 1U);
  EXPECT_EQ(wakes, 2);
}

TEST(EventQueueInterleavings, ALatePublisherDoesNotTakeTheRoomOfTheOnesThatOvertookIt) {
  const auto queue = std::make_shared<EventQueue>(4);
  EventQueue::Reader reader{queue};
  std::uint64_t lost = 0;
  publish_interrupted(*queue, 1, [&] {
    for (std::uint64_t number = 2; number <= 6; ++number) queue->publish(numbered(1, number));
  });
  EXPECT_EQ(read_all(reader, lost), (Numbers{3, 4, 5, 6})) << "the oldest are lost";
  EXPECT_EQ(lost, 2U);
}

TEST(EventQueueInterleavings, AnEventThatWasCountedAsLostIsNotReadWhenItsPublisherIsLate) {
  const auto queue = std::make_shared<EventQueue>(4);
  EventQueue::Reader reader{queue};
  std::uint64_t lost = 0;
  publish_interrupted(*queue, 1, [&] {
    for (std::uint64_t number = 2; number <= 6; ++number) queue->publish(numbered(1, number));
    EXPECT_EQ(read_all(reader, lost), (Numbers{3, 4, 5, 6}));
    EXPECT_EQ(lost, 2U);
  });
  for (std::uint64_t number = 7; number <= 10; ++number) queue->publish(numbered(1, number));
  EXPECT_EQ(read_all(reader, lost), (Numbers{7, 8, 9, 10}));
  EXPECT_EQ(lost, 2U) << "counted once";
}

TEST(EventQueueInterleavings, AReaderThatIsOvertakenWithAnEntryInItsHandLosesNoneOfTheNewOnes) {
  const auto queue = std::make_shared<EventQueue>(2);
  EventQueue::Reader reader{queue};
  for (std::uint64_t number = 1; number <= 2; ++number) queue->publish(numbered(1, number));
  std::uint64_t lost = 0;
  at_pause = [&] {
    for (std::uint64_t number = 3; number <= 6; ++number) queue->publish(numbered(1, number));
  };
  EXPECT_EQ(read_all(reader, lost), (Numbers{1, 5, 6}));
  EXPECT_EQ(lost, 3U);
}

#endif

}  // namespace
}  // namespace switchgear
