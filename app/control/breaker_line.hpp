// One circuit breaker of the admin API on one line, for people.
#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <string>

namespace switchgear::control {

/// `payment   open   failures 62.0%   12.0 calls/s   3.1 rejected/s   retry in 4.2s   (closed -> open by
/// failure_rate)`, with the name in at least `width` columns. Safe for a terminal.
[[nodiscard]] std::string line_of(const boost::json::object& breaker, std::size_t width);

/// Of the breaker of one value: `payment/x-tenant=acme  open  failures 100.0% of 4 calls  retry in 4.2s`.
[[nodiscard]] std::string value_line_of(const boost::json::object& value);

/// The longest breaker's name of `{"circuit_breakers": […]}`, in columns.
[[nodiscard]] std::size_t width_of_names(const boost::json::object& answer);

}  // namespace switchgear::control
