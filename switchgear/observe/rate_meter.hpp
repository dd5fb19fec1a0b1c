// How many calls a second, from totals that only grow, read every now and then.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "switchgear/core/time.hpp"

namespace switchgear {

/// Totals at one moment, and the same per second.
struct CallCounts {
  std::uint64_t calls = 0;
  std::uint64_t failures = 0;
  std::uint64_t rejected = 0;
};
struct CallRates {
  double calls = 0;
  double failures = 0;
  double rejected = 0;
};

/// The rates over the last `span`, from samples handed in. Threads: one at a time.
/// Totals that go back (a breaker that was replaced) start the measurement anew.
class RateMeter {
 public:
  explicit RateMeter(Duration span = std::chrono::seconds{1}) noexcept : span_(span) {}

  /// Takes a sample and returns the rates: from the newest sample at least `span` old (or the oldest kept) to
  /// this one. The first sample, and one at the same instant as the last, gives the rates as they were: zero
  /// at first.
  CallRates sample(const CallCounts& totals, TimePoint now) noexcept;

  [[nodiscard]] const CallRates& rates() const noexcept { return rates_; }

 private:
  struct Sample {
    TimePoint at{};
    CallCounts totals{};
  };
  static constexpr std::size_t capacity = 16;

  [[nodiscard]] Sample& nth(std::size_t index) noexcept { return samples_[(first_ + index) % capacity]; }

  Duration span_;
  std::array<Sample, capacity> samples_{};
  std::size_t first_ = 0;
  std::size_t size_ = 0;
  CallRates rates_{};
};

}  // namespace switchgear
