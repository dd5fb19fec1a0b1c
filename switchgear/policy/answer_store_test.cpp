#include "switchgear/policy/answer_store.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "switchgear/core/random.hpp"
#include "switchgear/policy/property_fixture.hpp"
#include "switchgear/testing/manual_time.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;

std::shared_ptr<const int> some(int value) { return std::make_shared<const int>(value); }

TEST(AnswerStore, GivesBackWhatWasPutWithItsAge) {
  testing::ManualTime time;
  AnswerStore<int> store{10};
  store.put("a", some(1), time.now());
  const auto found = store.find("a", time.advance(3s), 1min);
  ASSERT_TRUE(found);
  EXPECT_EQ(*found->value, 1);
  EXPECT_EQ(found->age, 3s);
  EXPECT_FALSE(store.find("b", time.now(), 1min));
}

TEST(AnswerStore, GivesAnAnswerUpToTheAgeAskedForAndNotANanosecondLonger) {
  testing::ManualTime time;
  AnswerStore<int> store{10};
  store.put("a", some(1), time.now());
  EXPECT_TRUE(store.find("a", time.advance(5s), 5s));
  EXPECT_FALSE(store.find("a", time.advance(1ns), 5s));
  EXPECT_EQ(store.size(), 0U) << "too old once is too old for good";
  EXPECT_EQ(store.counters().expired, 1U);
}

TEST(AnswerStore, TakesAnAnswerFromTheFutureAsNew) {
  testing::ManualTime time;
  AnswerStore<int> store{10};
  store.put("a", some(1), time.now());
  const auto found = store.find("a", time.advance(-1s), 0s);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->age, 0s);
}

TEST(AnswerStore, CountsAgesToTheEndsOfTime) {
  AnswerStore<int> store{10};
  store.put("a", some(1), TimePoint::min());
  const auto found = store.find("a", TimePoint::max(), Duration::max());
  ASSERT_TRUE(found);
  EXPECT_EQ(found->age, Duration::max());
}

TEST(AnswerStore, ANewAnswerTakesTheEarlierOnesPlace) {
  testing::ManualTime time;
  AnswerStore<int> store{2};
  store.put("a", some(1), time.now());
  store.put("b", some(2), time.now());
  EXPECT_EQ(store.put("a", some(3), time.advance(1s)).size(), 1U) << "the earlier answer";
  EXPECT_EQ(store.size(), 2U);
  EXPECT_EQ(store.counters().evicted, 0U);
  const auto found = store.find("a", time.now(), 1min);
  ASSERT_TRUE(found);
  EXPECT_EQ(*found->value, 3);
  EXPECT_EQ(found->age, 0s);
}

TEST(AnswerStore, EvictsTheLeastRecentlyUsedAndFindingIsUse) {
  testing::ManualTime time;
  AnswerStore<int> store{2};
  store.put("a", some(1), time.now());
  store.put("b", some(2), time.now());
  ASSERT_TRUE(store.find("a", time.now(), 1min));
  store.put("c", some(3), time.now());
  EXPECT_TRUE(store.find("a", time.now(), 1min));
  EXPECT_FALSE(store.find("b", time.now(), 1min));
  EXPECT_TRUE(store.find("c", time.now(), 1min));
  EXPECT_EQ(store.counters().evicted, 1U);
}

