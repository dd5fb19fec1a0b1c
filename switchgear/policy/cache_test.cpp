#include "switchgear/policy/cache.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>

#include "switchgear/testing/manual_time.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;
using Rates = Cache<int>;
using Role = Rates::Role;
using Poll = Rates::Poll;

struct CountingWaker final : Waker {
  int wakes = 0;
  void wake() noexcept override { ++wakes; }
};

/// A caller: its ticket and its waker.
struct Caller {
  Rates& cache;
  CountingWaker waker{};
  std::optional<Rates::Ticket> ticket{std::in_place};

  Role join(std::string_view key, TimePoint now) { return cache.join(key, *ticket, &waker, now); }
  Poll poll(TimePoint now) { return cache.poll(*ticket, now); }
  void answer(int value, TimePoint now) { cache.finish(*ticket, std::make_shared<const int>(value), now); }
  void fail(std::errc error) {
    Cause cause;
    cause.type = FailureType::connection_error;
    cause.code = std::make_error_code(error);
    cache.finish(*ticket, cause);
  }
  void go_away() { ticket.reset(); }
};

class CacheTest : public ::testing::Test {
 protected:
  testing::ManualTime time_;
  Rates cache_{"rates", {.ttl = 5s, .max_entries = 100}};
};

TEST_F(CacheTest, NeitherSharesNorRemembersAnAnswerOfWhichNothingSaysWhoseItIs) {
  Caller one{cache_};
  Caller two{cache_};
  ASSERT_EQ(one.join("", time_.now()), Role::leader);
  ASSERT_EQ(two.join("", time_.now()), Role::leader) << "does not wait for another call";
  one.answer(1, time_.now());
  EXPECT_EQ(two.poll(time_.now()).state, Poll::leads);
  EXPECT_FALSE(cache_.find("", time_.now()));
  EXPECT_EQ(cache_.size(), 0U);
}

TEST_F(CacheTest, AnswersYoungerThanTtlNeedNoCall) {
  Caller caller{cache_};
  ASSERT_EQ(caller.join("eur", time_.now()), Role::leader);
  caller.answer(7, time_.advance(1s));
  const auto hit = cache_.find("eur", time_.advance(5s - 1ns));
  ASSERT_TRUE(hit);
  EXPECT_EQ(*hit->value, 7);
  EXPECT_EQ(hit->age, 5s - 1ns) << "counted from the end of the call";
  EXPECT_FALSE(cache_.find("usd", time_.now()));
}

TEST_F(CacheTest, AnAnswerAsOldAsTtlIsGone) {
  Caller caller{cache_};
  ASSERT_EQ(caller.join("eur", time_.now()), Role::leader);
  caller.answer(7, time_.now());
  EXPECT_FALSE(cache_.find("eur", time_.advance(5s)));
  EXPECT_EQ(cache_.size(), 0U);
}

TEST_F(CacheTest, TheSameKeyInFlightIsOneCall) {
  Caller leader{cache_};
  Caller second{cache_};
  Caller third{cache_};
  ASSERT_EQ(leader.join("eur", time_.now()), Role::leader);
  ASSERT_EQ(second.join("eur", time_.now()), Role::follower);
  ASSERT_EQ(third.join(std::string("eur"), time_.now()), Role::follower);
  EXPECT_EQ(second.poll(time_.now()).state, Poll::waiting);
  EXPECT_EQ(second.waker.wakes, 0);
  leader.answer(7, time_.advance(2s));
  for (Caller* caller : {&second, &third}) {
    EXPECT_EQ(caller->waker.wakes, 1);
    const Poll poll = caller->poll(time_.now());
    ASSERT_EQ(poll.state, Poll::answered);
    EXPECT_EQ(*poll.value, 7);
    EXPECT_EQ(poll.age, 0s);
  }
  EXPECT_EQ(cache_.counters().misses, 1U);
  EXPECT_EQ(cache_.counters().shared, 2U);
}

TEST_F(CacheTest, OtherKeysInFlightAreOtherCalls) {
  Caller one{cache_};
  Caller other{cache_};
  EXPECT_EQ(one.join("eur", time_.now()), Role::leader);
  EXPECT_EQ(other.join("usd", time_.now()), Role::leader);
}

