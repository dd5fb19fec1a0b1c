#include "switchgear/http/timer_wheel.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <vector>

#include "switchgear/core/random.hpp"

namespace switchgear::http {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

class Alarm final : public Timer {
 public:
  std::vector<TimePoint> fired;
  TimerWheel* again_on = nullptr;
  Duration again_after{};

 private:
  void on_timer(TimePoint now) override {
    fired.push_back(now);
    if (again_on != nullptr) again_on->arm(*this, now + again_after);
  }
};

constexpr TimePoint start{seconds{1000}};

TEST(TimerWheel, FiresOnceAtItsDeadlineAndNeverBefore) {
  TimerWheel wheel{start};
  Alarm alarm;
  wheel.arm(alarm, start + milliseconds{25});
  wheel.advance(start + milliseconds{24});
  EXPECT_TRUE(alarm.fired.empty());
  wheel.advance(start + milliseconds{25} + TimerWheel::tick);
  EXPECT_EQ(alarm.fired.size(), 1U);
  EXPECT_FALSE(alarm.armed());
  wheel.advance(start + hours{1});
  EXPECT_EQ(alarm.fired.size(), 1U);
}

TEST(TimerWheel, ADisarmedTimerStaysSilent) {
  TimerWheel wheel{start};
  Alarm alarm;
  wheel.arm(alarm, start + milliseconds{25});
  wheel.disarm(alarm);
  EXPECT_FALSE(wheel.next().has_value());
  wheel.advance(start + seconds{1});
  EXPECT_TRUE(alarm.fired.empty());
}

TEST(TimerWheel, ADestroyedTimerIsForgotten) {
  TimerWheel wheel{start};
  {
    Alarm alarm;
    wheel.arm(alarm, start + milliseconds{25});
  }
  EXPECT_FALSE(wheel.next().has_value());
  wheel.advance(start + seconds{1});
}

TEST(TimerWheel, ADeadlineInThePastFiresAtTheNextTick) {
  TimerWheel wheel{start};
  wheel.advance(start + seconds{5});
  Alarm alarm;
  wheel.arm(alarm, start);
  wheel.advance(start + seconds{5} + TimerWheel::tick);
  EXPECT_EQ(alarm.fired.size(), 1U);
}

TEST(TimerWheel, ATimerMayArmItselfAgainWhenItFires) {
  TimerWheel wheel{start};
  Alarm alarm;
  alarm.again_on = &wheel;
  alarm.again_after = milliseconds{100};
  wheel.arm(alarm, start + milliseconds{100});
  for (int i = 1; i <= 1000; ++i) wheel.advance(start + milliseconds{i});
  EXPECT_GE(alarm.fired.size(), 8U);
  EXPECT_LE(alarm.fired.size(), 10U);
  alarm.again_on = nullptr;
}

TEST(TimerWheel, FiresWithinOneTickWhateverTheDistance) {
  Random random{20260729};
  TimerWheel wheel{start};
  std::deque<Alarm> alarms(500);
  std::vector<TimePoint> due;
  for (Alarm& alarm : alarms) {
    // From now to past the horizon of two days, evenly over the orders of magnitude.
    const double exponent = random.uniform() * 14.5;
    Duration::rep wait = 1;
    for (int i = 0; i < static_cast<int>(exponent); ++i) wait *= 10;
    wait += static_cast<Duration::rep>(static_cast<double>(wait) * 8 * random.uniform());
    due.push_back(start + Duration{wait});
    wheel.arm(alarm, due.back());
  }
  // Only at the instants it asks for.
  TimePoint now = start;
  while (const auto next = wheel.next()) {
    ASSERT_GT(*next, now);
    now = *next;
    wheel.advance(now);
  }
  for (std::size_t i = 0; i < alarms.size(); ++i) {
    ASSERT_EQ(alarms[i].fired.size(), 1U) << i;
    EXPECT_GE(alarms[i].fired[0], due[i]) << i;
    EXPECT_LE(alarms[i].fired[0] - due[i], TimerWheel::tick) << i;
  }
}

}  // namespace
}  // namespace switchgear::http
