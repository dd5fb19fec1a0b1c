// The sections of the file, one reader each: a Value in, a checked struct out, findings to the Report.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "app/config/config.hpp"
#include "app/config/section.hpp"

namespace switchgear::config {

inline constexpr std::size_t most_named = 10'000;  ///< policies, and services
inline constexpr std::size_t longest_name = 128;   ///< bytes

/// `directory` is where a relative `file:` secret is looked up.
[[nodiscard]] GatewayOptions read_gateway(const Value& value, const std::string& directory);

[[nodiscard]] std::map<std::string, Policy> read_policies(const Value& value);

/// `policies` are the names a service may refer to.
[[nodiscard]] std::map<std::string, Service> read_services(const Value& value,
                                                           const std::map<std::string, Policy>& policies);

/// Reads `circuit_breaker` over `options` (a preset's, or the defaults) and checks the whole.
void read_circuit_breaker(const Value& value, CircuitBreakerOptions& options);

/// Keys of a policy that are checked and not yet acted upon: retry, bulkhead, rate_limiter, hedge, cache,
/// fallback.
void read_later_sections(Section& policy);

/// Whether a policy or service may be called so; reports it if not.
[[nodiscard]] bool usable_name(std::string_view name, const Value& value);

}  // namespace switchgear::config
