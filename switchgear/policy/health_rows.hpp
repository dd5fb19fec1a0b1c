// Answers of an active health check in a row, and how many of them mean something.
#pragma once

#include <cstdint>
#include <limits>

namespace switchgear {

enum class CheckAnswer : std::uint8_t { good, bad };

/// How many answers of one kind in a row change what is thought of a dependency.
struct HealthRows {
  std::uint32_t unhealthy = 2;  ///< bad ones; 1 … 1'000
  std::uint32_t healthy = 2;    ///< good ones; 1 … 1'000

  friend bool operator==(const HealthRows&, const HealthRows&) = default;
};

/// The latest answers of one kind, within one generation of a breaker. Threads: one at a time.
class CheckRow {
 public:
  /// Returns the length of the row that this answer continues, or begins.
  std::uint32_t add(CheckAnswer answer, std::uint64_t generation) noexcept {
    if (answer != answer_ || generation != generation_) length_ = 0;
    answer_ = answer;
    generation_ = generation;
    if (length_ < std::numeric_limits<std::uint32_t>::max()) ++length_;
    return length_;
  }

 private:
  std::uint64_t generation_ = 0;
  std::uint32_t length_ = 0;
  CheckAnswer answer_ = CheckAnswer::good;
};

}  // namespace switchgear
