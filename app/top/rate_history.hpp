// The last minutes of one breaker's rates, kept by the dashboard itself.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace switchgear::top {

/// Per second.
struct Rates {
  double calls = 0;
  double failures = 0;
  double refusals = 0;
};

/// One sample each second for five minutes. A second without one, because the connection was lost, is
/// unknown.
class RateHistory {
 public:
  static constexpr std::size_t seconds = 300;

  void add(const Rates& rates) {
    push({static_cast<float>(rates.calls), static_cast<float>(rates.failures),
          static_cast<float>(rates.refusals)});
  }
  void add_unknown() {
    const float unknown = std::numeric_limits<float>::quiet_NaN();
    push({unknown, unknown, unknown});
  }

  /// The means of one rate over `columns` equal parts of the time, the newest last; NaN where it is unknown.
  /// `which`: 0 calls, 1 failures, 2 refusals. Parts begin at whole multiples of their length, so that a part
  /// keeps its seconds while it moves.
  [[nodiscard]] std::vector<double> means(std::size_t which, std::size_t columns) const {
    std::vector<double> made(columns, std::numeric_limits<double>::quiet_NaN());
    if (columns == 0 || count_ == 0) return made;
    const std::uint64_t length = (seconds + columns - 1) / columns;
    const std::uint64_t last = (count_ - 1) / length;
    for (std::size_t column = 0; column < columns; ++column) {
      const std::uint64_t back = columns - 1 - column;
      if (back > last) continue;
      made[column] = mean(which, (last - back) * length, (last - back + 1) * length);
    }
    return made;
  }

 private:
  using Sample = std::array<float, 3>;

  void push(const Sample& sample) {
    if (samples_.size() < seconds) {
      samples_.push_back(sample);
    } else {
      samples_[count_ % seconds] = sample;
    }
    ++count_;
  }

  [[nodiscard]] double mean(std::size_t which, std::uint64_t begin, std::uint64_t end) const {
    double sum = 0;
    int known = 0;
    for (std::uint64_t at = begin; at < end && at < count_; ++at) {
      if (count_ - at > seconds) continue;
      const float value = samples_[at % seconds][which];
      if (std::isnan(value)) continue;
      sum += static_cast<double>(value);
      ++known;
    }
    return known == 0 ? std::numeric_limits<double>::quiet_NaN() : sum / known;
  }

  std::vector<Sample> samples_;  ///< a ring once it is full
  std::uint64_t count_ = 0;      ///< ever added
};

}  // namespace switchgear::top
