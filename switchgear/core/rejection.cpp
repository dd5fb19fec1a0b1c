#include "switchgear/core/rejection.hpp"

#include <array>
#include <chrono>
#include <cstdio>

namespace switchgear {

namespace {

struct Words {
  std::string_view who;
  std::string_view what;
};

/// Beside their reasons, in the order of `rejection_reasons`.
constexpr std::array<Words, rejection_reasons.size()> words{{
    {"breaker", "is open"},
    {"breaker", "is half-open and has no probe to give"},
    {"breaker", "is held open by an operator"},
    {"breaker", "has just closed and is ramping up"},
    {"breaker", "is held open by the fleet"},
    {"bulkhead", "is full"},
    {"bulkhead", "had no slot free in time"},
    {"rate limiter", "has no token"},
    {"adaptive limit", "is reached"},
    {"deadline", "is over"},
    {"fallback", "has stored the call for later"},
    {"chaos", "refused on purpose"},
    {"call", "was cancelled while it waited"},
    {"time limit", "ended before the call did"},
    {"admission control", "refuses a share of the calls, because too many fail"},
}};

}  // namespace

std::string to_string(const Rejection& rejection) {
  const Words& said = words[static_cast<std::size_t>(rejection.reason)];
  std::string text{said.who};
  text += " '";
  text += rejection.policy;
  text += "' ";
  text += said.what;
  if (rejection.retry_after) {
    std::array<char, 64> wait{};
    // For people: three digits, but never an exponent.
    const double seconds = to_seconds(std::chrono::ceil<std::chrono::milliseconds>(*rejection.retry_after));
    std::snprintf(wait.data(), wait.size(), seconds < 100 ? "; retry in %.3gs" : "; retry in %.0fs", seconds);
    text += wait.data();
  }
  return text;
}

}  // namespace switchgear
