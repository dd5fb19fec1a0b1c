// Limits and balancing that Istio and Envoy share: values in their words, with what a policy file can hold.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "app/interop/fields.hpp"
#include "app/interop/imported.hpp"

namespace switchgear::interop {

inline constexpr std::uint64_t no_limit = 4'294'967'295;
inline constexpr std::uint32_t most_in_a_row = 60'000;
/// A hash whose instances may have any part of all calls.
inline constexpr double unbounded = 1000;

enum class PoolLimit : std::uint8_t { connections, waiting };

/// A limit of all instances together, of which each gets its part. `theirs`: if it is absent.
void take_pool_limit(Fields& fields, std::string_view name, PoolLimit limit, std::uint64_t theirs,
                     ImportedService& service);
/// The same limit for every instance, as a policy file has it.
void take_instance_limit(Fields& fields, std::string_view name, ImportedService& service);

/// A limit of calls at once. Beyond what a bulkhead can have there is none.
void take_bulkhead(Fields& fields, std::string_view name, std::uint64_t theirs, ImportedService& service);

/// False: the header cannot be one.
bool take_hash_header(const Value& header, ImportedService& service, Ledger& ledger);
void take_slow_start_from(Fields& fields, std::string_view name, ImportedService& service);
/// An aggression other than 1 has no counterpart.
void take_linear(std::string_view name, Fields& fields);

/// `{percent, minRetryConcurrency}`, of which the budget of a retry is one over the last 10 s.
void import_retry_budget(const Value& value, ImportedService& service, Ledger& ledger);

/// The most retries that may be in flight: a budget without a share of the calls. A retry budget, which is
/// imported before, stands in its place.
void take_max_retries(Fields& fields, std::string_view name, std::uint64_t theirs, ImportedService& service);

/// A wait of connections. 0s, which is no limit, is the longest there is: 24h.
void take_pool_length(Fields& fields, std::string_view name, Duration& into, const std::string& to,
                      const Absent<Duration>& theirs);
/// Of an ejection: longer than 0s.
[[nodiscard]] std::optional<Duration> read_interval(const Value& value);

}  // namespace switchgear::interop
