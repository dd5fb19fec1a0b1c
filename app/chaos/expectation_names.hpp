// The keys that say what is expected, in the order of Expectation::Kind.
#pragma once

#include <array>
#include <string_view>

namespace switchgear::chaos {

inline constexpr std::array<std::string_view, 11> kind_names{
    "opens_within",    "closes_within",   "recovers_within", "never_opens",
    "serves_at_least", "refuses_at_most", "fails_at_most",   "reaches_at_most",
    "p50_below",       "p95_below",       "p99_below"};

}  // namespace switchgear::chaos
