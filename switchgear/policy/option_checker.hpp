// How the policies check their options: each check names what the option must be.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "switchgear/core/time.hpp"
#include "switchgear/policy/option_problem.hpp"

namespace switchgear {

/// Collects everything that is wrong with one set of options. For validate() functions; not for users.
class OptionChecker {
 public:
  /// Unless `holds`: "`found` is not `wanted`".
  void want(bool holds, std::string_view key, const std::string& found, std::string_view wanted);
  void positive(std::string_view key, Duration length);
  void not_negative(std::string_view key, Duration length);
  /// In (0, 1].
  void ratio_above_zero(std::string_view key, double value);
  /// In [0, 1].
  void ratio(std::string_view key, double value);
  template <std::unsigned_integral T>
  void between(std::string_view key, T value, std::uint64_t least, std::uint64_t most) {
    want(value >= least && value <= most, key, whole(value),
         "from " + std::to_string(least) + " to " + std::to_string(most));
  }
  void problem(std::string_view key, std::string message);

  [[nodiscard]] std::vector<OptionProblem> take();

  /// As problems show them: `0.5`, `2.5s`.
  [[nodiscard]] static std::string number(double value);
  /// C++ turns a negative number into a huge one without a word: what was meant is shown beside what came of
  /// it, as in `-1 (as an unsigned number 4294967295)`.
  template <std::unsigned_integral T>
  [[nodiscard]] static std::string whole(T value) {
    constexpr T farthest = 1'000'000;  // below 0; further down it may as well have been meant
    const T below_zero = T{0} - value;
    if (value == 0 || below_zero > farthest) return std::to_string(value);
    return "-" + std::to_string(below_zero) + " (as an unsigned number " + std::to_string(value) + ")";
  }
  [[nodiscard]] static std::string seconds(Duration length);

 private:
  std::vector<OptionProblem> problems_;
};

/// Throws std::invalid_argument with all of `problems`, unless there are none:
/// `retry 'payment': factor: 0 is not a number from 1 to 1000; base: …`.
void require_valid(std::string_view policy, std::string_view name,
                   const std::vector<OptionProblem>& problems);

}  // namespace switchgear
