// Answers of an active health check in a row, and how many of them mean something.
#pragma once

#include <cstdint>

namespace switchgear {

enum class CheckAnswer : std::uint8_t { good, bad };

/// How many answers of one kind in a row change what is thought of a dependency.
struct HealthRows {
  std::uint32_t unhealthy = 2;  ///< bad ones; 1 … 1'000
  std::uint32_t healthy = 2;    ///< good ones; 1 … 1'000

  friend bool operator==(const HealthRows&, const HealthRows&) = default;
};

/// The latest answers of one kind, within one generation of a breaker; in four bytes, so that a breaker is no
/// larger for it. Of the generation the last 16 bits are compared: a row would have to be continued after
/// exactly 65,536 transitions to be mistaken. Threads: one at a time.
class CheckRow {
 public:
  /// Returns the length of the row that this answer continues, or begins.
  std::uint32_t add(CheckAnswer answer, std::uint64_t generation) noexcept {
    const auto place = static_cast<std::uint16_t>(generation);
    if (answer != answer_ || place != generation_) length_ = 0;
    answer_ = answer;
    generation_ = place;
    if (length_ < longest) ++length_;
    return length_;
  }

 private:
  static constexpr std::uint8_t bits_of_length = 15;
  static constexpr std::uint16_t longest = (1U << bits_of_length) - 1;  ///< more than HealthRows ask for

  std::uint16_t generation_ = 0;
  std::uint16_t length_ : bits_of_length = 0;
  CheckAnswer answer_ : 1 = CheckAnswer::good;
};

}  // namespace switchgear
