// Shared by the breaker's tests: manual time, a sink that records, and one-line calls.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <mutex>
#include <optional>
#include <vector>

#include "switchgear/policy/circuit_breaker.hpp"
#include "switchgear/testing/manual_time.hpp"

namespace switchgear {

using namespace std::chrono_literals;

/// Remembers every event, from any thread.
class Recorder : public EventSink {
 public:
  void on_transition(const Transition& transition) override {
    const std::scoped_lock lock(mutex_);
    transitions.push_back(transition);
  }
  void on_rejection(const RejectionEvent& rejection) override {
    const std::scoped_lock lock(mutex_);
    rejections.push_back(rejection);
  }
  void on_call(const CallEvent& call) override {
    const std::scoped_lock lock(mutex_);
    calls.push_back(call);
  }

  void on_adapted(const AdaptedEvent& event) override {
    const std::scoped_lock lock(mutex_);
    adapted.push_back(event);
  }

  void on_level(const LevelEvent& event) override {
    const std::scoped_lock lock(mutex_);
    levels.push_back(event);
  }
  void on_ramp(const RampEvent& event) override {
    const std::scoped_lock lock(mutex_);
    ramps.push_back(event);
  }

  std::vector<Transition> transitions;
  std::vector<RejectionEvent> rejections;
  std::vector<CallEvent> calls;
  std::vector<AdaptedEvent> adapted;
  std::vector<RampEvent> ramps;
  std::vector<LevelEvent> levels;

 private:
  std::mutex mutex_;
};

/// One breaker in manual time.
class Bench {
 public:
  explicit Bench(const CircuitBreakerOptions& options, EventSink* other_sink = nullptr)
      : breaker("payment", options, {other_sink ? other_sink : &events, 7, {}, time.now()}) {}

  [[nodiscard]] Result<CircuitBreaker::Permit> acquire() { return breaker.try_acquire(time.now()); }

  /// A whole call of no length; returns whether it was admitted.
  bool call(Verdict verdict, Duration latency = 0ns) {
    auto permit = acquire();
    if (!permit) return false;
    std::move(*permit).record(Outcome{verdict, FailureType::timeout, latency, std::nullopt}, time.now());
    return true;
  }
  bool succeed(Duration latency = 0ns) { return call(Verdict::success, latency); }
  bool fail(Duration latency = 0ns) { return call(Verdict::failure, latency); }
  void fail(int times) {
    for (int i = 0; i < times; ++i) fail();
  }
  void succeed(int times) {
    for (int i = 0; i < times; ++i) succeed();
  }

  [[nodiscard]] State state() const { return breaker.state(); }
  [[nodiscard]] BreakerSnapshot snapshot() const { return breaker.snapshot(time.now()); }
  void command(Command command) { breaker.command(command, time.now()); }

  testing::ManualTime time;
  Recorder events;
  CircuitBreaker breaker;
};

/// Opens after two failures in a row, for ten seconds; two probes decide.
inline CircuitBreakerOptions simple() {
  CircuitBreakerOptions options;
  options.consecutive_failures = 2;
  options.open_duration = 10s;
  options.half_open.permitted_calls = 2;
  return options;
}

}  // namespace switchgear
