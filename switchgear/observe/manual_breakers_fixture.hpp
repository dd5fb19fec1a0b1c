// A registry in manual time with its log: what the tests of observe/, telemetry/ and
// admin/ have in common.
#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include "switchgear/observe/call_durations.hpp"
#include "switchgear/observe/event_queue.hpp"
#include "switchgear/observe/transition_log.hpp"
#include "switchgear/registry/breaker_registry.hpp"

namespace switchgear {

struct ManualBreakers {
  TimePoint now{std::chrono::hours{1}};
  /// 2026-03-01T12:00:00Z is one hour of monotonic time.
  BreakerRegistry registry{{now, WallAnchor::Wall{std::chrono::seconds{1772366400}}}, 1};
  std::shared_ptr<TransitionLog> log = std::make_shared<TransitionLog>();
  std::shared_ptr<EventQueue> events = std::make_shared<EventQueue>();
  CallDurations durations;

  ManualBreakers() {
    registry.events().subscribe(log);
    registry.events().subscribe(events);
  }

  [[nodiscard]] static CircuitBreakerOptions sensitive() {
    CircuitBreakerOptions options;
    options.minimum_calls = 4;
    options.failure_rate = 0.5;
    options.open_duration = std::chrono::seconds{30};
    options.half_open.permitted_calls = 2;
    return options;
  }

  CircuitBreaker& add(std::string_view name) { return *registry.get_or_create(name, sensitive(), now); }

  void call(std::string_view name, const Outcome& outcome, int times = 1) {
    for (int i = 0; i < times; ++i) {
      auto permit = add(name).try_acquire(now);
      if (permit) std::move(*permit).record(outcome, now);
    }
  }
  void fail(std::string_view name, int times) {
    call(name, Outcome::failure(FailureType::http_error, std::chrono::milliseconds{20}), times);
  }
  void succeed(std::string_view name, int times) {
    call(name, Outcome::success(std::chrono::milliseconds{5}), times);
  }
};

}  // namespace switchgear