TEST_F(CacheTest, AFollowerWhoPollsLateIsToldTheAnswersAge) {
  Caller leader{cache_};
  Caller follower{cache_};
  ASSERT_EQ(leader.join("eur", time_.now()), Role::leader);
  ASSERT_EQ(follower.join("eur", time_.now()), Role::follower);
  leader.answer(7, time_.now());
  EXPECT_EQ(follower.poll(time_.advance(300ms)).age, 300ms);
}

TEST_F(CacheTest, ThoseWhoWaitedFailAsTheLeaderDidAndNothingIsRemembered) {
  Caller leader{cache_};
  Caller follower{cache_};
  ASSERT_EQ(leader.join("eur", time_.now()), Role::leader);
  ASSERT_EQ(follower.join("eur", time_.now()), Role::follower);
  leader.fail(std::errc::connection_refused);
  EXPECT_EQ(follower.waker.wakes, 1);
  const Poll poll = follower.poll(time_.now());
  ASSERT_EQ(poll.state, Poll::failed);
  EXPECT_EQ(poll.cause.type, FailureType::connection_error);
  EXPECT_EQ(poll.cause.code, std::errc::connection_refused);
  EXPECT_FALSE(cache_.find("eur", time_.now()));
  EXPECT_EQ(cache_.counters().shared_failures, 1U);
  Caller next{cache_};
  EXPECT_EQ(next.join("eur", time_.now()), Role::leader) << "a failure is shared, not remembered";
}

TEST_F(CacheTest, ALeaderThatGoesAwayHandsOnToWhoeverWaitedLongest) {
  Caller leader{cache_};
  Caller second{cache_};
  Caller third{cache_};
  ASSERT_EQ(leader.join("eur", time_.now()), Role::leader);
  ASSERT_EQ(second.join("eur", time_.now()), Role::follower);
  ASSERT_EQ(third.join("eur", time_.now()), Role::follower);
  leader.go_away();
  EXPECT_EQ(second.waker.wakes, 1);
  EXPECT_EQ(third.waker.wakes, 0);
  EXPECT_EQ(third.poll(time_.now()).state, Poll::waiting);
  EXPECT_EQ(second.poll(time_.now()).state, Poll::leads);
  second.answer(8, time_.now());
  const Poll poll = third.poll(time_.now());
  ASSERT_EQ(poll.state, Poll::answered);
  EXPECT_EQ(*poll.value, 8);
  EXPECT_EQ(cache_.counters().misses, 2U);
}

TEST_F(CacheTest, AFollowerThatGoesAwayBeforeItKnowsThatItLeadsHandsOnToo) {
  Caller leader{cache_};
  Caller second{cache_};
  Caller third{cache_};
  ASSERT_EQ(leader.join("eur", time_.now()), Role::leader);
  ASSERT_EQ(second.join("eur", time_.now()), Role::follower);
  ASSERT_EQ(third.join("eur", time_.now()), Role::follower);
  leader.go_away();
  second.go_away();
  EXPECT_EQ(third.waker.wakes, 1);
  EXPECT_EQ(third.poll(time_.now()).state, Poll::leads);
  third.go_away();
  Caller next{cache_};
  EXPECT_EQ(next.join("eur", time_.now()), Role::leader) << "the flight ended with its last caller";
  EXPECT_EQ(cache_.counters().misses, 3U) << "who never knew that it led made no call";
}

TEST_F(CacheTest, AFollowerThatGoesAwayIsNeitherWokenNorMissed) {
  Caller leader{cache_};
  Caller second{cache_};
  Caller third{cache_};
  ASSERT_EQ(leader.join("eur", time_.now()), Role::leader);
  ASSERT_EQ(second.join("eur", time_.now()), Role::follower);
  ASSERT_EQ(third.join("eur", time_.now()), Role::follower);
  second.go_away();
  leader.answer(7, time_.now());
  EXPECT_EQ(second.waker.wakes, 0);
  EXPECT_EQ(third.poll(time_.now()).state, Poll::answered);
}

