// A document's members as `name value`, side by side in as many columns as fit.
#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/top/canvas.hpp"

namespace switchgear::top {

using Pairs = std::vector<std::pair<std::string, std::string>>;

/// Members in their order, those of objects within as `half_open.max_wait`. Without those that are null.
/// Safe for a terminal.
[[nodiscard]] Pairs pairs_of(const boost::json::object& document, std::string_view prefix = {});

/// A heading, the pairs and an empty line. Nothing if there are no pairs.
void add_pairs(Lines& lines, std::string_view title, const Pairs& pairs, std::size_t columns);

}  // namespace switchgear::top
