#include "app/alert/outbox/courier.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace switchgear::alert {
namespace {

using namespace std::chrono_literals;

Message message(const std::string& id, Telling telling = Telling::firing) {
  Message one;
  one.id = id;
  one.telling = telling;
  return one;
}

/// One of the messages in which a channel is refreshed at that second.
Message refresh(const std::string& id, int second) {
  Message one = message(id, Telling::refresh);
  one.made = Moment{std::chrono::seconds{second}};
  return one;
}

const Delivery delivered{};
const Delivery refused{Delivery::End::refused, {}, "status 400"};
const Delivery failed{Delivery::End::failed, {}, "status 500"};

class CourierTest : public testing::Test {
 protected:
  /// The id of what is delivered now; empty: nothing.
  std::string next(Courier& courier) {
    const Message* one = courier.next(now_);
    return one == nullptr ? std::string{} : one->id;
  }
  /// Lets time pass until there is something to deliver.
  Duration wait_for_next(Courier& courier) {
    const TimePoint began = now_;
    while (next(courier).empty()) now_ = std::max(now_ + 1ns, courier.due().value());
    return now_ - began;
  }

  TimePoint now_{1h};
};

TEST_F(CourierTest, DeliversInOrderAndOneAtATime) {
  Courier courier{"hook", {}, 1};
  EXPECT_FALSE(courier.add(message("a")));
  EXPECT_FALSE(courier.add(message("b")));
  EXPECT_EQ(next(courier), "a");
  EXPECT_EQ(next(courier), "") << "one is under way";
  EXPECT_EQ(courier.ended(delivered, now_)->id, "a");
  EXPECT_EQ(next(courier), "b");
}

TEST_F(CourierTest, TriesAMessageUntilItIsDeliveredAndKeepsTheOthersBehindIt) {
  Courier courier{"hook", {}, 1};
  (void)courier.add(message("a"));
  (void)courier.add(message("b", Telling::resolved));
  for (int i = 0; i < 100; ++i) {
    (void)wait_for_next(courier);
    EXPECT_FALSE(courier.ended(failed, now_));
  }
  (void)wait_for_next(courier);
  EXPECT_EQ(courier.ended(delivered, now_)->id, "a");
  EXPECT_EQ(next(courier), "b") << "at once: the channel works";
}

TEST_F(CourierTest, LeavesADeadChannelAloneForTwoMinutesAtMost) {
  Courier courier{"hook", {}, 1};
  (void)courier.add(message("a"));
  Duration longest{};
  int attempts = 0;
  for (const TimePoint end = now_ + 1h; now_ < end; ++attempts) {
    longest = std::max(longest, wait_for_next(courier));
    EXPECT_FALSE(courier.ended(failed, now_));
  }
  EXPECT_LE(longest, 150s);
  EXPECT_LT(attempts, 200) << "its breaker is open most of the time";
}

TEST_F(CourierTest, GivesUpAMessageThatIsRefused) {
  Courier courier{"hook", {}, 1};
  (void)courier.add(message("a"));
  (void)courier.add(message("b"));
  EXPECT_EQ(next(courier), "a");
  EXPECT_EQ(courier.ended(refused, now_)->id, "a");
  EXPECT_EQ(next(courier), "b") << "the channel works, and its breaker is closed";
}

TEST_F(CourierTest, ComesBackWhenTheReceiverAsksForItAndDoesNotTakeThatForAFailure) {
  Courier courier{"slack", {}, 1};
  (void)courier.add(message("a"));
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(next(courier), "a");
    EXPECT_FALSE(courier.ended({Delivery::End::busy, 30s, "status 429"}, now_));
    EXPECT_EQ(courier.breaker(), State::closed);
    now_ += 29s;
    EXPECT_EQ(next(courier), "");
    now_ += 61s;  // the wait, and at most a minute of the retry's own
  }
}

