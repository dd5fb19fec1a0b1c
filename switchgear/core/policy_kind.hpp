// The kinds of policy, as words: for events, registries and metrics.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace switchgear {

enum class PolicyKind : std::uint8_t {
  circuit_breaker,
  retry,
  retry_budget,
  hedge,
  timeout,
  deadline,
  bulkhead,
  adaptive_limit,
  admission,
  rate_limiter,
  cache,
  fallback,
  queue,
  chaos,
};

inline constexpr std::array policy_kinds{
    PolicyKind::circuit_breaker, PolicyKind::retry,          PolicyKind::retry_budget,
    PolicyKind::hedge,           PolicyKind::timeout,        PolicyKind::deadline,
    PolicyKind::bulkhead,        PolicyKind::adaptive_limit, PolicyKind::admission,
    PolicyKind::rate_limiter,    PolicyKind::cache,          PolicyKind::fallback,
    PolicyKind::queue,           PolicyKind::chaos};

[[nodiscard]] constexpr std::string_view to_string(PolicyKind kind) noexcept {
  constexpr std::array<std::string_view, policy_kinds.size()> names{
      "circuit_breaker", "retry",     "retry_budget", "hedge", "timeout",  "deadline", "bulkhead",
      "adaptive_limit",  "admission", "rate_limiter", "cache", "fallback", "queue",    "chaos"};
  return names[static_cast<std::size_t>(kind)];
}

}  // namespace switchgear
