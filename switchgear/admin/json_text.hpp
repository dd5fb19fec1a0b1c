// Boost.JSON values as text, with every double printed so that it reads back as the same double.
#pragma once

#include <boost/json/value.hpp>
#include <string>

namespace switchgear::admin {

/// Compact, on one line. Differs from boost::json::serialize() in its numbers: 0.5 instead of 5E-1,
/// shortest form that is exact. Infinities and NaN, which JSON does not have, become null, and bytes of a
/// text that are not UTF-8 become U+FFFD, each of them.
[[nodiscard]] std::string json_text(const boost::json::value& value);

}  // namespace switchgear::admin
