// The sections of the file, one reader each: a Value in, a checked struct out, findings to the Report.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "switchgear/config/config.hpp"
#include "switchgear/config/section.hpp"

namespace switchgear::config {

inline constexpr std::size_t most_named = 10'000;  ///< policies, and services
inline constexpr std::size_t longest_name = 128;   ///< bytes

/// Reads `listen` of the gateway: one address, or a list. Each has its own reader's key, and an address of a
/// file that has gateway.tls (`tls`) is encrypted unless it is a Unix socket or says otherwise.
[[nodiscard]] std::vector<Listener> read_listeners(const Value& value, Encryption tls);

/// A listener on every address leaves that port to no other; port 0 is never the same twice.
[[nodiscard]] bool overlap(const Endpoint& a, const Endpoint& b);

/// Of the section `gateway`, all that concerns the admin server. Returns where its address stands; nothing if
/// the file gives none.
[[nodiscard]] std::optional<Value> read_admin(Section& gateway, const std::string& directory,
                                              GatewayOptions& options);

/// `directory` is where a relative `file:` secret is looked up.
[[nodiscard]] GatewayOptions read_gateway(const Value& value, const std::string& directory);

/// Of `gateway`: the keys that say who is believed about clients.
[[nodiscard]] TrustOptions read_trust(Section& gateway);

[[nodiscard]] std::map<std::string, Policy> read_policies(const Value& value);

/// `policies` are the names a service may refer to, `gateway` is where none of them can be. `directory` is
/// where a relative `file:` is looked up.
[[nodiscard]] std::map<std::string, Service> read_services(const Value& value,
                                                           const std::map<std::string, Policy>& policies,
                                                           const GatewayOptions& gateway,
                                                           const std::string& directory);

/// Reads `preset` and `circuit_breaker`; empty: the section has neither.
[[nodiscard]] std::optional<CircuitBreakerOptions> read_breaker(Section& section);

/// Reads `circuit_breaker` over `options` (a preset's, or the defaults) and checks the whole.
void read_circuit_breaker(const Value& value, CircuitBreakerOptions& options);

// Each of these puts its part into the policy, even a wrong one: errors keep the whole from being used.
void read_retry(const Value& value, Policy& policy);  ///< with its budget
void read_hedge(const Value& value, Policy& policy);
void read_bulkhead(const Value& value, Policy& policy);
void read_rate_limiter(const Value& value, Policy& policy);
void read_adaptive_limit(const Value& value, Policy& policy);
void read_admission(const Value& value, Policy& policy);
void read_cache(const Value& value, Policy& policy);
void read_fallback(const Value& value, Policy& policy);
/// Of `circuit_breaker`: the answers to calls that it refuses at its levels.
void read_level_answers(const Value& breaker, Policy& policy);
void read_chaos(const Value& value, Policy& policy);

/// `health_check` of a service.
[[nodiscard]] health::CheckOptions read_health_check(const Value& value);

/// A list of statuses and ranges of them, `[429, 500-599]`; `example` is what a wrong one is told.
[[nodiscard]] StatusRanges read_statuses(const Value& list, std::string_view example);

/// Reports contradictory and suspicious settings of the policy: see analysis/combinations.hpp. For a policy
/// without other errors.
void report_combinations(const Value& value, const Policy& policy);

/// Unless the section says otherwise, a probe within its own time limit never counts as hung.
void lengthen_max_wait(const Value& section, std::optional<Duration> limit, CircuitBreakerOptions& breaker);

/// Whether a policy or service may be called so; reports it if not.
[[nodiscard]] bool usable_name(std::string_view name, const Value& value);

}  // namespace switchgear::config
