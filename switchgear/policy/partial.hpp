// When a batch of calls is good enough, or can no longer become so.
#pragma once

#include <cstdint>

#include "switchgear/core/outcome.hpp"

namespace switchgear {

/// The verdict on ONE batch of N calls: accepted when successes / N ≥ min_success_ratio.
///
///     Partial batch{100, 0.9};
///     for (const Item& item : items) {
///       if (batch.record(process(item)) != Partial::Decision::undecided) break;
///     }
///
/// A value, no policy: made for one batch, on the stack, copied freely. Threads: one at a time.
class Partial {
 public:
  enum class Decision : std::uint8_t {
    undecided,
    accepted,    ///< whatever the calls that are left will do
    impossible,  ///< even if all that are left succeed
  };

  static constexpr std::uint32_t most_calls = 1'000'000;

  /// `calls` is 0 … most_calls, `min_success_ratio` 0 … 1; else throws std::invalid_argument. A batch that
  /// needs no success, one of no calls among them, is accepted from the start.
  Partial(std::uint32_t calls, double min_success_ratio);

  /// One call has ended. An ignored one is not a success. Returns the decision, at the earliest moment it is
  /// certain; once taken it stays. More verdicts than calls change nothing.
  Decision record(Verdict verdict) noexcept;

  [[nodiscard]] Decision decision() const noexcept {
    if (successes_ >= needed_) return Decision::accepted;
    return needed_ - successes_ > calls_ - recorded_ ? Decision::impossible : Decision::undecided;
  }

  [[nodiscard]] std::uint32_t calls() const noexcept { return calls_; }
  [[nodiscard]] std::uint32_t recorded() const noexcept { return recorded_; }
  [[nodiscard]] std::uint32_t successes() const noexcept { return successes_; }

  /// The fewest successes that are enough: the least s with s / calls ≥ ratio, that quotient rounded to the
  /// nearest double, as the ratio was when it was written down. So 7 of 100 are 0.07, though 0.07 · 100 is a
  /// little over 7. Precondition: 0 ≤ ratio ≤ 1. O(1).
  [[nodiscard]] static std::uint32_t needed(std::uint32_t calls, double ratio) noexcept;

 private:
  std::uint32_t calls_;
  std::uint32_t needed_;
  std::uint32_t recorded_ = 0;
  std::uint32_t successes_ = 0;
};

}  // namespace switchgear