TEST(AnswerStore, EvictsNothingWhileAPlaceIsFreeHoweverKeysFallIntoShards) {
  testing::ManualTime time;
  AnswerStore<int> store{2'000};  // several shards
  for (int i = 0; i < 2'000; ++i) store.put("key" + std::to_string(i), some(i), time.now());
  EXPECT_EQ(store.size(), 2'000U);
  EXPECT_EQ(store.counters().evicted, 0U);
  for (int i = 0; i < 2'000; ++i) {
    const auto found = store.find("key" + std::to_string(i), time.now(), 1min);
    ASSERT_TRUE(found) << i;
    EXPECT_EQ(*found->value, i);
  }
  store.put("one more", some(0), time.now());
  EXPECT_EQ(store.size(), 2'000U);
  EXPECT_EQ(store.counters().evicted, 1U);
}

TEST(AnswerStore, MakesRoomInAnotherShardWhenItsOwnIsEmpty) {
  testing::ManualTime time;
  AnswerStore<int> store{2, 16};
  for (int i = 0; i < 200; ++i) {
    const std::string key = "key" + std::to_string(i);
    store.put(key, some(i), time.now());
    ASSERT_LE(store.size(), 2U);
    ASSERT_TRUE(store.find(key, time.now(), 1min)) << "what was put last is there";
  }
  EXPECT_EQ(store.size(), 2U);
  EXPECT_EQ(store.counters().evicted, 198U);
}

TEST(AnswerStore, ForgetsOneAnswerOrAll) {
  testing::ManualTime time;
  AnswerStore<int> store{2'000};
  for (const char* key : {"a", "b", "c"}) store.put(key, some(1), time.now());
  EXPECT_EQ(store.erase("a").size(), 1U);
  EXPECT_EQ(store.erase("a").size(), 0U);
  EXPECT_FALSE(store.find("a", time.now(), 1min));
  EXPECT_EQ(store.size(), 2U);
  store.clear();
  EXPECT_EQ(store.size(), 0U);
  EXPECT_FALSE(store.find("b", time.now(), 1min));
  store.put("b", some(2), time.now());
  EXPECT_TRUE(store.find("b", time.now(), 1min));
}

/// Takes as many bytes as it says.
struct Page {
  std::size_t bytes;
};
std::size_t bytes_of(const Page& page) { return page.bytes; }

constexpr std::uint64_t beside = AnswerStore<Page>::bytes_per_entry + 1;  // of an entry whose key is a letter

std::shared_ptr<const Page> page(std::size_t bytes) { return std::make_shared<const Page>(Page{bytes}); }

TEST(AnswerStore, AThousandLargeAnswersDoNotTakeAllTheMemory) {
  const testing::ManualTime time;
  AnswerStore<std::string> store{AnswerStoreBounds{10'000, 64 << 20}};
  for (int i = 0; i < 10'000; ++i) {
    store.put("key" + std::to_string(i), std::make_shared<const std::string>(64 * 1024, 'x'), time.now());
    ASSERT_LE(store.bytes(), 64U << 20U);
  }
  EXPECT_GT(store.bytes(), 63U << 20U) << "and use what they may";
  EXPECT_LE(store.size(), 1'023U);
  EXPECT_EQ(store.counters().evicted + store.size(), 10'000U);
  store.clear();
  EXPECT_EQ(store.bytes(), 0U);
}

TEST(AnswerStore, MakesRoomForALargeAnswerByAsManySmallOnesAsItTakes) {
  const testing::ManualTime time;
  AnswerStore<Page> store{AnswerStoreBounds{10, 4 * (beside + 100)}};
  for (const char* key : {"a", "b", "c", "d"}) store.put(key, page(100), time.now());
  EXPECT_EQ(store.size(), 4U);
  EXPECT_EQ(store.bytes(), store.bounds().bytes);
  EXPECT_EQ(store.put("e", page(beside + 200), time.now()).size(), 2U);
  EXPECT_FALSE(store.find("b", time.now(), 1min));
  EXPECT_TRUE(store.find("c", time.now(), 1min));
  EXPECT_EQ(store.bytes(), store.bounds().bytes);
  store.put("e", page(1), time.now());
  EXPECT_EQ(store.size(), 3U);
  EXPECT_EQ(store.bytes(), 3 * beside + 201);
  store.erase("e");
  EXPECT_FALSE(store.find("c", time.now() + 1h, 1min));
  EXPECT_EQ(store.bytes(), beside + 100) << "what is forgotten, or too old, takes no room";
}

TEST(AnswerStore, RefusesWhatIsLargerThanAllItsRoomAndKeepsTheRest) {
  const testing::ManualTime time;
  AnswerStore<Page> store{AnswerStoreBounds{10, 1'000}};
  store.put("a", page(100), time.now());
  EXPECT_EQ(store.put("b", page(1'000), time.now()).size(), 1U) << "itself";
  EXPECT_FALSE(store.find("b", time.now(), 1min));
  EXPECT_TRUE(store.find("a", time.now(), 1min));
  const AnswerMemory memory = store.memory();
  EXPECT_EQ(memory.refused, 1U);
  EXPECT_EQ(memory.evicted, 0U);
  EXPECT_EQ(memory.bytes, beside + 100);
  EXPECT_EQ(memory.max_bytes, 1'000U);
}

TEST(AnswerStore, CountsWhatStringsAndContainersHold) {
  EXPECT_EQ(detail::answer_bytes(7), sizeof(int));
  EXPECT_EQ(detail::answer_bytes(std::string(1'000, 'x')), sizeof(std::string) + 1'000);
  EXPECT_EQ(detail::answer_bytes(std::vector<int>(10)), sizeof(std::vector<int>) + 10 * sizeof(int));
  EXPECT_EQ(detail::answer_bytes(std::vector<std::string>(2, std::string(100, 'x'))),
            sizeof(std::vector<std::string>) + 2 * (sizeof(std::string) + 100));
  EXPECT_EQ(detail::answer_bytes(Page{5}), 5U);
}

/// Uses the store that held it when it is destroyed: a deadlock if that happens under the store's lock.
struct Reentrant {
  AnswerStore<Reentrant>* store;
  int* seen;

  Reentrant(AnswerStore<Reentrant>& held_by, int& counter) : store(&held_by), seen(&counter) {}
  Reentrant(const Reentrant&) = delete;
  Reentrant& operator=(const Reentrant&) = delete;
  ~Reentrant() {
    static_cast<void>(store->find("other", TimePoint{}, 1min));
    static_cast<void>(store->counters());
    ++*seen;
  }
};

TEST(AnswerStore, DestroysNoAnswerWhileItHoldsALock) {
  int destroyed = 0;
  const testing::ManualTime time;
  AnswerStore<Reentrant> store{1};
  const auto one = [&] { return std::make_shared<const Reentrant>(store, destroyed); };
  store.put("a", one(), time.now());
  store.put("a", one(), time.now());  // replaced
  EXPECT_EQ(destroyed, 1);
  store.put("b", one(), time.now());  // evicted
  EXPECT_EQ(destroyed, 2);
  EXPECT_FALSE(store.find("b", time.now() + 1h, 1min));  // expired
  EXPECT_EQ(destroyed, 3);
  store.put("c", one(), time.now());
  store.erase("c");
  EXPECT_EQ(destroyed, 4);
  store.put("d", one(), time.now());
  store.clear();
  EXPECT_EQ(destroyed, 5);
}

/// A plain model of the store: a list in order of use.
struct PlainStore {
  struct Entry {
    std::string key;
    std::size_t value;
    TimePoint at;
  };
  std::size_t max;
  std::uint64_t max_bytes;
  std::vector<Entry> by_use{};  // the last used first

  auto position(const std::string& key) {
    return std::find_if(by_use.begin(), by_use.end(), [&](const Entry& entry) { return entry.key == key; });
  }
  [[nodiscard]] std::uint64_t bytes() const {
    std::uint64_t sum = 0;
    for (const Entry& entry : by_use)
      sum += AnswerStore<Page>::bytes_per_entry + entry.key.size() + entry.value;
    return sum;
  }
  void put(const std::string& key, std::size_t value, TimePoint now) {
    const std::uint64_t wanted = AnswerStore<Page>::bytes_per_entry + key.size() + value;
    if (wanted > max_bytes) return;
    erase(key);
    while (by_use.size() == max || bytes() + wanted > max_bytes) by_use.pop_back();
    by_use.insert(by_use.begin(), Entry{key, value, now});
  }
  std::optional<Entry> find(const std::string& key, TimePoint now, Duration max_age) {
    const auto at = position(key);
    if (at == by_use.end()) return std::nullopt;
    Entry found = *at;
    by_use.erase(at);
    if (now - found.at > max_age) return std::nullopt;
    by_use.insert(by_use.begin(), found);
    return found;
  }
  void erase(const std::string& key) {
    if (const auto at = position(key); at != by_use.end()) by_use.erase(at);
  }
};

TEST(AnswerStore, DoesWhatAPlainListInOrderOfUseDoes) {
  EXPECT_TRUE(holds(600, [] {
    testing::ManualTime time;
    const auto max = *rc::gen::inRange<std::size_t>(1, 6);
    const std::uint64_t max_bytes = 5 * (beside + 100);
    AnswerStore<Page> store{{max, max_bytes}, 1};
    PlainStore plain{max, max_bytes};
    const int steps = *rc::gen::inRange(1, 80);
    for (int i = 0; i < steps; ++i) {
      const std::string key = "k" + std::to_string(*rc::gen::inRange(0, 8));
      const int what = *rc::gen::inRange(0, 12);
      if (what < 5) {
        const auto bytes = *rc::gen::inRange<std::size_t>(0, 2'000);
        store.put(key, page(bytes), time.now());
        plain.put(key, bytes, time.now());
      } else if (what < 9) {
        const auto found = store.find(key, time.now(), 10s);
        const auto wanted = plain.find(key, time.now(), 10s);
        RC_ASSERT(found.has_value() == wanted.has_value());
        if (found) {
          RC_ASSERT(found->value->bytes == wanted->value);
          RC_ASSERT(found->age == time.now() - wanted->at);
        }
      } else if (what < 10) {
        store.erase(key);
        plain.erase(key);
      } else {
        time.advance(std::chrono::seconds{*rc::gen::inRange(0, 7)});
      }
      RC_ASSERT(store.size() == plain.by_use.size());
      RC_ASSERT(store.bytes() == plain.bytes());
    }
  }));
}

/// Knows how many of it there are.
struct Counted {
  std::atomic<int>& alive;
  std::size_t bytes;
  Counted(std::atomic<int>& counter, std::size_t taken) : alive(counter), bytes(taken) { ++alive; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() { --alive; }
};
std::size_t bytes_of(const Counted& counted) { return counted.bytes; }

TEST(AnswerStore, EightThreadsThatNeedTheWholeRoomEachNeitherWaitForEachOtherNorExceedIt) {
  constexpr std::uint64_t max_bytes = 4'000;
  std::atomic<int> alive{0};
  std::atomic<std::uint64_t> largest{0};
  {
    AnswerStore<Counted> store{{100, max_bytes}, 4};
    std::vector<std::thread> pool;
    for (int t = 0; t < 8; ++t) {
      pool.emplace_back([&, t] {
        Random random{static_cast<std::uint64_t>(t)};
        for (int i = 0; i < 4'000; ++i) {
          const std::size_t bytes = random.next() % 2 == 0 ? 10 : max_bytes * 3 / 4;
          store.put(std::to_string(random.next() % 30), std::make_shared<const Counted>(alive, bytes),
                    TimePoint{1h});
          const std::uint64_t taken = store.bytes();
          std::uint64_t seen = largest.load();
          while (taken > seen && !largest.compare_exchange_weak(seen, taken)) {
          }
        }
      });
    }
    for (std::thread& thread : pool) thread.join();
    EXPECT_LE(largest, max_bytes);
    EXPECT_EQ(static_cast<std::size_t>(alive), store.size());
    store.clear();
    EXPECT_EQ(store.bytes(), 0U) << "no room is lost";
    EXPECT_EQ(store.size(), 0U);
  }
  EXPECT_EQ(alive, 0);
}

TEST(AnswerStore, EightThreadsLoseNoAnswerAndExceedNoBound) {
  constexpr int threads = 8;
  constexpr int rounds = 4'000;
  constexpr std::size_t max = 100;
  std::atomic<int> alive{0};
  std::atomic<std::size_t> displaced{0};
  std::atomic<std::size_t> put{0};
  std::atomic<std::size_t> largest{0};
  const TimePoint now{1h};
  {
    AnswerStore<Counted> store{max, 4};
    std::vector<std::thread> pool;
    for (int t = 0; t < threads; ++t) {
      pool.emplace_back([&, t] {
        Random random{static_cast<std::uint64_t>(t)};
        for (int i = 0; i < rounds; ++i) {
          const std::string key = std::to_string(random.next() % 300);
          const std::uint64_t what = random.next() % 10;
          if (what < 6) {
            displaced += store.put(key, std::make_shared<const Counted>(alive, 1), now).size();
            ++put;
          } else if (what < 9) {
            static_cast<void>(store.find(key, now, 1s));
          } else {
            displaced += store.erase(key).size();
          }
          const std::size_t size = store.size();
          std::size_t seen = largest.load();
          while (size > seen && !largest.compare_exchange_weak(seen, size)) {
          }
        }
      });
    }
    for (std::thread& thread : pool) thread.join();
    EXPECT_EQ(largest, max) << "filled, and never beyond";
    EXPECT_EQ(put, displaced + store.size());
    EXPECT_EQ(static_cast<std::size_t>(alive), store.size());
  }
  EXPECT_EQ(alive, 0);
}

}  // namespace
}  // namespace switchgear
