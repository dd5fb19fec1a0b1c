// One breaker together with its listeners. Used by the registry alone.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

#include "switchgear/policy/circuit_breaker.hpp"
#include "switchgear/policy/event_fanout.hpp"
#include "switchgear/registry/tags.hpp"

namespace switchgear::detail {

/// A breaker, the fan-out of its own listeners and the one that all breakers of a registry share. Handed out
/// as a pointer to the breaker that owns the whole. It is its breaker's sink, and lets it send calls only
/// while one of the fan-outs needs them.
class HousedBreaker final : public EventSink, private EventFanout::Watcher {
 public:
  /// `context.sink` is not looked at. Neither fan-out may be null.
  HousedBreaker(std::shared_ptr<EventFanout> own, std::shared_ptr<EventFanout> everybody,
                std::string_view name, const CircuitBreakerOptions& options, BreakerContext context);
  ~HousedBreaker() override;

  [[nodiscard]] static std::shared_ptr<CircuitBreaker> door(std::shared_ptr<HousedBreaker> house) noexcept;

  [[nodiscard]] CircuitBreaker& breaker() noexcept { return breaker_; }
  /// Whether advance() has something to do.
  [[nodiscard]] bool is_due(TimePoint now) const noexcept {
    const std::optional<TimePoint> due = breaker_.next_due();
    return due && *due <= now;
  }
  /// Outlives the breaker when another takes its place.
  [[nodiscard]] const std::shared_ptr<EventFanout>& listeners() const noexcept { return own_; }

  [[nodiscard]] Tags tags() const {
    const std::lock_guard lock{tags_mutex_};
    return tags_;
  }
  void set_tags(Tags tags) {
    const std::lock_guard lock{tags_mutex_};
    tags_ = std::move(tags);
  }

  void on_transition(const Transition& transition) override;
  void on_rejection(const RejectionEvent& rejection) override;
  void on_call(const CallEvent& call) override;
  void on_adapted(const AdaptedEvent& adapted) override;
  void on_ramp(const RampEvent& ramp) override;
  void on_level(const LevelEvent& level) override;

 private:
  void on_wish_changed() noexcept override;

  const std::shared_ptr<EventFanout> own_;
  const std::shared_ptr<EventFanout> everybody_;
  std::mutex wishes_;  ///< of two wishes that change at once, the later one must see both
  mutable std::mutex tags_mutex_;
  Tags tags_;
  CircuitBreaker breaker_;
};

}  // namespace switchgear::detail
