#include "app/top/pairs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/value.hpp>

#include "app/control/terminal_text.hpp"
#include "switchgear/admin/json_text.hpp"

namespace switchgear::top {
namespace json = boost::json;
namespace {

constexpr std::size_t indent = 2;
constexpr std::size_t between = 3;

std::string value_text(const json::value& value) {
  if (value.is_string()) return control::printable(std::string_view{value.get_string()});
  if (value.is_double()) return fmt::format("{:.4g}", value.get_double());
  return control::printable(admin::json_text(value));
}

}  // namespace

Pairs pairs_of(const json::object& document, std::string_view prefix) {
  Pairs pairs;
  for (const auto& [key, value] : document) {
    if (value.is_null()) continue;
    const std::string name = std::string{prefix} + control::printable(std::string_view{key});
    if (value.is_object()) {
      for (auto& pair : pairs_of(value.get_object(), name + ".")) pairs.push_back(std::move(pair));
    } else {
      pairs.emplace_back(name, value_text(value));
    }
  }
  return pairs;
}

void add_pairs(Lines& lines, std::string_view title, const Pairs& pairs, std::size_t columns) {
  if (pairs.empty()) return;
  std::size_t width = 1;
  for (const auto& [name, value] : pairs)
    width = std::max(width, control::columns_of(name) + 1 + control::columns_of(value));
  const std::size_t room = columns - std::min(columns, indent);
  const std::size_t in_a_row = std::max<std::size_t>(1, (room + between) / (width + between));
  lines.push_back({{" " + std::string{title}, heading}});
  for (std::size_t each = 0; each < pairs.size(); ++each) {
    if (each % in_a_row == 0) lines.push_back({{std::string(indent, ' '), plain}});
    const auto& [name, value] = pairs[each];
    const std::size_t taken = control::columns_of(name) + 1 + control::columns_of(value);
    lines.back().push_back({name + " ", quiet});
    lines.back().push_back({value + std::string(width - taken + between, ' '), plain});
  }
  lines.push_back({});
}

}  // namespace switchgear::top
