#include "switchgear/policy/fallback.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "switchgear/core/random.hpp"
#include "switchgear/testing/manual_time.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;
using Text = Fallback<std::string>;

Cause breaker_open() {
  Cause cause;
  cause.rejection = Rejection{Reason::open, "payment", 4200ms};
  return cause;
}

Cause timed_out() {
  Cause cause;
  cause.type = FailureType::timeout;
  return cause;
}

class FallbackTest : public ::testing::Test {
 protected:
  testing::ManualTime time_;
};

TEST_F(FallbackTest, AValueAnswersWithItself) {
  Text fallback = Text::value("payment", "try later");
  const auto given = fallback.substitute("key", breaker_open(), "", time_.now());
  EXPECT_EQ(given.value, "try later");
  EXPECT_EQ(given.kind, FallbackKind::value);
  EXPECT_EQ(given.age, 0s);
  EXPECT_FALSE(given.failure);
  EXPECT_FALSE(given.rejection);
  EXPECT_EQ(fallback.counters().answered, 1U);
}

TEST_F(FallbackTest, ARememberedAnswerIsGivenToNobodyWithoutAKey) {
  Text fallback = Text::cached("users");
  fallback.on_success("", "user 1", time_.now());
  fallback.on_success("", std::make_shared<const std::string>("user 1"), time_.now());
  const auto given = fallback.substitute("", timed_out(), "", time_.now());
  EXPECT_FALSE(given.value);
  ASSERT_TRUE(given.failure);
  EXPECT_EQ(given.failure->fallback.code, FallbackErrc::no_key);
  EXPECT_EQ(fallback.counters().remembered, 0U);
}

/// May be given in place of a failure for a minute.
struct Quote {
  int cents;
};
Duration usable_for(const Quote&) { return 1min; }

TEST_F(FallbackTest, ARememberedAnswerIsGivenNoLongerThanItAllowsItself) {
  auto fallback = Fallback<Quote>::cached("quotes", {.max_stale = 10min});
  fallback.on_success("key", Quote{7}, time_.now());
  EXPECT_TRUE(fallback.substitute("key", timed_out(), "", time_.advance(1min)).value);
  const auto given = fallback.substitute("key", timed_out(), "", time_.advance(1ns));
  ASSERT_TRUE(given.failure);
  EXPECT_EQ(given.failure->fallback.code, FallbackErrc::nothing_remembered);
}

