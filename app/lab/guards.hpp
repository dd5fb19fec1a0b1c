// The breakers around one call of a trace, as the gateway has them: the service's, inside it that of the
// route's policy, and innermost that of the call's value. Each may be missing.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "switchgear/core/command.hpp"
#include "switchgear/core/event.hpp"
#include "switchgear/policy/breakers_by_value.hpp"
#include "switchgear/policy/circuit_breaker.hpp"
#include "switchgear/policy/health_rows.hpp"

namespace switchgear::lab {

/// Which breakers there are.
struct GuardOptions {
  struct Values {
    std::string header;
    CircuitBreakerOptions breaker;
    ByValueOptions limits;
  };

  /// Of a policy that routes of the service have.
  struct Route {
    std::optional<CircuitBreakerOptions> breaker;
    std::optional<Duration> limit;  ///< that it sets an attempt; unset: none
  };

  std::string name;  ///< of the service's breaker
  std::optional<CircuitBreakerOptions> around;
  std::optional<Values> values;
  std::optional<Duration> limit;                             ///< that the policy sets an attempt; unset: none
  using Routes = std::map<std::string, Route, std::less<>>;  ///< by the name of the policy
  std::optional<Routes> routes{};                            ///< of a service; unset: a policy alone has none
};

/// How a call ends whose caller left it `deadline`: when that is over, and not as the dependency's failure if
/// the policy would have given it more time, or if it was ignored when it was recorded. Breakers alone cut
/// nothing off at `limit`, the policy's own.
[[nodiscard]] Outcome cut_off(Outcome outcome, Duration deadline, std::optional<Duration> limit) noexcept;

/// Frees idle values at the pace of the gateway.
class IdleClock {
 public:
  void pass_to(TimePoint now, BreakersByValue& values) noexcept;

 private:
  TimePoint ticked_{};
};

/// Whose call it is; empty: it came by a route without a policy of its own, or was made for no value.
struct CallPath {
  std::string_view route_policy;
  std::string_view value;
};

/// Who gets the events of which breaker.
struct GuardSinks {
  EventSink& around;
  EventSink& of_values;
  std::function<EventSink&(const std::string& route_policy)> of_route;
};

class Guards {
 public:
  class Permit {
   public:
    Permit() = default;
    Permit(Permit&&) noexcept = default;
    Permit& operator=(Permit&& other) noexcept {
      if (this == &other) return *this;
      start_ = other.start_;
      around_ = std::move(other.around_);
      of_route_ = std::move(other.of_route_);
      of_value_.reset();  // one of a value cannot be assigned
      if (other.of_value_) of_value_.emplace(*std::move(other.of_value_));
      other.of_value_.reset();
      return *this;
    }
    Permit(const Permit&) = delete;
    Permit& operator=(const Permit&) = delete;
    ~Permit() = default;

    /// When all were requested.
    [[nodiscard]] TimePoint start() const noexcept { return start_; }
    /// False when a record changes nothing, and the permit need not be kept.
    [[nodiscard]] bool counts() const noexcept {
      return of_value_ || (of_route_ && of_route_->counts()) || (around_ && around_->counts());
    }
    /// The innermost breaker first: it is the closest to the cause.
    void record(const Outcome& outcome, TimePoint now) && noexcept {
      if (of_value_) std::move(*of_value_).record(outcome, now);
      of_value_.reset();
      if (of_route_) std::move(*of_route_).record(outcome, now);
      if (around_) std::move(*around_).record(outcome, now);
    }

   private:
    friend class Guards;
    TimePoint start_{};
    std::optional<CircuitBreaker::Permit> around_, of_route_;
    std::optional<BreakersByValue::Permit> of_value_;
  };

  enum class By : std::uint8_t { service, route, value };  ///< whose breaker

  struct Refusal {
    Rejection rejection;
    By by = By::service;
  };

  /// Options must be valid. `seed` is for the jitter of openings.
  Guards(const GuardOptions& options, std::uint64_t seed, const GuardSinks& sinks);

  /// A permit, or nothing: then `refusal` says why.
  [[nodiscard]] std::optional<Permit> ask(const CallPath& path, TimePoint now,
                                          std::optional<Refusal>& refusal);
  /// To the breaker of the value; without one to that of the route's policy; without either to the service's.
  void command(const CallPath& path, Command command, TimePoint now);
  void check(CheckAnswer answer, const HealthRows& rows, TimePoint now);
  /// What is due by itself at the service's breaker and those of routes happens.
  void advance(TimePoint now);
  /// Frees idle values at the pace of the gateway.
  void pass_time(TimePoint now);
  /// Frees all that are idle.
  void retire_idle(TimePoint now);

  [[nodiscard]] const CircuitBreaker* around() const noexcept { return around_ ? &*around_ : nullptr; }
  /// Of routes' policies, by name.
  [[nodiscard]] const std::map<std::string, CircuitBreaker, std::less<>>& routes() const noexcept {
    return routes_;
  }
  [[nodiscard]] const BreakersByValue* values() const noexcept { return values_ ? &*values_ : nullptr; }
  /// Of the breaker of the value; empty if it has none.
  [[nodiscard]] std::optional<State> state_of(std::string_view value, TimePoint now) const;

 private:
  /// Null: the policy is not one of a route, or has no breaker.
  [[nodiscard]] CircuitBreaker* of_route(std::string_view policy);

  std::optional<CircuitBreaker> around_;
  std::map<std::string, CircuitBreaker, std::less<>> routes_;
  std::optional<BreakersByValue> values_;
  IdleClock idle_;
};

}  // namespace switchgear::lab
