// health/: whether a dependency is healthy, by the results of active checks. Options, and the decision from
// one result to the next. Decides only: never here: a socket, a clock, a timer, a call of anyone's function.
// What makes checks is in http/health/.
//
// This header: how one check ended.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace switchgear::health {

enum class CheckEnd : std::uint8_t {
  good,
  unexpected,      ///< an answer, but not the expected one
  unreachable,     ///< no answer: no connection, or one that broke
  timeout,         ///< no answer within the time limit
  checker_failed,  ///< the check itself threw
  hung,            ///< a check past its time limit has not come back, so that no other could begin
};

inline constexpr std::size_t check_ends = 6;

[[nodiscard]] constexpr std::string_view to_string(CheckEnd end) noexcept {
  constexpr std::array<std::string_view, check_ends> names{"good",    "unexpected",     "unreachable",
                                                           "timeout", "checker_failed", "hung"};
  return names[static_cast<std::size_t>(end)];
}

/// Has constructors, because g++ 12 destroys an aggregate twice that is awaited within an expression.
struct CheckResult {
  CheckResult() = default;
  CheckResult(CheckEnd how, std::string why) : end(how), words(std::move(why)) {}

  CheckEnd end = CheckEnd::good;
  std::string words;  ///< why it is bad, for people: `status 503`

  [[nodiscard]] bool good() const noexcept { return end == CheckEnd::good; }
};

}  // namespace switchgear::health
