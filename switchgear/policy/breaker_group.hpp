// Breakers nested around one call: tenant within operation within service. The call needs every permit of its
// path.
#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <utility>

#include "switchgear/policy/circuit_breaker.hpp"

namespace switchgear {

/// A path of breakers, outermost first. Borrows them; cheap to build for one call and to copy.
///
///     BreakerGroup path{&service, &operation, &tenant};
///     if (auto permits = path.try_acquire(now)) std::move(*permits).record(Verdict::success, later);
///
/// Threads: as CircuitBreaker. Never allocates.
class BreakerGroup {
 public:
  static constexpr std::size_t max_depth = 4;
  class Permits;

  /// Throws std::invalid_argument unless there are 1 to max_depth breakers, none of them null.
  BreakerGroup(std::initializer_list<CircuitBreaker*> outermost_first);

  /// Takes the permits from the outside in. When an inner breaker refuses, its rejection is the answer, and
  /// the outer ones get their permits back as ignored.
  [[nodiscard]] Result<Permits> try_acquire(TimePoint now) const noexcept;

  /// Of a call under way, after Permits::set_aside(): as CircuitBreaker::Permit::take_up() and rejoin().
  void take_up(Permits& permits, TimePoint now) const noexcept;
  /// The same for a call that has not reached the dependency yet: probes that were given back are requested
  /// anew, from the outside in. Empty: the call may go on.
  [[nodiscard]] std::optional<Rejection> readmit(Permits& permits, TimePoint now) const noexcept;

 private:
  std::array<CircuitBreaker*, max_depth> path_{};
  std::size_t depth_ = 0;
};

/// One permit of every breaker on the path. Dropped unrecorded, all of them count as ignored.
class [[nodiscard]] BreakerGroup::Permits {
 public:
  Permits() = default;

  /// Hands the same outcome to every breaker of the path, the innermost first: it is the closest to the
  /// cause.
  void record(const Outcome& outcome, TimePoint now) && noexcept;
  void record(Verdict verdict, TimePoint now, FailureType type = FailureType::exception) && noexcept;

  /// As CircuitBreaker::Permit::set_aside(), for every breaker of the path.
  void set_aside(TimePoint now) noexcept;
  void set_aside(const Outcome& so_far, TimePoint now) noexcept;

 private:
  friend class BreakerGroup;
  std::array<std::optional<CircuitBreaker::Permit>, max_depth> permits_{};
};

}  // namespace switchgear