TEST_F(CacheTest, AnAnswerThatMustNotBeSharedSendsEachFollowerOnItsOwn) {
  Caller leader{cache_};
  Caller second{cache_};
  Caller third{cache_};
  ASSERT_EQ(leader.join("eur", time_.now()), Role::leader);
  ASSERT_EQ(second.join("eur", time_.now()), Role::follower);
  ASSERT_EQ(third.join("eur", time_.now()), Role::follower);
  cache_.finish_uncacheable(*leader.ticket);
  for (Caller* caller : {&second, &third}) {
    EXPECT_EQ(caller->waker.wakes, 1);
    EXPECT_EQ(caller->poll(time_.now()).state, Poll::leads);
  }
  second.answer(8, time_.now());
  EXPECT_EQ(third.poll(time_.now()).state, Poll::leads) << "on its own, whatever becomes of the others";
  EXPECT_FALSE(cache_.find("eur", time_.now()));
  EXPECT_EQ(cache_.counters().misses, 3U);
}

TEST_F(CacheTest, WhoeverCannotWaitMakesItsOwnCall) {
  Caller leader{cache_};
  ASSERT_EQ(leader.join("eur", time_.now()), Role::leader);
  Rates::Ticket impatient;
  EXPECT_EQ(cache_.join("eur", impatient, nullptr, time_.now()), Role::leader);
  EXPECT_EQ(cache_.poll(impatient, time_.now()).state, Poll::leads);
  cache_.finish(impatient, std::make_shared<const int>(1), time_.now());
  EXPECT_FALSE(cache_.find("eur", time_.now())) << "the flight's own leader remembers";
  leader.answer(2, time_.now());
  EXPECT_EQ(*cache_.find("eur", time_.now())->value, 2);
}

TEST_F(CacheTest, AnAnswerThatCameBetweenLookingAndJoiningSavesTheCall) {
  ASSERT_FALSE(cache_.find("eur", time_.now()));
  Caller first{cache_};
  ASSERT_EQ(first.join("eur", time_.now()), Role::leader);
  first.answer(7, time_.now());
  Caller late{cache_};  // looked before `first` finished
  ASSERT_EQ(late.join("eur", time_.advance(1s)), Role::follower);
  const Poll poll = late.poll(time_.now());
  ASSERT_EQ(poll.state, Poll::answered);
  EXPECT_EQ(*poll.value, 7);
  EXPECT_EQ(poll.age, 1s);
  EXPECT_EQ(cache_.counters().misses, 1U);
  EXPECT_EQ(cache_.counters().hits, 1U);
  EXPECT_EQ(cache_.counters().shared, 0U) << "one answer counts once";
}

TEST_F(CacheTest, ATicketServesOneFlightAfterAnother) {
  Caller caller{cache_};
  ASSERT_EQ(caller.join("eur", time_.now()), Role::leader);
  caller.fail(std::errc::timed_out);
  ASSERT_EQ(caller.join("usd", time_.now()), Role::leader);
  caller.answer(1, time_.now());
  EXPECT_TRUE(cache_.find("usd", time_.now()));
  EXPECT_EQ(caller.poll(time_.now()).state, Poll::leads) << "off: no call to wait for";
}

TEST_F(CacheTest, AnErasedKeyIsNotRememberedFromACallMadeBefore) {
  Caller before{cache_};
  Caller waiting{cache_};
  ASSERT_EQ(before.join("eur", time_.now()), Role::leader);
  ASSERT_EQ(waiting.join("eur", time_.now()), Role::follower);
  cache_.erase("eur");
  Caller after{cache_};
  ASSERT_EQ(after.join("eur", time_.now()), Role::leader) << "does not join a call made before the erase";
  before.answer(1, time_.now());
  const Poll poll = waiting.poll(time_.now());
  ASSERT_EQ(poll.state, Poll::answered) << "who asked before is answered all the same";
  EXPECT_EQ(*poll.value, 1);
  EXPECT_FALSE(cache_.find("eur", time_.now()));
  after.answer(2, time_.now());
  EXPECT_EQ(*cache_.find("eur", time_.now())->value, 2);
  cache_.erase("eur");
  EXPECT_FALSE(cache_.find("eur", time_.now()));
}

