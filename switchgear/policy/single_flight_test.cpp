// Single-flight against a plain model, one thread; and the cache with eight, where no wake-up may be lost.
#include "switchgear/policy/single_flight.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <latch>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "switchgear/core/random.hpp"
#include "switchgear/policy/cache.hpp"
#include "switchgear/policy/property_fixture.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;

struct CountingWaker final : Waker {
  int wakes = 0;
  void wake() noexcept override { ++wakes; }
};

/// Single-flight, said plainly: flights as queues of callers, the first of whom leads.
struct PlainFlights {
  enum class Standing : std::uint8_t { off, member, alone, answered, failed };
  struct Flight {
    int key;
    bool forgotten;
    std::deque<std::size_t> callers;
  };
  struct Caller {
    Standing standing = Standing::off;
    int value = 0;
    int wakes = 0;
  };

  std::list<Flight> flights{};
  std::array<Caller, 6> callers{};

  Flight* flight_of(std::size_t caller) {
    for (Flight& flight : flights) {
      for (const std::size_t member : flight.callers) {
        if (member == caller) return &flight;
      }
    }
    return nullptr;
  }
  bool join(std::size_t caller, int key) {
    callers[caller].standing = Standing::member;
    for (Flight& flight : flights) {
      if (flight.key == key && !flight.forgotten) {
        flight.callers.push_back(caller);
        return false;
      }
    }
    flights.push_back({key, false, {caller}});
    return true;
  }
  bool leads(std::size_t caller) {
    const Flight* flight = flight_of(caller);
    return flight != nullptr && flight->callers.front() == caller;
  }
  /// Settles the followers of `caller`, if it leads, and takes it off.
  void finish(std::size_t caller, Standing standing, int value) {
    if (leads(caller)) {
      Flight* flight = flight_of(caller);
      for (const std::size_t member : flight->callers) {
        if (member == caller) continue;
        callers[member].standing = standing;
        callers[member].value = value;
        ++callers[member].wakes;
      }
      flight->callers = {caller};
    }
    leave(caller);
  }
  void leave(std::size_t caller) {
    const bool led = leads(caller);
    if (Flight* flight = flight_of(caller)) {
      std::erase(flight->callers, caller);
      if (led && !flight->callers.empty()) ++callers[flight->callers.front()].wakes;
    }
    std::erase_if(flights, [](const Flight& flight) { return flight.callers.empty(); });
    callers[caller].standing = Standing::off;
  }
  void forget(int key) {
    for (Flight& flight : flights) flight.forgotten = flight.forgotten || flight.key == key;
  }
};

