#include "switchgear/policy/drain_on_close.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include "switchgear/policy/call_queue.hpp"
#include "switchgear/policy/circuit_breaker.hpp"
#include "switchgear/policy/fallback.hpp"
#include "switchgear/testing/manual_time.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;

struct Recorder final : EventSink {
  int transitions = 0;
  int rejections = 0;
  void on_transition(const Transition&) override { ++transitions; }
  void on_rejection(const RejectionEvent&) override { ++rejections; }
};

Transition to(State state, std::string_view breaker) {
  Transition transition;
  transition.breaker = breaker;
  transition.to = state;
  return transition;
}

TEST(DrainOnClose, CallsItsHookWhenItsBreakerClosesAndAtNoOtherTime) {
  int hooked = 0;
  DrainOnClose mine{"payment", [&] { ++hooked; }};
  for (const State state : {State::open, State::half_open, State::forced_open, State::disabled}) {
    mine.on_transition(to(state, "payment"));
  }
  mine.on_transition(to(State::closed, "search"));
  EXPECT_EQ(hooked, 0);
  mine.on_transition(to(State::closed, "payment"));
  EXPECT_EQ(hooked, 1);
  DrainOnClose any{"", [&] { ++hooked; }};
  any.on_transition(to(State::closed, "search"));
  EXPECT_EQ(hooked, 2);
}

TEST(DrainOnClose, PassesEveryEventOnToTheNextSink) {
  Recorder next;
  DrainOnClose sink{"payment", [] {}, &next};
  sink.on_transition(to(State::open, "search"));
  sink.on_transition(to(State::closed, "payment"));
  sink.on_rejection({});
  EXPECT_EQ(next.transitions, 2);
  EXPECT_EQ(next.rejections, 1);
}

TEST(DrainOnClose, RefusesToListenForNothing) {
  EXPECT_THROW(DrainOnClose("payment", nullptr), std::invalid_argument);
}

TEST(DrainOnClose, WhatAnOutageStoredIsMadeOnceTheBreakerHasClosed) {
  testing::ManualTime time;
  bool wanted = false;
  DrainOnClose on_close{"payment", [&] { wanted = true; }};
  CircuitBreakerOptions options;
  options.consecutive_failures = 1;
  options.open_duration = 10s;
  options.jitter = 0;
  options.half_open.permitted_calls = 1;
  CircuitBreaker breaker{"payment", options, {.sink = &on_close, .created = time.now()}};
  CallQueue queue{"payments"};
  auto fallback = Fallback<std::string>::queue("later", queue);
  bool away = true;
  std::vector<std::string> made;
  const auto pay = [&](const std::string& what) {
    auto permit = breaker.try_acquire(time.now());
    if (!permit) return false;
    if (!away) made.push_back(what);
    std::move(*permit).record(away ? Outcome::failure(FailureType::timeout, 1ms) : Outcome::success(1ms),
                              time.now());
    return !away;
  };
  const auto drain = [&] {
    wanted = false;
    return queue.drain(
        [&](const QueuedCall& call) { return pay(call.payload) ? Drained::done : Drained::again; });
  };

  for (const char* what : {"first", "second", "third"}) {
    ASSERT_FALSE(pay(what));
    ASSERT_TRUE(fallback.substitute(what, Cause{}, what, time.now()).rejection);
  }
  EXPECT_EQ(breaker.state(), State::open);
  EXPECT_FALSE(wanted);
  EXPECT_EQ(drain().end, DrainResult::End::again) << "still away: nothing lost";
  EXPECT_EQ(queue.size(), 3U);

  away = false;
  time.advance(10s);
  ASSERT_TRUE(pay("probe"));
  ASSERT_EQ(breaker.state(), State::closed);
  ASSERT_TRUE(wanted);
  EXPECT_EQ(drain().done, 3U);
  EXPECT_EQ(made, (std::vector<std::string>{"probe", "first", "second", "third"}));
  EXPECT_EQ(drain().done, 0U) << "nothing doubled";
}

}  // namespace
}  // namespace switchgear
