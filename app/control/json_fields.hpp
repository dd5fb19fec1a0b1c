// Members of the admin API's documents, read by clients that must not fall over a missing one.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace switchgear::control {

/// As printable() gives it; empty if it does not exist or is not a string.
[[nodiscard]] std::string text_of(const boost::json::object& object, std::string_view key);
[[nodiscard]] std::optional<double> number_in(const boost::json::object& object, std::string_view key);
/// 0 if it does not exist or is not a number.
[[nodiscard]] double number_of(const boost::json::object& object, std::string_view key);
[[nodiscard]] bool is_true(const boost::json::object& object, std::string_view key);
/// Empty if it does not exist or is of another kind.
[[nodiscard]] const boost::json::object& object_of(const boost::json::object& object, std::string_view key);
[[nodiscard]] const boost::json::array& array_of(const boost::json::object& object, std::string_view key);

}  // namespace switchgear::control