TEST_F(FallbackTest, SaysHowMuchMemoryItsAnswersTakeAndForgetsOneWhenTold) {
  Text fallback = Text::cached("rates", {.max_bytes = 4096});
  for (const char* key : {"eur", "usd", "chf"})
    fallback.on_success(key, std::string(1'200, '1'), time_.now());
  ASSERT_TRUE(fallback.memory());
  EXPECT_EQ(fallback.memory()->entries, 2U);
  EXPECT_LE(fallback.memory()->bytes, 4096U);
  EXPECT_EQ(fallback.memory()->evicted, 1U);
  fallback.erase("chf");
  EXPECT_TRUE(fallback.substitute("chf", timed_out(), "", time_.now()).failure);
  EXPECT_FALSE(Text::value("rates", "1").memory());
}

TEST_F(FallbackTest, AFunctionIsToldWhyTheCallHasNoAnswer) {
  Text fallback = Text::function("payment", [](const Cause& cause) { return "instead of: " + cause.text(); });
  EXPECT_EQ(fallback.substitute("key", breaker_open(), "", time_.now()).value,
            "instead of: breaker 'payment' is open; retry in 4.2s");
  const auto given = fallback.substitute("key", timed_out(), "", time_.now());
  EXPECT_EQ(given.value, "instead of: timeout");
  EXPECT_EQ(given.kind, FallbackKind::function);
}

TEST_F(FallbackTest, AFunctionMayAnswerWithWhatCannotBeCopied) {
  auto fallback = Fallback<std::unique_ptr<int>>::function(
      "payment", [](const Cause&) { return std::make_unique<int>(7); });
  const auto given = fallback.substitute("key", timed_out(), "", time_.now());
  ASSERT_TRUE(given.value);
  EXPECT_EQ(**given.value, 7);
}

TEST_F(FallbackTest, WhenAFunctionThrowsBothCausesAreKept) {
  Text fallback = Text::function(
      "payment", [](const Cause&) -> std::string { throw std::runtime_error("no route to host"); });
  const auto given = fallback.substitute("key", breaker_open(), "", time_.now());
  EXPECT_FALSE(given.value);
  ASSERT_TRUE(given.failure);
  ASSERT_TRUE(given.failure->primary.rejection);
  EXPECT_EQ(given.failure->primary.rejection->reason, Reason::open);
  EXPECT_THROW(std::rethrow_exception(given.failure->fallback.exception), std::runtime_error);
  EXPECT_EQ(
      given.failure->text(),
      "fallback 'payment': exception: no route to host; the call: breaker 'payment' is open; retry in 4.2s");
  EXPECT_EQ(fallback.counters().failed, 1U);
  EXPECT_EQ(fallback.counters().answered, 0U);
}

TEST_F(FallbackTest, TheExceptionThatCarriesBothCausesSaysBoth) {
  Text fallback = Text::fail("payment", "payments are closed for tonight");
  const auto given = fallback.substitute("key", timed_out(), "", time_.now());
  ASSERT_TRUE(given.failure);
  try {
    throw FallbackError(*given.failure);
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "fallback 'payment': payments are closed for tonight; the call: timeout");
    const auto* carrier = dynamic_cast<const FallbackError*>(&error);
    ASSERT_NE(carrier, nullptr);
    EXPECT_EQ(carrier->failure().primary.type, FailureType::timeout);
  }
}

TEST_F(FallbackTest, ACachedOneAnswersWithTheLastGoodAnswerAndItsAge) {
  Text fallback = Text::cached("rates", {.max_stale = 10min});
  fallback.on_success("eur", "1.07", time_.now());
  fallback.on_success("usd", "1.00", time_.now());
  fallback.on_success("eur", "1.08", time_.advance(1min));
  const auto given = fallback.substitute("eur", timed_out(), "", time_.advance(3min));
  EXPECT_EQ(given.value, "1.08");
  EXPECT_EQ(given.kind, FallbackKind::cached);
  EXPECT_EQ(given.age, 3min);
  EXPECT_EQ(fallback.substitute("usd", timed_out(), "", time_.now()).age, 4min);
  EXPECT_EQ(fallback.counters().remembered, 3U);
}

TEST_F(FallbackTest, ACachedOneGivesAnAnswerThatIsMaxStaleOldAndNoneThatIsOlder) {
  Text fallback = Text::cached("rates", {.max_stale = 10min});
  fallback.on_success("eur", "1.07", time_.now());
  EXPECT_TRUE(fallback.substitute("eur", timed_out(), "", time_.advance(10min)).value);
  const auto given = fallback.substitute("eur", timed_out(), "", time_.advance(1ns));
  EXPECT_FALSE(given.value);
  ASSERT_TRUE(given.failure);
  EXPECT_EQ(given.failure->fallback.code, FallbackErrc::nothing_remembered);
  EXPECT_EQ(given.failure->text(),
            "fallback 'rates': no answer is remembered that is young enough; the call: timeout");
}

TEST_F(FallbackTest, ACachedOneHasNothingForAKeyThatNeverWentWell) {
  Text fallback = Text::cached("rates");
  fallback.on_success("eur", "1.07", time_.now());
  const auto given = fallback.substitute("usd", breaker_open(), "", time_.now());
  ASSERT_TRUE(given.failure);
  EXPECT_EQ(given.failure->fallback.code, FallbackErrc::nothing_remembered);
  EXPECT_EQ(given.failure->primary.rejection->reason, Reason::open);
}

TEST_F(FallbackTest, ACachedOneRemembersWithoutACopyWhatIsSharedAnyway) {
  Text fallback = Text::cached("rates");
  fallback.on_success("eur", std::make_shared<const std::string>("1.07"), time_.now());
  EXPECT_EQ(fallback.substitute("eur", timed_out(), "", time_.now()).value, "1.07");
}

TEST_F(FallbackTest, ACachedOneRemembersNoMoreThanMaxEntries) {
  Text fallback = Text::cached("rates", {.max_entries = 2});
  for (const char* key : {"eur", "usd", "chf"}) fallback.on_success(key, "1", time_.now());
  EXPECT_TRUE(fallback.substitute("eur", timed_out(), "", time_.now()).failure);
  EXPECT_TRUE(fallback.substitute("usd", timed_out(), "", time_.now()).value);
  EXPECT_TRUE(fallback.substitute("chf", timed_out(), "", time_.now()).value);
}

TEST_F(FallbackTest, AQueueStoresTheCallAndSaysSo) {
  CallQueue queue{"emails", {.max = 2}};
  Text fallback = Text::queue("later", queue);
  const auto given = fallback.substitute("key", breaker_open(), "to: someone", time_.now());
  EXPECT_FALSE(given.value);
  EXPECT_FALSE(given.failure);
  ASSERT_TRUE(given.rejection);
  EXPECT_EQ(given.rejection->reason, Reason::queued);
  EXPECT_EQ(given.rejection->policy, "later");
  EXPECT_EQ(given.queued_as, 1U);
  std::vector<std::string> made;
  queue.drain([&](const QueuedCall& call) {
    made.push_back(call.payload);
    return Drained::done;
  });
  EXPECT_EQ(made, (std::vector<std::string>{"to: someone"}));
  EXPECT_EQ(fallback.counters().queued, 1U);
}

TEST_F(FallbackTest, AQueueMayAnswerThatTheCallIsAccepted) {
  CallQueue queue{"emails"};
  Text fallback =
      Text::queue("later", queue, [](std::uint64_t id) { return "accepted as " + std::to_string(id); });
  const auto given = fallback.substitute("key", breaker_open(), "to: someone", time_.now());
  EXPECT_EQ(given.value, "accepted as 1");
  EXPECT_FALSE(given.rejection);
  EXPECT_EQ(given.queued_as, 1U);
  EXPECT_EQ(given.kind, FallbackKind::queue);
}

TEST_F(FallbackTest, AFullQueueKeepsBothCauses) {
  CallQueue queue{"emails", {.max = 1}};
  Text fallback = Text::queue("later", queue);
  ASSERT_TRUE(fallback.substitute("key", timed_out(), "a", time_.now()).rejection);
  const auto given = fallback.substitute("key", timed_out(), "b", time_.now());
  EXPECT_FALSE(given.rejection);
  ASSERT_TRUE(given.failure);
  EXPECT_EQ(given.failure->fallback.code, FallbackErrc::queue_full);
  EXPECT_EQ(given.failure->text(), "fallback 'later': the queue is full; the call: timeout");
  EXPECT_EQ(queue.size(), 1U);
}

TEST_F(FallbackTest, ACallWhoseAcceptanceThrowsIsStoredAllTheSame) {
  CallQueue queue{"emails"};
  Text fallback =
      Text::queue("later", queue, [](std::uint64_t) -> std::string { throw std::runtime_error("no words"); });
  const auto given = fallback.substitute("key", timed_out(), "a", time_.now());
  EXPECT_TRUE(given.failure);
  EXPECT_FALSE(given.value);
  EXPECT_EQ(given.queued_as, 1U) << "the caller can tell that it will be made";
  EXPECT_EQ(queue.size(), 1U);
  EXPECT_EQ(fallback.counters().failed, 1U);
  EXPECT_EQ(fallback.counters().queued, 0U);
}

TEST_F(FallbackTest, FailIsAClearErrorThatKeepsTheCause) {
  Text fallback = Text::fail("payment", "payments are closed for tonight");
  const auto given = fallback.substitute("key", breaker_open(), "", time_.now());
  EXPECT_FALSE(given.value);
  ASSERT_TRUE(given.failure);
  EXPECT_EQ(given.failure->message, "payments are closed for tonight");
  EXPECT_EQ(given.failure->fallback.code, FallbackErrc::told_to_fail);
  EXPECT_EQ(given.failure->primary.rejection->policy, "payment");
  EXPECT_EQ(given.kind, FallbackKind::fail);
}

TEST_F(FallbackTest, OnlyACachedOneRemembersGoodAnswers) {
  Text fallback = Text::value("payment", "fixed");
  fallback.on_success("key", "good", time_.now());
  EXPECT_EQ(fallback.substitute("key", timed_out(), "", time_.now()).value, "fixed");
  EXPECT_EQ(fallback.counters().remembered, 0U);
}

TEST_F(FallbackTest, HasNoPartInACallThatWasCancelledOrIsStoredAlready) {
  Cause cause;
  EXPECT_TRUE(Text::applies_to(cause));
  EXPECT_TRUE(Text::applies_to(breaker_open()));
  cause.rejection = Rejection{Reason::cancelled, "bulkhead", {}};
  EXPECT_FALSE(Text::applies_to(cause));
  cause.rejection->reason = Reason::queued;
  EXPECT_FALSE(Text::applies_to(cause));
}

TEST_F(FallbackTest, AFunctionMayUseTheFallbackItStandsIn) {
  Text* self = nullptr;
  Text fallback = Text::function("payment", [&](const Cause& cause) -> std::string {
    if (cause.rejection) return *self->substitute("key", timed_out(), "", time_.now()).value;
    return "inner";
  });
  self = &fallback;
  EXPECT_EQ(fallback.substitute("key", breaker_open(), "", time_.now()).value, "inner");
}

/// Refuses to be copied when told so.
struct Moody {
  bool* angry;
  explicit Moody(bool& mood) : angry(&mood) {}
  Moody(const Moody& other) : angry(other.angry) {
    if (*angry) throw std::runtime_error("no copies today");
  }
  Moody& operator=(const Moody&) = default;
  ~Moody() = default;
};

TEST_F(FallbackTest, ACopyThatThrowsIsAFailureOfTheFallbackAndNotACrash) {
  const auto angry = std::make_unique<bool>(false);
  auto cached = Fallback<Moody>::cached("rates");
  auto value = Fallback<Moody>::value("rates", Moody{*angry});
  const Moody good{*angry};
  cached.on_success("eur", good, time_.now());
  *angry = true;
  cached.on_success("usd", good, time_.now());
  EXPECT_EQ(cached.counters().remembered, 1U);
  for (Fallback<Moody>* fallback : {&cached, &value}) {
    const auto given = fallback->substitute("eur", timed_out(), "", time_.now());
    EXPECT_FALSE(given.value);
    ASSERT_TRUE(given.failure);
    EXPECT_EQ(given.failure->text(), "fallback 'rates': exception: no copies today; the call: timeout");
  }
}

TEST_F(FallbackTest, LivesWhereverItsConstructorReturnsIt) {
  const std::unique_ptr<Text> fallback(new Text(Text::value("payment", "fixed")));
  EXPECT_EQ(fallback->substitute("key", timed_out(), "", time_.now()).value, "fixed");
  EXPECT_EQ(fallback->name(), "payment");
  EXPECT_EQ(to_string(fallback->kind()), "value");
}

TEST(Fallback, NamesWhatIsWrongWithIt) {
  EXPECT_TRUE(validate(CachedFallbackOptions{}).empty());
  try {
    const Text fallback = Text::cached("rates", {.max_stale = 0s, .max_entries = 0, .max_bytes = 0});
    FAIL() << "accepted";
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(),
                 "fallback 'rates': max_stale: 0s is not longer than 0s; max_entries: 0 is not from 1 to "
                 "100000000; max_bytes: 0 is not from 1024 to 1099511627776");
  }
  EXPECT_THROW(static_cast<void>(Text::function("rates", nullptr)), std::invalid_argument);
}

