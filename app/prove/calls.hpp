// When calls may begin and how they may end under a policy: what its limits leave of the worst traffic.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "app/prove/trace.hpp"
#include "switchgear/analysis/policy.hpp"

namespace switchgear::prove {

class Calls {
 public:
  /// `rate`: calls a second, evenly; empty: in any pattern. `policy` is borrowed.
  Calls(const analysis::Policy& policy, std::optional<double> rate);

  /// Attempts a second while calls come evenly: those of calls that the rate limiter admits, each with the
  /// retries that its budget grants on average. Empty without a rate.
  [[nodiscard]] std::optional<double> attempts_per_second() const noexcept { return attempts_per_second_; }
  /// Calls a second that come to so many attempts a second, while all fail.
  [[nodiscard]] double calls_for(double attempts) const noexcept;
  /// Attempts a second that calls can come to however many are made, while each takes `length`. Empty: any.
  [[nodiscard]] std::optional<double> most_per_second(Duration length) const noexcept;
  /// Attempts in flight at once; 0: any number.
  [[nodiscard]] std::uint64_t at_once() const noexcept { return at_once_; }

  /// The types of failures that count, those that count most first.
  [[nodiscard]] std::vector<FailureType> failures() const;
  /// An attempt that takes longer than `length`, or as long: how long, and how it ends.
  [[nodiscard]] lab::TraceResult lasting(Duration length, bool longer) const;
  /// The shortest attempt that a good service makes, if `slow_above` is slow and `hung_after` has hung.
  [[nodiscard]] static Duration quick(Duration slow_above, Duration hung_after) noexcept;

  /// `n` attempts, as early as they may begin, one after the other unless `slots` of them run at once; each
  /// ends as `result` says. The first ends at a multiple of `align`.
  [[nodiscard]] Trace attempts(std::uint64_t n, const lab::TraceResult& result, std::uint64_t slots,
                               Duration align) const;
  /// `n` attempts that begin as early as they may, and all end at the same instant, or at once after it.
  [[nodiscard]] Trace ending_together(std::uint64_t n, FailureType type) const;
  /// `n` attempts that never end.
  [[nodiscard]] Trace hanging(std::uint64_t n) const;
  /// The instant at which attempt k may begin, by tokens or by the rate alone.
  [[nodiscard]] TimePoint earliest(std::uint64_t k) const noexcept;

 private:
  const analysis::Policy& policy_;
  std::optional<double> attempts_per_second_;
  double attempts_each_ = 1;  ///< on average, by the budget
  double most_each_ = 1;
  double extra_per_second_ = 0;  ///< that the budget grants in addition
  std::uint64_t at_once_ = 0;
};

}  // namespace switchgear::prove
