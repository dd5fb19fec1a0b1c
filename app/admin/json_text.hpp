// Boost.JSON values as text, with every double printed so that it reads back as the same double.
#pragma once

#include <boost/json/value.hpp>
#include <string>

namespace switchgear::admin {

/// Compact, on one line. Differs from boost::json::serialize() in its numbers only: 0.5 instead of 5E-1,
/// shortest form that is exact. Infinities and NaN, which JSON does not have, become null.
[[nodiscard]] std::string json_text(const boost::json::value& value);

}  // namespace switchgear::admin
