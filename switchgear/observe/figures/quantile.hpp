// Quantiles of durations that were only counted by bucket.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "switchgear/core/time.hpp"
#include "switchgear/observe/duration_histogram.hpp"

namespace switchgear::figures {

/// Calls by duration: for each of `duration_bounds`, and one for what is longer.
using Buckets = std::array<std::uint64_t, duration_bounds.size() + 1>;

[[nodiscard]] Buckets added(const Buckets& some, const Buckets& more) noexcept;
[[nodiscard]] std::uint64_t calls_in(const Buckets& buckets) noexcept;

/// A duration of which only the bucket is known. The true one is between `at_least` and `at_most`; `value` is
/// an estimate as if the calls of a bucket were spread evenly over it. So the error is at most the width of
/// the bucket. What is longer than the last bound has no upper one, and its `value` is the last bound.
struct Quantile {
  Duration value{};
  Duration at_least{};
  std::optional<Duration> at_most;
};

/// The `q` quantile, q from 0 to 1. Empty when there are no calls.
[[nodiscard]] std::optional<Quantile> quantile(const Buckets& buckets, double q) noexcept;

/// How many calls took no longer than `limit`, estimated in the same way within the bucket that has `limit`;
/// exact when `limit` is a bound. Calls longer than the last bound are never among them.
[[nodiscard]] double calls_within(const Buckets& buckets, Duration limit) noexcept;

}  // namespace switchgear::figures
