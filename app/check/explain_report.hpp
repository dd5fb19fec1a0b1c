// What `switchgear check --explain` prints: an Explanation in words, and as JSON.
#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "switchgear/analysis/explain.hpp"

namespace switchgear::check {

/// Lines of two columns, indented; each ends in a newline.
[[nodiscard]] std::string to_text(const analysis::Explanation& explanation, const analysis::Policy& policy);
/// Only what differs between one service of the policy and another, or the library.
[[nodiscard]] std::string to_service_text(const analysis::Explanation& explanation,
                                          const analysis::Policy& policy);
/// Of its breaker only: when it opens, for how long, and what closes it. Empty without a breaker.
[[nodiscard]] std::string to_breaker_text(const analysis::Explanation& explanation,
                                          const analysis::Policy& policy);
[[nodiscard]] boost::json::value to_breaker_json(const analysis::Explanation& explanation);
/// Of all policies of a service together.
[[nodiscard]] std::string to_text(const analysis::AttemptsAtOnce& in_flight);

/// Durations in seconds; null for what is unbounded or not there.
[[nodiscard]] boost::json::object to_json(const analysis::Explanation& explanation);
[[nodiscard]] boost::json::object to_json(const analysis::AttemptsAtOnce& in_flight);

/// `1.5 MiB`: bytes in the largest unit that leaves at least one.
[[nodiscard]] std::string format_bytes(std::uint64_t bytes);

}  // namespace switchgear::check
