// The breakers around one call of a trace, as the gateway has them: the service's, inside it that of the
// call's value. Either may be missing.
#pragma once

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

  std::string name;  ///< of the service's breaker
  std::optional<CircuitBreakerOptions> around;
  std::optional<Values> values;
  std::optional<Duration> limit;  ///< that the policy sets an attempt; unset: none
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
      of_value_.reset();  // one of a value cannot be assigned
      if (other.of_value_) of_value_.emplace(*std::move(other.of_value_));
      other.of_value_.reset();
      return *this;
    }
    Permit(const Permit&) = delete;
    Permit& operator=(const Permit&) = delete;
    ~Permit() = default;

    /// When both were requested.
    [[nodiscard]] TimePoint start() const noexcept { return start_; }
    /// False when a record changes nothing, and the permit need not be kept.
    [[nodiscard]] bool counts() const noexcept { return of_value_ || (around_ && around_->counts()); }
    /// The innermost breaker first: it is the closest to the cause.
    void record(const Outcome& outcome, TimePoint now) && noexcept {
      if (of_value_) std::move(*of_value_).record(outcome, now);
      of_value_.reset();
      if (around_) std::move(*around_).record(outcome, now);
    }

   private:
    friend class Guards;
    TimePoint start_{};
    std::optional<CircuitBreaker::Permit> around_;
    std::optional<BreakersByValue::Permit> of_value_;
  };

  struct Refusal {
    Rejection rejection;
    bool by_value = false;  ///< by the breaker of the value
  };

  /// Options must be valid. `around` and `of_values` get the events; `seed` is for the jitter of openings.
  Guards(const GuardOptions& options, std::uint64_t seed, EventSink& around, EventSink& of_values);

  /// A permit, or nothing: then `refusal` says why. An empty value: the call is made for none.
  [[nodiscard]] std::optional<Permit> ask(std::string_view value, TimePoint now,
                                          std::optional<Refusal>& refusal);
  /// To the breaker of the value, or to the service's if the value is empty.
  void command(std::string_view value, Command command, TimePoint now);
  void check(CheckAnswer answer, const HealthRows& rows, TimePoint now);
  /// What is due by itself at the service's breaker happens.
  void advance(TimePoint now);
  /// Frees idle values at the pace of the gateway.
  void pass_time(TimePoint now);
  /// Frees all that are idle.
  void retire_idle(TimePoint now);

  [[nodiscard]] const CircuitBreaker* around() const noexcept { return around_ ? &*around_ : nullptr; }
  [[nodiscard]] const BreakersByValue* values() const noexcept { return values_ ? &*values_ : nullptr; }
  /// Of the breaker of the value; empty if it has none.
  [[nodiscard]] std::optional<State> state_of(std::string_view value, TimePoint now) const;

 private:
  std::optional<CircuitBreaker> around_;
  std::optional<BreakersByValue> values_;
  IdleClock idle_;
};

}  // namespace switchgear::lab