TEST_F(CacheTest, AForgottenFlightIsHandedOnAsAForgottenOne) {
  Caller before{cache_};
  Caller waiting{cache_};
  ASSERT_EQ(before.join("eur", time_.now()), Role::leader);
  ASSERT_EQ(waiting.join("eur", time_.now()), Role::follower);
  cache_.clear();
  before.go_away();
  ASSERT_EQ(waiting.poll(time_.now()).state, Poll::leads);
  Caller after{cache_};
  EXPECT_EQ(after.join("eur", time_.now()), Role::leader);
  waiting.answer(1, time_.now());
  EXPECT_FALSE(cache_.find("eur", time_.now()));
}

TEST_F(CacheTest, ClearForgetsEveryKey) {
  for (const char* key : {"eur", "usd"}) {
    Caller caller{cache_};
    ASSERT_EQ(caller.join(key, time_.now()), Role::leader);
    caller.answer(1, time_.now());
  }
  ASSERT_EQ(cache_.size(), 2U);
  cache_.clear();
  EXPECT_EQ(cache_.size(), 0U);
  EXPECT_FALSE(cache_.find("usd", time_.now()));
}

TEST(Cache, WithATtlOfZeroOnlyCallsAtTheSameTimeShareAnAnswer) {
  const testing::ManualTime time;
  Rates cache{"rates", {.ttl = 0s}};
  Caller leader{cache};
  Caller follower{cache};
  ASSERT_EQ(leader.join("eur", time.now()), Role::leader);
  ASSERT_EQ(follower.join("eur", time.now()), Role::follower);
  leader.answer(7, time.now());
  EXPECT_EQ(follower.poll(time.now()).state, Poll::answered);
  EXPECT_FALSE(cache.find("eur", time.now()));
  EXPECT_EQ(cache.size(), 0U);
}

TEST(Cache, RemembersNoMoreThanMaxEntries) {
  const testing::ManualTime time;
  Rates cache{"rates", {.max_entries = 2}};
  for (const char* key : {"eur", "usd", "chf"}) {
    Caller caller{cache};
    ASSERT_EQ(caller.join(key, time.now()), Role::leader);
    caller.answer(1, time.now());
  }
  EXPECT_EQ(cache.size(), 2U);
  EXPECT_FALSE(cache.find("eur", time.now()));
  EXPECT_EQ(cache.counters().evicted, 1U);
}

/// Asks its cache while it is destroyed: a deadlock if that happens under one of the cache's locks.
struct Curious {
  Cache<Curious>* cache;
  explicit Curious(Cache<Curious>& held_by) : cache(&held_by) {}
  Curious(const Curious&) = delete;
  Curious& operator=(const Curious&) = delete;
  ~Curious() {
    static_cast<void>(cache->find("eur", TimePoint{}));
    Cache<Curious>::Ticket ticket;
    static_cast<void>(cache->join("eur", ticket, nullptr, TimePoint{}));
  }
};

TEST(Cache, DestroysNoAnswerWhileItHoldsALock) {
  testing::ManualTime time;
  Cache<Curious> cache{"curious", {.max_entries = 1}};
  std::weak_ptr<const Curious> last;
  const auto refresh = [&](std::string_view key) {
    Cache<Curious>::Ticket ticket;
    CountingWaker waker;
    Cache<Curious>::Ticket follower;
    if (cache.join(key, ticket, &waker, time.now()) == Cache<Curious>::Role::follower) return;
    static_cast<void>(cache.join(key, follower, &waker, time.now()));
    auto value = std::make_shared<const Curious>(cache);
    last = value;
    cache.finish(ticket, std::move(value), time.now());
  };
  refresh("eur");
  refresh("usd");  // evicts
  time.advance(1h);
  refresh("usd");  // finds it too old
  cache.erase("usd");
  EXPECT_TRUE(last.expired());
  refresh("usd");
  cache.clear();
  EXPECT_TRUE(last.expired());
}

TEST(Cache, NamesEveryProblemOfItsOptions) {
  EXPECT_TRUE(validate(CacheOptions{}).empty());
  try {
    const Rates cache{"rates", {.ttl = -1s, .max_entries = 0, .max_bytes = 1}};
    FAIL() << "accepted";
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(),
                 "cache 'rates': ttl: -1s is not 0s or longer; max_entries: 0 is not from 1 to 100000000; "
                 "max_bytes: 1 is not from 1024 to 1099511627776");
  }
}

}  // namespace
}  // namespace switchgear
