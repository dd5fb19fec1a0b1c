// Values in the grammars of Istio and Envoy, which write protocol buffers in JSON or YAML. Each reader
// returns what the value says, or reports what is wrong with it and returns nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "switchgear/config/section.hpp"
#include "switchgear/core/time.hpp"

namespace switchgear::interop {

using config::Value;

/// `30s`, `0.5s`, `1m30s`, or `{seconds: 30, nanos: 0}`. Not negative.
[[nodiscard]] std::optional<Duration> read_length(const Value& value);

/// A share from 0 to 1 of `10`, `{value: 10}`, `{numerator: 1, denominator: TEN_THOUSAND}`, or
/// `{default_value: …}` of these.
[[nodiscard]] std::optional<double> read_percent(const Value& value);

/// Any number that is not negative: `1.5`, `{value: 1.5}`, `{default_value: 1.5}`.
[[nodiscard]] std::optional<double> read_number(const Value& value);

/// `5`, `5.0`, `"5"`, `{value: 5}`: all of them are the same in their JSON.
[[nodiscard]] std::optional<std::uint64_t> read_count(const Value& value);

/// `true`, `false`, or `{value: true}`.
[[nodiscard]] std::optional<bool> read_truth(const Value& value);

/// Any text, the empty one included.
[[nodiscard]] std::optional<std::string> read_text(const Value& value);

/// `30s`, `0.025s`: what both understand.
[[nodiscard]] std::string seconds_text(Duration length);

/// 0.07 → 7, not 7.000000000000001; and back. Exact for shares of up to twelve decimals.
[[nodiscard]] double percent_of(double share) noexcept;
[[nodiscard]] double share_of(double percent) noexcept;

}  // namespace switchgear::interop