TEST(SingleFlight, DoesWhatPlainQueuesOfCallersDo) {
  using Standing = PlainFlights::Standing;
  EXPECT_TRUE(holds(1'500, [] {
    constexpr std::array<std::string_view, 2> keys{"a", "b"};
    SingleFlight flights;
    PlainFlights plain;
    std::array<CountingWaker, 6> wakers;
    std::array<std::optional<SingleFlight::Ticket>, 6> tickets;
    for (auto& ticket : tickets) ticket.emplace();
    const int steps = *rc::gen::inRange(1, 60);
    for (int i = 1; i <= steps; ++i) {
      const auto who = *rc::gen::inRange<std::size_t>(0, tickets.size());
      const int key = *rc::gen::inRange(0, 2);
      const int what = *rc::gen::inRange(0, 14);
      SingleFlight::Ticket& ticket = *tickets[who];
      const bool off = plain.callers[who].standing == Standing::off;
      if (what < 6 && off) {
        const bool leads = flights.join(keys[static_cast<std::size_t>(key)], ticket, &wakers[who]) ==
                           SingleFlight::Role::leader;
        RC_ASSERT(leads == plain.join(who, key));
      } else if (what < 9) {
        const SingleFlight::Poll poll = flights.poll(ticket);
        switch (plain.callers[who].standing) {
          case Standing::off:
          case Standing::alone:
            RC_ASSERT(poll.state == SingleFlight::State::leads);
            break;
          case Standing::member:
            RC_ASSERT(poll.state ==
                      (plain.leads(who) ? SingleFlight::State::leads : SingleFlight::State::waiting));
            break;
          case Standing::answered:
            RC_ASSERT(poll.state == SingleFlight::State::answered);
            RC_ASSERT(*std::static_pointer_cast<const int>(poll.value) == plain.callers[who].value);
            plain.callers[who].standing = Standing::off;
            break;
          case Standing::failed:
            RC_ASSERT(poll.state == SingleFlight::State::failed);
            RC_ASSERT(poll.cause.code.value() == plain.callers[who].value);
            plain.callers[who].standing = Standing::off;
            break;
        }
      } else if (what < 10) {
        bool published = false;
        const bool may_publish = plain.leads(who) && !plain.flight_of(who)->forgotten;
        flights.finish(ticket, std::make_shared<const int>(i), TimePoint{},
                       [&](std::string_view) { published = true; });
        RC_ASSERT(published == may_publish);
        plain.finish(who, Standing::answered, i);
      } else if (what < 11) {
        Cause cause;
        cause.code = std::error_code(i, std::generic_category());
        flights.finish(ticket, cause);
        plain.finish(who, Standing::failed, i);
      } else if (what < 12) {
        flights.finish_alone(ticket);
        plain.finish(who, Standing::alone, 0);
      } else if (what < 13) {
        if (key == 0) {
          flights.leave(ticket);
        } else {
          tickets[who].emplace();
        }
        plain.leave(who);
      } else {
        flights.forget(keys[static_cast<std::size_t>(key)], [] {});
        plain.forget(key);
      }
      for (std::size_t c = 0; c < tickets.size(); ++c) RC_ASSERT(wakers[c].wakes == plain.callers[c].wakes);
    }
  }));
}

/// Ends the wait of one thread.
class ThreadWaker final : public Waker {
 public:
  void wake() noexcept override {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    changed_.notify_one();
  }
  /// False when it was not woken for so long that the wake-up must be lost.
  [[nodiscard]] bool wait() {
    std::unique_lock lock(mutex_);
    const bool woken = changed_.wait_for(lock, 60s, [this] { return woken_; });
    woken_ = false;
    return woken;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false;
};

/// The results of all callers of a stress run.
struct Ends {
  std::atomic<std::uint64_t> hits{0}, led{0}, shared{0}, failed{0}, gone{0};
  std::atomic<std::uint64_t> two_leaders{0}, lost_wakes{0}, wrong_value{0};