TEST(Fallback, EightThreadsAreEachAnsweredStoredOrToldBothCauses) {
  constexpr int threads = 8;
  constexpr std::uint64_t rounds = 3'000;
  const TimePoint now{1h};
  CallQueue queue{"emails", {.max = 5'000}};
  Text later = Text::queue("later", queue);
  Text cached = Text::cached("rates", {.max_entries = 16});
  std::atomic<std::uint64_t> asked{0}, answered{0}, stored{0}, refused{0}, wrong{0};
  std::vector<std::thread> pool;
  for (int t = 0; t < threads; ++t) {
    pool.emplace_back([&, t] {
      Random random{static_cast<std::uint64_t>(t)};
      for (std::uint64_t i = 0; i < rounds; ++i) {
        const std::string key = std::to_string(random.next() % 32);
        if (random.next() % 2 == 0) cached.on_success(key, key, now);
        const auto from_memory = cached.substitute(key, timed_out(), "", now);
        ++asked;
        if (from_memory.value) {
          ++answered;
          if (*from_memory.value != key) ++wrong;
        } else if (!from_memory.failure) {
          ++wrong;
        }
        const auto from_queue = later.substitute(key, timed_out(), key, now);
        ++(from_queue.rejection ? stored : refused);
        if (from_queue.rejection.has_value() == from_queue.failure.has_value()) ++wrong;
      }
    });
  }
  for (std::thread& thread : pool) thread.join();
  EXPECT_EQ(wrong, 0U);
  EXPECT_EQ(cached.counters().answered, answered);
  EXPECT_EQ(cached.counters().failed, asked - answered);
  EXPECT_EQ(stored, 5'000U);
  EXPECT_EQ(refused, threads * rounds - 5'000U);
  EXPECT_EQ(later.counters().queued, stored);
  EXPECT_EQ(later.counters().failed, refused);
  EXPECT_EQ(queue.counters().stored, stored);
}

}  // namespace
}  // namespace switchgear
