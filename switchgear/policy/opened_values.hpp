// The breakers of values that are not quiet: which of them are not closed, in the order in which they opened,
// and which of them their sink is told of. Used by BreakersByValue alone, but for OpenedValue.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "switchgear/core/event.hpp"
#include "switchgear/core/level.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/policy/circuit_breaker.hpp"
#include "switchgear/policy/circuit_breaker_options.hpp"

namespace switchgear {

/// A breaker that is not closed.
struct OpenedValue {
  std::string breaker;  ///< its name
  BreakerSnapshot snapshot;
};

namespace detail {

struct AwakeValue;

/// Threads: every method from any thread. Its lock is taken after that of a part of the values, and before a
/// breaker's.
class OpenedValues {
 public:
  /// `sink`, which may be null, is told of the transitions and rejections of as many open breakers at once,
  /// and of what a controlled ramp and levels do until they are back where they began.
  OpenedValues(EventSink* sink, std::size_t most_told) noexcept : sink_(sink), most_told_(most_told) {}

  void changed(AwakeValue& value, const Transition& transition);
  void refused(const AwakeValue& value, const RejectionEvent& rejection);
  void adapted(const AwakeValue& value, const AdaptedEvent& adapted);
  void ramped(AwakeValue& value, const RampEvent& ramp);
  void leveled(AwakeValue& value, const LevelEvent& level);
  /// The breaker goes.
  void forget(AwakeValue& value) noexcept;

  [[nodiscard]] std::size_t count() const noexcept;
  /// Transitions that the sink was not told of.
  [[nodiscard]] std::uint64_t untold() const noexcept { return untold_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::vector<OpenedValue> first(std::size_t most, TimePoint now) const;

 private:
  [[nodiscard]] bool follow(AwakeValue& value, TimePoint now) noexcept;
  [[nodiscard]] static bool is_on_its_way_back(const AwakeValue& value, TimePoint now) noexcept;
  void end_telling_locked(AwakeValue& value) noexcept;
  void add_locked(AwakeValue& value) noexcept;
  void remove_locked(AwakeValue& value) noexcept;

  EventSink* const sink_;
  const std::size_t most_told_;
  std::atomic<std::uint64_t> untold_{0};
  mutable std::mutex mutex_;
  AwakeValue* oldest_ = nullptr;
  AwakeValue* newest_ = nullptr;
  std::size_t count_ = 0;
  std::size_t told_ = 0;
};

struct AwakeValue final : EventSink {
  AwakeValue(OpenedValues& list, std::string name, const CircuitBreakerOptions& options,
             BreakerContext context)
      : opened(list), breaker(std::move(name), options, with_sink(context, *this)) {}

  void on_transition(const Transition& transition) override { opened.changed(*this, transition); }
  void on_rejection(const RejectionEvent& rejection) override { opened.refused(*this, rejection); }
  void on_adapted(const AdaptedEvent& adapted) override { opened.adapted(*this, adapted); }
  void on_ramp(const RampEvent& ramp) override { opened.ramped(*this, ramp); }
  void on_level(const LevelEvent& level) override { opened.leveled(*this, level); }

  [[nodiscard]] static BreakerContext with_sink(BreakerContext context, EventSink& sink) noexcept {
    context.sink = &sink;
    context.call_events = CallEvents::off;
    return context;
  }

  OpenedValues& opened;
  CircuitBreaker breaker;
  /// Of calls that began while the value was quiet, and have not ended. Guarded by the lock of its part.
  std::vector<CircuitBreaker::Permit> waiting;

  // Guarded by the lock of `opened`.
  AwakeValue* older = nullptr;
  AwakeValue* newer = nullptr;
  bool listed = false;
  BreakerLevel last_level = BreakerLevel::warning;  ///< that was told of
  std::atomic<bool> told{false};
};

}  // namespace detail
}  // namespace switchgear