  [[nodiscard]] std::uint64_t all() const { return hits + led + shared + failed + gone; }
};

constexpr int stress_threads = 8;
constexpr int stress_rounds = 4'000;
constexpr std::size_t stress_keys = 3;

/// Runs eight threads of callers. `end(cache, ticket, key, random)` is what a leader does in the end.
template <class End>
void run_stress(Cache<std::size_t>& cache, Ends& ends, std::uint64_t seed, End end) {
  using Tested = Cache<std::size_t>;
  constexpr std::array<std::string_view, stress_keys> keys{"a", "b", "c"};
  std::array<std::atomic<int>, stress_keys> leading{};
  std::atomic<Duration::rep> clock{0};
  std::latch go{stress_threads};
  std::vector<std::thread> pool;
  for (int t = 0; t < stress_threads; ++t) {
    pool.emplace_back([&, t] {
      Random random{seed + static_cast<std::uint64_t>(t)};
      ThreadWaker waker;
      go.arrive_and_wait();
      for (int i = 0; i < stress_rounds; ++i) {
        const std::size_t key = random.next() % stress_keys;
        const auto now = [&] { return TimePoint{Duration{clock.fetch_add(1)}}; };
        if (const auto hit = cache.find(keys[key], now())) {
          if (*hit->value != key) ++ends.wrong_value;
          ++ends.hits;
          continue;
        }
        Tested::Ticket ticket;
        bool leads = cache.join(keys[key], ticket, &waker, now()) == Tested::Role::leader;
        const bool impatient = random.next() % 8 == 0;
        while (!leads) {
          const Tested::Poll poll = cache.poll(ticket, now());
          if (poll.state == Tested::Poll::leads) {
            leads = true;
          } else if (poll.state == Tested::Poll::answered) {
            if (*poll.value != key) ++ends.wrong_value;
            ++ends.shared;
            break;
          } else if (poll.state == Tested::Poll::failed) {
            ++ends.failed;
            break;
          } else if (impatient) {
            ++ends.gone;  // the ticket's destructor leaves
            break;
          } else if (!waker.wait()) {
            ++ends.lost_wakes;
            break;
          }
        }
        if (!leads) continue;
        if (++leading[key] > 1) ++ends.two_leaders;
        if (random.next() % 2 == 0) std::this_thread::yield();
        --leading[key];
        end(cache, ticket, key, random.next(), now());
        ++ends.led;
      }
    });
  }
  for (std::thread& thread : pool) thread.join();
}

TEST(SingleFlight, ACallerThatFindsTheAnswerAfterAllWasNeverCountedAsALeader) {
  SingleFlight flights;
  SingleFlight::Ticket ticket;
  ASSERT_EQ(flights.try_join("k", ticket, nullptr), SingleFlight::Role::leader);
  EXPECT_EQ(flights.counters().led, 0U) << "a scrape in between must not see a total that goes back";
  flights.answer_all(ticket, std::make_shared<const int>(1), {});
  EXPECT_EQ(flights.counters().led, 0U);
  EXPECT_EQ(flights.poll(ticket).state, SingleFlight::State::answered);
  ASSERT_EQ(flights.try_join("k", ticket, nullptr), SingleFlight::Role::leader);
  flights.count_led(ticket);
  EXPECT_EQ(flights.counters().led, 1U);
}

TEST(SingleFlight, EightThreadsHaveOneLeaderPerKeyAndLoseNoWakeUp) {
  Cache<std::size_t> cache{"stress", {.ttl = 50ns}};
  Ends ends;
  constexpr std::uint64_t seed = 11;
  run_stress(
      cache, ends, seed,
      [](Cache<std::size_t>& used, auto& ticket, std::size_t key, std::uint64_t chance, TimePoint now) {
        if (chance % 4 < 2) {
          used.finish(ticket, std::make_shared<const std::size_t>(key), now);
        } else if (chance % 4 == 2) {
          used.finish(ticket, Cause{});
        } else {
          used.leave(ticket);
        }
      });
  EXPECT_EQ(ends.two_leaders, 0U);
  EXPECT_EQ(ends.lost_wakes, 0U);
  EXPECT_EQ(ends.wrong_value, 0U);
  EXPECT_EQ(ends.all(), stress_threads * stress_rounds) << "seed " << seed;
  const CacheCounters counters = cache.counters();
  EXPECT_EQ(counters.misses, ends.led);
  EXPECT_EQ(counters.hits + counters.shared, ends.hits + ends.shared)
      << "an answer found between looking and joining is a hit, and counts once";
  EXPECT_EQ(counters.shared_failures, ends.failed);
}

TEST(SingleFlight, EightThreadsErasingAndKeepingAnswersToThemselvesLoseNoWakeUp) {
  Cache<std::size_t> cache{"stress", {.ttl = 50ns}};
  Ends ends;
  constexpr std::uint64_t seed = 12;
  run_stress(
      cache, ends, seed,
      [](Cache<std::size_t>& used, auto& ticket, std::size_t key, std::uint64_t chance, TimePoint now) {
        constexpr std::array<std::string_view, stress_keys> keys{"a", "b", "c"};
        if (chance % 16 == 7) used.clear();
        if (chance % 8 == 5) used.erase(keys[key]);
        if (chance % 4 < 2) {
          used.finish(ticket, std::make_shared<const std::size_t>(key), now);
        } else if (chance % 4 == 2) {
          used.finish_uncacheable(ticket);
        }  // else the ticket's destructor leaves
      });
  EXPECT_EQ(ends.lost_wakes, 0U);
  EXPECT_EQ(ends.wrong_value, 0U);
  EXPECT_EQ(ends.all(), stress_threads * stress_rounds) << "seed " << seed;
  EXPECT_EQ(cache.counters().misses, ends.led);
}

}  // namespace
}  // namespace switchgear
