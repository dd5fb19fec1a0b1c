#include "switchgear/policy/partial.hpp"

#include <string>

#include "switchgear/core/raise.hpp"
#include "switchgear/policy/option_checker.hpp"

namespace switchgear {

Partial::Partial(std::uint32_t calls, double min_success_ratio)
    : calls_(calls), needed_(needed(calls, min_success_ratio)) {
  if (calls > most_calls) {
    detail::raise_invalid("partial: calls: " + OptionChecker::whole(calls) + " is not from 0 to " +
                          std::to_string(most_calls));
  }
  if (!(min_success_ratio >= 0 && min_success_ratio <= 1)) {
    detail::raise_invalid("partial: min_success_ratio: " + std::to_string(min_success_ratio) +
                          " is not a ratio from 0 to 1");
  }
}

Partial::Decision Partial::record(Verdict verdict) noexcept {
  if (recorded_ < calls_) {
    ++recorded_;
    if (verdict == Verdict::success) ++successes_;
  }
  return decision();
}

std::uint32_t Partial::needed(std::uint32_t calls, double ratio) noexcept {
  if (calls == 0 || !(ratio > 0)) return 0;
  if (ratio >= 1) return calls;
  const auto enough = [&](std::uint32_t successes) {
    return static_cast<double>(successes) / static_cast<double>(calls) >= ratio;
  };
  // The product may fall short by rounding, but never passes the answer: successes / calls ≥ ratio leaves
  // calls · ratio within 2⁻⁵² of `successes`.
  auto least = static_cast<std::uint32_t>(static_cast<double>(calls) * ratio);
  while (!enough(least)) ++least;
  return least;
}

}  // namespace switchgear
