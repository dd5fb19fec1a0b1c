#include "app/control/breaker_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>

#include "app/control/json_fields.hpp"
#include "app/control/terminal_text.hpp"

namespace switchgear::control {
namespace json = boost::json;

std::string line_of(const json::object& breaker, std::size_t width) {
  const json::object& rates = object_of(breaker, "rates");
  const std::string name = text_of(breaker, "name");
  std::string line =
      fmt::format("{}  {:<11}  failures {:5.1f}%  {:8.1f} calls/s  {:8.1f} rejected/s",
                  fitted(name, std::max(width, columns_of(name))), text_of(breaker, "state"),
                  100 * number_of(object_of(breaker, "window"), "failure_rate"),
                  number_of(rates, "calls_per_second"), number_of(rates, "rejected_per_second"));
  if (const auto left = number_in(breaker, "retry_after")) line += fmt::format("  retry in {:.1f}s", *left);
  if (text_of(breaker, "mode") == "metrics_only") line += "  metrics_only";
  if (is_true(breaker, "fleet_open")) line += "  fleet_open";
  if (const json::object& last = object_of(breaker, "last_transition"); !last.empty()) {
    line +=
        fmt::format("  ({} -> {} by {})", text_of(last, "from"), text_of(last, "to"), text_of(last, "rule"));
  }
  return line;
}

std::string value_line_of(const json::object& value) {
  const json::object& window = object_of(value, "window");
  std::string line = fmt::format("{}  {}  failures {:.1f}% of {:.0f} calls", text_of(value, "circuit"),
                                 text_of(value, "state"), 100 * number_of(window, "failure_rate"),
                                 number_of(window, "calls"));
  if (const auto left = number_in(value, "retry_after")) line += fmt::format("  retry in {:.1f}s", *left);
  if (text_of(value, "mode") == "metrics_only") line += "  metrics_only";
  return line;
}

std::size_t width_of_names(const json::object& answer) {
  std::size_t width = 0;
  for (const json::value& each : array_of(answer, "circuit_breakers")) {
    if (each.is_object()) width = std::max(width, columns_of(text_of(each.get_object(), "name")));
  }
  return width;
}

}  // namespace switchgear::control