TEST_F(CourierTest, KeepsItsDistanceBetweenTwoMessages) {
  Courier courier{"slack", {.queue = 10, .spacing = 1s}, 1};
  (void)courier.add(message("a"));
  (void)courier.add(message("b"));
  EXPECT_EQ(next(courier), "a");
  (void)courier.ended(delivered, now_);
  EXPECT_EQ(next(courier), "");
  now_ += 1s;
  EXPECT_EQ(next(courier), "b");
}

TEST_F(CourierTest, DropsTheOldestMessageThatIsNotUnderWayWhenItsQueueIsFull) {
  Courier courier{"hook", {.queue = 2, .spacing = {}}, 1};
  (void)courier.add(message("a"));
  EXPECT_EQ(next(courier), "a");
  EXPECT_FALSE(courier.add(message("b")));
  EXPECT_EQ(courier.add(message("c"))->id, "b");
  EXPECT_EQ(courier.ended(delivered, now_)->id, "a");
  EXPECT_EQ(next(courier), "c");
}

TEST_F(CourierTest, DoesNotRepeatARefresh) {
  Courier courier{"am", {}, 1};
  (void)courier.add(message("a", Telling::refresh));
  EXPECT_EQ(next(courier), "a");
  EXPECT_EQ(courier.ended(failed, now_)->id, "a") << "the next one is due in a minute";
  EXPECT_EQ(courier.waiting(), 0U);
}

TEST_F(CourierTest, LetsOnlyTheLatestRefreshWait) {
  Courier courier{"am", {}, 1};
  (void)courier.add(message("a"));
  EXPECT_EQ(next(courier), "a");
  for (int second = 1; second <= 100; ++second) {
    EXPECT_FALSE(courier.add(refresh("r", second)));
    EXPECT_FALSE(courier.add(refresh("s", second))) << "of two messages";
  }
  EXPECT_EQ(courier.waiting(), 3U);
  (void)courier.ended(delivered, now_);
  EXPECT_EQ(next(courier), "r");
  (void)courier.add(refresh("t", 101));
  (void)courier.ended(delivered, now_);
  EXPECT_EQ(next(courier), "t") << "one that waits makes way, one that is under way does not";
}

TEST_F(CourierTest, DropsNoMessageToMakeRoomForARefresh) {
  Courier courier{"am", {.queue = 2, .spacing = {}}, 1};
  EXPECT_FALSE(courier.add(message("a")));
  EXPECT_FALSE(courier.add(message("b")));
  EXPECT_FALSE(courier.add(refresh("r", 1)));
  EXPECT_EQ(courier.waiting(), 2U) << "a, b";
  EXPECT_EQ(next(courier), "a");
  (void)courier.ended(delivered, now_);
  EXPECT_FALSE(courier.add(refresh("s", 2)));
  EXPECT_FALSE(courier.add(message("c"))) << "the refresh makes way";
  EXPECT_EQ(courier.add(message("d"))->id, "b");
}

TEST_F(CourierTest, DoesNotMakeANewReceiverWaitForTheOldOne) {
  for (const Delivery& end : {Delivery{Delivery::End::busy, 1h, "status 429"}, failed, refused}) {
    Courier courier{"hook", {}, 1};
    (void)courier.add(message("a"));
    EXPECT_EQ(next(courier), "a");
    courier.renew({}, now_);
    EXPECT_FALSE(courier.ended(end, now_)) << "the new one may take it: " << end.problem;
    EXPECT_EQ(courier.problem(), "");
    EXPECT_EQ(next(courier), "a") << end.problem;
    EXPECT_EQ(courier.ended(delivered, now_)->id, "a");
  }
}

TEST_F(CourierTest, TriesANewReceiverAtOnce) {
  Courier courier{"hook", {}, 1};
  (void)courier.add(message("a"));
  for (int i = 0; i < 10; ++i) {
    (void)wait_for_next(courier);
    (void)courier.ended(failed, now_);
  }
  EXPECT_EQ(courier.breaker(), State::open);
  courier.renew({}, now_);
  EXPECT_EQ(next(courier), "a");
}

}  // namespace
}  // namespace switchgear::alert
