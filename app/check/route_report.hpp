// What `switchgear check` says about routes: one in words, and all of them in the order in which they are
// looked at.
#pragma once

#include <boost/json/array.hpp>
#include <string>

#include "switchgear/config/router.hpp"

namespace switchgear::check {

/// `host shop.example.com, prefix /payment/, GET or POST, x-beta: 1`.
[[nodiscard]] std::string text_of(const config::Route& route);

/// A line for each route; empty when there are none.
[[nodiscard]] std::string to_text(const config::Router& router);
[[nodiscard]] boost::json::array to_json(const config::Router& router);

}  // namespace switchgear::check
