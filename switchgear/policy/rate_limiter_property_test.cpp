// The rate limiter against plain fractions of 128 bits, one thread at a time; and many threads at once.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

#include "switchgear/core/random.hpp"
#include "switchgear/policy/property_fixture.hpp"
#include "switchgear/policy/rate_limiter.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;
__extension__ using Wide = __int128;

constexpr TimePoint start{1h};
constexpr Wide second = 1'000'000'000;

/// A rate of p / q per second, which a double means exactly.
struct Rate {
  std::int64_t p = 1;
  std::int64_t q = 1;
  [[nodiscard]] double value() const { return static_cast<double>(p) / static_cast<double>(q); }
};

rc::Gen<Rate> any_rate() {
  return rc::gen::map(
      rc::gen::pair(
          rc::gen::oneOf(rc::gen::inRange<std::int64_t>(1, 20), rc::gen::inRange<std::int64_t>(1, 1'000'000),
                         rc::gen::element<std::int64_t>(999'983, 1'000'000, 100, 3)),
          rc::gen::oneOf(rc::gen::just<std::int64_t>(1), rc::gen::inRange<std::int64_t>(1, 1'000))),
      [](const auto& pair) {
        return Rate{pair.first, pair.second};
      });
}

/// Time between two arrivals: often none, often about an interval, now and then long enough for anything.
rc::Gen<Duration> any_pause(Rate rate) {
  const auto interval = static_cast<Duration::rep>(second * rate.q / rate.p);
  return rc::gen::map(
      rc::gen::tuple(rc::gen::element(0, 0, 1, 2, 3, 40, 1'000'000), rc::gen::inRange<Duration::rep>(0, 101),
                     rc::gen::inRange<Duration::rep>(0, 3)),
      [interval](const auto& drawn) {
        const auto& [intervals, percent, more] = drawn;
        return Duration{interval / 100 * percent * intervals + more};
      });
}

/// GCRA as its paper has it, in units of 1 / p ns.
class Reference {
 public:
  Reference(Rate rate, std::int64_t burst, Duration max_wait)
      : rate_(rate), interval_(second * rate.q), slack_((burst - 1) * interval_), max_wait_(max_wait) {}

  /// When the caller may go; `admitted` says whether it may wait for that.
  TimePoint reserve(TimePoint now, bool& admitted) {
    const Wide at = Wide{ticks_of(now)} * rate_.p;
    const Wide tat = std::max(tat_, at);
    const Wide due = tat - slack_;
    const TimePoint when =
        due <= at ? now : time_of(static_cast<Duration::rep>((due + rate_.p - 1) / rate_.p));
    admitted = when - now <= max_wait_;
    if (admitted) {
      before_.push_back(tat_);
      tat_ = tat + interval_;
    }
    return when;
  }
  /// Of the token reserved last.
  void give_back() {
    tat_ = before_.back();
    before_.pop_back();
  }

 private:
  Rate rate_;
  Wide interval_;
  Wide slack_;
  Duration max_wait_;
  Wide tat_ = 0;
  std::vector<Wide> before_;
};

TEST(RateLimiterProperty, DecidesAsTheExactArithmeticDoes) {
  EXPECT_TRUE(holds(1'500, [] {
    const Rate rate = *any_rate();
    const auto burst = *rc::gen::inRange<std::uint32_t>(1, 6);
    const auto waits = *rc::gen::inRange<Duration::rep>(0, 4);
    const Duration max_wait{static_cast<Duration::rep>(second * rate.q / rate.p) * waits};
    const auto pauses = *rc::gen::container<std::vector<Duration>>(120, any_pause(rate));
    const auto back = *rc::gen::container<std::vector<bool>>(120, rc::gen::arbitrary<bool>());

    RateLimiter limiter{"payment", {rate.value(), burst, max_wait}};
    Reference reference{rate, burst, max_wait};
    TimePoint now = start;
    for (std::size_t i = 0; i < pauses.size(); ++i) {
      now += pauses[i];
      bool admitted = false;
      const TimePoint at = reference.reserve(now, admitted);
      auto token = limiter.reserve(now);
      RC_ASSERT(token.has_value() == admitted);
      if (!admitted) {
        RC_ASSERT(token.rejection().retry_after == at - now);
        continue;
      }
      RC_ASSERT(token->at == at);
      if (i % 8 == 0 && back[i]) {
        RC_ASSERT(limiter.give_back(*token));
        reference.give_back();
      }
    }
  }));
}

TEST(RateLimiterProperty, AdmitsInNoStretchOfTimeMoreThanRateTimesItsLengthAndTheBurst) {
  EXPECT_TRUE(holds(300, [] {
    const Rate rate = *any_rate();
    const auto burst = *rc::gen::inRange<std::uint32_t>(1, 20);
    const auto waits = *rc::gen::inRange<Duration::rep>(0, 10);
    const Duration max_wait{static_cast<Duration::rep>(second * rate.q / rate.p) * waits};
    const auto pauses = *rc::gen::container<std::vector<Duration>>(300, any_pause(rate));

    RateLimiter limiter{"payment", {rate.value(), burst, max_wait}};
    TimePoint now = start;
    std::vector<TimePoint> went;
    for (const Duration pause : pauses) {
      now += pause;
      if (auto token = limiter.reserve(now)) went.push_back(token->at);
    }
    RC_ASSERT(std::is_sorted(went.begin(), went.end()));
    for (std::size_t first = 0; first < went.size(); ++first) {
      for (std::size_t last = first; last < went.size(); ++last) {
        // The shortest stretch with both of them in it, in whole nanoseconds, its end not included.
        const Wide length = (went[last] - went[first]).count() + 1;
        const Wide above_burst = static_cast<Wide>(last - first + 1) - burst;
        RC_ASSERT(above_burst * second * rate.q <= length * rate.p);
      }
    }
  }));
}

TEST(RateLimiterProperty, AdmitsWhoComesBackExactlyWhenToldAndNobodySooner) {
  EXPECT_TRUE(holds(1'000, [] {
    const Rate rate = *any_rate();
    const auto burst = *rc::gen::inRange<std::uint32_t>(1, 6);
    const auto pauses = *rc::gen::container<std::vector<Duration>>(40, any_pause(rate));
    RateLimiter limiter{"payment", {rate.value(), burst}};
    TimePoint now = start;
    for (const Duration pause : pauses) {
      now += pause;
      const auto token = limiter.reserve(now);
      if (token.has_value()) continue;
      const Duration wait = *token.rejection().retry_after;
      RC_ASSERT(wait > 0ns);
      RC_ASSERT(!limiter.reserve(now + wait - 1ns).has_value());
      now += wait;
      RC_ASSERT(limiter.reserve(now).has_value());
    }
  }));
}

TEST(RateLimiterProperty, GivesNoMoreTokensToTimesThatRunBackThanToTheLatestOfThem) {
  EXPECT_TRUE(holds(500, [] {
    const Rate rate = *any_rate();
    const auto burst = *rc::gen::inRange<std::uint32_t>(1, 6);
    const auto interval = static_cast<Duration::rep>(second * rate.q / rate.p);
    const auto times = *rc::gen::container<std::vector<Duration::rep>>(
        100, rc::gen::inRange<Duration::rep>(-3 * interval, 20 * interval + 2));
    RateLimiter limiter{"payment", {rate.value(), burst}};
    Wide admitted = limiter.reserve(start).has_value() ? 1 : 0;
    Duration::rep latest = 0;
    for (const Duration::rep time : times) {
      latest = std::max(latest, time);
      if (limiter.reserve(start + Duration{time})) ++admitted;
      RC_ASSERT((admitted - burst) * second * rate.q <= Wide{latest} * rate.p);
    }
  }));
}

constexpr int threads = 8;

template <class F>
void in_threads(F f) {
  std::vector<std::thread> running;
  for (int i = 0; i < threads; ++i) running.emplace_back(f, i);
  for (std::thread& thread : running) thread.join();
}

TEST(RateLimiterStress, GivesTheBurstExactlyWhoeverAsks) {
  constexpr std::uint32_t burst = 40'000;
  RateLimiter limiter{"payment", {.rate = 3, .burst = burst}};
  std::atomic<std::uint32_t> admitted{0};
  in_threads([&](int) {
    for (int i = 0; i < 10'000; ++i) admitted += limiter.reserve(start).has_value() ? 1 : 0;
  });
  EXPECT_EQ(admitted, burst);
  const RateLimiterSnapshot end = limiter.snapshot(start);
  EXPECT_EQ(end.totals.admitted, burst);
  EXPECT_EQ(end.totals.rejected, threads * 10'000U - burst);
  EXPECT_EQ(end.available, 0U);
}

TEST(RateLimiterStress, TellsEveryWaiterAnInstantOfItsOwnThoughOthersGiveTheirsBack) {
  RateLimiter limiter{"payment", {.rate = 3, .burst = 1, .max_wait = 24h}};
  std::mutex mutex;
  std::vector<TimePoint> told;
  std::atomic<std::uint64_t> returned{0};
  std::atomic<std::uint64_t> kept_back{0};
  in_threads([&](int thread) {
    Random random{static_cast<std::uint64_t>(thread) + 1};
    std::vector<TimePoint> mine;
    for (int i = 0; i < 20'000; ++i) {
      auto token = limiter.reserve(start);
      if (!token) continue;
      const bool cancelled = random.uniform() < 0.3;
      if (cancelled && limiter.give_back(*token)) {
        ++returned;
      } else {
        if (cancelled) ++kept_back;
        mine.push_back((*token).at);
      }
    }
    const std::scoped_lock lock(mutex);
    told.insert(told.end(), mine.begin(), mine.end());
  });
  std::sort(told.begin(), told.end());
  for (std::size_t k = 0; k < told.size(); ++k) {
    const Wide at = (static_cast<Wide>(k) * second + 2) / 3;
    ASSERT_EQ((told[k] - start).count(), static_cast<Duration::rep>(at))
        << "no instant twice, and none left out";
  }
  const RateLimiterSnapshot end = limiter.snapshot(start);
  EXPECT_EQ(end.totals.given_back, returned);
  EXPECT_EQ(end.totals.admitted, told.size() + returned);
}

TEST(RateLimiterStress, AdmitsNoMoreThanTimeHasGivenWhileItsBaseFollowsTheTime) {
  // With this rate, hardly below one a second, the base moves once in 58 s.
  constexpr std::int64_t p = 9'999'991;
  constexpr std::int64_t q = 10'000'000;
  constexpr int steps = 20'000;
  RateLimiter limiter{"payment", {.rate = static_cast<double>(p) / static_cast<double>(q), .burst = 4}};
  std::atomic<Duration::rep> clock{ticks_of(start)};
  std::atomic<std::uint64_t> admitted{0};
  in_threads([&](int) {
    for (int i = 0; i < steps; ++i) {
      const TimePoint now = time_of(clock.fetch_add(std::chrono::nanoseconds{100ms}.count()));
      admitted += limiter.reserve(now).has_value() ? 1 : 0;
    }
  });
  const Wide elapsed = clock - ticks_of(start);
  const auto most = static_cast<std::uint64_t>(elapsed * p / (second * q)) + 4;
  EXPECT_LE(admitted, most);
  // A thread that was held up between the clock and the limiter brings an earlier time; it costs no token.
  EXPECT_GE(admitted + std::uint64_t{2} * threads, most);
}

}  // namespace
}  // namespace switchgear
